//! Says how severe a finding of GuardDuty or Security Hub is, and whether it is an incident.
//!
//! What is read of either kind of finding is in `finding`, the scales in `scale`, and what follows from all of it in
//! `verdict`. It calls nothing but the log.

mod finding;
mod scale;
mod verdict;

use quell_sdk::finding::Source;
use quell_sdk::members::Members;
use quell_sdk::{Failure, JsonSchema, Plugin};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::scale::Severity;

/// The plugin.
struct AssessSeverity;

quell_sdk::export!(AssessSeverity);

/// What is assessed, and how.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(crate = "quell_sdk::schemars")]
struct Input {
    /// A finding of GuardDuty or Security Hub: the `detail` of its event, or the finding as the API returns it. Of a list
    /// `findings`, there must be exactly one.
    #[schemars(with = "Members")]
    finding: Value,
    /// From which score on GuardDuty's scale a GuardDuty finding is CRITICAL.
    #[serde(default = "default_critical_from")]
    #[schemars(range(min = 1.0, max = 10.0))]
    critical_from: f64,
    /// What sample findings are.
    #[serde(default)]
    samples: Samples,
}

/// Where GuardDuty's own scale has its boundary.
fn default_critical_from() -> f64 {
    scale::GUARDDUTY_CRITICAL
}

/// What sample findings are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(crate = "quell_sdk::schemars")]
enum Samples {
    /// No incidents.
    #[default]
    Ignored,
    /// Assessed as if they were none, to try a workflow out.
    AsReal,
}

/// The verdict.
#[derive(Debug, PartialEq, Serialize, JsonSchema)]
#[schemars(crate = "quell_sdk::schemars")]
struct Output {
    /// How severe it is; INFORMATIONAL whenever it is no incident.
    severity: Severity,
    /// Whether it is an incident: neither closed, nor a sample, nor merely informational.
    incident: bool,
    /// What its source rates it, on the scale of the source: 0 to 10 for GuardDuty, 0 to 100 for Security Hub. Null when
    /// Security Hub gives it a label alone.
    score: Option<f64>,
    /// Whose finding it is.
    source: Source,
    /// The id of the finding.
    finding_id: String,
    /// Its title.
    title: Option<String>,
    /// The account that it is about.
    account: Option<String>,
    /// The region that it is about.
    region: Option<String>,
    /// What led to the verdict, for people.
    reasons: Vec<String>,
}

impl Plugin for AssessSeverity {
    type Input = Input;
    type Output = Output;

    fn run(input: Input) -> Result<Output, Failure> {
        let critical_from = input.critical_from;
        if !(1.0..=10.0).contains(&critical_from) {
            let problem = format!("`critical_from` is {critical_from}: GuardDuty's scale goes from 1 to 10");
            return Err(Failure::new(Failure::INVALID_INPUT, problem));
        }
        let verdict = verdict::of(finding::read(&input.finding)?, critical_from, input.samples);
        quell_sdk::info!("{} is {}: {}", verdict.finding_id, verdict.severity, verdict.reasons.join("; "));
        Ok(verdict)
    }
}

#[cfg(test)]
mod tests;
