//! Which events start a workflow, and what each run of it is given: the event, or one event of each item of a list in it.

mod explain;

use std::collections::BTreeMap;

use serde_json::Value;

use crate::document::Workflow;
use crate::pattern::MatchWork;
use crate::schedule::Schedule;
use crate::trigger::{Amount, EventTrigger, Split, SplitError, Trigger};
use crate::view::ObjectView;

pub use explain::Explanation;

/// An event that starts a run: one that came, or the part of it with one item of a list.
#[derive(Clone, Copy, Debug)]
pub struct EventPart<'e> {
    event: &'e Value,
    /// The list that is split, which item it is, and the item.
    item: Option<(&'e Split, usize, &'e Value)>,
}

impl EventPart<'_> {
    /// Its id.
    pub fn id(&self) -> String {
        let id = self.event.get("id").and_then(Value::as_str).unwrap_or_default();
        self.item.map_or_else(|| id.to_owned(), |(_, index, _)| format!("{id}/{index}"))
    }

    /// The event, as a run is given it.
    pub fn to_event(&self) -> Value {
        match self.item {
            Some((split, index, item)) => split.make(self.event, index, item),
            None => self.event.clone(),
        }
    }
}

impl Workflow {
    /// Whether the event starts a run.
    pub fn matches(&self, event: &Value) -> bool {
        self.starts(event).is_ok_and(|events| !events.is_empty())
    }

    /// The events that the event starts a run with, one run each: itself, or one for each item of the list that a trigger
    /// splits. An item that several triggers are for is one event. When a trigger is for the whole event, that is all.
    ///
    /// Nothing is copied for it. What is to be copied for all of them is bounded, and so is the work of matching.
    pub fn starts<'e>(&'e self, event: &'e Value) -> Result<Vec<EventPart<'e>>, SplitError> {
        let mut parts = BTreeMap::new();
        let mut copied = Amount::default();
        let work = MatchWork::new();
        for trigger in self.events() {
            let Some(split) = &trigger.split else {
                if ObjectView::of(event).is_some_and(|event| trigger.pattern.sees(event, &work)) {
                    return Ok(vec![EventPart { event, item: None }]);
                }
                if work.is_used_up() {
                    return Err(SplitError::Work);
                }
                continue;
            };
            // The name of the list stands beside the place in it: two triggers may split different lists.
            let list = split.to_string();
            let around = split.around(event);
            for (index, item) in split.items(event)?.iter().enumerate() {
                let matches = split.view(event, index, item).is_some_and(|part| trigger.pattern.sees(part, &work));
                if work.is_used_up() {
                    return Err(SplitError::Work);
                }
                let part = EventPart { event, item: Some((split, index, item)) };
                if matches && parts.insert((list.clone(), index), part).is_none() {
                    copied.add(around);
                }
            }
        }
        copied.check(parts.len())?;
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
