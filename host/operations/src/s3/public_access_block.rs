//! What S3 blocks for a bucket, whatever its policy and its ACLs say
//! (<https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html>).

use std::collections::BTreeMap;

use async_trait::async_trait;
use aws_sdk_s3::{Client, types};
use capability::{Access, Effect, Fault, Marker, Scope, Settlement, Spec, Touch};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{arn, name, s3_fault, tags};
use crate::client::Aws;
use crate::fault::incomplete;
use crate::operation::{AwsOperation, Nothing, found_or_none, part_of, touch};

#[derive(Deserialize, Serialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct PublicAccessBlockConfiguration {
    #[serde(skip_serializing_if = "Option::is_none")]
    block_public_acls: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ignore_public_acls: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    block_public_policy: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    restrict_public_buckets: Option<bool>,
}

impl PublicAccessBlockConfiguration {
    /// Each switch by its name. What is absent is off.
    fn switches(&self) -> [(&'static str, bool); 4] {
        [
            ("block-public-acls", self.block_public_acls.unwrap_or_default()),
            ("ignore-public-acls", self.ignore_public_acls.unwrap_or_default()),
            ("block-public-policy", self.block_public_policy.unwrap_or_default()),
            ("restrict-public-buckets", self.restrict_public_buckets.unwrap_or_default()),
        ]
    }

    fn to_sdk(&self) -> types::PublicAccessBlockConfiguration {
        types::PublicAccessBlockConfiguration::builder()
            .set_block_public_acls(self.block_public_acls)
            .set_ignore_public_acls(self.ignore_public_acls)
            .set_block_public_policy(self.block_public_policy)
            .set_restrict_public_buckets(self.restrict_public_buckets)
            .build()
    }
}

async fn get(aws: &Aws, bucket: &str) -> Result<PublicAccessBlockConfiguration, Fault> {
    let request = aws.client(Client::new).get_public_access_block();
    let request = request.bucket(bucket).expected_bucket_owner(aws.account());
    let reply = request.send().await.map_err(s3_fault)?;
    let block = reply.public_access_block_configuration;
    let block = block.ok_or_else(|| incomplete("PublicAccessBlockConfiguration"))?;
    Ok(PublicAccessBlockConfiguration {
        block_public_acls: block.block_public_acls,
        ignore_public_acls: block.ignore_public_acls,
        block_public_policy: block.block_public_policy,
        restrict_public_buckets: block.restrict_public_buckets,
    })
}

async fn state(aws: &Aws, bucket: &str) -> Result<Value, Fault> {
    let block = found_or_none(get(aws, bucket).await, "NoSuchPublicAccessBlockConfiguration")?;
    Ok(block.map(|block| json!({ "public-access-block-configuration": block })).unwrap_or_default())
}

/// The switches in a state: S3 may leave one out that is off.
fn facet(state: &Value) -> Result<Value, Fault> {
    let block: Option<PublicAccessBlockConfiguration> = part_of(state, "public-access-block-configuration")?;
    Ok(block.map(|block| json!(block.switches())).unwrap_or_default())
}

/// GetPublicAccessBlock.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct GetPublicAccessBlock {
    bucket: String,
}

#[async_trait]
impl AwsOperation for GetPublicAccessBlock {
    const SPEC: &'static Spec = &Spec {
        function: "quell:s3/buckets@0.1.0#get-public-access-block",
        action: "s3:GetBucketPublicAccessBlock",
        also: &[],
        access: Access::Read,
        effect: Effect::Read,
    };
    type Output = PublicAccessBlockConfiguration;

    fn check(&self) -> Result<(), Fault> {
        name::bucket(&self.bucket)
    }

    fn touches(&self, scope: &Scope) -> Vec<Touch> {
        vec![touch(Self::SPEC.action, arn(scope, &self.bucket))]
    }

    async fn send(&self, aws: &Aws, _marker: &Marker) -> Result<PublicAccessBlockConfiguration, Fault> {
        get(aws, &self.bucket).await
    }

    async fn tags(&self, aws: &Aws, _resource: &str) -> Result<Option<BTreeMap<String, String>>, Fault> {
        tags(aws, &self.bucket).await
    }
}

/// PutPublicAccessBlock: all four switches at once.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct PutPublicAccessBlock {
    bucket: String,
    public_access_block_configuration: PublicAccessBlockConfiguration,
}

