//! The access control lists of buckets (<https://docs.aws.amazon.com/AmazonS3/latest/userguide/acl-overview.html>).

use std::collections::{BTreeMap, BTreeSet};

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
use crate::operation::{AwsOperation, Nothing, part_of, touch};

/// How many grants an ACL has at most.
const GRANTS: usize = 100;
/// The kinds of grantees, and what can be given to them.
const GRANTEES: [&str; 3] = ["CanonicalUser", "AmazonCustomerByEmail", "Group"];
const PERMISSIONS: [&str; 5] = ["FULL_CONTROL", "WRITE", "WRITE_ACP", "READ", "READ_ACP"];

#[derive(Deserialize, Serialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct AccessControlPolicy {
    owner: Owner,
    grants: Vec<Grant>,
}

#[derive(Deserialize, Serialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct Owner {
    id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    display_name: Option<String>,
}

#[derive(Deserialize, Serialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct Grant {
    grantee: Grantee,
    permission: String,
}

#[derive(Deserialize, Serialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct Grantee {
    r#type: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    uri: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    email_address: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    display_name: Option<String>,
}

impl Grant {
    fn read(grant: types::Grant) -> Option<Grant> {
        let grantee = grant.grantee?;
        let grantee = Grantee {
            r#type: grantee.r#type.as_str().to_owned(),
            id: grantee.id,
            uri: grantee.uri,
            email_address: grantee.email_address,
            display_name: grantee.display_name,
        };
        Some(Grant { grantee, permission: grant.permission?.as_str().to_owned() })
    }

    fn check(&self) -> Result<(), Fault> {
        let known = |text: &str, known: &[&str]| match known.contains(&text) {
            true => Ok(()),
            false => Err(invalid(format!("{} is none of `{}`", quoted(text), known.join("`, `")))),
        };
        known(&self.grantee.r#type, &GRANTEES)?;
        known(&self.permission, &PERMISSIONS)
    }

    fn to_sdk(&self) -> Result<types::Grant, BuildError> {
        let grantee = types::Grantee::builder()
            .r#type(self.grantee.r#type.as_str().into())
            .set_id(self.grantee.id.clone())
            .set_uri(self.grantee.uri.clone())
            .set_email_address(self.grantee.email_address.clone())
            .set_display_name(self.grantee.display_name.clone())
            .build()?;
        Ok(types::Grant::builder().grantee(grantee).permission(self.permission.as_str().into()).build())
    }

    /// By what the grantee is known, whatever its type says.
    fn names(&self) -> impl Iterator<Item = &String> {
        let Grantee { id, uri, email_address, .. } = &self.grantee;
        [id, uri, email_address].into_iter().flatten()
    }
}

impl AccessControlPolicy {
    fn to_sdk(&self) -> Result<types::AccessControlPolicy, BuildError> {
        let owner = types::Owner::builder().id(&self.owner.id).set_display_name(self.owner.display_name.clone());
        let grants: Result<Vec<_>, _> = self.grants.iter().map(Grant::to_sdk).collect();
        Ok(types::AccessControlPolicy::builder().owner(owner.build()).set_grants(Some(grants?)).build())
    }

    /// What is given to whom, in no order. Names for people to read are S3's own, where it tells them at all.
    fn given(&self) -> BTreeSet<(Vec<&String>, &str)> {
        self.grants.iter().map(|grant| (grant.names().collect(), grant.permission.as_str())).collect()
    }
}

async fn get(aws: &Aws, bucket: &str) -> Result<AccessControlPolicy, Fault> {
    let request = aws.client(Client::new).get_bucket_acl().bucket(bucket).expected_bucket_owner(aws.account());
    let reply = request.send().await.map_err(s3_fault)?;
    let owner = reply.owner.ok_or_else(|| incomplete("Owner"))?;
    let grants: Option<Vec<_>> = reply.grants.unwrap_or_default().into_iter().map(Grant::read).collect();
    Ok(AccessControlPolicy {
        owner: Owner { id: owner.id.unwrap_or_default(), display_name: owner.display_name },
        grants: grants.ok_or_else(|| incomplete("Grant"))?,
    })
}

/// GetBucketAcl.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct GetBucketAcl {
    bucket: String,
}

