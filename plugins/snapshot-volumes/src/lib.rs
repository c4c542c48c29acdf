//! Snapshots the volumes of instances, as evidence.
//!
//! `evidence` decides which volumes and does the work, `aws` is what it needs of EC2. Whether the instances are to be
//! stopped or isolated before is the workflow's to say.

mod aws;
mod evidence;

use quell_sdk::{Failure, JsonSchema, Plugin};
use serde::{Deserialize, Serialize};

/// The plugin.
struct SnapshotVolumes;

quell_sdk::export!(SnapshotVolumes);

/// Whose volumes are snapshotted: those of the group's instances and of the named ones together.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(crate = "quell_sdk::schemars")]
struct Input {
    /// A security group, for all instances that have it on their primary network interface.
    group_id: Option<String>,
    /// Ids of instances.
    #[serde(default)]
    instance_ids: Vec<String>,
    /// What the evidence belongs to, for example the id of a finding: at most 256 characters. A volume is snapshotted
    /// once an incident. When it is left out, the group is the incident, or else each instance is its own, so that
    /// their volumes are snapshotted only once ever.
    incident: Option<String>,
}

/// The evidence.
#[derive(Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(crate = "quell_sdk::schemars")]
struct Output {
    /// One for each volume.
    snapshots: Vec<Evidence>,
}

/// A volume and its snapshot.
#[derive(Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(crate = "quell_sdk::schemars")]
struct Evidence {
    /// The volume.
    volume_id: String,
    /// Its snapshot.
    snapshot_id: String,
    /// The instance that had the volume.
    instance_id: String,
    /// Whether this run took it; otherwise an earlier one did, for the same incident.
    created: bool,
}

impl Plugin for SnapshotVolumes {
    type Input = Input;
    type Output = Output;

    fn run(input: Input) -> Result<Output, Failure> {
        evidence::take(&mut aws::Live, &input)
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_readme_shows_the_grant() {
        assert!(include_str!("../README.md").contains(include_str!("../grant.json")));
    }
}
