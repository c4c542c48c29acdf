//! Inline policies of users.

use std::collections::BTreeMap;

use async_trait::async_trait;
use aws_sdk_iam::Client;
use capability::{Access, Effect, Fault, Marker, Scope, Settlement, Spec, Touch};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{found, iam_fault, located, name, next, tags, users};
use crate::client::Aws;
use crate::operation::{AwsOperation, Nothing, part_of};
use crate::policy::{Document, canonical, decoded};

/// How long all inline policies of a user are at most, in bytes without white space: one is no longer
/// (<https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html>).
const LONGEST: usize = 2_048;

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct UserPolicy {
    user_name: String,
    policy_name: String,
    policy_document: String,
}

async fn get(aws: &Aws, user_name: &str, policy_name: &str) -> Result<UserPolicy, Fault> {
    let request = aws.client(Client::new).get_user_policy().user_name(user_name).policy_name(policy_name);
    let reply = request.send().await.map_err(iam_fault)?;
    Ok(UserPolicy {
        user_name: reply.user_name,
        policy_name: reply.policy_name,
        policy_document: decoded(&reply.policy_document)?,
    })
}

/// Host read: the policy. IAM has one code for a policy that there is not and a user that there is not, which says nothing
/// of its policies.
async fn state(aws: &Aws, user_name: &str, policy_name: &str) -> Result<Value, Fault> {
    match found(get(aws, user_name, policy_name).await)? {
        Some(policy) => Ok(json!({ "policy-document": policy.policy_document })),
        None => users::entity(aws, user_name).await.map(|_| Value::Null),
    }
}

/// The policy in a state, in the form in which spelling does not matter.
fn facet(state: &Value) -> Result<Value, Fault> {
    let policy: Option<String> = part_of(state, "policy-document")?;
    policy.as_deref().map_or(Ok(Value::Null), canonical)
}

/// ListUserPolicies.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct ListUserPolicies {
    user_name: String,
    marker: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct UserPoliciesPage {
    policy_names: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    marker: Option<String>,
}

#[async_trait]
impl AwsOperation for ListUserPolicies {
    const SPEC: &'static Spec = &Spec {
        function: "quell:iam/user-policies@0.1.0#list-user-policies",
        action: "iam:ListUserPolicies",
        also: &[],
        access: Access::List,
        effect: Effect::Read,
    };
    type Output = UserPoliciesPage;

    fn check(&self) -> Result<(), Fault> {
        name::user(&self.user_name)
    }

    fn touches(&self, scope: &Scope) -> Vec<Touch> {
        users::named(Self::SPEC.action, scope, &self.user_name)
    }

    async fn locate(&self, aws: &Aws, scope: &Scope) -> Result<Option<Vec<Touch>>, Fault> {
        located(self.touches(scope), users::entity(aws, &self.user_name).await)
    }

    async fn send(&self, aws: &Aws, _marker: &Marker) -> Result<UserPoliciesPage, Fault> {
        let request = aws.client(Client::new).list_user_policies().user_name(&self.user_name);
        let reply = request.set_marker(self.marker.clone()).send().await.map_err(iam_fault)?;
        Ok(UserPoliciesPage { policy_names: reply.policy_names, marker: next(reply.is_truncated, reply.marker) })
    }

    async fn tags(&self, aws: &Aws, _resource: &str) -> Result<Option<BTreeMap<String, String>>, Fault> {
        tags(users::entity(aws, &self.user_name).await)
    }
}

/// GetUserPolicy.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct GetUserPolicy {
    user_name: String,
    policy_name: String,
}

#[async_trait]
impl AwsOperation for GetUserPolicy {
    const SPEC: &'static Spec = &Spec {
        function: "quell:iam/user-policies@0.1.0#get-user-policy",
        action: "iam:GetUserPolicy",
        also: &[],
        access: Access::Read,
        effect: Effect::Read,
    };
    type Output = UserPolicy;

    fn check(&self) -> Result<(), Fault> {
        name::user(&self.user_name)?;
        name::policy(&self.policy_name)
    }

    fn touches(&self, scope: &Scope) -> Vec<Touch> {
        users::named(Self::SPEC.action, scope, &self.user_name)
    }

    async fn locate(&self, aws: &Aws, scope: &Scope) -> Result<Option<Vec<Touch>>, Fault> {
        located(self.touches(scope), users::entity(aws, &self.user_name).await)
    }

    async fn send(&self, aws: &Aws, _marker: &Marker) -> Result<UserPolicy, Fault> {
        get(aws, &self.user_name, &self.policy_name).await
    }

    async fn tags(&self, aws: &Aws, _resource: &str) -> Result<Option<BTreeMap<String, String>>, Fault> {
        tags(users::entity(aws, &self.user_name).await)
    }
}

