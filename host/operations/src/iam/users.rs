//! Users.

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
pub(super) struct User {
    user_name: String,
    user_id: String,
    arn: String,
    path: String,
    create_date: String,
}

/// GetUser.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct GetUser {
    user_name: String,
}

async fn get(aws: &Aws, user_name: &str) -> Result<types::User, Fault> {
    let reply = aws.client(Client::new).get_user().user_name(user_name).send().await.map_err(iam_fault)?;
    reply.user.filter(|user| !user.arn.is_empty()).ok_or_else(|| incomplete("User"))
}

/// Host read: where a user is, and its tags.
pub(super) async fn entity(aws: &Aws, user_name: &str) -> Result<Entity, Fault> {
    get(aws, user_name).await.map(|user| Entity::new(user.arn, user.tags))
}

/// What a call on a user needs, as far as its name tells.
pub(super) fn named(action: &str, scope: &Scope, user_name: &str) -> Vec<Touch> {
    vec![touch(action, arn(scope, "user", user_name))]
}

#[async_trait]
impl AwsOperation for GetUser {
    const SPEC: &'static Spec = &Spec {
        function: "quell:iam/users@0.1.0#get-user",
        action: "iam:GetUser",
        also: &[],
        access: Access::Read,
        effect: Effect::Read,
    };
    type Output = User;

    fn check(&self) -> Result<(), Fault> {
        name::user(&self.user_name)
    }

    fn touches(&self, scope: &Scope) -> Vec<Touch> {
        named(Self::SPEC.action, scope, &self.user_name)
    }

    async fn locate(&self, aws: &Aws, scope: &Scope) -> Result<Option<Vec<Touch>>, Fault> {
        located(self.touches(scope), entity(aws, &self.user_name).await)
    }

    async fn send(&self, aws: &Aws, _marker: &Marker) -> Result<User, Fault> {
        let user = get(aws, &self.user_name).await?;
        Ok(User {
            user_name: user.user_name,
            user_id: user.user_id,
            arn: user.arn,
            path: user.path,
            create_date: user.create_date.to_string(),
        })
    }

    async fn tags(&self, aws: &Aws, _resource: &str) -> Result<Option<BTreeMap<String, String>>, Fault> {
        tags(entity(aws, &self.user_name).await)
    }
}