#[async_trait]
impl AwsOperation for PutPublicAccessBlock {
    const SPEC: &'static Spec = &Spec {
        function: "quell:s3/buckets@0.1.0#put-public-access-block",
        action: "s3:PutBucketPublicAccessBlock",
        also: &[],
        access: Access::PermissionsManagement,
        effect: Effect::Write,
    };
    type Output = Nothing;

    fn check(&self) -> Result<(), Fault> {
        name::bucket(&self.bucket)
    }

    fn touches(&self, scope: &Scope) -> Vec<Touch> {
        vec![touch(Self::SPEC.action, arn(scope, &self.bucket))]
    }

    /// Each switch, so that a grant can let a plugin close and not open.
    fn arguments(&self) -> Vec<(&'static str, Vec<String>)> {
        self.public_access_block_configuration.switches().map(|(name, on)| (name, vec![on.to_string()])).into()
    }

    fn settlement(&self) -> Settlement {
        Settlement::Compare
    }

    async fn send(&self, aws: &Aws, _marker: &Marker) -> Result<Nothing, Fault> {
        let request = aws
            .client(Client::new)
            .put_public_access_block()
            .bucket(&self.bucket)
            .expected_bucket_owner(aws.account())
            .public_access_block_configuration(self.public_access_block_configuration.to_sdk());
        request.send().await.map_err(s3_fault)?;
        Ok(Nothing {})
    }

    async fn state(&self, aws: &Aws) -> Result<Value, Fault> {
        state(aws, &self.bucket).await
    }

    async fn tags(&self, aws: &Aws, _resource: &str) -> Result<Option<BTreeMap<String, String>>, Fault> {
        tags(aws, &self.bucket).await
    }

    fn facet(&self, state: &Value, _marker: &Marker) -> Result<Value, Fault> {
        facet(state)
    }

    fn target(&self, _marker: &Marker) -> Result<Value, Fault> {
        Ok(json!(self.public_access_block_configuration.switches()))
    }

    fn presumed(&self) -> Option<Nothing> {
        Some(Nothing {})
    }
}

/// DeletePublicAccessBlock. IAM has no action of its own for it
/// (<https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeletePublicAccessBlock.html>).
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct DeletePublicAccessBlock {
    bucket: String,
}

#[async_trait]
impl AwsOperation for DeletePublicAccessBlock {
    const SPEC: &'static Spec = &Spec {
        function: "quell:s3/buckets@0.1.0#delete-public-access-block",
        action: "s3:PutBucketPublicAccessBlock",
        also: &[],
        access: Access::PermissionsManagement,
        effect: Effect::Write,
    };
    type Output = Nothing;

    fn check(&self) -> Result<(), Fault> {
        name::bucket(&self.bucket)
    }

    fn touches(&self, scope: &Scope) -> Vec<Touch> {
        vec![touch(Self::SPEC.action, arn(scope, &self.bucket))]
    }

    /// Without a block all is off: whoever may only close may not do this, since the action is the same.
    fn arguments(&self) -> Vec<(&'static str, Vec<String>)> {
        let off = PublicAccessBlockConfiguration {
            block_public_acls: None,
            ignore_public_acls: None,
            block_public_policy: None,
            restrict_public_buckets: None,
        };
        off.switches().map(|(name, on)| (name, vec![on.to_string()])).into()
    }

    fn settlement(&self) -> Settlement {
        Settlement::Compare
    }

    async fn send(&self, aws: &Aws, _marker: &Marker) -> Result<Nothing, Fault> {
        let request = aws.client(Client::new).delete_public_access_block();
        let request = request.bucket(&self.bucket).expected_bucket_owner(aws.account());
        request.send().await.map_err(s3_fault)?;
        Ok(Nothing {})
    }

    async fn state(&self, aws: &Aws) -> Result<Value, Fault> {
        state(aws, &self.bucket).await
    }

    async fn tags(&self, aws: &Aws, _resource: &str) -> Result<Option<BTreeMap<String, String>>, Fault> {
        tags(aws, &self.bucket).await
    }

    fn facet(&self, state: &Value, _marker: &Marker) -> Result<Value, Fault> {
        facet(state)
    }

    fn presumed(&self) -> Option<Nothing> {
        Some(Nothing {})
    }
}
