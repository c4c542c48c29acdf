//! Security groups and their rules.

use std::collections::BTreeMap;

use async_trait::async_trait;
use aws_sdk_ec2::Client;
use aws_sdk_ec2::operation::revoke_security_group_ingress::RevokeSecurityGroupIngressOutput;
use aws_sdk_ec2::types;
use capability::{Access, Effect, Fault, FaultKind, Marker, Observation, Scope, Settlement, Spec, Touch};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::listing::{self, Tag};
use super::permission::{IpPermission, Rule, permissions};
use super::{ec2_fault, tags};
use crate::check::{self, invalid};
use crate::client::Aws;
use crate::operation::{AwsOperation, Nothing, observed, touch};

/// DescribeSecurityGroups: one page of groups.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct DescribeSecurityGroups {
    group_ids: Vec<String>,
    next_token: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct SecurityGroupsPage {
    security_groups: Vec<SecurityGroup>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_token: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct SecurityGroup {
    group_id: String,
    group_name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    vpc_id: Option<String>,
    owner_id: String,
    description: String,
    ip_permissions: Vec<IpPermission>,
    tags: Vec<Tag>,
}

impl From<types::SecurityGroup> for SecurityGroup {
    fn from(group: types::SecurityGroup) -> SecurityGroup {
        SecurityGroup {
            group_id: group.group_id.unwrap_or_default(),
            group_name: group.group_name.unwrap_or_default(),
            vpc_id: group.vpc_id,
            owner_id: group.owner_id.unwrap_or_default(),
            description: group.description.unwrap_or_default(),
            ip_permissions: permissions(group.ip_permissions),
            tags: listing::tags(group.tags),
        }
    }
}

#[async_trait]
impl AwsOperation for DescribeSecurityGroups {
    const SPEC: &'static Spec = &Spec {
        function: "quell:ec2/security-groups@0.1.0#describe-security-groups",
        action: "ec2:DescribeSecurityGroups",
        also: &[],
        access: Access::List,
        effect: Effect::Read,
    };
    type Output = SecurityGroupsPage;

    fn check(&self) -> Result<(), Fault> {
        check::ids("sg", &self.group_ids)
    }

    async fn send(&self, aws: &Aws, _marker: &Marker) -> Result<SecurityGroupsPage, Fault> {
        let request = aws
            .client(Client::new)
            .describe_security_groups()
            .set_group_ids(listing::named(&self.group_ids))
            .set_max_results(listing::page(&self.group_ids))
            .set_next_token(self.next_token.clone());
        let reply = request.send().await.map_err(ec2_fault)?;
        Ok(SecurityGroupsPage {
            security_groups: reply.security_groups.unwrap_or_default().into_iter().map(SecurityGroup::from).collect(),
            next_token: reply.next_token,
        })
    }
}

/// RevokeSecurityGroupIngress: sources removed from a group's rules for incoming traffic.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct RevokeSecurityGroupIngress {
    group_id: String,
    ip_permissions: Vec<IpPermission>,
}

impl RevokeSecurityGroupIngress {
    /// Host read: what the group has now; `None` when there is no such group.
    async fn current(&self, aws: &Aws) -> Result<Option<Vec<IpPermission>>, Fault> {
        let reply = aws.client(Client::new).describe_security_groups().group_ids(&self.group_id).send().await;
        match reply.map_err(ec2_fault) {
            Ok(reply) => {
                Ok(reply.security_groups.unwrap_or_default().pop().map(|group| permissions(group.ip_permissions)))
            }
            Err(fault) if fault.kind == FaultKind::NotFound => Ok(None),
            Err(fault) => Err(fault),
        }
    }

    fn texts(&self, text: impl Fn(&IpPermission) -> String) -> Vec<String> {
        self.ip_permissions.iter().map(text).collect()
    }
}

/// The answer to a revocation. For a default VPC, EC2 answers a source that is not there with success and a list of what
/// it did not know, for others with an error
/// (<https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_RevokeSecurityGroupIngress.html>): a plugin is told alike,
/// unless something was revoked and the group now is as it was asked for.
fn revoked(reply: &RevokeSecurityGroupIngressOutput) -> Result<Nothing, Fault> {
    if reply.r#return == Some(false) {
        return Err(Fault::unknown("unreadable-reply", "EC2 answered neither success nor an error"));
    }
    match !reply.unknown_ip_permissions().is_empty() && reply.revoked_security_group_rules().is_empty() {
        true => Err(Fault::known(
            FaultKind::NotFound,
            "InvalidPermission.NotFound",
            "the group has none of the sources that were to be revoked",
        )),
        false => Ok(Nothing {}),
    }
}

#[async_trait]
impl AwsOperation for RevokeSecurityGroupIngress {
    const SPEC: &'static Spec = &Spec {
        function: "quell:ec2/security-groups@0.1.0#revoke-security-group-ingress",
        action: "ec2:RevokeSecurityGroupIngress",
        also: &[],
        access: Access::Write,
        effect: Effect::Write,
    };
    type Output = Nothing;

    fn check(&self) -> Result<(), Fault> {
        check::id("sg", &self.group_id)?;
        if self.ip_permissions.is_empty() {
            return Err(invalid("`ip-permissions` must name what to revoke"));
        }
        self.ip_permissions.iter().try_for_each(IpPermission::check)
    }

    fn touches(&self, scope: &Scope) -> Vec<Touch> {
        vec![touch(Self::SPEC.action, scope.arn("ec2", &format!("security-group/{}", self.group_id)))]
    }

    /// `cidr` has every block of both families in canonical spelling; absent ports are `-1`, which is all of them.
    fn arguments(&self) -> Vec<(&'static str, Vec<String>)> {
        let port = |port: Option<i32>| port.unwrap_or(-1).to_string();
        vec![
            ("cidr", self.ip_permissions.iter().flat_map(IpPermission::networks).collect()),
            ("ip-protocol", self.texts(|permission| permission.ip_protocol.clone())),
            ("from-port", self.texts(|permission| port(permission.from_port))),
            ("to-port", self.texts(|permission| port(permission.to_port))),
        ]
    }

    fn settlement(&self) -> Settlement {
        Settlement::Observe
    }

    async fn send(&self, aws: &Aws, _marker: &Marker) -> Result<Nothing, Fault> {
        let request = aws
            .client(Client::new)
            .revoke_security_group_ingress()
            .group_id(&self.group_id)
            .set_ip_permissions(Some(self.ip_permissions.iter().map(IpPermission::to_sdk).collect()));
        revoked(&request.send().await.map_err(ec2_fault)?)
    }

    async fn before(&self, aws: &Aws) -> Result<Option<Value>, Fault> {
        Ok(self.current(aws).await?.map(|permissions| json!({ "ip-permissions": permissions })))
    }

    async fn tags(&self, aws: &Aws, resource: &str) -> Result<Option<BTreeMap<String, String>>, Fault> {
        tags(aws, resource).await
    }

    /// Done when none of the sources is left, which is also so when the whole group is gone: nothing that the call was to
    /// close is open. When some are left it is sent again; EC2 then says which it does not know.
    async fn observe(&self, aws: &Aws, _marker: &Marker) -> Result<Observation, Fault> {
        let left: Vec<Rule> =
            self.current(aws).await?.unwrap_or_default().iter().flat_map(IpPermission::rules).collect();
        let gone = self.ip_permissions.iter().flat_map(IpPermission::rules).all(|rule| !left.contains(&rule));
        observed(gone.then_some(Nothing {}))
    }

    fn presumed(&self) -> Option<Nothing> {
        Some(Nothing {})
    }
}
