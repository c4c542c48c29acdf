//! The walk over a workflow's steps: from the state of a run to what is to be done next.
//!
//! This decides the order of steps, `if`, `catch`, and what stopping means for steps that have not begun. What a step
//! that has begun needs is left to its kind.

use super::{Step, Then};
use crate::effect::Effect;
use crate::event::{Event, StepError};
use crate::expression::ExpressionError;
use crate::expression::scope::{Failure, Scope};
use crate::run::{Run, StepState};

/// Whether steps may begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    /// They may.
    Go,
    /// None may, and what runs is stopped.
    Stop,
}

/// Where the walk is.
#[derive(Clone, Copy)]
pub(crate) struct Place<'a> {
    pub(crate) mode: Mode,
    /// What failed, within a `catch` or `on-failure`.
    pub(crate) failure: Option<&'a Failure>,
}

/// How far a step or a sequence is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Progress {
    /// It has not ended.
    Ongoing,
    /// It ended, and what is behind it may begin.
    Done,
    /// It failed, and nothing caught that.
    Failed(Failure),
    /// It was stopped before it could begin or end.
    Stopped,
}

/// Collects what is to be done.
pub(crate) struct Walk<'a> {
    pub(crate) run: &'a Run,
    pub(crate) effects: Vec<Effect>,
}

impl<'a> Walk<'a> {
    pub(crate) fn new(run: &'a Run) -> Self {
        Self { run, effects: Vec::new() }
    }

    /// Takes steps one after the other.
    pub(crate) fn sequence(&mut self, steps: &[Step], place: Place<'_>) -> Progress {
        for step in steps {
            match self.step(step, place) {
                Progress::Done => {}
                other => return other,
            }
        }
        Progress::Done
    }

    pub(crate) fn record(&mut self, event: Event) {
        self.effects.push(Effect::Record(event));
    }

    /// Records that a step failed without an attempt, because an expression has no value.
    pub(crate) fn record_no_value(&mut self, step: &Step, error: &ExpressionError) {
        self.record_failure(step, 1, StepError::new(StepError::EXPRESSION, error.to_string()));
    }

    /// Records that something which waits is given up, since its run or branch is being stopped.
    pub(crate) fn record_stopped(&mut self, step: &Step, attempt: u32) {
        self.record_failure(step, attempt, StepError::new(StepError::CANCELLED, "stopped while it was waiting"));
    }

    fn record_failure(&mut self, step: &Step, attempt: u32, error: StepError) {
        self.record(Event::StepFailed { path: step.path().to_owned(), attempt, error });
    }

    fn step(&mut self, step: &Step, place: Place<'_>) -> Progress {
        let state = self.run.step(step.path()).map(|step| step.state());
        match state {
            None if place.mode == Mode::Stop => Progress::Stopped,
            None => {
                self.begin(step, place);
                Progress::Ongoing
            }
            Some(StepState::Skipped | StepState::Succeeded { .. }) => Progress::Done,
            Some(StepState::Refused) => Progress::Failed(failure(step, StepError::REFUSED, "the approval was refused")),
            Some(StepState::Expired) => Progress::Failed(failure(step, StepError::EXPIRED, "nobody decided in time")),
            Some(StepState::Failed { error }) => {
                let failed = Failure { step: Some(step.path().to_owned()), error: error.clone() };
                let again = if place.mode == Mode::Go { step.try_again(self) } else { None };
                again.unwrap_or_else(|| self.catch(step, failed, place))
            }
            Some(_) => {
                step.advance(place, self);
                Progress::Ongoing
            }
        }
    }

    fn begin(&mut self, step: &Step, place: Place<'_>) {
        let scope = Scope::Run(self.run, place.failure);
        match step.condition.as_ref().map_or(Ok(true), |condition| condition.evaluate_condition(&scope)) {
            Ok(true) => step.start(place, self),
            Ok(false) => self.record(Event::StepSkipped { path: step.path().to_owned() }),
            Err(error) => self.record_no_value(step, &error),
        }
    }

    /// Goes into the clause that catches the failure. A refusal and an expiry are never caught: they end the run.
    fn catch(&mut self, step: &Step, failed: Failure, place: Place<'_>) -> Progress {
        if ended_by_people(step.inside(), self.run) {
            return Progress::Failed(failed);
        }
        let Some(clause) = step.catch.iter().find(|clause| clause.catches(&failed.error.code)) else {
            return Progress::Failed(failed);
        };
        match self.sequence(clause.steps(), Place { mode: place.mode, failure: Some(&failed) }) {
            Progress::Done if clause.then() == Then::Continue => Progress::Done,
            Progress::Done | Progress::Stopped => Progress::Failed(failed),
            other => other,
        }
    }
}

/// Whether an approval among these steps was refused or expired.
pub(crate) fn ended_by_people<'s>(steps: impl IntoIterator<Item = &'s Step>, run: &Run) -> bool {
    let states = steps.into_iter().filter_map(|step| run.step(step.path()));
    states.map(|step| step.state()).any(|state| matches!(state, StepState::Refused | StepState::Expired))
}

fn failure(step: &Step, code: &str, message: &str) -> Failure {
    Failure { step: Some(step.path().to_owned()), error: StepError::new(code, message) }
}
