//! How new objects of a bucket are encrypted
//! (<https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucket-encryption.html>).

use std::collections::BTreeMap;

use async_trait::async_trait;
use aws_sdk_s3::error::BuildError;
use aws_sdk_s3::{Client, types};
use capability::{Access, Effect, Fault, Marker, Scope, Settlement, Spec, Touch};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{arn, name, s3_fault, tags};
use crate::check::{invalid, quoted};
use crate::client::Aws;
use crate::fault::incomplete;
use crate::operation::{AwsOperation, Nothing, found_or_none, part_of, touch};

/// What a bucket can be encrypted with.
const ALGORITHMS: [&str; 3] = ["AES256", "aws:kms", "aws:kms:dsse"];
/// The longest id, alias or ARN of a key (<https://docs.aws.amazon.com/kms/latest/APIReference/API_DescribeKey.html>).
const KEY: usize = 2048;

#[derive(Deserialize, Serialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct ServerSideEncryptionRule {
    #[serde(skip_serializing_if = "Option::is_none")]
    apply_server_side_encryption_by_default: Option<ServerSideEncryptionByDefault>,
    #[serde(skip_serializing_if = "Option::is_none")]
    bucket_key_enabled: Option<bool>,
}

#[derive(Deserialize, Serialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct ServerSideEncryptionByDefault {
    sse_algorithm: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    kms_master_key_id: Option<String>,
}

impl From<types::ServerSideEncryptionRule> for ServerSideEncryptionRule {
    fn from(rule: types::ServerSideEncryptionRule) -> ServerSideEncryptionRule {
        let by_default = rule.apply_server_side_encryption_by_default.map(|default| ServerSideEncryptionByDefault {
            sse_algorithm: default.sse_algorithm.as_str().to_owned(),
            kms_master_key_id: default.kms_master_key_id,
        });
        ServerSideEncryptionRule {
            apply_server_side_encryption_by_default: by_default,
            bucket_key_enabled: rule.bucket_key_enabled,
        }
    }
}

impl ServerSideEncryptionRule {
    fn check(&self) -> Result<(), Fault> {
        let Some(default) = &self.apply_server_side_encryption_by_default else { return Ok(()) };
        if !ALGORITHMS.contains(&default.sse_algorithm.as_str()) {
            let known = ALGORITHMS.join("`, `");
            return Err(invalid(format!("{} is no algorithm: give `{known}`", quoted(&default.sse_algorithm))));
        }
        let plain = |key: &String| {
            let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b":/_-".contains(&byte);
            (1..=KEY).contains(&key.len()) && key.bytes().all(allowed)
        };
        match default.kms_master_key_id.as_ref().filter(|key| !plain(key)) {
            Some(key) => Err(invalid(format!("{} is not the id, alias or ARN of a key", quoted(key)))),
            None => Ok(()),
        }
    }

    fn to_sdk(&self) -> Result<types::ServerSideEncryptionRule, BuildError> {
        let by_default = self.apply_server_side_encryption_by_default.as_ref().map(|default| {
            types::ServerSideEncryptionByDefault::builder()
                .sse_algorithm(default.sse_algorithm.as_str().into())
                .set_kms_master_key_id(default.kms_master_key_id.clone())
                .build()
        });
        Ok(types::ServerSideEncryptionRule::builder()
            .set_apply_server_side_encryption_by_default(by_default.transpose()?)
            .set_bucket_key_enabled(self.bucket_key_enabled)
            .build())
    }

    /// What it means: S3 answers a bucket key that was not asked for as off.
    fn meaning(&self) -> Value {
        json!([self.apply_server_side_encryption_by_default, self.bucket_key_enabled.unwrap_or_default()])
    }
}

async fn get(aws: &Aws, bucket: &str) -> Result<Vec<ServerSideEncryptionRule>, Fault> {
    let request = aws.client(Client::new).get_bucket_encryption().bucket(bucket).expected_bucket_owner(aws.account());
    let configuration = request.send().await.map_err(s3_fault)?.server_side_encryption_configuration;
    let rules = configuration.ok_or_else(|| incomplete("ServerSideEncryptionConfiguration"))?.rules;
    Ok(rules.into_iter().map(ServerSideEncryptionRule::from).collect())
}

/// GetBucketEncryption.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct GetBucketEncryption {
    bucket: String,
}

