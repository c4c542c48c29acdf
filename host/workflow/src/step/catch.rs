//! `catch`: what is done when a step has failed for good, and whether the run goes on behind it.

use super::{Reader, Step};
use crate::read::{self, Fields};
use crate::yaml::Node;

const FIELDS: &[&str] = &["on", "steps", "then"];

/// A clause of a `catch`.
#[derive(Clone, Debug)]
pub(crate) struct Catch {
    on: Option<Vec<String>>,
    steps: Vec<Step>,
    then: Then,
}

/// What becomes of a caught failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Then {
    /// The step behind begins, as if nothing had failed.
    Continue,
    /// The step fails, now that its clause is carried out.
    Fail,
}

impl Catch {
    pub(crate) fn catches(&self, code: &str) -> bool {
        self.on.as_ref().is_none_or(|codes| codes.iter().any(|other| other == code))
    }

    /// The codes that it is for; none for all.
    pub(crate) fn codes(&self) -> &[String] {
        self.on.as_deref().unwrap_or_default()
    }

    pub(crate) fn steps(&self) -> &[Step] {
        &self.steps
    }

    pub(crate) fn steps_mut(&mut self) -> &mut [Step] {
        &mut self.steps
    }

    /// Whether the run goes on behind the step.
    pub(crate) fn continues(&self) -> bool {
        self.then == Then::Continue
    }

    pub(crate) fn then(&self) -> Then {
        self.then
    }
}

/// Reads the clauses of a step; the first that fits a failure catches it.
pub(super) fn read(node: &Node, path: &str, reader: &mut Reader<'_, '_>) -> Vec<Catch> {
    let Some(items) = read::list(node, "`catch`", reader.problems) else { return Vec::new() };
    let clauses = items.iter().enumerate().filter_map(|(index, item)| {
        let fields = Fields::of(item, "a clause of `catch`", FIELDS, reader.problems)?;
        let on = fields.get("on").and_then(|node| read::texts(node, "`on`", reader.problems));
        let words = [("continue", Then::Continue), ("fail", Then::Fail)];
        let then = fields.get("then").and_then(|node| read::word(node, "`then`", &words, reader.problems));
        let steps = fields.required("steps", "a clause of `catch`", reader.problems)?;
        let steps = reader.sequence(steps, &format!("{path}.catch.{index}.steps"));
        Some(Catch { on, steps, then: then.unwrap_or(Then::Fail) })
    });
    clauses.collect()
}
