//! The rules of security groups: what adds or removes them is alike but for the request that it sends.

use std::collections::{BTreeMap, BTreeSet};
use std::marker::PhantomData;

use async_trait::async_trait;
use aws_sdk_ec2::Client;
use aws_sdk_ec2::types;
use capability::{Access, Effect, Fault, FaultKind, Marker, Scope, Settlement, Spec, Touch};
use serde::Deserialize;
use serde_json::{Value, json};

use super::permission::{IpPermission, Rule, permissions};
use super::security_groups::{accepted, group};
use super::{arn, ec2_fault, tags};
use crate::check::{self, invalid};
use crate::client::Aws;
use crate::operation::{AwsOperation, Nothing, part_of, touch};

/// AuthorizeSecurityGroupIngress: sources added to a group's rules for incoming traffic.
pub(super) type AuthorizeSecurityGroupIngress = RuleChange<AuthorizeIngress>;
/// RevokeSecurityGroupIngress: sources removed from a group's rules for incoming traffic.
pub(super) type RevokeSecurityGroupIngress = RuleChange<RevokeIngress>;
/// RevokeSecurityGroupEgress: targets removed from a group's rules for outgoing traffic.
pub(super) type RevokeSecurityGroupEgress = RuleChange<RevokeEgress>;

/// The arguments of a change of a group's rules.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, bound = "")]
pub(super) struct RuleChange<C> {
    group_id: String,
    ip_permissions: Vec<IpPermission>,
    #[serde(skip)]
    change: PhantomData<C>,
}

/// In what changes of rules differ.
#[async_trait]
pub(super) trait Change: Send + Sync + 'static {
    const SPEC: &'static Spec;
    /// Whether the rules are there afterwards.
    const ADDS: bool;
    /// What the WIT calls the rules of the group that it is about.
    const RULES: &'static str;

    /// The rules of the group that it is about.
    fn rules(group: types::SecurityGroup) -> Option<Vec<types::IpPermission>>;

    /// Sends the request.
    async fn send(client: Client, group_id: &str, permissions: &[IpPermission]) -> Result<Nothing, Fault>;
}

pub(super) enum AuthorizeIngress {}

#[async_trait]
impl Change for AuthorizeIngress {
    const SPEC: &'static Spec = &Spec {
        function: "quell:ec2/security-groups@0.1.0#authorize-security-group-ingress",
        action: "ec2:AuthorizeSecurityGroupIngress",
        also: &[],
        access: Access::Write,
        effect: Effect::Write,
    };
    const ADDS: bool = true;
    const RULES: &'static str = "ip-permissions";

    fn rules(group: types::SecurityGroup) -> Option<Vec<types::IpPermission>> {
        group.ip_permissions
    }

    async fn send(client: Client, group_id: &str, permissions: &[IpPermission]) -> Result<Nothing, Fault> {
        let request = client
            .authorize_security_group_ingress()
            .group_id(group_id)
            .set_ip_permissions(Some(permissions.iter().map(IpPermission::to_sdk).collect()));
        accepted(request.send().await.map_err(ec2_fault)?.r#return)
    }
}

pub(super) enum RevokeIngress {}

#[async_trait]
impl Change for RevokeIngress {
    const SPEC: &'static Spec = &Spec {
        function: "quell:ec2/security-groups@0.1.0#revoke-security-group-ingress",
        action: "ec2:RevokeSecurityGroupIngress",
        also: &[],
        access: Access::Write,
        effect: Effect::Write,
    };
    const ADDS: bool = false;
    const RULES: &'static str = "ip-permissions";

    fn rules(group: types::SecurityGroup) -> Option<Vec<types::IpPermission>> {
        group.ip_permissions
    }

    async fn send(client: Client, group_id: &str, permissions: &[IpPermission]) -> Result<Nothing, Fault> {
        let request = client
            .revoke_security_group_ingress()
            .group_id(group_id)
            .set_ip_permissions(Some(permissions.iter().map(IpPermission::to_sdk_undescribed).collect()));
        let reply = request.send().await.map_err(ec2_fault)?;
        revoked(reply.r#return, reply.unknown_ip_permissions(), reply.revoked_security_group_rules())
    }
}

pub(super) enum RevokeEgress {}

#[async_trait]
impl Change for RevokeEgress {
    const SPEC: &'static Spec = &Spec {
        function: "quell:ec2/security-groups@0.1.0#revoke-security-group-egress",
        action: "ec2:RevokeSecurityGroupEgress",
        also: &[],
        access: Access::Write,
        effect: Effect::Write,
    };
    const ADDS: bool = false;
    const RULES: &'static str = "ip-permissions-egress";

    fn rules(group: types::SecurityGroup) -> Option<Vec<types::IpPermission>> {
        group.ip_permissions_egress
    }

    async fn send(client: Client, group_id: &str, permissions: &[IpPermission]) -> Result<Nothing, Fault> {
        let request = client
            .revoke_security_group_egress()
            .group_id(group_id)
            .set_ip_permissions(Some(permissions.iter().map(IpPermission::to_sdk_undescribed).collect()));
        let reply = request.send().await.map_err(ec2_fault)?;
        revoked(reply.r#return, reply.unknown_ip_permissions(), reply.revoked_security_group_rules())
    }
}

