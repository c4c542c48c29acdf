//! Events: all that can happen to a run. A run is the fold of them.
//!
//! This decides what is said about a run, in the words of the workflow. How an event is stored is left to the runner,
//! which has its own versioned form; what an event changes is left to `run`.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::Value;

use crate::principal::Principal;

/// A point in time: UTC, in milliseconds since the epoch.
pub type Millis = i64;

/// Facts of a run that do not change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunInfo {
    /// The run's id.
    pub id: String,
    /// The workflow's name.
    pub workflow: String,
    /// The digest of the workflow's source that the run started with, and keeps.
    pub workflow_digest: String,
    /// The AWS account that the run acts in.
    pub account: String,
    /// The AWS region that the run acts in.
    pub region: String,
    /// Who started it; that person can approve nothing in it.
    pub started_by: Principal,
    /// Who started the runs that caused this one, or that it replaces, and whoever had those go on. They cannot either.
    pub caused_by: Vec<Principal>,
    /// The digest of each plugin that the run started with, and keeps, by the plugin's name.
    pub plugins: BTreeMap<String, String>,
    /// The digest of each workflow that it calls, which it keeps as well, by the workflow's name.
    pub callees: BTreeMap<String, String>,
}

/// Why a step failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StepError {
    /// What `retry` and `catch` tell failures apart by, in kebab case.
    pub code: String,
    /// What happened, for people.
    pub message: String,
}

impl StepError {
    /// An expression had no value.
    pub const EXPRESSION: &'static str = "expression";
    /// The run was cancelled, timed out, or a branch beside this one failed fast.
    pub const CANCELLED: &'static str = "cancelled";
    /// A person gave up on a write whose outcome is unknown.
    pub const GAVE_UP: &'static str = "gave-up";
    /// It was stopped while the outcome of a write of it was unknown.
    pub const UNKNOWN: &'static str = "unknown-outcome";
    /// Branches of a `parallel` failed.
    pub const BRANCHES_FAILED: &'static str = "branches-failed";
    /// Items of an `each` failed.
    pub const ITEMS_FAILED: &'static str = "items-failed";
    /// An `each` was given more items than a run can have.
    pub const TOO_MANY: &'static str = "too-many-items";
    /// The results of an `each` are larger together than an output may be.
    pub const TOO_LARGE: &'static str = "too-large";
    /// A `call` gave inputs that the called workflow does not take.
    pub const INPUTS: &'static str = "inputs";
    /// The workflow of a `call` is not there.
    pub const NO_WORKFLOW: &'static str = "no-workflow";
    /// An approval was refused.
    pub const REFUSED: &'static str = "refused";
    /// An approval was not given in time.
    pub const EXPIRED: &'static str = "expired";
    /// The run took longer than its workflow allows.
    pub const TIMED_OUT: &'static str = "timed-out";

    /// An error of a code and a message.
    pub fn new(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self { code: code.into(), message: message.into() }
    }
}

/// What failed, for `catch` and `on-failure`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Failure {
    /// The path of the step; absent when it was the run as a whole.
    pub(crate) step: Option<String>,
    pub(crate) error: StepError,
}

impl Failure {
    /// The error of a block that failed because of this: its code stays, so that `catch` and `retry` can tell.
    pub(crate) fn passed_on(&self) -> StepError {
        match &self.step {
            Some(step) => StepError::new(self.error.code.clone(), format!("`{step}`: {}", self.error.message)),
            None => self.error.clone(),
        }
    }
}

/// What a person said about an approval.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// The run may go on.
    Approve,
    /// The run ends.
    Refuse,
}

/// What a person said about a write whose outcome is unknown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The write was carried out; the attempt goes on behind it.
    Done,
    /// The write was not carried out; the attempt goes on and sends it.
    NotDone,
    /// It cannot be told; the step fails.
    GiveUp,
}

/// How a run is, or how it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RunStatus {
    /// It is there, and waits for a place before it begins.
    Queued,
    /// Something is being done.
    Running,
    /// Nothing is being done but waiting: for people, or for a time.
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

impl RunStatus {
    /// The status as it is written everywhere.
    pub fn name(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Running => "running",
            Self::Waiting => "waiting",
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::Refused => "refused",
            Self::Expired => "expired",
            Self::TimedOut => "timed-out",
            Self::Cancelled => "cancelled",
        }
    }

    /// Whether a run with this status has ended.
    pub fn is_final(self) -> bool {
        !matches!(self, Self::Queued | Self::Running | Self::Waiting)
    }
}

