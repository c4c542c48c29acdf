//! Events: what became of one. The event itself is EventBridge's, not ours.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::installation::Intake;

/// An event that is on disk.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub struct TakenEvent {
    /// The runs that answer it; none when no workflow is for it.
    pub runs: Vec<TakenRun>,
    /// The workflows that it is for, and that are disabled.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub disabled: Vec<String>,
}

/// A run that answers an event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub struct TakenRun {
    /// The workflow.
    pub workflow: String,
    /// The run.
    pub run: String,
    /// Whether it was there before: it answers the same thing, by the workflow's `dedupe`.
    pub repeated: bool,
}

impl From<Intake> for TakenEvent {
    fn from(intake: Intake) -> TakenEvent {
        let runs = intake.runs.into_iter().map(|(workflow, started)| {
            let super::StartedRun { run, repeated } = started.into();
            TakenRun { workflow, run, repeated }
        });
        TakenEvent { runs: runs.collect(), disabled: intake.disabled }
    }
}
