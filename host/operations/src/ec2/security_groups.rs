//! Security groups. Their rules are changed in `security_group_rules`.

use std::collections::BTreeMap;

use async_trait::async_trait;
use aws_sdk_ec2::Client;
use aws_sdk_ec2::types::{self, ResourceType};
use capability::{Access, Effect, Fault, FaultKind, Marker, Observation, Scope, Settlement, Spec, Touch};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::listing::{self, Filter};
use super::permission::{IpPermission, permissions};
use super::tags::{self, Tag};
use super::{arn, ec2_fault, not_found};
use crate::check::{self, invalid};
use crate::client::Aws;
use crate::fault::incomplete;
use crate::operation::{AwsOperation, Nothing, observed, touch};

/// The longest name and the longest description, in characters
/// (<https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateSecurityGroup.html>).
const TEXT: usize = 255;

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
    ip_permissions_egress: Vec<IpPermission>,
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
            ip_permissions_egress: permissions(group.ip_permissions_egress),
            tags: tags::answered(group.tags),
        }
    }
}

/// Host read: the group with this id.
pub(super) async fn group(aws: &Aws, id: &str) -> Result<types::SecurityGroup, Fault> {
    let reply = aws.client(Client::new).describe_security_groups().group_ids(id).send().await.map_err(ec2_fault)?;
    reply.security_groups.unwrap_or_default().pop().ok_or_else(|| not_found("group", id))
}

/// The answer to a change, by the `return` in it.
pub(super) fn accepted(success: Option<bool>) -> Result<Nothing, Fault> {
    match success {
        Some(false) => Err(Fault::unknown("unreadable-reply", "EC2 answered neither success nor an error")),
        _ => Ok(Nothing {}),
    }
}

/// DescribeSecurityGroups: one page of groups.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct DescribeSecurityGroups {
    group_ids: Vec<String>,
    filters: Vec<Filter>,
    next_token: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct SecurityGroupsPage {
    security_groups: Vec<SecurityGroup>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_token: Option<String>,
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
        check::ids("sg", &self.group_ids)?;
        listing::check_filters(&self.filters)
    }

    async fn send(&self, aws: &Aws, _marker: &Marker) -> Result<SecurityGroupsPage, Fault> {
        let request = aws
            .client(Client::new)
            .describe_security_groups()
            .set_group_ids(listing::named(&self.group_ids))
            .set_filters(listing::filters(&self.filters))
            .set_max_results(listing::page(&self.group_ids))
            .set_next_token(self.next_token.clone());
        let reply = request.send().await.map_err(ec2_fault)?;
        Ok(SecurityGroupsPage {
            security_groups: reply.security_groups.unwrap_or_default().into_iter().map(SecurityGroup::from).collect(),
            next_token: reply.next_token,
        })
    }
}

/// CreateSecurityGroup: a group in a VPC, tagged as it is created.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct CreateSecurityGroup {
    group_name: String,
    description: String,
    vpc_id: String,
    tags: Vec<Tag>,
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct CreateSecurityGroupOutput {
    group_id: String,
}

