//! The steps of a run: the workflow's document laid over what happened.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;
use workflow::{Label, Placed, StepRun, StepState};

use super::{MadeDecision, time};
use crate::installation::RunView;

/// A step of a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Step {
    /// Its id, or its place in the document when it has none.
    pub path: String,
    /// `plugin`, `parallel`, `choose`, `each`, `approval`, `wait` or `call`; nothing when the workflow is not stored here any more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// The plugin that it runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plugin: Option<String>,
    /// Which part of the workflow it stands in.
    pub part: Part,
    /// The workflow that it calls.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub callee: Option<String>,
    /// The block that it is in, or the step whose `catch` it is in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<String>,
    /// The branch of that block, its alternative or its item, or the clause of that `catch`: from 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub branch: Option<usize>,
    /// What that is, for people: `branch 1`, `when …`, `item 3`, `catch throttled`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// Where it is.
    pub status: StepStatus,
    /// The current or last attempt, from 1; the next one while it waits for a retry.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attempt: Option<u32>,
    /// When it was reached.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub started: Option<Timestamp>,
    /// When its status last changed; for an ended step, when it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub changed: Option<Timestamp>,
    /// When the next attempt begins, or a `wait` is over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub due: Option<Timestamp>,
    /// Its result.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output: Option<Value>,
    /// Why it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<StepError>,
    /// What was decided on it, when it is an approval.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub decisions: Vec<MadeDecision>,
}

/// A part of a workflow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Part {
    /// What a run does.
    Steps,
    /// What it does when a step has failed.
    Catch,
    /// What it does when all of it would end failed, expired or timed out.
    OnFailure,
}

/// Where a step is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum StepStatus {
    /// It was not reached.
    Pending,
    /// Its `if` was false.
    Skipped,
    /// It is being carried out.
    Running,
    /// It failed, and waits for its next attempt.
    Retrying,
    /// It waits for people, or for a time.
    Waiting,
    /// The outcome of a write is unknown; a person must tell it.
    Suspended,
    /// It did what it should.
    Succeeded,
    /// It failed.
    Failed,
    /// An approver refused.
    Refused,
    /// Nobody decided in time.
    Expired,
}

/// Why a step or a run failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub struct StepError {
    /// What `retry` and `catch` tell failures apart by.
    pub code: String,
    /// What happened.
    pub message: String,
}

impl Step {
    /// All steps, in the order of the document; without a document, those that were reached, by path.
    pub(super) fn all(view: &RunView) -> Vec<Step> {
        let run = &view.history.run;
        let Some(workflow) = &view.workflow else {
            let reached = run.steps().map(|(path, step)| Step::pending(path, Part::Steps).reached(Some(step)));
            return reached.collect();
        };
        let (steps, on_failure) = workflow.unfold(Some(run));
        let mut all = vec![];
        for (steps, part) in [(steps, Part::Steps), (on_failure, Part::OnFailure)] {
            steps.into_iter().for_each(|placed| add(placed, part, None, run, &mut all));
        }
        all
    }

    fn pending(path: &str, part: Part) -> Step {
        Step {
            path: path.into(),
            kind: None,
            plugin: None,
            part,
            callee: None,
            parent: None,
            branch: None,
            label: None,
            status: StepStatus::Pending,
            attempt: None,
            started: None,
            changed: None,
            due: None,
            output: None,
            error: None,
            decisions: vec![],
        }
    }

    fn reached(mut self, step: Option<&StepRun>) -> Step {
        let Some(step) = step else { return self };
        self.decisions = step.approval().map(MadeDecision::all).unwrap_or_default();
        self.attempt = Some(step.attempt());
        self.started = Some(time(step.started_at()));
        self.changed = Some(time(step.changed_at()));
        self.status = match step.state() {
            StepState::Skipped => StepStatus::Skipped,
            StepState::Open | StepState::Running => StepStatus::Running,
            StepState::RetryWaiting { at } => {
                self.due = Some(time(*at));
                StepStatus::Retrying
            }
            StepState::Waiting => StepStatus::Waiting,
            StepState::Sleeping { until } => {
                self.due = Some(time(*until));
                StepStatus::Waiting
            }
            StepState::Reset => StepStatus::Pending,
            StepState::Suspended { .. } => StepStatus::Suspended,
            StepState::Succeeded { output } => {
                self.output = Some(output.as_ref().clone());
                StepStatus::Succeeded
            }
            StepState::Failed { error } => {
                self.error = Some(error.into());
                StepStatus::Failed
            }
            StepState::Refused => StepStatus::Refused,
            StepState::Expired => StepStatus::Expired,
        };
        self
    }
}

/// Adds a step, and what is inside of it. `inside` is the block that it is in, with what it is to the block.
fn add(
    placed: Placed<'_>,
    part: Part,
    inside: Option<(&str, usize, &Label)>,
    run: &workflow::Run,
    all: &mut Vec<Step>,
) {
    let Placed { path, step, groups, catch } = placed;
    let mut pending = Step::pending(&path, part);
    pending.kind = Some(step.kind_name().into());
    pending.plugin = step.plugin().map(Into::into);
    pending.callee = step.callee().map(Into::into);
    if let Some((parent, branch, label)) = inside {
        pending.parent = Some(parent.into());
        pending.branch = Some(branch);
        pending.label = Some(label.to_string());
    }
    all.push(pending.reached(run.step(&path)));
    for (branch, group) in groups.into_iter().enumerate() {
        let inside = Some((path.as_str(), branch, &group.label));
        group.steps.into_iter().for_each(|placed| add(placed, part, inside, run, all));
    }
    for (branch, clause) in catch.into_iter().enumerate() {
        let inside = Some((path.as_str(), branch, &clause.label));
        clause.steps.into_iter().for_each(|placed| add(placed, Part::Catch, inside, run, all));
    }
}

impl From<&workflow::StepError> for StepError {
    fn from(error: &workflow::StepError) -> StepError {
        StepError { code: error.code.clone(), message: error.message.clone() }
    }
}
