//! What S3 blocks for a bucket, whatever its policy and its ACLs say
//! (<https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html>).

use std::collections::BTreeMap;

use async_trait::async_trait;
use aws_sdk_s3::Client;
use capability::{Access, Effect, Fault, Marker, Scope, Spec, Touch};
use serde::{Deserialize, Serialize};

use super::{arn, name, s3_fault, tags};
use crate::client::Aws;
use crate::fault::incomplete;
use crate::operation::{AwsOperation, touch};

/// GetPublicAccessBlock.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct GetPublicAccessBlock {
    bucket: String,
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
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
        let request = aws.client(Client::new).get_public_access_block();
        let request = request.bucket(&self.bucket).expected_bucket_owner(aws.account());
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

    async fn tags(&self, aws: &Aws, resource: &str) -> Result<Option<BTreeMap<String, String>>, Fault> {
        tags(aws, resource).await
    }
}