/// The answer to a revocation. For a default VPC, EC2 answers a source that is not there with success and a list of what
/// it did not know, for others with an error
/// (<https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_RevokeSecurityGroupIngress.html>): a plugin is told alike,
/// unless something was revoked and the group now is as it was asked for.
fn revoked(
    success: Option<bool>,
    unknown: &[types::IpPermission],
    revoked: &[types::RevokedSecurityGroupRule],
) -> Result<Nothing, Fault> {
    accepted(success)?;
    match !unknown.is_empty() && revoked.is_empty() {
        true => Err(Fault::known(
            FaultKind::NotFound,
            "InvalidPermission.NotFound",
            "the group has none of the rules that were to be revoked",
        )),
        false => Ok(Nothing {}),
    }
}

/// Rules in one order, each once.
fn listed<'a>(rules: impl Iterator<Item = &'a Rule>) -> Value {
    json!(rules.map(Rule::to_string).collect::<BTreeSet<_>>())
}

impl<C: Change> RuleChange<C> {
    fn rules(&self) -> Vec<Rule> {
        self.ip_permissions.iter().flat_map(IpPermission::rules).collect()
    }

    fn texts(&self, texts: impl Fn(&IpPermission) -> Vec<String>) -> Vec<String> {
        self.ip_permissions.iter().flat_map(texts).collect()
    }
}

#[async_trait]
impl<C: Change> AwsOperation for RuleChange<C> {
    const SPEC: &'static Spec = C::SPEC;
    type Output = Nothing;

    fn check(&self) -> Result<(), Fault> {
        check::id("sg", &self.group_id)?;
        if self.ip_permissions.is_empty() {
            return Err(invalid("`ip-permissions` must name at least one rule"));
        }
        self.ip_permissions.iter().try_for_each(IpPermission::check)
    }

    fn touches(&self, scope: &Scope) -> Vec<Touch> {
        vec![touch(Self::SPEC.action, arn(scope, "security-group", &self.group_id))]
    }

    /// Every source or target is in one of the first three, so that a grant can allow some and have none of the others:
    /// `cidr` has every block of both families in canonical spelling. Absent ports are `-1`, which is all of them.
    /// A protocol stands under its name, however it is written: `6` is `tcp`.
    fn arguments(&self) -> Vec<(&'static str, Vec<String>)> {
        let port = |port: Option<i32>| vec![port.unwrap_or(-1).to_string()];
        vec![
            ("cidr", self.texts(IpPermission::networks)),
            ("prefix-list-id", self.texts(IpPermission::prefix_lists)),
            ("referenced-group-id", self.texts(IpPermission::groups)),
            ("ip-protocol", self.texts(|permission| vec![permission.protocol().to_owned()])),
            ("from-port", self.texts(|permission| port(permission.from_port))),
            ("to-port", self.texts(|permission| port(permission.to_port))),
        ]
    }

    fn settlement(&self) -> Settlement {
        Settlement::Compare
    }

    async fn send(&self, aws: &Aws, _marker: &Marker) -> Result<Nothing, Fault> {
        C::send(aws.client(Client::new), &self.group_id, &self.ip_permissions).await
    }

    async fn state(&self, aws: &Aws) -> Result<Value, Fault> {
        let group = group(aws, &self.group_id).await?;
        Ok(json!({ C::RULES: permissions(C::rules(group)) }))
    }

    async fn tags(&self, aws: &Aws, resource: &str) -> Result<Option<BTreeMap<String, String>>, Fault> {
        tags::of(aws, resource).await
    }

    /// Which of the rules the group has. Others of it are not this call's to change.
    fn facet(&self, state: &Value, _marker: &Marker) -> Result<Value, Fault> {
        let permissions: Vec<IpPermission> = part_of(state, C::RULES)?.unwrap_or_default();
        let there: Vec<Rule> = permissions.iter().flat_map(IpPermission::rules).collect();
        Ok(listed(self.rules().iter().filter(|rule| there.contains(rule))))
    }

    /// All of them, or none.
    fn target(&self, _marker: &Marker) -> Result<Value, Fault> {
        Ok(listed(self.rules().iter().filter(|_| C::ADDS)))
    }

    fn presumed(&self) -> Option<Nothing> {
        Some(Nothing {})
    }
}
