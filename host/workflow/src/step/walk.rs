//! The walk over a workflow's steps: from the state of a run to what is to be done next.
//!
//! This decides the order of steps, `if`, `retry`, `timeout` of blocks, `catch`, and what stopping means for steps that
//! have not begun. What a step that has begun needs is left to its kind.

use super::frame::{Frame, View};
use super::reopening::Before;
use super::{Step, Then, unfold};
use crate::effect::{Effect, Lapse};
use crate::event::{Event, Failure, Millis, StepError};
use crate::expression::ExpressionError;
use crate::expression::scope::Scope;
use crate::run::remembered::{EndedSteps, Remembered};
use crate::run::{Run, StepRun, StepState};

/// Whether steps may begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    /// They may.
    Go,
    /// None may, and what runs goes on: an approval before them is asked again.
    Hold,
    /// None may, and what runs is stopped.
    Stop,
}

/// Where the walk is.
#[derive(Clone, Copy)]
pub(crate) struct Place<'a> {
    pub(crate) mode: Mode,
    /// What failed, within a `catch` or `on-failure`.
    pub(crate) failure: Option<&'a Failure>,
    /// The document, and where in the run.
    pub(crate) frame: &'a Frame<'a, 'a>,
    /// What stands before it; `None` at the outermost place.
    pub(crate) before: Option<&'a Before<'a>>,
    /// Whether a block around says `on-unknown: repeat`.
    pub(crate) repeat_unknown: bool,
}

impl<'a> Place<'a> {
    /// The outermost place of a run.
    pub(crate) fn new(mode: Mode, frame: &'a Frame<'a, 'a>) -> Self {
        Place { mode, failure: None, frame, before: None, repeat_unknown: false }
    }

    /// What expressions see here.
    pub(crate) fn view(&self, run: &'a Run) -> View<'a> {
        View { run, frame: self.frame, failure: self.failure }
    }
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
    /// What is over: not walked again.
    pub(crate) remembered: Remembered,
}

/// A step that has begun, at its place in the run.
pub(crate) struct Begun<'a> {
    pub(crate) step: &'a Step,
    pub(crate) path: String,
    pub(crate) now: &'a StepRun,
}

impl<'a> Walk<'a> {
    pub(crate) fn new(run: &'a Run) -> Self {
        Self { run, effects: Vec::new(), remembered: run.remembered().clone() }
    }

    /// Takes steps one after the other.
    pub(crate) fn sequence(&mut self, steps: &[Step], place: Place<'_>) -> Progress {
        let Some(first) = steps.first() else { return Progress::Done };
        let first = place.frame.path(first);
        let ended = match self.remembered.sequence(&first) {
            Some(EndedSteps::All(Ok(()))) => return Progress::Done,
            Some(EndedSteps::All(Err(failure))) => return Progress::Failed(failure.clone()),
            Some(EndedSteps::First(steps)) => *steps,
            None => 0,
        };
        for (index, step) in steps.iter().enumerate().skip(ended) {
            let (passed, rest) = steps.split_at(index);
            let before = Before { steps: passed, frame: place.frame, outer: place.before };
            match self.step(step, Place { before: Some(&before), ..place }) {
                Progress::Done => {}
                other => {
                    let progress = self.beyond(rest.get(1..).unwrap_or_default(), place, other);
                    match &progress {
                        Progress::Failed(failure) => {
                            self.remember(first, EndedSteps::All(Err(failure.clone())), place);
                        }
                        _ if index > ended => self.remember(first, EndedSteps::First(index), place),
                        _ => {}
                    }
                    return progress;
                }
            }
        }
        self.remember(first, EndedSteps::All(Ok(())), place);
        Progress::Done
    }

    /// What follows behind a step that has not ended well. That it has begun means that an approval before it is asked again:
    /// what runs goes on, and nothing begins; when the approval is not given, it is stopped.
    fn beyond(&mut self, rest: &[Step], place: Place<'_>, progress: Progress) -> Progress {
        let has_begun = |step: &Step| self.run.step(&place.frame.path(step)).is_some();
        // Of several approvals that are asked again, all but the first have not begun either. Where none is asked again, only
        // the next step is looked at: a sequence can be long.
        let looked_at = if self.run.asked_again() { rest } else { rest.get(..1).unwrap_or_default() };
        if !looked_at.iter().any(has_begun) {
            return progress;
        }
        let mode = match (place.mode, &progress) {
            (Mode::Go | Mode::Hold, Progress::Ongoing) => Mode::Hold,
            _ => Mode::Stop,
        };
        match (progress, self.sequence(rest, Place { mode, ..place })) {
            (Progress::Ongoing, _) | (_, Progress::Ongoing) => Progress::Ongoing,
            (ended, _) => ended,
        }
    }

