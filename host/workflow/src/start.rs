//! Which events start a workflow, and what each run of it is given: the event, or one event of each item of a list in it.

mod explain;

use std::collections::BTreeMap;

use serde_json::Value;

use crate::document::Workflow;
use crate::schedule::Schedule;
use crate::trigger::{EventTrigger, Split, SplitError, Trigger};

pub use explain::Explanation;

impl Workflow {
    /// Whether the event starts a run.
    pub fn matches(&self, event: &Value) -> bool {
        self.starts(event).is_ok_and(|events| !events.is_empty())
    }

    /// The events that the event starts a run with, one run each: itself, or one for each item of the list that a trigger
    /// splits. An item that several triggers are for is one event. When a trigger is for the whole event, that is all.
    pub fn starts(&self, event: &Value) -> Result<Vec<Value>, SplitError> {
        let mut parts = BTreeMap::new();
        for trigger in self.events() {
            if trigger.split.is_none() {
                if trigger.pattern.matches(event) {
                    return Ok(vec![event.clone()]);
                }
                continue;
            }
            // The name of the list stands beside the place in it: two triggers may split different lists.
            let list = trigger.split.as_ref().map(Split::to_string).unwrap_or_default();
            for (index, part) in trigger.parts(event)?.into_iter().enumerate() {
                if trigger.pattern.matches(&part) {
                    parts.insert((list.clone(), index), part);
                }
            }
        }
        Ok(parts.into_values().collect())
    }

    /// The events that start it.
    pub fn events(&self) -> impl Iterator<Item = &EventTrigger> {
        self.triggers.iter().filter_map(|trigger| match trigger {
            Trigger::Event(event) => Some(event),
            Trigger::Schedule(_) | Trigger::Manual => None,
        })
    }

    /// The times that start it.
    pub fn schedules(&self) -> impl Iterator<Item = &Schedule> {
        self.triggers.iter().filter_map(|trigger| match trigger {
            Trigger::Schedule(schedule) => Some(schedule),
            Trigger::Event(_) | Trigger::Manual => None,
        })
    }

    /// Whether people may start it: when `on` says so, or there is none.
    pub fn starts_by_hand(&self) -> bool {
        self.triggers.is_empty() || self.triggers.contains(&Trigger::Manual)
    }
}
