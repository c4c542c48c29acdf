//! What plugins did, counted from the entries of their calls. How those stand in the ledger is said in
//! `capability/src/record.rs`.

use std::collections::{BTreeMap, BTreeSet};

use ledger::{Malformed, Millis, Record};
use serde::Deserialize;

use crate::resources::Resources;
use crate::row::{Denied, Used};
use crate::time::rfc3339;

/// What no word came of yet, or never will.
const UNKNOWN: &str = "unknown";

/// What was sent, is known not to have been carried out, and was not sent again.
const NOT_DONE: &str = "not-done";

/// What plugins did.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Usage {
    tallies: BTreeMap<Place, Tally>,
    /// The writes that are not decided yet, by call key.
    open: BTreeMap<String, Open>,
}

/// What is counted apart.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place {
    pub digest: String,
    pub function: String,
    /// `None` for a call that touches nothing: above all one that could not be made into an operation.
    pub action: Option<String>,
}

/// The calls at one place.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Tally {
    used: u64,
    last_used: Option<Millis>,
    used_on: Resources,
    results: BTreeMap<String, u64>,
    denied: u64,
    last_denied: Option<Millis>,
    denied_on: Resources,
    reasons: BTreeMap<String, u64>,
}

/// A write that is not decided yet.
#[derive(Clone, Debug, PartialEq)]
struct Open {
    places: BTreeSet<Place>,
    result: &'static str,
}

/// The facts of a call by a plugin.
#[derive(Deserialize)]
struct Called {
    function: String,
    #[serde(default)]
    touches: Vec<Touched>,
    result: Option<String>,
    send: Option<u32>,
    reason: Option<String>,
    action: Option<String>,
    resource: Option<String>,
}

#[derive(Deserialize)]
struct Touched {
    action: String,
    resource: String,
}

/// The facts of what the host has to say of one.
#[derive(Deserialize)]
struct Decided {
    result: Option<String>,
    verdict: Option<String>,
}

impl Usage {
    /// Counts an entry. Those of one run must come in their order; those that are no calls of an action do not count:
    /// log lines, the host's own reads. A call counts once, however often it was sent.
    pub fn add(&mut self, record: &Record) -> Result<(), Malformed> {
        match record.entry.kind.as_str() {
            "call.read" | "call.intent" | "call.denied" => self.called(record),
            "call.outcome" | "call.unknown" | "call.settled" | "review.settled" => self.decided(record),
            _ => Ok(()),
        }
    }

    fn called(&mut self, record: &Record) -> Result<(), Malformed> {
        let (call, time) = (call(record)?, record.entry.time);
        let Called { function, touches, result, send, reason, action, resource } = facts(record)?;
        let digest = record.entry.actor.strip_prefix("plugin:");
        let digest = digest.ok_or_else(|| malformed(record, "a call is a plugin's"))?;
        let at = |action| Place { digest: digest.into(), function: function.clone(), action };
        if record.entry.kind == "call.denied" {
            let reason = reason.ok_or_else(|| malformed(record, "it has no reason"))?;
            // It may have been sent before, and is not sent again.
            self.open.remove(call);
            self.tallies.entry(at(action)).or_default().deny(time, reason, resource.as_deref());
            return Ok(());
        }
        if send.is_some_and(|send| send > 1) {
            self.moved(call, UNKNOWN);
            return Ok(());
        }
        let mut places: BTreeSet<Place> = touches.iter().map(|touch| at(Some(touch.action.clone()))).collect();
        if places.is_empty() {
            places.insert(at(None));
        }
        for Touched { action, resource } in touches {
            self.tallies.entry(at(Some(action))).or_default().used_on.add(&resource);
        }
        let is_read = record.entry.kind == "call.read";
        let result =
            if is_read { result.ok_or_else(|| malformed(record, "it has no result"))? } else { UNKNOWN.into() };
        for place in &places {
            self.tallies.entry(place.clone()).or_default().use_once(time, &result);
        }
        if !is_read {
            self.open.insert(call.into(), Open { places, result: UNKNOWN });
        }
        Ok(())
    }

