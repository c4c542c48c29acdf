//! Runs: started, listed, looked at, cancelled.

use std::collections::BTreeMap;

use jiff::Timestamp;
use ledger::{Parking, Summary};
use runner::Started;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};

use super::{Approval, Review, Step, StepError, time};
use crate::installation::RunView;

/// What a run is started with.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct StartRun {
    /// The AWS account to act in: twelve digits.
    pub account: String,
    /// The region to act in.
    pub region: String,
    /// The workflow's inputs; those that are left out have their defaults.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    #[schema(value_type = Object)]
    pub inputs: Value,
    /// The event to answer, in EventBridge's envelope.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub event: Option<Value>,
}

/// A run that is on disk and under way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub struct StartedRun {
    /// The run.
    pub run: String,
    /// Whether it was there before: it answers the same thing, by the workflow's `dedupe`.
    pub repeated: bool,
}

/// Which runs to list.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, IntoParams)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct RunQuery {
    /// Of this workflow.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workflow: Option<String>,
    /// Of this status.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[param(inline)]
    pub status: Option<RunStatus>,
    /// Older than this run: the `next` of the page before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<String>,
    /// At most so many: 1 to 500, else 100.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[param(minimum = 1, maximum = 500)]
    pub limit: Option<u32>,
}

/// A page of runs, the newest first.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Runs {
    /// The runs.
    pub runs: Vec<RunInfo>,
    /// What to give as `before` for the next page, when there may be one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// A run in a list.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub struct RunInfo {
    /// The run.
    pub run: String,
    /// The workflow's name.
    pub workflow: String,
    /// How it is, or how it ended.
    pub status: RunStatus,
    /// Who started it.
    pub by: String,
    /// When it started.
    #[schema(value_type = String, format = DateTime)]
    pub started: Timestamp,
    /// When it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub ended: Option<Timestamp>,
    /// That it is parked: it is left alone until somebody resumes it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parked: Option<Parked>,
}

/// That a run is parked, since it could not be driven.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Parked {
    /// Since when.
    #[schema(value_type = String, format = DateTime)]
    pub since: Timestamp,
    /// What was wrong the last time.
    pub why: String,
}

/// How a run is, or how it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum RunStatus {
    /// It waits for a place among the runs of its workflow, and has not begun.
    Queued,
    /// Something is being done.
    Running,
    /// It waits for people, or for a time.
    Waiting,
    /// Ended: all steps did what they should.
    Succeeded,
    /// Ended: a step failed.
    Failed,
    /// Ended: an approver refused.
    Refused,
    /// Ended: an approval was not given in time.
    Expired,
    /// Ended: it took longer than the workflow allows.
    TimedOut,
    /// Ended: a person cancelled it.
    Cancelled,
}

/// A run with all that happened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Run {
    /// What lists have of it.
    #[serde(flatten)]
    pub info: RunInfo,
    /// The digest of the workflow that it started with, and keeps.
    pub workflow_digest: String,
    /// The digests of the plugins that it started with, and keeps, by name.
    pub plugins: BTreeMap<String, String>,
    /// The AWS account that it acts in.
    pub account: String,
    /// The region that it acts in.
    pub region: String,
    /// Its inputs, defaults filled in.
    pub inputs: Value,
    /// The event that it answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event: Option<Value>,
    /// Why it failed or is about to; also while `on-failure` is carried out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<StepError>,
    /// What it came to, when it succeeded: the `output` of its workflow.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output: Option<Value>,
    /// That a person cancelled it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cancelled: Option<Cancelled>,
    /// That it waits for a place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub queued: Option<Queued>,
    /// Later events that are about the same, by the workflow's `dedupe`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub updates: Vec<Update>,
    /// All steps of the workflow, in the order of the document.
    pub steps: Vec<Step>,
    /// The approvals that wait for people.
    pub approvals: Vec<Approval>,
    /// The writes whose outcome a person must tell.
    pub reviews: Vec<Review>,
    /// What is wrong with the first of its entries that cannot be read, as a newer Quell may have written one. All else is as
    /// it was before that entry.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unreadable: Option<String>,
}

/// That a run waits for a place among the runs of its workflow.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Queued {
    /// Since when.
    #[schema(value_type = String, format = DateTime)]
    pub since: Timestamp,
    /// The run that must end first, when it waits for that one and not for its turn.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub behind: Option<String>,
}

/// A later event that is about the same as a run's.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Update {
    /// When it came.
    #[schema(value_type = String, format = DateTime)]
    pub time: Timestamp,
    /// The event, while it is kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event: Option<Value>,
}

/// That, and why, a run is to be cancelled.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Cancel {
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// That a person cancelled a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Cancelled {
    /// Who.
    pub by: String,
    /// Why, if they said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    pub time: Timestamp,
}

