//! `parallel`: branches that run beside each other.
//!
//! A failing branch does not stop the others, since containment must not be cancelled because a query failed; the block
//! fails when all have ended, with all the errors. `on-error: continue` lets the run go on; `fail-fast: true` stops
//! the other branches at the first failure.

use serde_json::json;

use super::walk::{Mode, Place, Progress, Walk};
use super::{Reader, Step};
use crate::event::{Event, StepError};
use crate::expression::scope::Failure;
use crate::read::{self, Fields};
use crate::yaml::{Content, Node};

pub(super) const FIELDS: &[&str] = &["parallel"];
const OWN_FIELDS: &[&str] = &["branches", "on-error", "fail-fast"];
/// Each running branch is an instance of a plugin.
const MAX_BRANCHES: usize = 100;

/// A block of branches.
#[derive(Clone, Debug)]
pub(crate) struct Parallel {
    branches: Vec<Vec<Step>>,
    continues: bool,
    fail_fast: bool,
}

impl Parallel {
    pub(super) fn read(fields: &Fields<'_>, path: &str, reader: &mut Reader<'_, '_>) -> Option<Self> {
        let fields = Fields::of(fields.get("parallel")?, "`parallel`", OWN_FIELDS, reader.problems)?;
        let on_error = fields.get("on-error");
        let words = [("continue", true), ("fail", false)];
        let continues = on_error.and_then(|node| read::word(node, "`on-error`", &words, reader.problems));
        let fail_fast = fields.get("fail-fast").and_then(|node| read::boolean(node, "`fail-fast`", reader.problems));
        let node = fields.required("branches", "`parallel`", reader.problems)?;
        let items = read::list(node, "`branches`", reader.problems)?;
        if items.is_empty() || items.len() > MAX_BRANCHES {
            reader.problems.add(&node.span, format!("`parallel` has from 1 to {MAX_BRANCHES} branches"));
        }
        let branches = items.iter().enumerate();
        let branches = branches.map(|(index, item)| branch(item, &format!("{path}.branches.{index}"), reader));
        Some(Self {
            branches: branches.collect(),
            continues: continues.unwrap_or(false),
            fail_fast: fail_fast.unwrap_or(false),
        })
    }

    pub(crate) fn branches(&self) -> &[Vec<Step>] {
        &self.branches
    }

    pub(super) fn branches_mut(&mut self) -> &mut [Vec<Step>] {
        &mut self.branches
    }

    /// Whether the run goes on when branches failed.
    pub(crate) fn continues(&self) -> bool {
        self.continues
    }

    pub(super) fn start(&self, step: &Step, walk: &mut Walk<'_>) {
        walk.record(Event::BlockStarted { path: step.path().to_owned() });
    }

    pub(super) fn advance(&self, step: &Step, place: Place<'_>, walk: &mut Walk<'_>) {
        let before = walk.effects.len();
        let mut branches = self.walk_branches(place, walk);
        if self.fail_fast
            && place.mode == Mode::Go
            && branches.iter().any(|branch| matches!(branch, Progress::Failed(_)))
        {
            // What the other branches would have done next is not done.
            walk.effects.truncate(before);
            branches = self.walk_branches(Place { mode: Mode::Stop, ..place }, walk);
        }
        if !branches.contains(&Progress::Ongoing) {
            walk.record(self.ending(step, &branches));
        }
    }

    fn walk_branches(&self, place: Place<'_>, walk: &mut Walk<'_>) -> Vec<Progress> {
        self.branches.iter().map(|branch| walk.sequence(branch, place)).collect()
    }

    fn ending(&self, step: &Step, branches: &[Progress]) -> Event {
        let path = step.path().to_owned();
        let failures: Vec<&Failure> = branches
            .iter()
            .filter_map(|branch| match branch {
                Progress::Failed(failure) => Some(failure),
                _ => None,
            })
            .collect();
        let stopped = branches.contains(&Progress::Stopped);
        if !stopped && (failures.is_empty() || self.continues) {
            let errors = failures.iter().map(
                |failure| json!({ "step": failure.step, "code": failure.error.code, "message": failure.error.message }),
            );
            let output = json!({ "errors": errors.collect::<Vec<_>>() });
            return Event::StepSucceeded { path, attempt: 1, output };
        }
        let error = if failures.is_empty() {
            StepError::new(StepError::CANCELLED, "stopped before all branches had ended")
        } else {
            StepError::new(StepError::BRANCHES_FAILED, summary(&failures, branches.len()))
        };
        Event::StepFailed { path, attempt: 1, error }
    }
}

/// A branch is a step, or `steps:` for more than one.
fn branch(node: &Node, place: &str, reader: &mut Reader<'_, '_>) -> Vec<Step> {
    let sequence = match &node.content {
        Content::Map(entries) => entries.iter().any(|(key, _)| key.name == "steps"),
        _ => false,
    };
    if !sequence {
        return reader.step(node, place).into_iter().collect();
    }
    let fields = Fields::of(node, "a branch of several steps", &["steps"], reader.problems);
    let steps = fields.and_then(|fields| fields.get("steps"));
    steps.map_or_else(Vec::new, |steps| reader.sequence(steps, &format!("{place}.steps")))
}

fn summary(failures: &[&Failure], of: usize) -> String {
    let each = failures.iter().map(|failure| {
        let step = failure.step.as_deref().unwrap_or_default();
        format!("`{step}` ({}): {}", failure.error.code, failure.error.message)
    });
    format!("{} of {of} branches failed: {}", failures.len(), each.collect::<Vec<_>>().join("; "))
}
