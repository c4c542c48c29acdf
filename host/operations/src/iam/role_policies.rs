//! Inline policies of roles.

use std::collections::BTreeMap;

use async_trait::async_trait;
use aws_sdk_iam::Client;
use capability::{Access, Effect, Fault, Marker, Scope, Settlement, Spec, Touch};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{found, iam_fault, located, name, next, roles, tags};
use crate::client::Aws;
use crate::operation::{AwsOperation, Nothing, part_of};
use crate::policy::{Document, canonical, decoded};

/// How long all inline policies of a role are at most, in bytes without white space: one is no longer
/// (<https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html>).
const LONGEST: usize = 10_240;

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct RolePolicy {
    role_name: String,
    policy_name: String,
    policy_document: String,
}

async fn get(aws: &Aws, role_name: &str, policy_name: &str) -> Result<RolePolicy, Fault> {
    let request = aws.client(Client::new).get_role_policy().role_name(role_name).policy_name(policy_name);
    let reply = request.send().await.map_err(iam_fault)?;
    Ok(RolePolicy {
        role_name: reply.role_name,
        policy_name: reply.policy_name,
        policy_document: decoded(&reply.policy_document)?,
    })
}

/// Host read: the policy. IAM has one code for a policy that there is not and a role that there is not, which says nothing
/// of its policies.
async fn state(aws: &Aws, role_name: &str, policy_name: &str) -> Result<Value, Fault> {
    match found(get(aws, role_name, policy_name).await)? {
        Some(policy) => Ok(json!({ "policy-document": policy.policy_document })),
        None => roles::entity(aws, role_name).await.map(|_| Value::Null),
    }
}

/// The policy in a state, in the form in which spelling does not matter.
fn facet(state: &Value) -> Result<Value, Fault> {
    let policy: Option<String> = part_of(state, "policy-document")?;
    policy.as_deref().map_or(Ok(Value::Null), canonical)
}

/// ListRolePolicies.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct ListRolePolicies {
    role_name: String,
    marker: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct RolePoliciesPage {
    policy_names: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    marker: Option<String>,
}

#[async_trait]
impl AwsOperation for ListRolePolicies {
    const SPEC: &'static Spec = &Spec {
        function: "quell:iam/role-policies@0.1.0#list-role-policies",
        action: "iam:ListRolePolicies",
        also: &[],
        access: Access::List,
        effect: Effect::Read,
    };
    type Output = RolePoliciesPage;

    fn check(&self) -> Result<(), Fault> {
        name::role(&self.role_name)
    }

    fn touches(&self, scope: &Scope) -> Vec<Touch> {
        roles::named(Self::SPEC.action, scope, &self.role_name)
    }

    async fn locate(&self, aws: &Aws, scope: &Scope) -> Result<Option<Vec<Touch>>, Fault> {
        located(self.touches(scope), roles::entity(aws, &self.role_name).await)
    }

    async fn send(&self, aws: &Aws, _marker: &Marker) -> Result<RolePoliciesPage, Fault> {
        let request = aws.client(Client::new).list_role_policies().role_name(&self.role_name);
        let reply = request.set_marker(self.marker.clone()).send().await.map_err(iam_fault)?;
        Ok(RolePoliciesPage { policy_names: reply.policy_names, marker: next(reply.is_truncated, reply.marker) })
    }

    async fn tags(&self, aws: &Aws, _resource: &str) -> Result<Option<BTreeMap<String, String>>, Fault> {
        tags(roles::entity(aws, &self.role_name).await)
    }
}

/// GetRolePolicy.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct GetRolePolicy {
    role_name: String,
    policy_name: String,
}

#[async_trait]
impl AwsOperation for GetRolePolicy {
    const SPEC: &'static Spec = &Spec {
        function: "quell:iam/role-policies@0.1.0#get-role-policy",
        action: "iam:GetRolePolicy",
        also: &[],
        access: Access::Read,
        effect: Effect::Read,
    };
    type Output = RolePolicy;

    fn check(&self) -> Result<(), Fault> {
        name::role(&self.role_name)?;
        name::policy(&self.policy_name)
    }

    fn touches(&self, scope: &Scope) -> Vec<Touch> {
        roles::named(Self::SPEC.action, scope, &self.role_name)
    }

    async fn locate(&self, aws: &Aws, scope: &Scope) -> Result<Option<Vec<Touch>>, Fault> {
        located(self.touches(scope), roles::entity(aws, &self.role_name).await)
    }

    async fn send(&self, aws: &Aws, _marker: &Marker) -> Result<RolePolicy, Fault> {
        get(aws, &self.role_name, &self.policy_name).await
    }

    async fn tags(&self, aws: &Aws, _resource: &str) -> Result<Option<BTreeMap<String, String>>, Fault> {
        tags(roles::entity(aws, &self.role_name).await)
    }
}

