//! Instance profiles.

use std::collections::BTreeMap;

use async_trait::async_trait;
use aws_sdk_iam::{Client, types};
use capability::{Access, Effect, Fault, Marker, Scope, Spec, Touch};
use serde::{Deserialize, Serialize};

use super::roles::Role;
use super::{Entity, arn, iam_fault, located, name, tags};
use crate::client::Aws;
use crate::fault::incomplete;
use crate::operation::{AwsOperation, touch};

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct InstanceProfile {
    instance_profile_name: String,
    arn: String,
    roles: Vec<Role>,
}

/// GetInstanceProfile. It also tells the profile's roles, for which IAM asks no right of its own.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct GetInstanceProfile {
    instance_profile_name: String,
}

impl GetInstanceProfile {
    async fn get(&self, aws: &Aws) -> Result<types::InstanceProfile, Fault> {
        let request = aws.client(Client::new).get_instance_profile().instance_profile_name(&self.instance_profile_name);
        let profile = request.send().await.map_err(iam_fault)?.instance_profile;
        profile.filter(|profile| !profile.arn.is_empty()).ok_or_else(|| incomplete("InstanceProfile"))
    }

    /// Host read: where the profile is, and its tags.
    async fn entity(&self, aws: &Aws) -> Result<Entity, Fault> {
        self.get(aws).await.map(|profile| Entity::new(profile.arn, profile.tags))
    }
}

#[async_trait]
impl AwsOperation for GetInstanceProfile {
    const SPEC: &'static Spec = &Spec {
        function: "quell:iam/instance-profiles@0.1.0#get-instance-profile",
        action: "iam:GetInstanceProfile",
        also: &[],
        access: Access::Read,
        effect: Effect::Read,
    };
    type Output = InstanceProfile;

    fn check(&self) -> Result<(), Fault> {
        name::instance_profile(&self.instance_profile_name)
    }

    fn touches(&self, scope: &Scope) -> Vec<Touch> {
        vec![touch(Self::SPEC.action, arn(scope, "instance-profile", &self.instance_profile_name))]
    }

    async fn locate(&self, aws: &Aws, scope: &Scope) -> Result<Option<Vec<Touch>>, Fault> {
        located(self.touches(scope), self.entity(aws).await)
    }

    async fn send(&self, aws: &Aws, _marker: &Marker) -> Result<InstanceProfile, Fault> {
        let profile = self.get(aws).await?;
        Ok(InstanceProfile {
            instance_profile_name: profile.instance_profile_name,
            arn: profile.arn,
            roles: profile.roles.into_iter().map(Role::from).collect(),
        })
    }

    async fn tags(&self, aws: &Aws, _resource: &str) -> Result<Option<BTreeMap<String, String>>, Fault> {
        tags(self.entity(aws).await)
    }
}
