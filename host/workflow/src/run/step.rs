//! One step of a run: its state and what is kept of it.

use std::sync::Arc;

use serde_json::Value;

use super::approval::Approval;
use crate::event::{Millis, StepError};

/// How long an approval without `expires` covers retries of what stands behind it: a day, in which somebody has looked.
const COVERS: Millis = 24 * 60 * 60 * 1_000;

/// Where a step is. A step that was not reached has no state.
#[derive(Clone, Debug, PartialEq)]
pub enum StepState {
    /// Its `if` was false.
    Skipped,
    /// A block whose steps are being carried out.
    Open,
    /// An attempt is running.
    Running,
    /// The last attempt failed; the next one begins then.
    RetryWaiting {
        /// When.
        at: Millis,
    },
    /// An approval that waits for people.
    Waiting,
    /// A `wait`.
    Sleeping {
        /// Until when.
        until: Millis,
    },
    /// The outcome of a write is unknown; a person must tell it.
    Suspended {
        /// The key of the call.
        call: String,
    },
    /// It did what it should; an approval: it was given.
    Succeeded {
        /// What `steps.<id>.output` is.
        output: Arc<Value>,
    },
    /// The last attempt failed.
    Failed {
        /// Why.
        error: StepError,
    },
    /// An approval that was refused.
    Refused,
    /// An approval that was not given in time.
    Expired,
    /// It begins anew, as if it had not been reached. Kept for the number of its next attempt.
    Reset,
}

impl StepState {
    /// The state as it is written everywhere, `steps.<id>.status` included.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Skipped => "skipped",
            Self::Open | Self::Running => "running",
            Self::RetryWaiting { .. } => "retrying",
            Self::Waiting | Self::Sleeping { .. } => "waiting",
            Self::Suspended { .. } => "suspended",
            Self::Succeeded { .. } => "succeeded",
            Self::Failed { .. } => "failed",
            Self::Refused => "refused",
            Self::Expired => "expired",
            Self::Reset => "pending",
        }
    }

    /// Whether nothing happens until a person or a time comes.
    pub fn is_waiting(&self) -> bool {
        matches!(self, Self::RetryWaiting { .. } | Self::Waiting | Self::Sleeping { .. } | Self::Suspended { .. })
    }

    /// Whether it has begun and not ended.
    pub fn is_live(&self) -> bool {
        matches!(self, Self::Open | Self::Running) || self.is_waiting()
    }

    /// Whether it decides more than the step's own end: people ended the run by it, or the outcome of a write was left
    /// unknown.
    pub(crate) fn is_grave(&self) -> bool {
        matches!(self, Self::Refused | Self::Expired) || self.is_unknown()
    }

    /// Whether the outcome of a write was left unknown.
    pub(crate) fn is_unknown(&self) -> bool {
        matches!(self, Self::Failed { error } if [StepError::GAVE_UP, StepError::UNKNOWN].contains(&error.code.as_str()))
    }
}

/// A step of a run.
#[derive(Clone, Debug, PartialEq)]
pub struct StepRun {
    pub(super) state: StepState,
    pub(super) attempt: u32,
    /// The attempt with which it last began by itself, and not by its `retry`.
    pub(super) first_attempt: u32,
    pub(super) timed_out: bool,
    pub(super) input: Arc<Value>,
    pub(super) approval: Option<Approval>,
    pub(super) started_at: Millis,
    pub(super) attempt_started_at: Millis,
    pub(super) changed_at: Millis,
}

impl StepRun {
    pub(super) fn new(state: StepState, at: Millis) -> Self {
        Self {
            state,
            attempt: 1,
            first_attempt: 1,
            timed_out: false,
            input: Arc::new(Value::Null),
            approval: None,
            started_at: at,
            attempt_started_at: at,
            changed_at: at,
        }
    }

    /// The same, in another state since `at`.
    pub(super) fn entering(mut self, state: StepState, at: Millis) -> Self {
        self.state = state;
        self.changed_at = at;
        self
    }

    /// Where it is.
    pub fn state(&self) -> &StepState {
        &self.state
    }

    /// The current or last attempt, from 1; the next one while it waits for a retry.
    pub fn attempt(&self) -> u32 {
        self.attempt
    }

    /// How often it was tried by now, as its `retry` counts.
    pub(crate) fn tries(&self) -> u32 {
        self.attempt.saturating_sub(self.first_attempt).saturating_add(1)
    }

    /// Whether it took longer than its `timeout`; told of all but plugins, which their driver stops.
    pub(crate) fn has_timed_out(&self) -> bool {
        self.timed_out
    }

    /// What the plugin is given; what a block goes by: the items of an `each`, the alternative of a `choose`, the inputs of
    /// a `call`. Null for all other kinds of steps.
    pub fn input(&self) -> &Value {
        &self.input
    }

    /// The same, shared.
    pub(crate) fn shared_input(&self) -> Arc<Value> {
        self.input.clone()
    }

    /// What was asked and decided, when it is an approval.
    pub fn approval(&self) -> Option<&Approval> {
        self.approval.as_ref()
    }

    /// Until when a given approval covers retries of what stands behind it: as long as people had to decide; when they had
    /// any time, for [`COVERS`] from when it was given.
    pub(crate) fn covers_until(&self) -> Option<Millis> {
        let approval = self.approval.as_ref().filter(|_| matches!(self.state, StepState::Succeeded { .. }))?;
        Some(approval.expires_at.unwrap_or_else(|| self.changed_at.saturating_add(COVERS)))
    }

    /// When it was reached.
    pub fn started_at(&self) -> Millis {
        self.started_at
    }

    /// When the current or last attempt began: the same in every replay of it.
    pub fn attempt_started_at(&self) -> Millis {
        self.attempt_started_at
    }

    /// When its state last changed; for an ended step, when it ended.
    pub fn changed_at(&self) -> Millis {
        self.changed_at
    }
}
