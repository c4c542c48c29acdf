//! What taking evidence needs of EC2: a port, so that it is tested against an account in memory, and its one real
//! implementation by capability calls.

use quell_sdk::ec2::filters::Filter;
use quell_sdk::ec2::instances::{Instance, describe_instances};
use quell_sdk::ec2::snapshots::{Snapshot, create_snapshot, describe_snapshots};
use quell_sdk::ec2::tags::Tag;
use quell_sdk::{Error, paginate};

/// The calls of taking evidence.
pub trait Ec2 {
    /// The instances with these ids, or all when there are none, that pass the filters.
    fn instances(&mut self, ids: &[String], filters: &[Filter]) -> Result<Vec<Instance>, Error>;

    /// The snapshots of this account that pass the filters.
    fn snapshots(&mut self, filters: &[Filter]) -> Result<Vec<Snapshot>, Error>;

    /// Takes a snapshot.
    fn snapshot(&mut self, volume_id: &str, description: &str, tags: &[Tag]) -> Result<Snapshot, Error>;
}

/// EC2, through the host.
pub struct Live;

impl Ec2 for Live {
    fn instances(&mut self, ids: &[String], filters: &[Filter]) -> Result<Vec<Instance>, Error> {
        paginate(|token| describe_instances(ids, filters, token)).collect()
    }

    fn snapshots(&mut self, filters: &[Filter]) -> Result<Vec<Snapshot>, Error> {
        paginate(|token| describe_snapshots(&[], filters, token)).collect()
    }

    fn snapshot(&mut self, volume_id: &str, description: &str, tags: &[Tag]) -> Result<Snapshot, Error> {
        create_snapshot(volume_id, description, tags)
    }
}
