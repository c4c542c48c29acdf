//! Revokes the rules that open a security group's dangerous ports to the internet.
//!
//! Which blocks of addresses are the internet is in `internet`, what a group lets in in `sources`, which of it is too
//! much in `exposure`: all pure. `repair` reads the group and revokes; `aws` is what it needs of EC2.

mod aws;
mod exposure;
mod internet;
mod repair;
mod sources;

use quell_sdk::{Failure, JsonSchema, Plugin};
use serde::{Deserialize, Serialize};

/// The plugin.
struct SgRevokeOpenPorts;

quell_sdk::export!(SgRevokeOpenPorts);

/// Which group is repaired.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(crate = "quell_sdk::schemars")]
struct Input {
    /// The id of the security group.
    group_id: String,
    /// The TCP ports that must not be open to the internet.
    #[serde(default = "default_ports")]
    ports: Vec<WatchedPort>,
}

/// A TCP port that must not be open to the internet.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(crate = "quell_sdk::schemars")]
struct WatchedPort {
    /// The number of the port.
    port: u16,
    /// What people call it.
    name: String,
}

/// The ports that are watched when the input names none.
fn default_ports() -> Vec<WatchedPort> {
    [(3306, "MySQL"), (5432, "PostgreSQL"), (27017, "MongoDB"), (1433, "SQL Server"), (22, "SSH"), (3389, "RDP")]
        .map(|(port, name)| WatchedPort { port, name: name.to_owned() })
        .into()
}

/// What was found and done.
#[derive(Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(crate = "quell_sdk::schemars")]
struct Output {
    /// The id of the security group.
    group_id: String,
    /// The sources that were revoked.
    revoked: Vec<Opening>,
    /// The sources that somebody else had removed by the time that they were to be revoked.
    already_gone: Vec<Opening>,
    /// What may be an opening, but could not be looked at.
    unchecked: Vec<Unchecked>,
    /// How many sources the group still has, over all its rules for incoming traffic.
    kept: usize,
}

/// One source of one rule that opens watched ports to the internet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(crate = "quell_sdk::schemars")]
struct Opening {
    /// The protocol of the rule, as EC2 has it; `-1` is all.
    protocol: String,
    /// The first port of the rule; null for all.
    from_port: Option<i32>,
    /// The last port of the rule; null for all.
    to_port: Option<i32>,
    /// The CIDR block or the id of the prefix list.
    source: String,
    /// The names of the watched ports that it opens.
    ports: Vec<String>,
}

/// A source that could not be looked at.
#[derive(Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(crate = "quell_sdk::schemars")]
struct Unchecked {
    /// The CIDR block or the id of the prefix list.
    source: String,
    /// Why, as a code: `access-denied`, `not-found`, `unreadable`, …
    code: String,
    /// Why, for people.
    message: String,
}

impl Plugin for SgRevokeOpenPorts {
    type Input = Input;
    type Output = Output;

    fn run(input: Input) -> Result<Output, Failure> {
        if input.ports.is_empty() {
            return Err(Failure::new(Failure::INVALID_INPUT, "`ports` is empty: leave it out for the default ports"));
        }
        repair::repair(&mut aws::Live, &input.group_id, &input.ports)
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_readme_shows_the_grant() {
        assert!(include_str!("../README.md").contains(include_str!("../grant.json")));
    }
}
