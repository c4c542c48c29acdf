//! Snapshots the volumes of instances, as evidence.
//!
//! The work is that of the crate `evidence`, which other plugins use too. Whether the instances are to be stopped or
//! isolated before is the workflow's to say.

use evidence::{Evidence, Live, Request};
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

impl Plugin for SnapshotVolumes {
    type Input = Input;
    type Output = Output;

    fn run(input: Input) -> Result<Output, Failure> {
        let Input { group_id, instance_ids, incident } = input;
        let snapshots = evidence::take(&mut Live, &Request { group_id, instance_ids, incident })?;
        Ok(Output { snapshots })
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_readme_shows_the_grant() {
        assert!(include_str!("../README.md").contains(include_str!("../grant.json")));
    }
}