/// Something that happened to a run.
///
/// `path` names a step: its id, or its place in the document where it has none (`steps.1`).
#[expect(clippy::large_enum_variant, reason = "the large one is the first event of a run, and there is one of it")]
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// The run began. Always the first event, and only that.
    Started {
        /// What does not change.
        info: RunInfo,
        /// The event that triggered it, unless it was started by hand.
        event: Option<Value>,
        /// The inputs, defaults filled in.
        inputs: Value,
    },
    /// The run does not begin yet: it waits for a place. Directly behind the start.
    Queued {
        /// The run that must end first, when it waits for that one and not for its turn.
        behind: Option<String>,
    },
    /// The run has its place, and begins.
    Admitted,
    /// A step's `if` was false.
    StepSkipped {
        /// The step.
        path: String,
    },
    /// A block of steps began (`parallel`, `choose`, `each`, `call`), or its next attempt.
    BlockStarted {
        /// The block.
        path: String,
        /// From 1.
        attempt: u32,
        /// What it goes by, the same for every attempt: the items of an `each`, the alternative of a `choose`, the inputs
        /// of a `call`.
        input: Value,
        /// The steps inside of it that begin anew.
        again: Vec<String>,
    },
    /// A block, or a `wait`, took longer than its `timeout`: what is inside of it is stopped.
    StepTimedOut {
        /// The step.
        path: String,
        /// The attempt.
        attempt: u32,
    },
    /// A `wait` began.
    WaitStarted {
        /// The step.
        path: String,
        /// How long it waits, from the time of this event.
        lasts: Option<Duration>,
        /// Until when it waits.
        until: Option<Millis>,
    },
    /// An attempt of a plugin step began.
    StepStarted {
        /// The step.
        path: String,
        /// From 1.
        attempt: u32,
        /// What the plugin is given; the same for every attempt.
        input: Value,
    },
    /// An attempt, or a block (attempt 1), succeeded.
    StepSucceeded {
        /// The step.
        path: String,
        /// The attempt.
        attempt: u32,
        /// What `steps.<id>.output` is.
        output: Value,
    },
    /// An attempt, a block or a waiting approval (attempt 1) failed, or a step could not begin.
    StepFailed {
        /// The step.
        path: String,
        /// The attempt.
        attempt: u32,
        /// Why.
        error: StepError,
    },
    /// A failed step will be tried again.
    RetryScheduled {
        /// The step.
        path: String,
        /// The next attempt.
        attempt: u32,
        /// When it begins.
        at: Millis,
    },
    /// An approval waits for people.
    ApprovalRequested {
        /// The approval.
        path: String,
        /// What is asked.
        title: String,
        /// Who may decide: `group:<name>` or `user:<name>`.
        approvers: Vec<String>,
        /// How many different people must approve.
        needs: u32,
        /// How long it waits, from the time of this event.
        expires: Option<Duration>,
        /// The results that approvers see, by step id.
        show: Value,
    },
    /// A person decided.
    Decided {
        /// The approval.
        path: String,
        /// Who.
        by: Principal,
        /// What.
        decision: Decision,
        /// Why, if they said.
        reason: Option<String>,
    },
    /// An approval was not given in time.
    ApprovalExpired {
        /// The approval.
        path: String,
    },
    /// Approvals that were given no longer cover the next attempt of a step behind them: they are asked again first.
    ApprovalReopened {
        /// The step that waits for its next attempt.
        path: String,
        /// The approvals.
        again: Vec<String>,
        /// The blocks around them, which go on.
        reopened: Vec<String>,
    },
    /// A write's outcome is unknown, and a person must say what became of it.
    StepSuspended {
        /// The step.
        path: String,
        /// The attempt.
        attempt: u32,
        /// The key of the call.
        call: String,
    },
    /// A person said what became of a write.
    ReviewSettled {
        /// The step.
        path: String,
        /// The attempt.
        attempt: u32,
        /// The key of the call.
        call: String,
        /// Who.
        by: String,
        /// What became of it.
        verdict: Verdict,
        /// How they know.
        reason: String,
    },
    /// A person cancelled the run: what runs is stopped, nothing new begins.
    CancelRequested {
        /// Who.
        by: String,
        /// Why, if they said.
        reason: Option<String>,
    },
    /// The workflow's `timeout` passed: what runs is stopped, nothing new begins but `on-failure`.
    RunTimedOut,
    /// The steps of `on-failure` begin.
    Failing {
        /// What the run's status will be.
        status: RunStatus,
        /// The path of the step that failed, when it was one step.
        step: Option<String>,
        /// Why the run fails.
        error: StepError,
    },
    /// The run ended. Only [`Event::Retried`] can follow.
    Finished {
        /// How.
        status: RunStatus,
        /// Why, unless it succeeded or was cancelled.
        error: Option<StepError>,
        /// The workflow's `output`, when it succeeded and has one.
        output: Option<Value>,
    },
    /// A person has a run that ended failed or timed out go on where it failed.
    Retried {
        /// Who.
        by: Principal,
        /// The steps that begin anew, those that the failure led to, and the approvals before them that are asked again.
        again: Vec<String>,
        /// The blocks around them, which go on.
        reopened: Vec<String>,
    },
}

impl Event {
    /// The event with the members of its values in the order in which the ledger has them, so that what follows from it is
    /// the same whether it was just made or read back: the order shows wherever a mapping is put into a text.
    pub fn in_order(mut self) -> Self {
        match &mut self {
            Self::BlockStarted { input: value, .. }
            | Self::StepStarted { input: value, .. }
            | Self::StepSucceeded { output: value, .. }
            | Self::ApprovalRequested { show: value, .. }
            | Self::Finished { output: Some(value), .. } => value.sort_all_objects(),
            Self::Started { event, inputs, .. } => {
                event.iter_mut().chain([inputs]).for_each(Value::sort_all_objects);
            }
            _ => {}
        }
        self
    }
}
