//! What is done about a finding that is HIGH: the instances that it is about are tagged, so that whoever sees them knows,
//! and their volumes are snapshotted. Nothing is stopped or isolated.
//!
//! `handle` does the work, `aws` is what it needs of EC2; the evidence is that of the crate `evidence`.

mod aws;
mod handle;

use std::fmt;

use evidence::Evidence;
use quell_sdk::finding::Finding;
use quell_sdk::members::Members;
use quell_sdk::{Context, Failure, JsonSchema, Plugin};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::aws::Ec2;

/// The plugin.
struct HighIncident;

quell_sdk::export!(HighIncident);

/// The code of the failure where a finding is about another region than the run's.
const OTHER_REGION: &str = "other-region";

/// What happened.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(crate = "quell_sdk::schemars")]
struct Input {
    /// A finding of GuardDuty or Security Hub: the `detail` of its event, or the finding as the API returns it.
    #[schemars(with = "Members")]
    finding: Value,
    /// What tags and evidence belong to: at most 256 characters. Default: the id of the finding.
    incident: Option<String>,
    /// How severe it is, for the tag.
    #[serde(default)]
    severity: Severity,
}

/// How severe it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
#[schemars(crate = "quell_sdk::schemars")]
enum Severity {
    /// Everything is contained at once.
    Critical,
    /// What this plugin is for.
    #[default]
    High,
    /// It has time.
    Medium,
    /// It has more time.
    Low,
    /// No incident.
    Informational,
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Critical => "CRITICAL",
            Self::High => "HIGH",
            Self::Medium => "MEDIUM",
            Self::Low => "LOW",
            Self::Informational => "INFORMATIONAL",
        })
    }
}

/// What was found and done.
#[derive(Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(crate = "quell_sdk::schemars")]
struct Output {
    /// What it came to.
    outcome: Outcome,
    /// What tags and evidence belong to.
    incident: String,
    /// How severe it is, as the tag has it.
    severity: Severity,
    /// The instances, each once.
    instances: Vec<Tagged>,
    /// The evidence, one for each volume.
    snapshots: Vec<Evidence>,
    /// Why something was not to be done, for people.
    reasons: Vec<String>,
}

/// What it came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(crate = "quell_sdk::schemars")]
enum Outcome {
    /// Something was tagged or snapshotted.
    Handled,
    /// An earlier run had done everything.
    AlreadyHandled,
    /// The finding is about no instance that is still there.
    NothingToDo,
}

/// An instance that has the tags.
#[derive(Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(crate = "quell_sdk::schemars")]
struct Tagged {
    /// The id of the instance.
    instance_id: String,
    /// Whether this run tagged it; otherwise it had the tags.
    tagged: bool,
    /// The incident that it was tagged with before, if that was another one.
    previous_incident: Option<String>,
}

impl Plugin for HighIncident {
    type Input = Input;
    type Output = Output;

    fn run(input: Input) -> Result<Output, Failure> {
        run(&mut evidence::Live, &input, &quell_sdk::context())
    }
}

fn run(ec2: &mut impl Ec2, input: &Input, context: &Context) -> Result<Output, Failure> {
    let finding = Finding::read(&input.finding)?;
    finding.must_be_of(&context.account)?;
    let incident = input.incident.as_deref().map_or_else(|| finding.id(), Ok)?;
    evidence::check_incident(incident)?;
    let instances: Vec<String> = finding.instances().into_iter().map(|instance| instance.instance_id).collect();
    if let Some(region) = finding.region().filter(|region| !instances.is_empty() && *region != context.region) {
        let problem =
            format!("the finding is about region `{region}`, and this run is in `{}`: run it there", context.region);
        return Err(Failure::new(OTHER_REGION, problem));
    }
    handle::handle(ec2, &instances, incident, input.severity)
}

#[cfg(test)]
mod tests;
