//! What the plugin needs of EC2 beside taking evidence: a port, so that it is tested against an account in memory, and its
//! one real implementation by capability calls.

use evidence::Live;
use quell_sdk::Error;
use quell_sdk::ec2::tags::{Tag, create_tags};

/// The calls of the plugin.
pub trait Ec2: evidence::Ec2 {
    /// Sets tags of the instance.
    fn tag(&mut self, instance_id: &str, tags: &[Tag]) -> Result<(), Error>;
}

impl Ec2 for Live {
    fn tag(&mut self, instance_id: &str, tags: &[Tag]) -> Result<(), Error> {
        create_tags(&[instance_id.to_owned()], tags)
    }
}