impl From<Started> for StartedRun {
    fn from(started: Started) -> StartedRun {
        match started {
            Started::New(run) => StartedRun { run, repeated: false },
            Started::Repeated(run) => StartedRun { run, repeated: true },
        }
    }
}

impl RunStatus {
    /// All of them.
    const ALL: [RunStatus; 9] = [
        RunStatus::Queued,
        RunStatus::Running,
        RunStatus::Waiting,
        RunStatus::Succeeded,
        RunStatus::Failed,
        RunStatus::Refused,
        RunStatus::Expired,
        RunStatus::TimedOut,
        RunStatus::Cancelled,
    ];

    /// The status as it is written everywhere.
    pub fn name(self) -> &'static str {
        workflow::RunStatus::from(self).name()
    }

    /// Whether a run with this status has ended.
    pub fn is_final(self) -> bool {
        workflow::RunStatus::from(self).is_final()
    }

    /// The status with this name.
    pub fn named(name: &str) -> Option<RunStatus> {
        RunStatus::ALL.into_iter().find(|status| status.name() == name)
    }
}

impl From<RunStatus> for workflow::RunStatus {
    fn from(status: RunStatus) -> workflow::RunStatus {
        match status {
            RunStatus::Queued => workflow::RunStatus::Queued,
            RunStatus::Running => workflow::RunStatus::Running,
            RunStatus::Waiting => workflow::RunStatus::Waiting,
            RunStatus::Succeeded => workflow::RunStatus::Succeeded,
            RunStatus::Failed => workflow::RunStatus::Failed,
            RunStatus::Refused => workflow::RunStatus::Refused,
            RunStatus::Expired => workflow::RunStatus::Expired,
            RunStatus::TimedOut => workflow::RunStatus::TimedOut,
            RunStatus::Cancelled => workflow::RunStatus::Cancelled,
        }
    }
}

impl From<workflow::RunStatus> for RunStatus {
    fn from(status: workflow::RunStatus) -> RunStatus {
        match status {
            workflow::RunStatus::Queued => RunStatus::Queued,
            workflow::RunStatus::Running => RunStatus::Running,
            workflow::RunStatus::Waiting => RunStatus::Waiting,
            workflow::RunStatus::Succeeded => RunStatus::Succeeded,
            workflow::RunStatus::Failed => RunStatus::Failed,
            workflow::RunStatus::Refused => RunStatus::Refused,
            workflow::RunStatus::Expired => RunStatus::Expired,
            workflow::RunStatus::TimedOut => RunStatus::TimedOut,
            workflow::RunStatus::Cancelled => RunStatus::Cancelled,
        }
    }
}

impl From<&Parking> for Parked {
    fn from(Parking { why, since }: &Parking) -> Parked {
        Parked { since: time(*since), why: why.clone() }
    }
}

impl RunInfo {
    /// A run by its summary; `None` when a newer Quell wrote a status that this one does not know.
    pub fn of(summary: &Summary) -> Option<RunInfo> {
        Some(RunInfo {
            run: summary.run.clone(),
            workflow: summary.workflow.clone(),
            status: RunStatus::named(&summary.status)?,
            by: summary.started_by.clone(),
            started: time(summary.started),
            ended: summary.ended.map(time),
            parked: summary.parked.as_ref().map(Parked::from),
        })
    }
}

impl From<&RunView> for Run {
    fn from(view: &RunView) -> Run {
        let (run, history) = (&view.history.run, &view.history);
        let info = run.info();
        Run {
            info: RunInfo {
                run: info.id.clone(),
                workflow: info.workflow.clone(),
                status: run.status().into(),
                by: info.started_by.name.clone(),
                started: time(history.started),
                ended: history.ended.map(time),
                parked: view.parked.as_ref().map(Parked::from),
            },
            workflow_digest: info.workflow_digest.clone(),
            plugins: info.plugins.clone(),
            account: info.account.clone(),
            region: info.region.clone(),
            inputs: run.inputs().clone(),
            event: run.event().cloned(),
            error: run.error().map(Into::into),
            output: run.result().cloned(),
            cancelled: run.cancelled().map(|cancel| Cancelled {
                by: cancel.by.clone(),
                reason: cancel.reason.clone(),
                time: time(cancel.at),
            }),
            queued: run.queued().map(|queued| Queued { since: time(queued.since), behind: queued.behind.clone() }),
            updates: view.updates().map(|update| Update { time: time(update.time), event: update.event }).collect(),
            steps: Step::all(view),
            approvals: Approval::all(run),
            reviews: Review::all(view),
            unreadable: view.unreadable.clone(),
        }
    }
}
