//! Network interfaces, and the security groups that they have.

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use aws_sdk_ec2::Client;
use aws_sdk_ec2::types;
use capability::{Access, Effect, Fault, Marker, Scope, Settlement, Spec, Touch};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::instances::{GroupIdentifier, group_identifiers};
use super::listing::{self, Filter};
use super::tags::{self, Tag};
use super::{arn, ec2_fault, not_found};
use crate::check::{self, invalid};
use crate::client::Aws;
use crate::operation::{AwsOperation, Nothing, part_of, touch};

/// DescribeNetworkInterfaces: one page of interfaces.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct DescribeNetworkInterfaces {
    network_interface_ids: Vec<String>,
    filters: Vec<Filter>,
    next_token: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct NetworkInterfacesPage {
    network_interfaces: Vec<NetworkInterface>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_token: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct NetworkInterface {
    network_interface_id: String,
    status: String,
    interface_type: String,
    description: String,
    requester_managed: bool,
    vpc_id: String,
    subnet_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    private_ip_address: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    public_ip: Option<String>,
    groups: Vec<GroupIdentifier>,
    #[serde(skip_serializing_if = "Option::is_none")]
    attachment: Option<NetworkInterfaceAttachment>,
    tags: Vec<Tag>,
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct NetworkInterfaceAttachment {
    attachment_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    instance_id: Option<String>,
    device_index: u32,
    status: String,
}

impl From<types::NetworkInterface> for NetworkInterface {
    fn from(interface: types::NetworkInterface) -> NetworkInterface {
        let attachment = |attachment: types::NetworkInterfaceAttachment| NetworkInterfaceAttachment {
            attachment_id: attachment.attachment_id.unwrap_or_default(),
            instance_id: attachment.instance_id,
            device_index: attachment.device_index.and_then(|index| index.try_into().ok()).unwrap_or_default(),
            status: attachment.status.map(|status| status.as_str().to_owned()).unwrap_or_default(),
        };
        NetworkInterface {
            network_interface_id: interface.network_interface_id.unwrap_or_default(),
            status: interface.status.map(|status| status.as_str().to_owned()).unwrap_or_default(),
            interface_type: interface.interface_type.map(|kind| kind.as_str().to_owned()).unwrap_or_default(),
            description: interface.description.unwrap_or_default(),
            requester_managed: interface.requester_managed.unwrap_or_default(),
            vpc_id: interface.vpc_id.unwrap_or_default(),
            subnet_id: interface.subnet_id.unwrap_or_default(),
            private_ip_address: interface.private_ip_address,
            public_ip: interface.association.and_then(|association| association.public_ip),
            groups: group_identifiers(interface.groups),
            attachment: interface.attachment.map(attachment),
            tags: tags::answered(interface.tag_set),
        }
    }
}

#[async_trait]
impl AwsOperation for DescribeNetworkInterfaces {
    const SPEC: &'static Spec = &Spec {
        function: "quell:ec2/network-interfaces@0.1.0#describe-network-interfaces",
        action: "ec2:DescribeNetworkInterfaces",
        also: &[],
        access: Access::List,
        effect: Effect::Read,
    };
    type Output = NetworkInterfacesPage;

    fn check(&self) -> Result<(), Fault> {
        check::ids("eni", &self.network_interface_ids)?;
        listing::check_filters(&self.filters)
    }

    async fn send(&self, aws: &Aws, _marker: &Marker) -> Result<NetworkInterfacesPage, Fault> {
        let request = aws
            .client(Client::new)
            .describe_network_interfaces()
            .set_network_interface_ids(listing::named(&self.network_interface_ids))
            .set_filters(listing::filters(&self.filters))
            .set_max_results(listing::page(&self.network_interface_ids))
            .set_next_token(self.next_token.clone());
        let reply = request.send().await.map_err(ec2_fault)?;
        let interfaces = reply.network_interfaces.unwrap_or_default().into_iter();
        Ok(NetworkInterfacesPage {
            network_interfaces: interfaces.map(NetworkInterface::from).collect(),
            next_token: reply.next_token,
        })
    }
}

/// ModifyNetworkInterfaceAttribute: the security groups of an interface.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct ModifyNetworkInterfaceAttribute {
    network_interface_id: String,
    groups: Vec<String>,
}

impl ModifyNetworkInterfaceAttribute {
    /// Host read: the groups that the interface has now.
    async fn current(&self, aws: &Aws) -> Result<BTreeSet<String>, Fault> {
        let id = &self.network_interface_id;
        let request = aws.client(Client::new).describe_network_interfaces().network_interface_ids(id);
        let reply = request.send().await.map_err(ec2_fault)?;
        let interface = reply.network_interfaces.unwrap_or_default().pop();
        let groups = interface.ok_or_else(|| not_found("network interface", id))?.groups.unwrap_or_default();
        Ok(groups.into_iter().filter_map(|group| group.group_id).collect())
    }
}

#[async_trait]
impl AwsOperation for ModifyNetworkInterfaceAttribute {
    const SPEC: &'static Spec = &Spec {
        function: "quell:ec2/network-interfaces@0.1.0#modify-network-interface-attribute",
        action: "ec2:ModifyNetworkInterfaceAttribute",
        also: &[],
        access: Access::Write,
        effect: Effect::Write,
    };
    type Output = Nothing;

    fn check(&self) -> Result<(), Fault> {
        check::id("eni", &self.network_interface_id)?;
        if self.groups.is_empty() {
            return Err(invalid("`groups` must name at least one security group"));
        }
        check::ids("sg", &self.groups)
    }

    /// IAM checks the interface and each group that it is to have
    /// (<https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonec2.html>).
    fn touches(&self, scope: &Scope) -> Vec<Touch> {
        let interface = arn(scope, "network-interface", &self.network_interface_id);
        let groups = self.groups.iter().map(|group| arn(scope, "security-group", group));
        [interface].into_iter().chain(groups).map(|resource| touch(Self::SPEC.action, resource)).collect()
    }

    fn arguments(&self) -> Vec<(&'static str, Vec<String>)> {
        vec![("group-id", self.groups.clone())]
    }

    fn settlement(&self) -> Settlement {
        Settlement::Compare
    }

    async fn send(&self, aws: &Aws, _marker: &Marker) -> Result<Nothing, Fault> {
        let request = aws
            .client(Client::new)
            .modify_network_interface_attribute()
            .network_interface_id(&self.network_interface_id)
            .set_groups(Some(self.groups.clone()));
        request.send().await.map_err(ec2_fault)?;
        Ok(Nothing {})
    }

    async fn state(&self, aws: &Aws) -> Result<Value, Fault> {
        Ok(json!({ "groups": self.current(aws).await? }))
    }

    async fn tags(&self, aws: &Aws, resource: &str) -> Result<Option<BTreeMap<String, String>>, Fault> {
        tags::of(aws, resource).await
    }

    fn facet(&self, state: &Value, _marker: &Marker) -> Result<Value, Fault> {
        let groups: Option<BTreeSet<String>> = part_of(state, "groups")?;
        Ok(json!(groups))
    }

    /// Exactly these groups.
    fn target(&self, _marker: &Marker) -> Result<Value, Fault> {
        Ok(json!(self.groups.iter().collect::<BTreeSet<_>>()))
    }

    fn presumed(&self) -> Option<Nothing> {
        Some(Nothing {})
    }
}
