//! What revoking needs of IAM and EC2: a port, so that it is tested against an account in memory, and its one real
//! implementation by capability calls.

use quell_sdk::ec2::instances::{Instance, describe_instances};
use quell_sdk::iam::access_keys::{AccessKeyMetadata, get_access_key_last_used, list_access_keys, update_access_key};
use quell_sdk::iam::instance_profiles::{InstanceProfile, get_instance_profile};
use quell_sdk::iam::role_policies::{get_role_policy, put_role_policy};
use quell_sdk::iam::roles::{Role, get_role};
use quell_sdk::iam::user_policies::{get_user_policy, put_user_policy};
use quell_sdk::{Error, paginate};

use crate::Kind;
use crate::cutoff::POLICY;

/// The calls of revoking.
pub trait Aws {
    /// The access keys of the user.
    fn access_keys(&mut self, user: &str) -> Result<Vec<AccessKeyMetadata>, Error>;

    /// The user that the access key belongs to.
    fn owner(&mut self, access_key_id: &str) -> Result<String, Error>;

    /// Switches the access key off.
    fn deactivate(&mut self, user: &str, access_key_id: &str) -> Result<(), Error>;

    /// The role with this name.
    fn role(&mut self, name: &str) -> Result<Role, Error>;

    /// The document of the inline policy [`POLICY`], if the principal has one.
    fn policy(&mut self, kind: Kind, name: &str) -> Result<Option<String>, Error>;

    /// Sets the inline policy [`POLICY`].
    fn put_policy(&mut self, kind: Kind, name: &str, document: &str) -> Result<(), Error>;

    /// The instance, or nothing where EC2 lists none.
    fn instance(&mut self, instance_id: &str) -> Result<Option<Instance>, Error>;

    /// The instance profile with this name.
    fn instance_profile(&mut self, name: &str) -> Result<InstanceProfile, Error>;
}

/// IAM and EC2, through the host.
pub struct Live;

impl Aws for Live {
    fn access_keys(&mut self, user: &str) -> Result<Vec<AccessKeyMetadata>, Error> {
        paginate(|marker| list_access_keys(user, marker)).collect()
    }

    fn owner(&mut self, access_key_id: &str) -> Result<String, Error> {
        get_access_key_last_used(access_key_id).map(|used| used.user_name)
    }

    fn deactivate(&mut self, user: &str, access_key_id: &str) -> Result<(), Error> {
        update_access_key(user, access_key_id, "Inactive")
    }

    fn role(&mut self, name: &str) -> Result<Role, Error> {
        get_role(name)
    }

    fn policy(&mut self, kind: Kind, name: &str) -> Result<Option<String>, Error> {
        let found = match kind {
            Kind::User => get_user_policy(name, POLICY).map(|policy| policy.policy_document),
            Kind::Role => get_role_policy(name, POLICY).map(|policy| policy.policy_document),
        };
        match found {
            Err(Error::NotFound(_)) => Ok(None),
            found => found.map(Some),
        }
    }

    fn put_policy(&mut self, kind: Kind, name: &str, document: &str) -> Result<(), Error> {
        match kind {
            Kind::User => put_user_policy(name, POLICY, document),
            Kind::Role => put_role_policy(name, POLICY, document),
        }
    }

    fn instance(&mut self, instance_id: &str) -> Result<Option<Instance>, Error> {
        let ids = [instance_id.to_owned()];
        paginate(|token| describe_instances(&ids, &[], token)).next().transpose()
    }

    fn instance_profile(&mut self, name: &str) -> Result<InstanceProfile, Error> {
        get_instance_profile(name)
    }
}
