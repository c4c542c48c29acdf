//! Instances.

use async_trait::async_trait;
use aws_sdk_ec2::Client;
use aws_sdk_ec2::types;
use capability::{Access, Effect, Fault, Marker, Spec};
use serde::{Deserialize, Serialize};

use super::ec2_fault;
use super::listing::{self, Filter};
use super::tags::{self, Tag};
use crate::check;
use crate::client::Aws;
use crate::operation::AwsOperation;

/// DescribeInstances: one page of instances.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct DescribeInstances {
    instance_ids: Vec<String>,
    filters: Vec<Filter>,
    next_token: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct InstancesPage {
    instances: Vec<Instance>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_token: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct Instance {
    instance_id: String,
    state: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    vpc_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    subnet_id: Option<String>,
    security_groups: Vec<GroupIdentifier>,
    block_device_mappings: Vec<BlockDeviceMapping>,
    network_interface_ids: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    iam_instance_profile: Option<String>,
    tags: Vec<Tag>,
}

/// A security group, as an instance and its network interfaces name it.
#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct GroupIdentifier {
    group_id: String,
    group_name: String,
}

/// Security groups as EC2 answers them.
pub(super) fn group_identifiers(groups: Option<Vec<types::GroupIdentifier>>) -> Vec<GroupIdentifier> {
    let group = |group: types::GroupIdentifier| GroupIdentifier {
        group_id: group.group_id.unwrap_or_default(),
        group_name: group.group_name.unwrap_or_default(),
    };
    groups.unwrap_or_default().into_iter().map(group).collect()
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct BlockDeviceMapping {
    device_name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    volume_id: Option<String>,
}

impl From<types::Instance> for Instance {
    fn from(instance: types::Instance) -> Instance {
        let device = |device: types::InstanceBlockDeviceMapping| BlockDeviceMapping {
            device_name: device.device_name.unwrap_or_default(),
            volume_id: device.ebs.and_then(|ebs| ebs.volume_id),
        };
        let interfaces = instance.network_interfaces.unwrap_or_default().into_iter();
        let state = instance.state.and_then(|state| state.name);
        Instance {
            instance_id: instance.instance_id.unwrap_or_default(),
            state: state.map(|state| state.as_str().to_owned()).unwrap_or_default(),
            vpc_id: instance.vpc_id,
            subnet_id: instance.subnet_id,
            security_groups: group_identifiers(instance.security_groups),
            block_device_mappings: instance.block_device_mappings.unwrap_or_default().into_iter().map(device).collect(),
            network_interface_ids: interfaces.filter_map(|interface| interface.network_interface_id).collect(),
            iam_instance_profile: instance.iam_instance_profile.and_then(|profile| profile.arn),
            tags: tags::answered(instance.tags),
        }
    }
}

#[async_trait]
impl AwsOperation for DescribeInstances {
    const SPEC: &'static Spec = &Spec {
        function: "quell:ec2/instances@0.1.0#describe-instances",
        action: "ec2:DescribeInstances",
        also: &[],
        access: Access::List,
        effect: Effect::Read,
    };
    type Output = InstancesPage;

    fn check(&self) -> Result<(), Fault> {
        check::ids("i", &self.instance_ids)?;
        listing::check_filters(&self.filters)
    }

    async fn send(&self, aws: &Aws, _marker: &Marker) -> Result<InstancesPage, Fault> {
        let request = aws
            .client(Client::new)
            .describe_instances()
            .set_instance_ids(listing::named(&self.instance_ids))
            .set_filters(listing::filters(&self.filters))
            .set_max_results(listing::page(&self.instance_ids))
            .set_next_token(self.next_token.clone());
        let reply = request.send().await.map_err(ec2_fault)?;
        let reservations = reply.reservations.unwrap_or_default().into_iter();
        let instances = reservations.flat_map(|reservation| reservation.instances.unwrap_or_default());
        Ok(InstancesPage { instances: instances.map(Instance::from).collect(), next_token: reply.next_token })
    }
}