/// PutRolePolicy: a policy in place of one with this name.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct PutRolePolicy {
    role_name: String,
    policy_name: String,
    policy_document: Document,
}

#[async_trait]
impl AwsOperation for PutRolePolicy {
    const SPEC: &'static Spec = &Spec {
        function: "quell:iam/role-policies@0.1.0#put-role-policy",
        action: "iam:PutRolePolicy",
        also: &[],
        access: Access::PermissionsManagement,
        effect: Effect::Write,
    };
    type Output = Nothing;

    fn check(&self) -> Result<(), Fault> {
        name::role(&self.role_name)?;
        name::policy(&self.policy_name)?;
        self.policy_document.at_most(LONGEST)
    }

    fn touches(&self, scope: &Scope) -> Vec<Touch> {
        roles::named(Self::SPEC.action, scope, &self.role_name)
    }

    async fn locate(&self, aws: &Aws, scope: &Scope) -> Result<Option<Vec<Touch>>, Fault> {
        located(self.touches(scope), roles::entity(aws, &self.role_name).await)
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
            .put_role_policy()
            .role_name(&self.role_name)
            .policy_name(&self.policy_name)
            .policy_document(self.policy_document.text());
        request.send().await.map_err(iam_fault)?;
        Ok(Nothing {})
    }

    async fn state(&self, aws: &Aws) -> Result<Value, Fault> {
        state(aws, &self.role_name, &self.policy_name).await
    }

    async fn tags(&self, aws: &Aws, _resource: &str) -> Result<Option<BTreeMap<String, String>>, Fault> {
        tags(roles::entity(aws, &self.role_name).await)
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

/// DeleteRolePolicy.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct DeleteRolePolicy {
    role_name: String,
    policy_name: String,
}

#[async_trait]
impl AwsOperation for DeleteRolePolicy {
    const SPEC: &'static Spec = &Spec {
        function: "quell:iam/role-policies@0.1.0#delete-role-policy",
        action: "iam:DeleteRolePolicy",
        also: &[],
        access: Access::PermissionsManagement,
        effect: Effect::Write,
    };
    type Output = Nothing;

    fn check(&self) -> Result<(), Fault> {
        name::role(&self.role_name)?;
        name::policy(&self.policy_name)
    }

    fn touches(&self, scope: &Scope) -> Vec<Touch> {
        roles::named(Self::SPEC.action, scope, &self.role_name)
    }

    async fn locate(&self, aws: &Aws, scope: &Scope) -> Result<Option<Vec<Touch>>, Fault> {
        located(self.touches(scope), roles::entity(aws, &self.role_name).await)
    }

    fn arguments(&self) -> Vec<(&'static str, Vec<String>)> {
        vec![("policy-name", vec![self.policy_name.clone()])]
    }

    fn settlement(&self) -> Settlement {
        Settlement::Compare
    }

    async fn send(&self, aws: &Aws, _marker: &Marker) -> Result<Nothing, Fault> {
        let request = aws.client(Client::new).delete_role_policy();
        let request = request.role_name(&self.role_name).policy_name(&self.policy_name);
        request.send().await.map_err(iam_fault)?;
        Ok(Nothing {})
    }

    async fn state(&self, aws: &Aws) -> Result<Value, Fault> {
        state(aws, &self.role_name, &self.policy_name).await
    }

    async fn tags(&self, aws: &Aws, _resource: &str) -> Result<Option<BTreeMap<String, String>>, Fault> {
        tags(roles::entity(aws, &self.role_name).await)
    }

    fn facet(&self, state: &Value, _marker: &Marker) -> Result<Value, Fault> {
        facet(state)
    }

    fn presumed(&self) -> Option<Nothing> {
        Some(Nothing {})
    }
}
