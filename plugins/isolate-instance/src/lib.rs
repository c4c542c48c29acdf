//! Cuts an EC2 instance off the network, and keeps it as evidence.
//!
//! `isolation` says what is done with an instance in which order, `switch` how the interfaces of one VPC get the group
//! without rules and lose their connections, `groups` what those groups are, `record` where the previous ones stand,
//! `protection` what keeps the instance from being terminated, `report` how it is told; `aws` is what all of it needs of
//! EC2. Whether an instance is to be isolated, and who lets it out again, is for the workflow and for people to say.

mod aws;
mod isolation;
mod switch;
mod groups;
mod record;
mod protection;
mod report;

use quell_sdk::{Failure, JsonSchema, Plugin};
use serde::{Deserialize, Serialize};

/// The plugin.
struct IsolateInstance;

quell_sdk::export!(IsolateInstance);

/// Which instance is isolated.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(crate = "quell_sdk::schemars")]
struct Input {
    /// The id of the instance.
    instance_id: String,
    /// Why it is isolated, for example the id of a finding: at most 256 characters. It is put into a tag of the instance.
    incident: Option<String>,
    /// Whether connections that are there are cut. For that, each interface is open to everybody for the time of one
    /// call. Otherwise such connections go on until they end by themselves.
    #[serde(default = "yes")]
    cut_connections: bool,
}

fn yes() -> bool {
    true
}

/// What was found and done.
#[derive(Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(crate = "quell_sdk::schemars")]
struct Output {
    /// What became of the instance.
    outcome: Outcome,
    /// Whether anything was changed.
    changed: bool,
    /// What was found and done: one sentence for people, without a full stop.
    summary: String,
    /// The id of the instance.
    instance_id: String,
    /// The state that the instance was in, as EC2 has it; null where it is gone.
    state: Option<String>,
    /// The group without rules that its primary interface has now; null where nothing was isolated.
    security_group: Option<String>,
    /// Its interfaces that are isolated.
    interfaces: Vec<Interface>,
    /// Its interfaces that an AWS service manages. They cannot be isolated, and were not touched.
    managed_interfaces: Vec<ManagedInterface>,
    /// Whether it is protected from being terminated by the API now; null where that is not known.
    termination_protection: Option<bool>,
    /// What becomes of it when it is shut down from inside: `stop` or `terminate`; null where that is not known.
    shutdown_behavior: Option<String>,
    /// What EC2 does not permit for this instance.
    unprotected: Vec<Unprotected>,
    /// The Auto Scaling group that it belongs to, which terminates it, protected or not, once it looks unhealthy.
    auto_scaling_group: Option<String>,
}

/// What became of an instance.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(crate = "quell_sdk::schemars")]
enum Outcome {
    /// All its interfaces are isolated.
    Isolated,
    /// It has interfaces that an AWS service manages; all others are isolated.
    PartlyIsolated,
    /// It is terminated, or about to be: nothing was done.
    Terminated,
    /// There is no such instance in this account and region, any more or at all: nothing was done.
    Gone,
}

/// An interface that is isolated.
#[derive(Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(crate = "quell_sdk::schemars")]
struct Interface {
    /// The id of the interface.
    network_interface_id: String,
    /// The VPC that it is in.
    vpc_id: String,
    /// Its primary private IPv4 address.
    private_ip_address: Option<String>,
    /// Its public IPv4 address.
    public_ip: Option<String>,
    /// The group without rules that it has now.
    security_group: String,
    /// The groups that it had before; also those that an earlier run recorded.
    previous_groups: Vec<String>,
    /// Whether this run gave it the group; otherwise it had it.
    moved: bool,
    /// Whether this run cut the connections that it had.
    connections_cut: bool,
}

/// An interface that an AWS service manages.
#[derive(Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(crate = "quell_sdk::schemars")]
struct ManagedInterface {
    /// The id of the interface.
    network_interface_id: String,
    /// The kind of the interface, as EC2 has it.
    interface_type: String,
    /// What the service wrote about it.
    description: String,
    /// Its groups.
    groups: Vec<String>,
}

/// A protection that the instance could not get.
#[derive(Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(crate = "quell_sdk::schemars")]
struct Unprotected {
    /// `termination-protection` or `shutdown-behavior`.
    what: String,
    /// Why, as a code: `invalid`, `conflict`, …
    code: String,
    /// Why, for people.
    message: String,
}

impl Plugin for IsolateInstance {
    type Input = Input;
    type Output = Output;

    fn run(input: Input) -> Result<Output, Failure> {
        isolation::isolate(&mut aws::Live, &quell_sdk::context(), &input)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_readme_shows_the_grant() {
        assert!(include_str!("../README.md").contains(include_str!("../grant.json")));
    }

    #[test]
    fn connections_are_cut_unless_the_input_says_otherwise() {
        let read = |input| serde_json::from_value::<Input>(input).unwrap().cut_connections;
        assert!(read(serde_json::json!({ "instance_id": "i-0abc" })));
        assert!(!read(serde_json::json!({ "instance_id": "i-0abc", "cut_connections": false })));
    }
}