#[async_trait]
impl AwsOperation for GetBucketAcl {
    const SPEC: &'static Spec = &Spec {
        function: "quell:s3/buckets@0.1.0#get-bucket-acl",
        action: "s3:GetBucketAcl",
        also: &[],
        access: Access::Read,
        effect: Effect::Read,
    };
    type Output = AccessControlPolicy;

    fn check(&self) -> Result<(), Fault> {
        name::bucket(&self.bucket)
    }

    fn touches(&self, scope: &Scope) -> Vec<Touch> {
        vec![touch(Self::SPEC.action, arn(scope, &self.bucket))]
    }

    async fn send(&self, aws: &Aws, _marker: &Marker) -> Result<AccessControlPolicy, Fault> {
        get(aws, &self.bucket).await
    }

    async fn tags(&self, aws: &Aws, _resource: &str) -> Result<Option<BTreeMap<String, String>>, Fault> {
        tags(aws, &self.bucket).await
    }
}

/// PutBucketAcl: a list in place of the one that is there.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct PutBucketAcl {
    bucket: String,
    access_control_policy: AccessControlPolicy,
}

#[async_trait]
impl AwsOperation for PutBucketAcl {
    const SPEC: &'static Spec = &Spec {
        function: "quell:s3/buckets@0.1.0#put-bucket-acl",
        action: "s3:PutBucketAcl",
        also: &[],
        access: Access::PermissionsManagement,
        effect: Effect::Write,
    };
    type Output = Nothing;

    fn check(&self) -> Result<(), Fault> {
        name::bucket(&self.bucket)?;
        let grants = &self.access_control_policy.grants;
        if grants.len() > GRANTS {
            return Err(invalid(format!("an ACL has at most {GRANTS} `grants`")));
        }
        grants.iter().try_for_each(Grant::check)
    }

    fn touches(&self, scope: &Scope) -> Vec<Touch> {
        vec![touch(Self::SPEC.action, arn(scope, &self.bucket))]
    }

    /// `grantee` has every id, URI and e-mail address, so that a grant can let a plugin take from all and give to none but
    /// the owner.
    fn arguments(&self) -> Vec<(&'static str, Vec<String>)> {
        let grants = &self.access_control_policy.grants;
        vec![
            ("grantee", grants.iter().flat_map(Grant::names).cloned().collect()),
            ("permission", grants.iter().map(|grant| grant.permission.clone()).collect()),
        ]
    }

    fn settlement(&self) -> Settlement {
        Settlement::Compare
    }

    async fn send(&self, aws: &Aws, _marker: &Marker) -> Result<Nothing, Fault> {
        let policy = self.access_control_policy.to_sdk().map_err(|error| invalid(error.to_string()))?;
        let request = aws.client(Client::new).put_bucket_acl().access_control_policy(policy);
        let request = request.bucket(&self.bucket).expected_bucket_owner(aws.account());
        request.send().await.map_err(s3_fault)?;
        Ok(Nothing {})
    }

    async fn state(&self, aws: &Aws) -> Result<Value, Fault> {
        Ok(json!({ "access-control-policy": get(aws, &self.bucket).await? }))
    }

    async fn tags(&self, aws: &Aws, _resource: &str) -> Result<Option<BTreeMap<String, String>>, Fault> {
        tags(aws, &self.bucket).await
    }

    /// What is given to whom. S3 knows a grantee by e-mail address under an id, which is neither what was there nor what was
    /// asked for: a person looks.
    fn facet(&self, state: &Value, _marker: &Marker) -> Result<Value, Fault> {
        let policy: Option<AccessControlPolicy> = part_of(state, "access-control-policy")?;
        Ok(policy.map(|policy| json!(policy.given())).unwrap_or_default())
    }

    fn target(&self, _marker: &Marker) -> Result<Value, Fault> {
        Ok(json!(self.access_control_policy.given()))
    }

    fn presumed(&self) -> Option<Nothing> {
        Some(Nothing {})
    }
}
