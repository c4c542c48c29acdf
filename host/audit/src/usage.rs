//! What plugins did with their capabilities, counted from the entries of calls.
//!
//! A call counts once, however often it had to be sent. What the host read for its own purposes is the host's, and a line
//! in the log needs no capability: neither counts.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use ledger::{Millis, Record};
use serde_json::Value;

use crate::row::{Denied, Used};
use crate::time;

/// What stands for one line of the report: a plugin's digest, a function, an action of it. The action is empty where the
/// arguments were so wrong that there was none.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Key {
    pub digest: String,
    pub function: String,
    pub action: String,
}

/// How many resources of one line are kept; what is beyond is counted.
const RESOURCES: usize = 20;

/// Distinct resources, of which the first are kept.
#[derive(Clone, Debug, Default)]
struct Resources {
    kept: BTreeSet<String>,
    more: BTreeSet<u64>,
}

#[derive(Clone, Debug, Default)]
struct Uses {
    count: u64,
    last: Millis,
    results: BTreeMap<String, u64>,
    resources: Resources,
}

#[derive(Clone, Debug, Default)]
struct Denials {
    count: u64,
    last: Millis,
    reasons: BTreeMap<String, u64>,
    resources: Resources,
}

/// What plugins did and were denied.
#[derive(Clone, Debug, Default)]
pub struct Usage {
    uses: BTreeMap<Key, Uses>,
    denials: BTreeMap<Key, Denials>,
    /// The writes whose outcome did not come yet, by call.
    open: HashMap<String, Vec<Key>>,
}

impl Usage {
    /// Counts an entry of a run's chain, in the order of the ledger. Entries that are not about calls count nothing.
    pub fn add(&mut self, record: &Record) {
        let kind = record.entry.kind.as_str();
        let call = record.entry.call.clone().unwrap_or_default();
        match kind {
            "call.read" => {
                let keys = self.used(record);
                self.came_out(&keys, &text(&record.data, "result"));
            }
            // Sent again: it is the same call.
            "call.intent" if record.data.get("send").and_then(Value::as_u64).unwrap_or(1) > 1 => {
                let keys = touches(record).map(|(key, _)| key).collect();
                self.open.insert(call, keys);
            }
            "call.intent" => {
                let keys = self.used(record);
                self.open.insert(call, keys);
            }
            "call.outcome" => {
                let keys = self.open.remove(&call).unwrap_or_default();
                self.came_out(&keys, &text(&record.data, "result"));
            }
            "call.settled" => {
                let keys = self.open.remove(&call).unwrap_or_default();
                self.came_out(&keys, &text(&record.data, "verdict"));
            }
            "call.denied" => self.denied(record),
            _ => {}
        }
    }

    /// Counts a call for each action that it needs, and gives where.
    fn used(&mut self, record: &Record) -> Vec<Key> {
        let mut keys: Vec<Key> = vec![];
        for (key, resource) in touches(record) {
            let uses = self.uses.entry(key.clone()).or_default();
            uses.resources.add(&resource);
            // A call that touches several resources is one call.
            if !keys.contains(&key) {
                uses.count += 1;
                uses.last = uses.last.max(record.entry.time);
                keys.push(key);
            }
        }
        keys
    }

    fn came_out(&mut self, keys: &[Key], result: &str) {
        for key in keys {
            if let Some(uses) = self.uses.get_mut(key) {
                *uses.results.entry(result.to_owned()).or_default() += 1;
            }
        }
    }

    fn denied(&mut self, record: &Record) {
        let Some(key) = key(record, &text(&record.data, "action")) else { return };
        let denials = self.denials.entry(key).or_default();
        denials.count += 1;
        denials.last = denials.last.max(record.entry.time);
        *denials.reasons.entry(text(&record.data, "reason")).or_default() += 1;
        if let Some(resource) = record.data.get("resource").and_then(Value::as_str) {
            denials.resources.add(resource);
        }
    }

    /// What was called or denied, by key.
    pub(crate) fn keys(&self) -> impl Iterator<Item = &Key> {
        self.uses.keys().chain(self.denials.keys())
    }

    /// How a capability was used. A write without an outcome is `open`.
    pub(crate) fn of(&self, key: &Key) -> Used {
        let uses = self.uses.get(key).cloned().unwrap_or_default();
        let open = self.open.values().flatten().filter(|open| *open == key).count() as u64;
        let mut results = uses.results;
        if open > 0 {
            results.insert("open".into(), open);
        }
        Used {
            count: uses.count,
            last: (uses.count > 0).then(|| time::text(uses.last)),
            results,
            more_resources: uses.resources.more.len(),
            resources: uses.resources.kept.into_iter().collect(),
        }
    }

    /// How a capability was denied.
    pub(crate) fn denied_of(&self, key: &Key) -> Denied {
        let denials = self.denials.get(key).cloned().unwrap_or_default();
        Denied {
            count: denials.count,
            last: (denials.count > 0).then(|| time::text(denials.last)),
            reasons: denials.reasons,
            more_resources: denials.resources.more.len(),
            resources: denials.resources.kept.into_iter().collect(),
        }
    }
}

impl Resources {
    fn add(&mut self, resource: &str) {
        if self.kept.contains(resource) {
            return;
        }
        if self.kept.len() < RESOURCES {
            self.kept.insert(resource.to_owned());
        } else {
            self.more.insert(fingerprint(resource));
        }
    }
}

/// Tells resources apart that are only counted (FNV-1a, 64 bits): two that are taken for one are counted as one.
fn fingerprint(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

/// What a call touched, by the action that it needs for it.
fn touches(record: &Record) -> impl Iterator<Item = (Key, String)> {
    let touches = record.data.get("touches").and_then(Value::as_array).into_iter().flatten();
    touches.filter_map(|touch| Some((key(record, &text(touch, "action"))?, text(touch, "resource"))))
}

/// The line of an entry that a plugin is the actor of.
fn key(record: &Record, action: &str) -> Option<Key> {
    let digest = record.entry.actor.strip_prefix("plugin:")?;
    Some(Key { digest: digest.into(), function: text(&record.data, "function"), action: action.into() })
}

fn text(data: &Value, name: &str) -> String {
    data.get(name).and_then(Value::as_str).unwrap_or_default().to_owned()
}