#[async_trait]
impl AwsOperation for CreateSecurityGroup {
    const SPEC: &'static Spec = &Spec {
        function: "quell:ec2/security-groups@0.1.0#create-security-group",
        action: "ec2:CreateSecurityGroup",
        also: &[("ec2:CreateTags", Access::Tagging)],
        access: Access::Write,
        effect: Effect::Write,
    };
    type Output = CreateSecurityGroupOutput;

    /// Which characters the texts may have is left to EC2, whose answer says it.
    fn check(&self) -> Result<(), Fault> {
        check::id("vpc", &self.vpc_id)?;
        for (name, text) in [("group-name", &self.group_name), ("description", &self.description)] {
            if !(1..=TEXT).contains(&text.chars().count()) {
                return Err(invalid(format!("`{name}` must have 1 to {TEXT} characters")));
            }
        }
        if self.group_name.starts_with("sg-") {
            return Err(invalid("`group-name` must not start with `sg-`, as ids do"));
        }
        tags::check_new(&self.tags)
    }

    /// IAM checks both the VPC and the group, and the tags on it
    /// (<https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonec2.html>).
    fn touches(&self, scope: &Scope) -> Vec<Touch> {
        let group = arn(scope, "security-group", "*");
        vec![
            touch(Self::SPEC.action, arn(scope, "vpc", &self.vpc_id)),
            touch(Self::SPEC.action, group.as_str()),
            touch("ec2:CreateTags", group),
        ]
    }

    fn arguments(&self) -> Vec<(&'static str, Vec<String>)> {
        vec![("group-name", vec![self.group_name.clone()])]
    }

    fn settlement(&self) -> Settlement {
        Settlement::Observe
    }

    async fn send(&self, aws: &Aws, marker: &Marker) -> Result<CreateSecurityGroupOutput, Fault> {
        let request = aws
            .client(Client::new)
            .create_security_group()
            .group_name(&self.group_name)
            .description(&self.description)
            .vpc_id(&self.vpc_id)
            .tag_specifications(tags::marked(ResourceType::SecurityGroup, &self.tags, marker));
        let group_id = request.send().await.map_err(ec2_fault)?.group_id.ok_or_else(|| incomplete("groupId"))?;
        Ok(CreateSecurityGroupOutput { group_id })
    }

    async fn tags(&self, aws: &Aws, resource: &str) -> Result<Option<BTreeMap<String, String>>, Fault> {
        tags::of(aws, resource).await
    }

    /// The group of this VPC that carries the marker.
    async fn observe(&self, aws: &Aws, marker: &Marker) -> Result<Observation, Fault> {
        let request = aws
            .client(Client::new)
            .describe_security_groups()
            .filters(tags::marker_filter(marker))
            .filters(types::Filter::builder().name("vpc-id").values(&self.vpc_id).build());
        let mut found = request.send().await.map_err(ec2_fault)?.security_groups.unwrap_or_default();
        observed(found.pop().and_then(|group| group.group_id).map(|group_id| CreateSecurityGroupOutput { group_id }))
    }

    /// The id is lost with the answer.
    fn presumed(&self) -> Option<CreateSecurityGroupOutput> {
        Some(CreateSecurityGroupOutput { group_id: String::new() })
    }
}

/// DeleteSecurityGroup: a group that nothing uses any more.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct DeleteSecurityGroup {
    group_id: String,
}

#[async_trait]
impl AwsOperation for DeleteSecurityGroup {
    const SPEC: &'static Spec = &Spec {
        function: "quell:ec2/security-groups@0.1.0#delete-security-group",
        action: "ec2:DeleteSecurityGroup",
        also: &[],
        access: Access::Write,
        effect: Effect::Write,
    };
    type Output = Nothing;

    fn check(&self) -> Result<(), Fault> {
        check::id("sg", &self.group_id)
    }

    fn touches(&self, scope: &Scope) -> Vec<Touch> {
        vec![touch(Self::SPEC.action, arn(scope, "security-group", &self.group_id))]
    }

    fn settlement(&self) -> Settlement {
        Settlement::Compare
    }

    async fn send(&self, aws: &Aws, _marker: &Marker) -> Result<Nothing, Fault> {
        let request = aws.client(Client::new).delete_security_group().group_id(&self.group_id);
        accepted(request.send().await.map_err(ec2_fault)?.r#return)
    }

    async fn state(&self, aws: &Aws) -> Result<Value, Fault> {
        match group(aws, &self.group_id).await {
            Ok(group) => Ok(json!({ "security-group": SecurityGroup::from(group) })),
            Err(fault) if fault.kind == FaultKind::NotFound => Ok(Value::Null),
            Err(fault) => Err(fault),
        }
    }

    async fn tags(&self, aws: &Aws, resource: &str) -> Result<Option<BTreeMap<String, String>>, Fault> {
        tags::of(aws, resource).await
    }

    /// Whether there is the group, whatever it has.
    fn facet(&self, state: &Value, _marker: &Marker) -> Result<Value, Fault> {
        Ok(if state.is_null() { Value::Null } else { self.group_id.as_str().into() })
    }

    fn presumed(&self) -> Option<Nothing> {
        Some(Nothing {})
    }
}
