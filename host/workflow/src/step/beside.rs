//! Steps beside each other: what a failure of one means for the others and for the block that they are in. Branches of
//! a `parallel` and the items of an `each` follow the same rules.

use serde_json::{Value, json};

use super::walk::{Begun, Mode, Place, Progress, Walk, timed_out};
use crate::event::{Event, Failure, StepError};
use crate::problem::Collector;
use crate::read::{self, Fields};

/// What a failure means.
#[derive(Clone, Copy, Debug)]
pub(super) struct Policy {
    /// `on-error: continue`: the block succeeds whatever failed in it.
    pub(super) continues: bool,
    /// The first failure stops the others.
    pub(super) fail_fast: bool,
}

impl Policy {
    pub(super) fn read(fields: &Fields<'_>, problems: &mut Collector<'_>) -> Self {
        let words = [("continue", true), ("fail", false)];
        let on_error = fields.get("on-error").and_then(|node| read::word(node, "`on-error`", &words, problems));
        let fail_fast = fields.get("fail-fast").and_then(|node| read::boolean(node, "`fail-fast`", problems));
        Self { continues: on_error.unwrap_or(false), fail_fast: fail_fast.unwrap_or(false) }
    }
}

/// How far steps are that run beside each other.
#[derive(Debug)]
pub(super) enum Beside {
    /// Some have not ended.
    Ongoing {
        /// Whether others have failed.
        failed: bool,
    },
    /// All have ended, each so.
    Ended(Vec<Progress>),
}

impl Beside {
    pub(super) fn of(all: Vec<Progress>) -> Self {
        match all.contains(&Progress::Ongoing) {
            true => Self::Ongoing { failed: any_failed(&all) },
            false => Self::Ended(all),
        }
    }

    fn has_failed(&self) -> bool {
        match self {
            Self::Ongoing { failed } => *failed,
            Self::Ended(all) => any_failed(all),
        }
    }
}

fn any_failed(all: &[Progress]) -> bool {
    all.iter().any(|one| matches!(one, Progress::Failed(_)))
}

/// Walks what is beside each other; once more, to stop it, when one has failed that stops the others.
pub(super) fn walk<'a>(
    policy: Policy,
    place: Place<'a>,
    walk: &mut Walk<'_>,
    all: impl Fn(Place<'a>, &mut Walk<'_>) -> Beside,
) -> Beside {
    let before = walk.effects.len();
    let progress = all(place, walk);
    if !(policy.fail_fast && place.mode != Mode::Stop && progress.has_failed()) {
        return progress;
    }
    // What the others would have done next is not done.
    walk.effects.truncate(before);
    all(Place { mode: Mode::Stop, ..place }, walk)
}

/// How it ended, when all have: the errors that are no reason to fail, or the error of the block. What people refused is
/// always a reason, wherever it was asked.
pub(super) fn ended(
    beside: Beside,
    policy: Policy,
    refused: impl FnOnce() -> bool,
) -> Option<Result<Vec<Value>, Vec<Failure>>> {
    let Beside::Ended(all) = beside else { return None };
    let stopped = all.contains(&Progress::Stopped);
    let failures = all.into_iter().filter_map(|one| match one {
        Progress::Failed(failure) => Some(failure),
        _ => None,
    });
    let failures: Vec<Failure> = failures.collect();
    if stopped || (!failures.is_empty() && (!policy.continues || refused())) {
        return Some(Err(failures));
    }
    let errors = failures
        .iter()
        .map(|failure| json!({ "step": failure.step, "code": failure.error.code, "message": failure.error.message }));
    Some(Ok(errors.collect()))
}

/// The event with which the block ends. `of` is how many `what` there are.
pub(super) fn ending(begun: &Begun<'_>, ended: Result<Value, Vec<Failure>>, what: &str, of: usize) -> Event {
    let (path, attempt) = (begun.path.clone(), begun.now.attempt());
    let failures = match ended {
        _ if begun.now.has_timed_out() => return Event::StepFailed { path, attempt, error: timed_out(begun.step) },
        Ok(output) => return Event::StepSucceeded { path, attempt, output },
        Err(failures) => failures,
    };
    let error = if failures.is_empty() {
        StepError::new(StepError::CANCELLED, format!("stopped before all {what} had ended"))
    } else {
        StepError::new(format!("{what}-failed"), summary(&failures, what, of))
    };
    Event::StepFailed { path, attempt, error }
}

fn summary(failures: &[Failure], what: &str, of: usize) -> String {
    let each = failures.iter().take(SHOWN).map(|failure| {
        let step = failure.step.as_deref().unwrap_or_default();
        format!("`{step}` ({}): {}", failure.error.code, failure.error.message)
    });
    let more = if failures.len() > SHOWN { format!("; and {} more", failures.len() - SHOWN) } else { String::new() };
    format!("{} of {of} {what} failed: {}{more}", failures.len(), each.collect::<Vec<_>>().join("; "))
}

/// How many failures an error's text has; all of them are in the steps.
const SHOWN: usize = 20;
