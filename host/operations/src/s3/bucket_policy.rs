//! The policies of buckets (<https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucket-policies.html>).

use std::collections::BTreeMap;

use async_trait::async_trait;
use aws_sdk_s3::Client;
use capability::{Access, Effect, Fault, Marker, Scope, Settlement, Spec, Touch};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{arn, name, s3_fault, tags};
use crate::check::invalid;
use crate::client::Aws;
use crate::fault::incomplete;
use crate::operation::{AwsOperation, Nothing, found_or_none, part_of, touch};
use crate::policy::{Document, canonical};

/// The longest policy, in bytes.
const LONGEST: usize = 20 * 1024;

/// The text of the policy. One that is no JSON object is not the answer that S3 gives.
async fn get(aws: &Aws, bucket: &str) -> Result<String, Fault> {
    let request = aws.client(Client::new).get_bucket_policy().bucket(bucket).expected_bucket_owner(aws.account());
    let policy = request.send().await.map_err(s3_fault)?.policy.unwrap_or_default();
    match serde_json::from_str(&policy) {
        Ok(Value::Object(_)) => Ok(policy),
        _ => Err(Fault::unknown("unreadable-reply", "S3 answered a policy that is no JSON document")),
    }
}

async fn state(aws: &Aws, bucket: &str) -> Result<Value, Fault> {
    let policy = found_or_none(get(aws, bucket).await, "NoSuchBucketPolicy")?;
    Ok(policy.map(|policy| json!({ "policy": policy })).unwrap_or_default())
}

/// The policy in a state, in the form in which S3's spelling does not matter.
fn facet(state: &Value) -> Result<Value, Fault> {
    let policy: Option<String> = part_of(state, "policy")?;
    policy.as_deref().map_or(Ok(Value::Null), canonical)
}

/// GetBucketPolicy.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct GetBucketPolicy {
    bucket: String,
}

#[async_trait]
impl AwsOperation for GetBucketPolicy {
    const SPEC: &'static Spec = &Spec {
        function: "quell:s3/buckets@0.1.0#get-bucket-policy",
        action: "s3:GetBucketPolicy",
        also: &[],
        access: Access::Read,
        effect: Effect::Read,
    };
    type Output = String;

    fn check(&self) -> Result<(), Fault> {
        name::bucket(&self.bucket)
    }

    fn touches(&self, scope: &Scope) -> Vec<Touch> {
        vec![touch(Self::SPEC.action, arn(scope, &self.bucket))]
    }

    async fn send(&self, aws: &Aws, _marker: &Marker) -> Result<String, Fault> {
        get(aws, &self.bucket).await
    }

    async fn tags(&self, aws: &Aws, _resource: &str) -> Result<Option<BTreeMap<String, String>>, Fault> {
        tags(aws, &self.bucket).await
    }
}

/// PutBucketPolicy: a policy in place of the one that is there.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct PutBucketPolicy {
    bucket: String,
    policy: Document,
}

#[async_trait]
impl AwsOperation for PutBucketPolicy {
    const SPEC: &'static Spec = &Spec {
        function: "quell:s3/buckets@0.1.0#put-bucket-policy",
        action: "s3:PutBucketPolicy",
        also: &[],
        access: Access::PermissionsManagement,
        effect: Effect::Write,
    };
    type Output = Nothing;

    fn check(&self) -> Result<(), Fault> {
        name::bucket(&self.bucket)?;
        match self.policy.text().len() <= LONGEST {
            true => Ok(()),
            false => Err(invalid(format!("`policy` must have at most {LONGEST} bytes"))),
        }
    }

    fn touches(&self, scope: &Scope) -> Vec<Touch> {
        vec![touch(Self::SPEC.action, arn(scope, &self.bucket))]
    }

    fn arguments(&self) -> Vec<(&'static str, Vec<String>)> {
        vec![("policy-effect", self.policy.effects())]
    }

    fn settlement(&self) -> Settlement {
        Settlement::Compare
    }

    async fn send(&self, aws: &Aws, _marker: &Marker) -> Result<Nothing, Fault> {
        let request = aws.client(Client::new).put_bucket_policy().policy(self.policy.text());
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

    fn target(&self, _marker: &Marker) -> Result<Value, Fault> {
        Ok(self.policy.canonical())
    }

    fn presumed(&self) -> Option<Nothing> {
        Some(Nothing {})
    }
}

/// DeleteBucketPolicy.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct DeleteBucketPolicy {
    bucket: String,
}

#[async_trait]
impl AwsOperation for DeleteBucketPolicy {
    const SPEC: &'static Spec = &Spec {
        function: "quell:s3/buckets@0.1.0#delete-bucket-policy",
        action: "s3:DeleteBucketPolicy",
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

    fn settlement(&self) -> Settlement {
        Settlement::Compare
    }

    async fn send(&self, aws: &Aws, _marker: &Marker) -> Result<Nothing, Fault> {
        let request = aws.client(Client::new).delete_bucket_policy();
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

/// GetBucketPolicyStatus.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct GetBucketPolicyStatus {
    bucket: String,
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct PolicyStatus {
    is_public: bool,
}

#[async_trait]
impl AwsOperation for GetBucketPolicyStatus {
    const SPEC: &'static Spec = &Spec {
        function: "quell:s3/buckets@0.1.0#get-bucket-policy-status",
        action: "s3:GetBucketPolicyStatus",
        also: &[],
        access: Access::Read,
        effect: Effect::Read,
    };
    type Output = PolicyStatus;

    fn check(&self) -> Result<(), Fault> {
        name::bucket(&self.bucket)
    }

    fn touches(&self, scope: &Scope) -> Vec<Touch> {
        vec![touch(Self::SPEC.action, arn(scope, &self.bucket))]
    }

    async fn send(&self, aws: &Aws, _marker: &Marker) -> Result<PolicyStatus, Fault> {
        let request = aws.client(Client::new).get_bucket_policy_status();
        let request = request.bucket(&self.bucket).expected_bucket_owner(aws.account());
        let status = request.send().await.map_err(s3_fault)?.policy_status;
        let is_public = status.and_then(|status| status.is_public).ok_or_else(|| incomplete("IsPublic"))?;
        Ok(PolicyStatus { is_public })
    }

    async fn tags(&self, aws: &Aws, _resource: &str) -> Result<Option<BTreeMap<String, String>>, Fault> {
        tags(aws, &self.bucket).await
    }
}