#[async_trait]
impl AwsOperation for GetBucketEncryption {
    const SPEC: &'static Spec = &Spec {
        function: "quell:s3/buckets@0.1.0#get-bucket-encryption",
        action: "s3:GetEncryptionConfiguration",
        also: &[],
        access: Access::Read,
        effect: Effect::Read,
    };
    type Output = Vec<ServerSideEncryptionRule>;

    fn check(&self) -> Result<(), Fault> {
        name::bucket(&self.bucket)
    }

    fn touches(&self, scope: &Scope) -> Vec<Touch> {
        vec![touch(Self::SPEC.action, arn(scope, &self.bucket))]
    }

    async fn send(&self, aws: &Aws, _marker: &Marker) -> Result<Vec<ServerSideEncryptionRule>, Fault> {
        get(aws, &self.bucket).await
    }

    async fn tags(&self, aws: &Aws, _resource: &str) -> Result<Option<BTreeMap<String, String>>, Fault> {
        tags(aws, &self.bucket).await
    }
}

/// PutBucketEncryption.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct PutBucketEncryption {
    bucket: String,
    rules: Vec<ServerSideEncryptionRule>,
}

impl PutBucketEncryption {
    fn to_sdk(&self) -> Result<types::ServerSideEncryptionConfiguration, BuildError> {
        let rules: Result<Vec<_>, _> = self.rules.iter().map(ServerSideEncryptionRule::to_sdk).collect();
        types::ServerSideEncryptionConfiguration::builder().set_rules(Some(rules?)).build()
    }
}

#[async_trait]
impl AwsOperation for PutBucketEncryption {
    const SPEC: &'static Spec = &Spec {
        function: "quell:s3/buckets@0.1.0#put-bucket-encryption",
        action: "s3:PutEncryptionConfiguration",
        also: &[],
        access: Access::Write,
        effect: Effect::Write,
    };
    type Output = Nothing;

    fn check(&self) -> Result<(), Fault> {
        name::bucket(&self.bucket)?;
        match self.rules.as_slice() {
            [rule] => rule.check(),
            rules => Err(invalid(format!("`rules` has {} rules, and S3 takes exactly one", rules.len()))),
        }
    }

    fn touches(&self, scope: &Scope) -> Vec<Touch> {
        vec![touch(Self::SPEC.action, arn(scope, &self.bucket))]
    }

    /// An absent key is AWS's own one; of a rule that says nothing, so is the algorithm.
    fn arguments(&self) -> Vec<(&'static str, Vec<String>)> {
        let defaults = || self.rules.iter().filter_map(|rule| rule.apply_server_side_encryption_by_default.as_ref());
        vec![
            ("sse-algorithm", defaults().map(|default| default.sse_algorithm.clone()).collect()),
            ("kms-master-key-id", defaults().filter_map(|default| default.kms_master_key_id.clone()).collect()),
        ]
    }

    fn settlement(&self) -> Settlement {
        Settlement::Compare
    }

    async fn send(&self, aws: &Aws, _marker: &Marker) -> Result<Nothing, Fault> {
        let rules = self.to_sdk().map_err(|error| invalid(error.to_string()))?;
        let request = aws
            .client(Client::new)
            .put_bucket_encryption()
            .bucket(&self.bucket)
            .expected_bucket_owner(aws.account())
            .server_side_encryption_configuration(rules);
        request.send().await.map_err(s3_fault)?;
        Ok(Nothing {})
    }

    async fn state(&self, aws: &Aws) -> Result<Value, Fault> {
        let rules = get(aws, &self.bucket).await;
        let rules = found_or_none(rules, "ServerSideEncryptionConfigurationNotFoundError")?;
        Ok(rules.map(|rules| json!({ "rules": rules })).unwrap_or_default())
    }

    async fn tags(&self, aws: &Aws, _resource: &str) -> Result<Option<BTreeMap<String, String>>, Fault> {
        tags(aws, &self.bucket).await
    }

    fn facet(&self, state: &Value, _marker: &Marker) -> Result<Value, Fault> {
        let rules: Option<Vec<ServerSideEncryptionRule>> = part_of(state, "rules")?;
        Ok(rules.map(|rules| rules.iter().map(ServerSideEncryptionRule::meaning).collect()).unwrap_or_default())
    }

    fn target(&self, _marker: &Marker) -> Result<Value, Fault> {
        Ok(self.rules.iter().map(ServerSideEncryptionRule::meaning).collect())
    }

    fn presumed(&self) -> Option<Nothing> {
        Some(Nothing {})
    }
}
