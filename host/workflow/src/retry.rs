//! Going on with a run that failed: which steps begin anew.
//!
//! What has succeeded, was skipped, or failed and was caught, stays. The step that failed begins anew, with a new attempt;
//! so does everything that its failure led to. The blocks around it go on. Approvals that stand before what begins anew are
//! asked again when they no longer cover a retry, and always when whoever started the run retries it.

use crate::document::Workflow;
use crate::event::{Event, Millis, RunStatus, StepError};
use crate::principal::Principal;
use crate::run::{Run, StepRun, StepState};
use crate::step::{Group, Placed, Reopening};

/// Why a run cannot go on.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotRetryable {
    /// It did not end failed or timed out.
    #[error("only a run that ended failed or timed-out can go on, and this one is {status}")]
    Status {
        /// Its status.
        status: &'static str,
    },
    /// The outcome of a write is unknown, so that another attempt could do it twice.
    #[error("the outcome of a call of `{path}` is unknown: look at what became of it, then start a new run")]
    Unknown {
        /// The step.
        path: String,
    },
}

/// The event with which `by` has a failed run go on at the time `now`.
pub fn retry(workflow: &Workflow, run: &Run, by: &Principal, now: Millis) -> Result<Event, NotRetryable> {
    if !matches!(run.status(), RunStatus::Failed | RunStatus::TimedOut) {
        return Err(NotRetryable::Status { status: run.status().name() });
    }
    let (steps, on_failure) = workflow.unfold(Some(run));
    let mut plan = Plan { run, by, now, again: Vec::new(), reopened: Vec::new() };
    plan.sequence(steps);
    on_failure.into_iter().for_each(|placed| plan.anew(placed));
    if let Some(path) = plan.again.iter().find(|path| is_given_up(path, run)) {
        return Err(NotRetryable::Unknown { path: path.clone() });
    }
    Ok(Event::Retried { by: by.clone(), again: plan.again, reopened: plan.reopened })
}

struct Plan<'a> {
    run: &'a Run,
    by: &'a Principal,
    now: Millis,
    again: Vec<String>,
    reopened: Vec<String>,
}

impl Plan<'_> {
    /// Goes on behind what ended well. Behind what failed, or has not begun, something has only begun when an approval was asked
    /// again.
    fn sequence(&mut self, steps: Vec<Placed<'_>>) {
        let mut passed = Vec::new();
        for placed in steps {
            match self.run.step(&placed.path).map(StepRun::state) {
                None => self.ask_again(&mut passed),
                Some(StepState::Failed { error }) if !is_caught(&placed, error, self.run) => {
                    self.ask_again(&mut passed);
                    self.failed(placed);
                }
                Some(_) => passed.push(placed),
            }
        }
    }

    /// Something behind these begins anew.
    fn ask_again(&mut self, passed: &mut Vec<Placed<'_>>) {
        let by_starter = self.run.is_started_through(self.by);
        let lapsed = |given: &StepRun| by_starter || given.covers_until().is_some_and(|until| until <= self.now);
        let mut reopening = Reopening::default();
        for placed in passed.drain(..) {
            reopening.add(&placed, self.run, &lapsed);
        }
        self.again.append(&mut reopening.again);
        self.reopened.append(&mut reopening.blocks);
    }

    fn failed(&mut self, placed: Placed<'_>) {
        let Placed { path, groups, catch, step } = placed;
        let begun = |group: &Group<'_>| group.steps.iter().any(|inner| self.run.step(&inner.path).is_some());
        let whole = !groups.iter().any(begun);
        if whole {
            self.again.push(path);
        } else {
            self.reopened.push(path);
            let is_call = step.callee().is_some();
            for (index, group) in groups.into_iter().enumerate() {
                // What a called workflow did because it failed is done again when it fails again.
                match is_call && index > 0 {
                    true => group.steps.into_iter().for_each(|inner| self.anew(inner)),
                    false => self.sequence(group.steps),
                }
            }
        }
        catch.into_iter().flat_map(|clause| clause.steps).for_each(|inner| self.anew(inner));
    }

    /// All of it begins anew.
    fn anew(&mut self, placed: Placed<'_>) {
        if self.run.step(&placed.path).is_some() {
            self.again.push(placed.path);
        }
        let inside = placed.groups.into_iter().chain(placed.catch).flat_map(|group| group.steps);
        inside.for_each(|inner| self.anew(inner));
    }
}

/// Whether the run went on behind this failure.
fn is_caught(placed: &Placed<'_>, error: &StepError, run: &Run) -> bool {
    let clause = placed.step.catch().iter().position(|clause| clause.catches(&error.code));
    let continues = clause.and_then(|index| placed.step.catch().get(index)).is_some_and(|clause| clause.continues());
    let steps = clause.and_then(|index| placed.catch.get(index)).map_or(&[][..], |group| group.steps.as_slice());
    let done = |inner: &Placed<'_>| {
        let state = run.step(&inner.path).map(|step| step.state());
        matches!(state, Some(StepState::Succeeded { .. } | StepState::Skipped))
    };
    continues && steps.iter().all(done)
}

fn is_given_up(path: &str, run: &Run) -> bool {
    let state = run.step(path).map(|step| step.state());
    let unknown = [StepError::GAVE_UP, StepError::UNKNOWN];
    matches!(state, Some(StepState::Failed { error }) if unknown.contains(&error.code.as_str()))
}
