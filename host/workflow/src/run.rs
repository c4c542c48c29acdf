//! A run: the fold of its events.
//!
//! This decides what each event changes and which events are possible at all; everything else about a run can be
//! told from the result. What comes next is left to `next`, who may decide an approval to [`approval`].

pub(crate) mod approval;
mod fold;
pub(crate) mod remembered;
pub(crate) mod step;
mod table;

use std::sync::Arc;

use serde_json::Value;

use remembered::Remembered;
use table::StepTable;

pub use approval::{Approval, DecisionError, MadeDecision, RunInvolvement};
pub use step::{StepRun, StepState};

use crate::event::{Event, Millis, RunInfo, RunStatus, StepError};
use crate::principal::Principal;

/// An event that cannot happen to a run as it is. Nothing was changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Illegal {
    /// A run begins with `Started`, and only once.
    #[error("a run begins with one start")]
    Start,
    /// The run has ended.
    #[error("the run has ended")]
    Finished,
    /// A run waits for a place before it begins, and once.
    #[error("the run does not wait for a place")]
    Place,
    /// The step is in a state in which this does not happen.
    #[error("`{path}` is {state} and cannot become {event}")]
    Step {
        /// The step.
        path: String,
        /// Its state.
        state: &'static str,
        /// What it should have become.
        event: &'static str,
    },
    /// The event is about another attempt.
    #[error("`{path}` is at attempt {current}, not {attempt}")]
    Attempt {
        /// The step.
        path: String,
        /// Its attempt.
        current: u32,
        /// The event's attempt.
        attempt: u32,
    },
    /// The event is about another call than the one that waits for a person.
    #[error("`{path}` waits for call `{expected}`, not `{call}`")]
    Call {
        /// The step.
        path: String,
        /// The call that waits.
        expected: String,
        /// The event's call.
        call: String,
    },
    /// The decision does not count.
    #[error("the decision does not count: {0}")]
    Decision(#[from] DecisionError),
    /// The approval has not expired yet, or never does.
    #[error("the approval `{path}` has not expired")]
    NotExpired {
        /// The approval.
        path: String,
    },
    /// The run did not end in a way that leaves something to go on with.
    #[error("a run that is {status} cannot go on")]
    NotFailed {
        /// Its status.
        status: &'static str,
    },
    /// A `wait` is not over.
    #[error("the `wait` at `{path}` is not over")]
    NotOver {
        /// The step.
        path: String,
    },
    /// The run is already ending, or the status is not one that a run can end with here.
    #[error("the run cannot become {status} now")]
    Ending {
        /// The status that was to be.
        status: &'static str,
    },
}

/// One execution of a workflow, as its events say.
///
/// A clone shares everything with the original and costs the same for every length of run: `next` looks ahead with one,
/// and a driver tries events on one before they are committed.
#[derive(Clone, Debug, PartialEq)]
pub struct Run {
    info: Arc<RunInfo>,
    /// Who had it go on after it had failed.
    retried_by: Arc<Vec<Principal>>,
    event: Option<Arc<Value>>,
    inputs: Arc<Value>,
    started_at: Millis,
    last_at: Millis,
    queued: Option<Queued>,
    steps: StepTable,
    cancelled: Option<Cancel>,
    timed_out: bool,
    failing: Option<Failing>,
    finished: Option<Ended>,
    /// Whether an approval was asked.
    asked: bool,
    /// Whether one was asked again.
    asked_again: bool,
    /// When it last began: its start, when it had its place, or its last retry. `timeout` counts from here.
    began_at: Millis,
    remembered: Remembered,
}

/// That a run waits for a place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Queued {
    /// The run that must end first, when it waits for that one and not for its turn.
    pub behind: Option<String>,
    /// Since when.
    pub since: Millis,
}

/// That a person cancelled a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cancel {
    /// Who.
    pub by: String,
    /// Why, if they said.
    pub reason: Option<String>,
    /// When.
    pub at: Millis,
}

/// That a run fails, while `on-failure` is carried out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failing {
    /// What the status will be.
    pub status: RunStatus,
    /// The step that failed, when it was one.
    pub step: Option<String>,
    /// Why.
    pub error: StepError,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Ended {
    status: RunStatus,
    error: Option<StepError>,
    output: Option<Arc<Value>>,
    at: Millis,
}

impl Run {
    /// The run after its first event, which must be [`Event::Started`], of the time `at`.
    pub fn new(event: &Event, at: Millis) -> Result<Self, Illegal> {
        let Event::Started { info, event, inputs } = event else {
            return Err(Illegal::Start);
        };
        Ok(Self {
            info: Arc::new(info.clone()),
            retried_by: Arc::default(),
            event: event.clone().map(Arc::new),
            inputs: Arc::new(inputs.clone()),
            started_at: at,
            last_at: at,
            queued: None,
            steps: StepTable::default(),
            cancelled: None,
            timed_out: false,
            failing: None,
            finished: None,
            asked: false,
            asked_again: false,
            began_at: at,
            remembered: Remembered::default(),
        })
    }