    /// What ends where steps are held or stopped may go on where they are not: it may be tried again.
    fn remember(&mut self, first: String, ended: EndedSteps, place: Place<'_>) {
        if place.mode == Mode::Go {
            self.remembered.set_sequence(first, ended);
        }
    }

    /// How many items the blocks have that begin in this same walk.
    pub(crate) fn begun_items(&self) -> usize {
        let items = self.effects.iter().filter_map(|effect| match effect {
            Effect::Record(Event::BlockStarted { input, .. }) => input.as_array().map(Vec::len),
            _ => None,
        });
        items.sum()
    }

    pub(crate) fn record(&mut self, event: Event) {
        self.effects.push(Effect::Record(event.in_order()));
    }

    /// Records that a step failed without an attempt, because an expression has no value.
    pub(crate) fn record_no_value(&mut self, path: String, error: &ExpressionError) {
        self.record_failure(path, StepError::new(StepError::EXPRESSION, error.to_string()));
    }

    /// Records that a step failed before it could begin.
    pub(crate) fn record_failure(&mut self, path: String, error: StepError) {
        let attempt = self.run.next_attempt(&path);
        self.record(Event::StepFailed { path, attempt, error });
    }

    /// Records that something which waits is given up: its run, its branch or a block around it is being stopped.
    pub(crate) fn record_stopped(&mut self, begun: &Begun<'_>) {
        let error = match begun.now.state() {
            StepState::Suspended { call } => {
                let message = format!("stopped while the outcome of the call `{call}` was unknown");
                StepError::new(StepError::UNKNOWN, message)
            }
            _ if begun.now.has_timed_out() => timed_out(begun.step),
            _ => StepError::new(StepError::CANCELLED, "stopped while it was waiting"),
        };
        self.record(Event::StepFailed { path: begun.path.clone(), attempt: begun.now.attempt(), error });
    }

    fn step(&mut self, step: &Step, place: Place<'_>) -> Progress {
        let path = place.frame.path(step);
        let Some(now) = self.run.step(&path) else {
            return match place.mode {
                Mode::Stop => Progress::Stopped,
                Mode::Hold => Progress::Ongoing,
                Mode::Go => {
                    self.begin(step, path, place);
                    Progress::Ongoing
                }
            };
        };
        match now.state() {
            StepState::Skipped | StepState::Succeeded { .. } => Progress::Done,
            StepState::Refused => Progress::Failed(failure(path, StepError::REFUSED, "the approval was refused")),
            StepState::Expired => Progress::Failed(failure(path, StepError::EXPIRED, "nobody decided in time")),
            StepState::Failed { error } => {
                let failed = Failure { step: Some(path.clone()), error: error.clone() };
                // A refusal and an expiry are neither tried again nor caught: they end the run.
                if self.ended_by_people(step, place) {
                    return Progress::Failed(failed);
                }
                // Nor is a block in which the outcome of a write is unknown: it would be sent again.
                let again = place.mode != Mode::Stop
                    && step.retry.is_some()
                    && !self.any_inside(step, place, StepState::is_unknown);
                if again && self.try_again(step, &path, now, error) {
                    return Progress::Ongoing;
                }
                self.catch(step, failed, place)
            }
            _ => {
                self.advance(&Begun { step, path, now }, place);
                Progress::Ongoing
            }
        }
    }

    fn begin(&mut self, step: &Step, path: String, place: Place<'_>) {
        let view = place.view(self.run);
        let scope = Scope::Run(&view);
        match step.condition.as_ref().map_or(Ok(true), |condition| condition.evaluate_condition(&scope)) {
            Ok(true) => step.start(path, place, self),
            Ok(false) => self.record(Event::StepSkipped { path }),
            Err(error) => self.record_no_value(path, &error),
        }
    }

    /// Goes on with a step that has begun and not ended.
    fn advance(&mut self, begun: &Begun<'_>, place: Place<'_>) {
        let Begun { step, path, now } = begun;
        let mut inner = Place { repeat_unknown: step.repeat_unknown.unwrap_or(place.repeat_unknown), ..place };
        if let StepState::RetryWaiting { at } = now.state() {
            return match place.mode {
                Mode::Go => self.effects.push(self.wake_again(begun, *at, place)),
                Mode::Hold => {}
                Mode::Stop => self.record_stopped(begun),
            };
        }
        if now.has_timed_out() {
            inner.mode = Mode::Stop;
        } else if let (Some(timeout), Mode::Go, false) = (step.timeout(place.frame), place.mode, step.is_plugin()) {
            // The time that people took to decide again is not its own.
            let given = place.before.filter(|_| self.run.asked_again()).and_then(|before| before.given_at(self.run));
            let since = given.into_iter().chain([now.attempt_started_at()]).max().unwrap_or_default();
            let event = Event::StepTimedOut { path: path.clone(), attempt: now.attempt() };
            self.effects.push(Effect::Wake { at: since.saturating_add(millis(timeout)), event, lapse: None });
        }
        step.advance(begun, inner, self);
    }

