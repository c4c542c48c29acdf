//! How much of the events that start no run is kept: whoever can send events must not be able to fill the disk with them.
//!
//! Of each source, so many a day have an entry, and of these so many bytes of bodies are kept. What is beyond is counted. Bodies
//! are removed after some days, by an entry that names them.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use ledger::{Draft, EVENTS, Fence, Filter, LedgerError, Millis, PAYLOAD_REMOVED};
use registry::{NotStarted, event_bodies_removed, event_body, event_not_started, events_left_out};
use serde_json::Value;
use tokio::sync::watch;

use super::{Installation, Result};
use crate::config::KeptEvents;

const DAY: Millis = 86_400_000;
/// How often old bodies are looked for.
const EVERY: Duration = Duration::from_secs(3_600);
/// How many entries are read at once.
const PAGE: u32 = 500;

/// What was kept today, by source. It is counted anew after a restart.
#[derive(Debug, Default)]
pub struct EventBudget(Mutex<HashMap<String, Spent>>);

#[derive(Clone, Copy, Debug)]
struct Spent {
    day: Millis,
    entries: u32,
    bytes: u64,
    left_out: u64,
}

/// What is kept of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Keep {
    /// An entry with its body.
    Whole,
    /// An entry without.
    Entry,
    /// Nothing. So many of its source were left out today, it included.
    Nothing(u64),
}

impl EventBudget {
    fn spend(&self, limits: &KeptEvents, source: &str, bytes: u64, now: Millis) -> Keep {
        let day = now.div_euclid(DAY);
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|_, spent| spent.day == day);
        let new = Spent { day, entries: 0, bytes: 0, left_out: 0 };
        let spent = all.entry(source.to_owned()).or_insert(new);
        if spent.entries >= limits.entries_a_day {
            spent.left_out += 1;
            return Keep::Nothing(spent.left_out);
        }
        spent.entries += 1;
        if spent.bytes + bytes > limits.bytes_a_day {
            return Keep::Entry;
        }
        spent.bytes += bytes;
        Keep::Whole
    }
}

impl Installation {
    /// Records that an event of this source started no run, as far as there is room for it today.
    pub(super) async fn not_started(&self, event: &Value, what: NotStarted<'_>, by: &str) -> Result<()> {
        let now = self.known.now();
        let bytes = event_body(event).len() as u64;
        match self.event_budget.spend(&self.kept_events, by, bytes, now) {
            Keep::Whole => self.note(event_not_started(event, what, true, now, by)).await,
            Keep::Entry => self.note(event_not_started(event, what, false, now, by)).await,
            // At 1, 2, 4, 8, …: there is an entry at once, and there are few of them however many events there are.
            Keep::Nothing(count) if count.is_power_of_two() => {
                let day = Timestamp::from_millisecond(now).map(|time| time.strftime("%F").to_string());
                self.note(events_left_out(&day.unwrap_or_default(), count, now, by)).await
            }
            Keep::Nothing(_) => Ok(()),
        }
    }

    /// Events that start no run have a chain of their own.
    pub(super) async fn note(&self, draft: Draft) -> Result<()> {
        self.ledger.append(EVENTS, Fence::Open, vec![draft], None).await?;
        Ok(())
    }

    /// Removes the bodies of old events, again and again, until `stop` says so.
    pub async fn keep_events_short(self: Arc<Self>, mut stop: watch::Receiver<bool>) {
        let mut through = None;
        loop {
            match self.remove_old_bodies(through).await {
                Ok(position) => through = Some(position),
                Err(error) => tracing::error!(%error, "the bodies of old events cannot be removed now"),
            }
            tokio::select! {
                _ = stop.wait_for(|stop| *stop) => return,
                () = tokio::time::sleep(EVERY) => {}
            }
        }
    }

    /// Removes the bodies of events that are older than they may be, behind the position `through`, which is read from the
    /// ledger at first. Gives the position of the last one.
    pub async fn remove_old_bodies(&self, through: Option<i64>) -> std::result::Result<i64, LedgerError> {
        let mut through = match through {
            Some(through) => through,
            None => self.removed_through().await?,
        };
        let now = self.known.now();
        let until = now - DAY * Millis::from(self.kept_events.days);
        loop {
            let filter = Filter {
                run: Some(EVENTS.into()),
                kind: Some("event.".into()),
                until: Some(until),
                after: Some(through),
                limit: PAGE,
                without: &["*"],
                ..Filter::default()
            };
            let page = self.ledger.query(&filter).await?;
            let Some((last, _)) = page.last() else { return Ok(through) };
            through = *last;
            let mut bodies = vec![];
            for (_, record) in &page {
                bodies.extend(record.entry.open()?.1.into_values());
            }
            if !bodies.is_empty() {
                let removed = event_bodies_removed(&bodies, through, now);
                self.ledger.append(EVENTS, Fence::Open, vec![removed], None).await?;
            }
        }
    }

    /// How far bodies were removed already.
    async fn removed_through(&self) -> std::result::Result<i64, LedgerError> {
        let mut filter = Filter {
            run: Some(EVENTS.into()),
            kind: Some(PAYLOAD_REMOVED.into()),
            limit: PAGE,
            without: &["*"],
            ..Filter::default()
        };
        let mut through = 0;
        loop {
            let page = self.ledger.query(&filter).await?;
            let Some((position, _)) = page.last() else { return Ok(through) };
            filter.after = Some(*position);
            let said = page.iter().filter_map(|(_, record)| record.data.get("through")?.as_i64());
            through = said.fold(through, i64::max);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_source_has_so_much_a_day() {
        let (budget, limits) = (EventBudget::default(), KeptEvents { entries_a_day: 3, bytes_a_day: 10, days: 1 });
        let spend = |source: &str, bytes: u64, now: Millis| budget.spend(&limits, source, bytes, now);
        assert_eq!(spend("a", 6, 0), Keep::Whole);
        assert_eq!(spend("a", 6, 1), Keep::Entry);
        assert_eq!(spend("a", 4, 2), Keep::Whole);
        assert_eq!(spend("a", 0, 3), Keep::Nothing(1));
        assert_eq!(spend("b", 6, 4), Keep::Whole, "another source is not concerned");
        assert_eq!(spend("a", 0, DAY - 1), Keep::Nothing(2));
        assert_eq!(spend("a", 10, DAY), Keep::Whole, "another day");
    }
}
