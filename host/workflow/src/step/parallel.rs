//! `parallel`: branches that run beside each other.
//!
//! A failing branch does not stop the others, since containment must not be cancelled because a query failed; the block
//! fails when all have ended, with all the errors. `on-error: continue` lets the run go on; `fail-fast: true` stops
//! the other branches at the first failure. [`beside`] says what becomes of steps that run beside each other.

use super::Reader;
use super::Step;
use super::beside::{self, Beside, Policy};
use super::walk::{Begun, Place, Walk};
use crate::event::Event;
use crate::read::{self, Fields};
use crate::yaml::{Content, Node};

use serde_json::{Value, json};

pub(super) const FIELDS: &[&str] = &["parallel"];
const OWN_FIELDS: &[&str] = &["branches", "on-error", "fail-fast"];
/// Each running branch is an instance of a plugin.
const MAX_BRANCHES: usize = 100;

/// A block of branches.
#[derive(Clone, Debug)]
pub(crate) struct Parallel {
    branches: Vec<Vec<Step>>,
    pub(super) policy: Policy,
}

impl Parallel {
    pub(super) fn read(fields: &Fields<'_>, path: &str, reader: &mut Reader<'_, '_>) -> Option<Self> {
        let fields = Fields::of(fields.get("parallel")?, "`parallel`", OWN_FIELDS, reader.problems)?;
        let policy = Policy::read(&fields, reader.problems);
        let node = fields.required("branches", "`parallel`", reader.problems)?;
        let items = read::list(node, "`branches`", reader.problems)?;
        if items.is_empty() || items.len() > MAX_BRANCHES {
            reader.problems.add(&node.span, format!("`parallel` has from 1 to {MAX_BRANCHES} branches"));
        }
        let branches = items.iter().enumerate();
        let branches = branches.map(|(index, item)| branch(item, &format!("{path}.branches.{index}"), reader));
        Some(Self { branches: branches.collect(), policy })
    }

    pub(crate) fn branches(&self) -> &[Vec<Step>] {
        &self.branches
    }

    pub(super) fn branches_mut(&mut self) -> &mut [Vec<Step>] {
        &mut self.branches
    }

    /// Whether the run goes on when branches failed.
    pub(crate) fn continues(&self) -> bool {
        self.policy.continues
    }

    pub(super) fn start(path: String, walk: &mut Walk<'_>) {
        let attempt = walk.run.next_attempt(&path);
        walk.record(Event::BlockStarted { path, attempt, input: Value::Null, again: Vec::new() });
    }

    pub(super) fn advance(&self, begun: &Begun<'_>, place: Place<'_>, walk: &mut Walk<'_>) {
        let branches = beside::walk(self.policy, place, walk, |place, walk| {
            Beside::of(self.branches.iter().map(|branch| walk.sequence(branch, place)).collect())
        });
        if let Some(ended) = beside::ended(branches, self.policy, || walk.ended_by_people(begun.step, place)) {
            let ended = ended.map(|errors| json!({ "errors": errors }));
            walk.record(beside::ending(begun, ended, "branches", self.branches.len()));
        }
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