    /// The run after all of its events, each with its time.
    pub fn fold<'e>(events: impl IntoIterator<Item = (&'e Event, Millis)>) -> Result<Self, Illegal> {
        let mut events = events.into_iter();
        let (first, at) = events.next().ok_or(Illegal::Start)?;
        let mut run = Self::new(first, at)?;
        for (event, at) in events {
            run.apply(event, at)?;
        }
        Ok(run)
    }

    /// What does not change.
    pub fn info(&self) -> &RunInfo {
        &self.info
    }

    /// The event that triggered the run.
    pub fn event(&self) -> Option<&Value> {
        self.event.as_deref()
    }

    /// The inputs, defaults filled in.
    pub fn inputs(&self) -> &Value {
        &self.inputs
    }

    /// When it started.
    pub fn started_at(&self) -> Millis {
        self.started_at
    }

    /// When it last began: when it had its place, or when a person last had it go on after it had failed.
    pub fn began_at(&self) -> Millis {
        self.began_at
    }

    /// That it waits for a place.
    pub fn queued(&self) -> Option<&Queued> {
        self.queued.as_ref()
    }

    /// When the last event happened.
    pub fn last_at(&self) -> Millis {
        self.last_at
    }

    /// When it ended.
    pub fn finished_at(&self) -> Option<Millis> {
        self.finished.as_ref().map(|ended| ended.at)
    }

    /// How the run is. A run is waiting when no attempt runs and something waits for people or for a time.
    pub fn status(&self) -> RunStatus {
        if let Some(ended) = &self.finished {
            return ended.status;
        }
        if self.queued.is_some() {
            return RunStatus::Queued;
        }
        let states = || self.steps.live().map(|(_, step)| step.state());
        let running = states().any(|state| matches!(state, StepState::Running));
        if !running && states().any(StepState::is_waiting) { RunStatus::Waiting } else { RunStatus::Running }
    }

    /// Why the run failed, expired, was refused or timed out; also while `on-failure` is carried out.
    pub fn error(&self) -> Option<&StepError> {
        let failing = self.failing.as_ref().map(|failing| &failing.error);
        failing.or_else(|| self.finished.as_ref().and_then(|ended| ended.error.as_ref()))
    }

    /// A step that has begun, waits or was skipped; `None` is a step that was not reached.
    pub fn step(&self, path: &str) -> Option<&StepRun> {
        self.steps.get(path).filter(|step| step.state != StepState::Reset)
    }

    /// The number of the next attempt of a step that was not reached, or begins anew.
    pub(crate) fn next_attempt(&self, path: &str) -> u32 {
        self.steps.get(path).map_or(1, |step| step.attempt.saturating_add(1))
    }

    /// How many steps it has reached, and items that its open blocks are still to begin.
    pub(crate) fn size(&self) -> usize {
        let open = self.steps.live().map(|(_, step)| step).filter(|step| step.state == StepState::Open);
        self.steps.len() + open.filter_map(|step| step.input.as_array()).map(Vec::len).sum::<usize>()
    }

    /// Whether an approval was asked, given or not.
    pub(crate) fn asked(&self) -> bool {
        self.asked
    }

    /// Whether an approval of it was asked again.
    pub(crate) fn asked_again(&self) -> bool {
        self.asked_again
    }

    /// All steps that were reached, by path. [`Body::walk`](crate::Body::walk) has the order of the document.
    pub fn steps(&self) -> impl Iterator<Item = (&str, &StepRun)> {
        self.steps.iter().filter(|(_, step)| step.state != StepState::Reset)
    }

    /// The steps that have begun and not ended, by path.
    pub fn live_steps(&self) -> impl Iterator<Item = (&str, &StepRun)> {
        self.steps.live()
    }

    /// The steps whose state decides more than their own end: see [`StepState::is_grave`].
    pub(crate) fn grave_steps(&self) -> impl Iterator<Item = (&str, &StepRun)> {
        self.steps.grave()
    }

    /// What `next` need not find out again.
    pub(crate) fn remembered(&self) -> &Remembered {
        &self.remembered
    }

    /// Takes what `next` found.
    pub(crate) fn remember(&mut self, remembered: Remembered) {
        self.remembered = remembered;
    }

    /// What the run came to: the workflow's `output`, once it has succeeded.
    pub fn result(&self) -> Option<&Value> {
        self.finished.as_ref()?.output.as_deref()
    }

    /// The output of a step that succeeded.
    pub fn output(&self, path: &str) -> Option<&Value> {
        match self.step(path)?.state() {
            StepState::Succeeded { output } => Some(output),
            _ => None,
        }
    }

    /// The approvals that wait for people, by path.
    pub fn waiting_approvals(&self) -> impl Iterator<Item = (&str, &Approval)> {
        let waiting = self.steps.live().filter(|(_, step)| matches!(step.state(), StepState::Waiting));
        waiting.filter_map(|(path, step)| Some((path, step.approval()?)))
    }

    /// The writes whose outcome a person must tell: path, attempt, call key.
    pub fn open_reviews(&self) -> impl Iterator<Item = (&str, u32, &str)> {
        self.steps.live().filter_map(|(path, step)| match step.state() {
            StepState::Suspended { call } => Some((path, step.attempt(), call.as_str())),
            _ => None,
        })
    }

    /// That a person cancelled the run.
    pub fn cancelled(&self) -> Option<&Cancel> {
        self.cancelled.as_ref()
    }

    /// Whether the workflow's `timeout` has passed.
    pub fn timed_out(&self) -> bool {
        self.timed_out
    }

    /// That `on-failure` has begun, and why.
    pub fn failing(&self) -> Option<&Failing> {
        self.failing.as_ref()
    }

    /// Whether the run has ended.
    pub fn is_finished(&self) -> bool {
        self.finished.is_some()
    }
}
