//! Writes the report of an incident, for people, and its evidence, for programs, to S3.
//!
//! The evidence is `evidence`; the report is in `report` and the modules in it. `keep` writes both, and only what is not there
//! already; `objects` is what it needs of S3. What the incident was and what was done about it is given: this reads no state of
//! AWS, and has no clock, so that the same results are the same report.

mod evidence;
mod keep;
mod markdown;
mod objects;
mod report;

use quell_sdk::{Failure, JsonSchema, Plugin};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// The plugin.
struct DocumentIncident;

quell_sdk::export!(DocumentIncident);

/// What is written where.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(crate = "quell_sdk::schemars")]
struct Input {
    /// The bucket, of the run's account and region.
    bucket: String,
    /// What the keys begin with; the id of the run and the names of the files stand behind it. Put a `/` at its end.
    #[serde(default = "default_prefix")]
    prefix: String,
    /// What the steps of the run came to, by their ids: `${{ steps }}`.
    results: Map<String, Value>,
    /// The finding that it is about, as it came.
    finding: Option<Value>,
    /// What the report is called. Default: the title of the finding.
    title: Option<String>,
    /// How severe it is. Default: what the finding says.
    severity: Option<String>,
}

fn default_prefix() -> String {
    "incidents/".to_owned()
}

/// What is there now.
#[derive(Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(crate = "quell_sdk::schemars")]
struct Output {
    /// The bucket.
    bucket: String,
    /// The key of the report: Markdown.
    report_key: String,
    /// The SHA-256 of the report, in hexadecimal.
    report_sha256: String,
    /// The key of the evidence: JSON.
    evidence_key: String,
    /// The SHA-256 of the evidence, in hexadecimal.
    evidence_sha256: String,
    /// Whether something was written; otherwise both were there as they are.
    written: bool,
    /// Whether something was cut off to stay within 256 KiB an object; the evidence says what, in its `cut`.
    cut: bool,
}

impl Plugin for DocumentIncident {
    type Input = Input;
    type Output = Output;

    fn run(input: Input) -> Result<Output, Failure> {
        keep::keep(&mut objects::Live, &input, &quell_sdk::context())
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_readme_shows_the_grant() {
        assert!(include_str!("../README.md").contains(include_str!("../grant.json")));
    }
}
