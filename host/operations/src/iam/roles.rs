//! Roles.

use std::collections::BTreeMap;

use async_trait::async_trait;
use aws_sdk_iam::{Client, types};
use capability::{Access, Effect, Fault, Marker, Scope, Spec, Touch};
use serde::{Deserialize, Serialize};

use super::{Entity, arn, iam_fault, located, name, tags};
use crate::client::Aws;
use crate::fault::incomplete;
use crate::operation::{AwsOperation, touch};

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct Role {
    role_name: String,
    role_id: String,
    arn: String,
    path: String,
    create_date: String,
}

impl From<types::Role> for Role {
    fn from(role: types::Role) -> Role {
        Role {
            role_name: role.role_name,
            role_id: role.role_id,
            arn: role.arn,
            path: role.path,
            create_date: role.create_date.to_string(),
        }
    }
}

/// GetRole.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct GetRole {
    role_name: String,
}

async fn get(aws: &Aws, role_name: &str) -> Result<types::Role, Fault> {
    let reply = aws.client(Client::new).get_role().role_name(role_name).send().await.map_err(iam_fault)?;
    reply.role.filter(|role| !role.arn.is_empty()).ok_or_else(|| incomplete("Role"))
}

/// Host read: where a role is, and its tags.
pub(super) async fn entity(aws: &Aws, role_name: &str) -> Result<Entity, Fault> {
    get(aws, role_name).await.map(|role| Entity::new(role.arn, role.tags))
}

/// What a call on a role needs, as far as its name tells.
pub(super) fn named(action: &str, scope: &Scope, role_name: &str) -> Vec<Touch> {
    vec![touch(action, arn(scope, "role", role_name))]
}

#[async_trait]
impl AwsOperation for GetRole {
    const SPEC: &'static Spec = &Spec {
        function: "quell:iam/roles@0.1.0#get-role",
        action: "iam:GetRole",
        also: &[],
        access: Access::Read,
        effect: Effect::Read,
    };
    type Output = Role;

    fn check(&self) -> Result<(), Fault> {
        name::role(&self.role_name)
    }

    fn touches(&self, scope: &Scope) -> Vec<Touch> {
        named(Self::SPEC.action, scope, &self.role_name)
    }

    async fn locate(&self, aws: &Aws, scope: &Scope) -> Result<Option<Vec<Touch>>, Fault> {
        located(self.touches(scope), entity(aws, &self.role_name).await)
    }

    async fn send(&self, aws: &Aws, _marker: &Marker) -> Result<Role, Fault> {
        get(aws, &self.role_name).await.map(Role::from)
    }

    async fn tags(&self, aws: &Aws, _resource: &str) -> Result<Option<BTreeMap<String, String>>, Fault> {
        tags(entity(aws, &self.role_name).await)
    }
}
