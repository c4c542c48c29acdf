//! What starts a run of a workflow: events, a schedule, people.
//!
//! This decides what can be written in `on`, and what an event is split into. Which events a workflow is for as a whole is
//! left to `start`, who delivers them, and when, to the installation.

mod number;
mod split;

use crate::pattern::Pattern;
use crate::problem::Collector;
use crate::read::{self, Fields};
use crate::schedule::{self, Schedule};
use crate::yaml::{Content, Node};

pub(crate) use split::Amount;
pub use split::{Split, SplitError};

/// What starts a workflow.
#[derive(Clone, Debug, PartialEq)]
pub enum Trigger {
    /// An event that matches.
    Event(EventTrigger),
    /// The time.
    Schedule(Schedule),
    /// A person.
    Manual,
}

/// The events that start a workflow.
#[derive(Clone, Debug, PartialEq)]
pub struct EventTrigger {
    /// What they are like.
    pub pattern: Pattern,
    /// The list whose items are an event each, before they are matched.
    pub split: Option<Split>,
}

/// Reads `on`.
pub(crate) fn read(node: &Node, problems: &mut Collector<'_>) -> Vec<Trigger> {
    let items = read::list(node, "`on`", problems).unwrap_or_default();
    if items.is_empty() && matches!(node.content, Content::List(_)) {
        problems.add(&node.span, "`on` must not be empty; without it, people start the workflow");
    }
    items.iter().filter_map(|item| read_one(item, problems)).collect()
}

/// Whether an event is among the triggers, right or wrong.
pub(crate) fn names_event(node: &Node) -> bool {
    let has_event = |item: &Node| match &item.content {
        Content::Map(entries) => entries.iter().any(|(key, _)| key.name == "event"),
        _ => false,
    };
    matches!(&node.content, Content::List(items) if items.iter().any(has_event))
}

fn read_one(item: &Node, problems: &mut Collector<'_>) -> Option<Trigger> {
    let fields = Fields::of(item, "a trigger", &["event", "split", "schedule", "manual"], problems)?;
    let (event, schedule, manual) = (fields.get("event"), fields.get("schedule"), fields.get("manual"));
    let split = fields.get("split");
    if let (Some(split), None) = (split, event) {
        problems.add(&split.span, "`split` stands beside an `event`, whose list it splits");
    }
    match (event, schedule, manual) {
        (Some(pattern), None, None) => {
            let split = split.map_or(Some(None), |node| split::read(node, problems).map(Some));
            let pattern = read_pattern(pattern, problems)?;
            Some(Trigger::Event(EventTrigger { pattern, split: split? }))
        }
        (None, Some(node), None) => schedule::read(node, problems).map(Trigger::Schedule),
        (None, None, Some(node)) => match read::boolean(node, "`manual`", problems)? {
            true => Some(Trigger::Manual),
            false => {
                problems.add_with_help(&node.span, "`manual` can only be `true`", "leave the trigger out");
                None
            }
        },
        _ => {
            let help = "write each with a `-` of its own";
            problems.add_with_help(&fields.span, "a trigger is one of `event`, `schedule` and `manual`", help);
            None
        }
    }
}

fn read_pattern(node: &Node, problems: &mut Collector<'_>) -> Option<Pattern> {
    match Pattern::new(&number::as_written(node, problems)?) {
        Ok(pattern) => Some(pattern),
        Err(error) => {
            problems.add(&read::place_of(node, &error.path), format!("not an event pattern: {error}"));
            None
        }
    }
}
