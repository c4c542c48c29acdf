//! What isolating needs of EC2: a port, so that it is tested against an account in memory, and its one real
//! implementation by capability calls.

use quell_sdk::ec2::filters::Filter;
use quell_sdk::ec2::instances::{
    Instance, InstanceAttribute, InstanceAttributeName, describe_instance_attribute, describe_instances,
    modify_instance_attribute,
};
use quell_sdk::ec2::network_interfaces::{
    NetworkInterface, describe_network_interfaces, modify_network_interface_attribute,
};
use quell_sdk::ec2::security_groups::{
    IpPermission, SecurityGroup, authorize_security_group_ingress, create_security_group, delete_security_group,
    describe_security_groups, revoke_security_group_egress, revoke_security_group_ingress,
};
use quell_sdk::ec2::tags::{Tag, create_tags};
use quell_sdk::{Error, paginate};

/// The calls of isolating.
pub trait Ec2 {
    /// The instance with this id, or nothing where EC2 lists none.
    fn instance(&mut self, instance_id: &str) -> Result<Option<Instance>, Error>;

    /// An attribute of an instance.
    fn attribute(&mut self, instance_id: &str, name: InstanceAttributeName) -> Result<InstanceAttribute, Error>;

    /// Changes an attribute of an instance.
    fn set_attribute(&mut self, instance_id: &str, attribute: &InstanceAttribute) -> Result<(), Error>;

    /// The network interfaces that are attached to an instance.
    fn interfaces(&mut self, instance_id: &str) -> Result<Vec<NetworkInterface>, Error>;

    /// Gives an interface this group in place of all that it has.
    fn set_group(&mut self, network_interface_id: &str, group_id: &str) -> Result<(), Error>;

    /// The group with this id, or nothing where EC2 lists none.
    fn group(&mut self, group_id: &str) -> Result<Option<SecurityGroup>, Error>;

    /// The groups of a VPC that have this tag.
    fn groups_tagged(&mut self, vpc_id: &str, key: &str, value: &str) -> Result<Vec<SecurityGroup>, Error>;

    /// Makes a group, and says its id.
    fn create_group(&mut self, vpc_id: &str, name: &str, description: &str, tags: &[Tag]) -> Result<String, Error>;

    /// Adds sources to a group.
    fn authorize_ingress(&mut self, group_id: &str, permissions: &[IpPermission]) -> Result<(), Error>;

    /// Removes sources from a group.
    fn revoke_ingress(&mut self, group_id: &str, permissions: &[IpPermission]) -> Result<(), Error>;

    /// Removes targets from a group.
    fn revoke_egress(&mut self, group_id: &str, permissions: &[IpPermission]) -> Result<(), Error>;

    /// Deletes a group.
    fn delete_group(&mut self, group_id: &str) -> Result<(), Error>;

    /// Sets tags of a resource.
    fn tag(&mut self, resource: &str, tags: &[Tag]) -> Result<(), Error>;
}

/// EC2, through the host.
pub struct Live;

impl Ec2 for Live {
    fn instance(&mut self, instance_id: &str) -> Result<Option<Instance>, Error> {
        let ids = [instance_id.to_owned()];
        paginate(|token| describe_instances(&ids, &[], token)).next().transpose()
    }

    fn attribute(&mut self, instance_id: &str, name: InstanceAttributeName) -> Result<InstanceAttribute, Error> {
        describe_instance_attribute(instance_id, name)
    }

    fn set_attribute(&mut self, instance_id: &str, attribute: &InstanceAttribute) -> Result<(), Error> {
        modify_instance_attribute(instance_id, attribute)
    }

    fn interfaces(&mut self, instance_id: &str) -> Result<Vec<NetworkInterface>, Error> {
        let attached = [filter("attachment.instance-id", instance_id)];
        paginate(|token| describe_network_interfaces(&[], &attached, token)).collect()
    }

    fn set_group(&mut self, network_interface_id: &str, group_id: &str) -> Result<(), Error> {
        modify_network_interface_attribute(network_interface_id, &[group_id.to_owned()])
    }

    fn group(&mut self, group_id: &str) -> Result<Option<SecurityGroup>, Error> {
        let ids = [group_id.to_owned()];
        paginate(|token| describe_security_groups(&ids, &[], token)).next().transpose()
    }

    fn groups_tagged(&mut self, vpc_id: &str, key: &str, value: &str) -> Result<Vec<SecurityGroup>, Error> {
        let tagged = [filter("vpc-id", vpc_id), filter(&format!("tag:{key}"), value)];
        paginate(|token| describe_security_groups(&[], &tagged, token)).collect()
    }

    fn create_group(&mut self, vpc_id: &str, name: &str, description: &str, tags: &[Tag]) -> Result<String, Error> {
        create_security_group(name, description, vpc_id, tags).map(|group| group.group_id)
    }

    fn authorize_ingress(&mut self, group_id: &str, permissions: &[IpPermission]) -> Result<(), Error> {
        authorize_security_group_ingress(group_id, permissions)
    }

    fn revoke_ingress(&mut self, group_id: &str, permissions: &[IpPermission]) -> Result<(), Error> {
        revoke_security_group_ingress(group_id, permissions)
    }

    fn revoke_egress(&mut self, group_id: &str, permissions: &[IpPermission]) -> Result<(), Error> {
        revoke_security_group_egress(group_id, permissions)
    }

    fn delete_group(&mut self, group_id: &str) -> Result<(), Error> {
        delete_security_group(group_id)
    }

    fn tag(&mut self, resource: &str, tags: &[Tag]) -> Result<(), Error> {
        create_tags(&[resource.to_owned()], tags)
    }
}

fn filter(name: &str, value: &str) -> Filter {
    Filter { name: name.to_owned(), values: vec![value.to_owned()] }
}
