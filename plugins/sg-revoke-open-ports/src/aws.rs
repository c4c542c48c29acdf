//! What the repair needs of EC2: a port, so that the repair is tested against an account in memory, and its one real
//! implementation by capability calls.

use quell_sdk::ec2::prefix_lists::get_managed_prefix_list_entries;
use quell_sdk::ec2::security_groups::{
    IpPermission, SecurityGroup, describe_security_groups, revoke_security_group_ingress,
};
use quell_sdk::{Error, paginate};

/// The calls of the repair.
pub trait Ec2 {
    /// The group with this id, or nothing where EC2 lists none.
    fn group(&mut self, group_id: &str) -> Result<Option<SecurityGroup>, Error>;

    /// The CIDR blocks of the prefix list.
    fn blocks(&mut self, prefix_list_id: &str) -> Result<Vec<String>, Error>;

    /// Removes what the permission names from the group.
    fn revoke(&mut self, group_id: &str, permission: IpPermission) -> Result<(), Error>;
}

/// EC2, through the host.
pub struct Live;

impl Ec2 for Live {
    fn group(&mut self, group_id: &str) -> Result<Option<SecurityGroup>, Error> {
        let ids = [group_id.to_owned()];
        paginate(|token| describe_security_groups(&ids, &[], token)).next().transpose()
    }

    fn blocks(&mut self, prefix_list_id: &str) -> Result<Vec<String>, Error> {
        paginate(|token| get_managed_prefix_list_entries(prefix_list_id, token))
            .map(|entry| entry.map(|entry| entry.cidr))
            .collect()
    }

    fn revoke(&mut self, group_id: &str, permission: IpPermission) -> Result<(), Error> {
        revoke_security_group_ingress(group_id, &[permission])
    }
}
