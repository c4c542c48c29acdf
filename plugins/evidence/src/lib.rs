//! Snapshots of volumes as evidence, for the plugins that take it: once for each volume and incident.
//!
//! `take` decides which volumes and does the work, `aws` is what it needs of EC2. Which incident it is, and whether the
//! instances are to be stopped or isolated before, is the plugin's and the workflow's to say.

mod aws;
mod take;

use quell_sdk::JsonSchema;
use serde::Serialize;

pub use aws::{Ec2, Live};
pub use take::{INCIDENT, check_incident, take, take_of};

/// Whose volumes are snapshotted: those of the group's instances and of the named ones together.
#[derive(Debug, Default)]
pub struct Request {
    /// A security group, for all instances that have it on their primary network interface.
    pub group_id: Option<String>,
    /// Ids of instances.
    pub instance_ids: Vec<String>,
    /// What the evidence belongs to. Without it, the group, or else each instance is its own.
    pub incident: Option<String>,
}

/// A volume and its snapshot.
#[derive(Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(crate = "quell_sdk::schemars")]
pub struct Evidence {
    /// The volume.
    pub volume_id: String,
    /// Its snapshot.
    pub snapshot_id: String,
    /// The instance that had the volume.
    pub instance_id: String,
    /// Whether this run took it; otherwise an earlier one did, for the same incident.
    pub created: bool,
}