    /// Asks for another attempt of a failed step, if its `retry` says so.
    fn try_again(&mut self, step: &Step, path: &str, now: &StepRun, error: &StepError) -> bool {
        let Some(retry) = &step.retry else { return false };
        let Some(delay) = retry.delay_after(now.tries(), &error.code) else { return false };
        let (path, attempt) = (path.to_owned(), now.attempt() + 1);
        self.effects.push(Effect::Schedule { path, attempt, delay, jitter: retry.jitter() });
        true
    }

    /// The start of the next attempt at its time; or, when the approvals before it no longer cover it, that they are asked again.
    fn wake_again(&self, begun: &Begun<'_>, at: Millis, place: Place<'_>) -> Effect {
        let event = self.start_again(begun, place);
        // All that stands before is looked through for approvals, which most runs have none of.
        let before = place.before.filter(|_| self.run.asked());
        let Some((before, until)) = before.and_then(|before| Some((before, before.covered_until(self.run)?))) else {
            return Effect::Wake { at, event, lapse: None };
        };
        let reopened = before.reopen(&begun.path, self.run, at.max(until));
        if at < until {
            Effect::Wake { at, event, lapse: Some(Box::new(Lapse { at: until, event: reopened })) }
        } else {
            Effect::Wake { at, event: reopened, lapse: None }
        }
    }

    /// The start of the next attempt, with the same input. All that a block had begun begins anew.
    fn start_again(&self, begun: &Begun<'_>, place: Place<'_>) -> Event {
        let (path, attempt, input) = (begun.path.clone(), begun.now.attempt(), begun.now.input().clone());
        if begun.step.is_plugin() {
            return Event::StepStarted { path, attempt, input };
        }
        let again = unfold::inside(begun.step, place.frame, self.run);
        let again = again.into_iter().map(|(path, _)| path).filter(|path| self.run.step(path).is_some()).collect();
        Event::BlockStarted { path, attempt, input, again }
    }

    /// Whether an approval inside of this step, called workflows included, was refused or expired.
    pub(crate) fn ended_by_people(&self, step: &Step, place: Place<'_>) -> bool {
        self.any_inside(step, place, |state| matches!(state, StepState::Refused | StepState::Expired))
    }

    /// Whether somebody refused an approval inside of this step.
    pub(crate) fn refused(&self, step: &Step, place: Place<'_>) -> bool {
        self.any_inside(step, place, |state| *state == StepState::Refused)
    }

    /// Whether something inside of this step is in such a state, which is a grave one.
    fn any_inside(&self, step: &Step, place: Place<'_>, is: impl Fn(&StepState) -> bool) -> bool {
        // All that is asked for is grave, and in most runs nothing is.
        if !self.run.grave_steps().any(|(_, step)| is(step.state())) {
            return false;
        }
        let inside = unfold::inside(step, place.frame, self.run);
        inside.iter().filter_map(|(path, _)| self.run.step(path)).any(|step| is(step.state()))
    }

    /// Goes into the clause that catches the failure.
    fn catch(&mut self, step: &Step, failed: Failure, place: Place<'_>) -> Progress {
        let Some(clause) = step.catch.iter().find(|clause| clause.catches(&failed.error.code)) else {
            return Progress::Failed(failed);
        };
        match self.sequence(clause.steps(), Place { failure: Some(&failed), ..place }) {
            Progress::Done if clause.then() == Then::Continue => Progress::Done,
            Progress::Done | Progress::Stopped => Progress::Failed(failed),
            other => other,
        }
    }
}

fn failure(path: String, code: &str, message: &str) -> Failure {
    Failure { step: Some(path), error: StepError::new(code, message) }
}

/// Why a block ended that took longer than its `timeout`.
pub(crate) fn timed_out(step: &Step) -> StepError {
    StepError::new(StepError::TIMED_OUT, format!("the `{}` took longer than its `timeout`", step.kind_name()))
}

/// A duration as times are counted.
pub(crate) fn millis(duration: std::time::Duration) -> Millis {
    Millis::try_from(duration.as_millis()).unwrap_or(Millis::MAX)
}