    /// One whose intent was not given is left out: it was not counted either.
    fn decided(&mut self, record: &Record) -> Result<(), Malformed> {
        let call = call(record)?;
        let Decided { result, verdict } = facts(record)?;
        match (record.entry.kind.as_str(), verdict.as_deref()) {
            ("call.outcome", _) => {
                self.closed(call, &result.ok_or_else(|| malformed(record, "it has no result"))?);
            }
            // Whoever decides that a write was done has seen its effect: it went well.
            ("call.settled", Some("done")) => self.closed(call, "ok"),
            ("call.settled", Some("not-done")) if capability::may_have_been_done(&record.data) => {
                self.moved(call, UNKNOWN)
            }
            ("call.settled" | "review.settled", Some("not-done")) => self.moved(call, NOT_DONE),
            // Also where it was decided that it may be sent `again`, whatever became of it.
            _ => self.moved(call, UNKNOWN),
        }
        Ok(())
    }

    fn moved(&mut self, call: &str, result: &'static str) {
        if let Some(open) = self.open.get_mut(call) {
            let before = std::mem::replace(&mut open.result, result);
            for place in &open.places {
                self.tallies.entry(place.clone()).or_default().turned_out(before, result);
            }
        }
    }

    fn closed(&mut self, call: &str, result: &str) {
        if let Some(open) = self.open.remove(call) {
            for place in open.places {
                self.tallies.entry(place).or_default().turned_out(open.result, result);
            }
        }
    }

    /// Everything that was counted.
    pub(crate) fn tallies(&self) -> impl Iterator<Item = (&Place, &Tally)> {
        self.tallies.iter()
    }
}

impl Tally {
    fn use_once(&mut self, time: Millis, result: &str) {
        self.used += 1;
        self.last_used = self.last_used.max(Some(time));
        *self.results.entry(result.into()).or_default() += 1;
    }

    fn turned_out(&mut self, before: &str, now: &str) {
        if let Some(count) = self.results.get_mut(before) {
            *count = count.saturating_sub(1);
        }
        *self.results.entry(now.into()).or_default() += 1;
        self.results.retain(|_, count| *count > 0);
    }

    fn deny(&mut self, time: Millis, reason: String, resource: Option<&str>) {
        self.denied += 1;
        self.last_denied = self.last_denied.max(Some(time));
        *self.reasons.entry(reason).or_default() += 1;
        resource.into_iter().for_each(|resource| self.denied_on.add(resource));
    }

    /// Both together.
    pub fn and(&self, other: &Tally) -> Tally {
        let mut sum = self.clone();
        sum.used += other.used;
        sum.last_used = sum.last_used.max(other.last_used);
        sum.used_on.extend(&other.used_on);
        add(&mut sum.results, &other.results);
        sum.denied += other.denied;
        sum.last_denied = sum.last_denied.max(other.last_denied);
        sum.denied_on.extend(&other.denied_on);
        add(&mut sum.reasons, &other.reasons);
        sum
    }

    pub fn used(&self) -> Used {
        Used {
            count: self.used,
            last: self.last_used.map(rfc3339),
            resources: self.used_on.kept(),
            more_resources: self.used_on.more(),
            results: self.results.clone(),
        }
    }

    pub fn denied(&self) -> Denied {
        Denied {
            count: self.denied,
            last: self.last_denied.map(rfc3339),
            reasons: self.reasons.clone(),
            resources: self.denied_on.kept(),
            more_resources: self.denied_on.more(),
        }
    }
}

fn add(to: &mut BTreeMap<String, u64>, counts: &BTreeMap<String, u64>) {
    for (name, count) in counts {
        *to.entry(name.clone()).or_default() += count;
    }
}

fn malformed(record: &Record, what: &str) -> Malformed {
    Malformed { run: record.entry.run.clone(), sequence: record.entry.sequence, what: what.into() }
}

fn call(record: &Record) -> Result<&str, Malformed> {
    record.entry.call.as_deref().ok_or_else(|| malformed(record, "it is about no call"))
}

fn facts<'a, T: Deserialize<'a>>(record: &'a Record) -> Result<T, Malformed> {
    T::deserialize(&record.data).map_err(|error| malformed(record, &error.to_string()))
}