/// PutUserPolicy: a policy in place of one with this name.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct PutUserPolicy {
    user_name: String,
    policy_name: String,
    policy_document: Document,
}

#[async_trait]
impl AwsOperation for PutUserPolicy {
    const SPEC: &'static Spec = &Spec {
        function: "quell:iam/user-policies@0.1.0#put-user-policy",
        action: "iam:PutUserPolicy",
        also: &[],
        access: Access::PermissionsManagement,
        effect: Effect::Write,
    };
    type Output = Nothing;

    fn check(&self) -> Result<(), Fault> {
        name::user(&self.user_name)?;
        name::policy(&self.policy_name)?;
        self.policy_document.at_most(LONGEST)
    }

    fn touches(&self, scope: &Scope) -> Vec<Touch> {
        users::named(Self::SPEC.action, scope, &self.user_name)
    }

    async fn locate(&self, aws: &Aws, scope: &Scope) -> Result<Option<Vec<Touch>>, Fault> {
        located(self.touches(scope), users::entity(aws, &self.user_name).await)
    }

    /// The effects are for grants that let a plugin take rights away and not give any.
    fn arguments(&self) -> Vec<(&'static str, Vec<String>)> {
        vec![("policy-name", vec![self.policy_name.clone()]), ("policy-effect", self.policy_document.effects())]
    }

    fn settlement(&self) -> Settlement {
        Settlement::Compare
    }

    async fn send(&self, aws: &Aws, _marker: &Marker) -> Result<Nothing, Fault> {
        let request = aws
            .client(Client::new)
            .put_user_policy()
            .user_name(&self.user_name)
            .policy_name(&self.policy_name)
            .policy_document(self.policy_document.text());
        request.send().await.map_err(iam_fault)?;
        Ok(Nothing {})
    }

    async fn state(&self, aws: &Aws) -> Result<Value, Fault> {
        state(aws, &self.user_name, &self.policy_name).await
    }

    async fn tags(&self, aws: &Aws, _resource: &str) -> Result<Option<BTreeMap<String, String>>, Fault> {
        tags(users::entity(aws, &self.user_name).await)
    }

    fn facet(&self, state: &Value, _marker: &Marker) -> Result<Value, Fault> {
        facet(state)
    }

    fn target(&self, _marker: &Marker) -> Result<Value, Fault> {
        Ok(self.policy_document.canonical())
    }

    fn presumed(&self) -> Option<Nothing> {
        Some(Nothing {})
    }
}

/// DeleteUserPolicy.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct DeleteUserPolicy {
    user_name: String,
    policy_name: String,
}

#[async_trait]
impl AwsOperation for DeleteUserPolicy {
    const SPEC: &'static Spec = &Spec {
        function: "quell:iam/user-policies@0.1.0#delete-user-policy",
        action: "iam:DeleteUserPolicy",
        also: &[],
        access: Access::PermissionsManagement,
        effect: Effect::Write,
    };
    type Output = Nothing;

    fn check(&self) -> Result<(), Fault> {
        name::user(&self.user_name)?;
        name::policy(&self.policy_name)
    }

    fn touches(&self, scope: &Scope) -> Vec<Touch> {
        users::named(Self::SPEC.action, scope, &self.user_name)
    }

    async fn locate(&self, aws: &Aws, scope: &Scope) -> Result<Option<Vec<Touch>>, Fault> {
        located(self.touches(scope), users::entity(aws, &self.user_name).await)
    }

    fn arguments(&self) -> Vec<(&'static str, Vec<String>)> {
        vec![("policy-name", vec![self.policy_name.clone()])]
    }

    fn settlement(&self) -> Settlement {
        Settlement::Compare
    }

    async fn send(&self, aws: &Aws, _marker: &Marker) -> Result<Nothing, Fault> {
        let request = aws.client(Client::new).delete_user_policy();
        let request = request.user_name(&self.user_name).policy_name(&self.policy_name);
        request.send().await.map_err(iam_fault)?;
        Ok(Nothing {})
    }

    async fn state(&self, aws: &Aws) -> Result<Value, Fault> {
        state(aws, &self.user_name, &self.policy_name).await
    }

    async fn tags(&self, aws: &Aws, _resource: &str) -> Result<Option<BTreeMap<String, String>>, Fault> {
        tags(users::entity(aws, &self.user_name).await)
    }

    fn facet(&self, state: &Value, _marker: &Marker) -> Result<Value, Fault> {
        facet(state)
    }

    fn presumed(&self) -> Option<Nothing> {
        Some(Nothing {})
    }
}
