//! `choose`: the first alternative whose condition is true. Without one, and without `otherwise`, nothing is done.
//!
//! The conditions are evaluated once, in their order, when the step begins; those behind the first true one are not.

use serde_json::{Value, json};

use super::unfold::Label;
use super::walk::{Begun, Place, Progress, Walk, timed_out};
use super::{Reader, Step};
use crate::event::{Event, StepError};
use crate::expression::scope::Scope;
use crate::expression::template::Template;
use crate::read::{self, Fields};
use crate::yaml::{Content, Node};

pub(super) const FIELDS: &[&str] = &["choose"];
const MAX_ALTERNATIVES: usize = 100;

/// A block of alternatives.
#[derive(Clone, Debug)]
pub(crate) struct Choose {
    conditions: Vec<Template>,
    /// As many as there are conditions, then those of `otherwise`.
    alternatives: Vec<Vec<Step>>,
}

impl Choose {
    pub(super) fn read(fields: &Fields<'_>, path: &str, reader: &mut Reader<'_, '_>) -> Option<Self> {
        let node = fields.get("choose")?;
        let items = read::list(node, "`choose`", reader.problems)?;
        if items.is_empty() || items.len() > MAX_ALTERNATIVES {
            reader.problems.add(&node.span, format!("`choose` has from 1 to {MAX_ALTERNATIVES} alternatives"));
        }
        let mut choose = Self { conditions: Vec::new(), alternatives: Vec::new() };
        let mut otherwise = None;
        for (index, item) in items.iter().enumerate() {
            if is_otherwise(item) {
                let fields = Fields::of(item, "`otherwise`", &["otherwise"], reader.problems)?;
                let steps = fields.get("otherwise").map(|node| reader.sequence(node, &format!("{path}.otherwise")));
                if index + 1 != items.len() {
                    let message = "`otherwise` must be the last alternative: none behind it would ever be taken";
                    reader.problems.add(&item.span, message);
                }
                otherwise = steps;
                continue;
            }
            let Some(fields) = Fields::of(item, "an alternative of `choose`", &["when", "steps"], reader.problems)
            else {
                continue;
            };
            let what = "an alternative of `choose`";
            let when = fields.required("when", what, reader.problems).map(|node| reader.condition("`when`", node));
            let steps = fields.required("steps", what, reader.problems);
            let place = format!("{path}.choose.{index}.steps");
            let steps = steps.map_or_else(Vec::new, |node| reader.sequence(node, &place));
            choose.conditions.extend(when);
            choose.alternatives.push(steps);
        }
        choose.alternatives.extend(otherwise);
        Some(choose)
    }

    pub(crate) fn alternatives(&self) -> &[Vec<Step>] {
        &self.alternatives
    }

    pub(super) fn alternatives_mut(&mut self) -> &mut [Vec<Step>] {
        &mut self.alternatives
    }

    pub(crate) fn conditions(&self) -> &[Template] {
        &self.conditions
    }

    pub(super) fn conditions_mut(&mut self) -> &mut [Template] {
        &mut self.conditions
    }

    /// Whether some alternative is always taken.
    pub(crate) fn has_otherwise(&self) -> bool {
        self.alternatives.len() > self.conditions.len()
    }

    /// What the alternative with this number is.
    pub(crate) fn label(&self, index: usize) -> Label {
        match self.conditions.get(index) {
            Some(condition) => Label::When(index, condition.text()),
            None => Label::Otherwise(index),
        }
    }

    pub(super) fn start(&self, path: String, place: Place<'_>, walk: &mut Walk<'_>) {
        let view = place.view(walk.run);
        let scope = Scope::Run(&view);
        let mut chosen = self.has_otherwise().then_some(self.conditions.len());
        for (index, condition) in self.conditions.iter().enumerate() {
            match condition.evaluate_condition(&scope) {
                Ok(true) => {
                    chosen = Some(index);
                    break;
                }
                Ok(false) => {}
                Err(error) => return walk.record_no_value(path, &error),
            }
        }
        let attempt = walk.run.next_attempt(&path);
        walk.record(Event::BlockStarted { path, attempt, input: json!({ "chosen": chosen }), again: Vec::new() });
    }

    pub(super) fn advance(&self, begun: &Begun<'_>, place: Place<'_>, walk: &mut Walk<'_>) {
        let chosen =
            begun.now.input().get("chosen").and_then(Value::as_u64).and_then(|index| usize::try_from(index).ok());
        let steps = chosen.and_then(|index| self.alternatives.get(index)).map_or(&[][..], Vec::as_slice);
        let progress = walk.sequence(steps, place);
        if let Some(event) = ending(begun, progress, || json!({ "chosen": chosen })) {
            walk.record(event);
        }
    }
}

/// The event with which a block of one sequence ends, when it has: it fails as the step inside of it did.
pub(super) fn ending(begun: &Begun<'_>, progress: Progress, output: impl FnOnce() -> Value) -> Option<Event> {
    let (path, attempt) = (begun.path.clone(), begun.now.attempt());
    let error = match progress {
        Progress::Ongoing => return None,
        _ if begun.now.has_timed_out() => timed_out(begun.step),
        Progress::Done => return Some(Event::StepSucceeded { path, attempt, output: output() }),
        Progress::Failed(failure) => failure.passed_on(),
        Progress::Stopped => StepError::new(StepError::CANCELLED, "stopped before it had ended"),
    };
    Some(Event::StepFailed { path, attempt, error })
}

fn is_otherwise(node: &Node) -> bool {
    match &node.content {
        Content::Map(entries) => entries.iter().any(|(key, _)| key.name == "otherwise"),
        _ => false,
    }
}
