//! An entry: one fact, at its place in the chain of one run.
//!
//! The encoding that is hashed (version 1) is the tag `quell-entry/1`, a zero byte, then each field behind its length,
//! so that no two entries share one. Payloads, which may be large or personal, are kept apart and stand in the content
//! by their hash only: retention may remove one and the chain still verifies.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::{Hash, Millis, canonical};

/// The chain of the installation itself: plugins, grants, workflows, tokens, secrets.
pub const SYSTEM: &str = "system";

/// The chain of events that started no run.
pub const EVENTS: &str = "events";

/// The kind of the entry by which a driver takes a run; its data is `{"epoch": n}`.
pub const CLAIMED: &str = "drive.claimed";

/// The kind of the entry by which retention removes payloads, in whichever chain: they go with its commit. Its data is
/// `{"payloads": [hash, …]}`. A payload that is missing without one is a fault.
pub const PAYLOAD_REMOVED: &str = "payload.removed";

/// Whether `run` can name a chain: 1 to 256 bytes without white space and control characters, since a block lists
/// entries as lines of words.
pub fn is_run_name(run: &str) -> bool {
    (1..=256).contains(&run.len()) && !run.chars().any(|c| c.is_whitespace() || c.is_control())
}

/// An entry that is not yet in the ledger: it has no place and no hash.
#[derive(Clone, Debug, PartialEq)]
pub struct Draft {
    /// What happened, dotted: `step.started`, `call.intent`, `system.grant-put`.
    pub kind: &'static str,
    /// The call that it is about: run / step path / attempt / call number.
    pub call: Option<String>,
    /// When.
    pub time: Millis,
    /// Who: `user:alice`, `plugin:<digest>`, `host`.
    pub actor: String,
    /// The facts, small.
    pub data: Value,
    /// What is stored apart, by name.
    pub payloads: BTreeMap<String, Vec<u8>>,
}

impl Draft {
    /// A draft about no call, without payloads.
    pub fn new(kind: &'static str, time: Millis, actor: impl Into<String>, data: Value) -> Draft {
        Draft { kind, call: None, time, actor: actor.into(), data, payloads: BTreeMap::new() }
    }

    /// The same, about `call`.
    #[must_use]
    pub fn about(mut self, call: impl Into<String>) -> Draft {
        self.call = Some(call.into());
        self
    }

    /// The same, with the bytes of `payload` stored apart under `name`.
    #[must_use]
    pub fn with_bytes(mut self, name: &str, payload: Vec<u8>) -> Draft {
        self.payloads.insert(name.into(), payload);
        self
    }

    /// The same, with the canonical text of `payload` stored apart under `name`.
    #[must_use]
    pub fn with(self, name: &str, payload: &Value) -> Draft {
        self.with_bytes(name, canonical(payload).into_bytes())
    }

    /// Does all of the sealing that needs no place: whoever appends does it, so that the one writer need not.
    pub fn prepare(self) -> Prepared {
        let mut hashes = BTreeMap::new();
        let mut payloads = BTreeMap::new();
        for (name, bytes) in self.payloads {
            let hash = Hash::of(&bytes);
            hashes.insert(name, hash.to_string());
            payloads.insert(hash, bytes);
        }
        let content = canonical(&json!({ "data": self.data, "payloads": hashes }));
        Prepared { kind: self.kind, call: self.call, time: self.time, actor: self.actor, content, payloads }
    }

    /// Puts the draft at its place: `sequence` (from 1) in the chain of `run`, behind the entry with the hash `previous`.
    pub fn seal(&self, run: &str, sequence: u64, previous: Hash) -> Entry {
        self.clone().prepare().seal(run, sequence, previous).0
    }
}

/// A draft that lacks nothing but its place.
#[derive(Clone, Debug, PartialEq)]
pub struct Prepared {
    kind: &'static str,
    call: Option<String>,
    time: Millis,
    actor: String,
    content: String,
    payloads: BTreeMap<Hash, Vec<u8>>,
}

impl Prepared {
    /// The entry at its place, and the payloads that its content names, by hash.
    pub fn seal(self, run: &str, sequence: u64, previous: Hash) -> (Entry, BTreeMap<Hash, Vec<u8>>) {
        let mut entry = Entry {
            run: run.into(),
            sequence,
            kind: self.kind.into(),
            call: self.call,
            time: self.time,
            actor: self.actor,
            content: self.content,
            previous,
            hash: Hash::ZERO,
        };
        entry.hash = entry.computed_hash();
        (entry, self.payloads)
    }
}

/// An entry as the ledger has it. Every field but the last is covered by `hash`.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// The run whose chain it is in, or [`SYSTEM`].
    pub run: String,
    /// Its place in that chain, from 1, without gaps.
    pub sequence: u64,
    /// What happened.
    pub kind: String,
    /// The call that it is about.
    pub call: Option<String>,
    /// When.
    pub time: Millis,
    /// Who.
    pub actor: String,
    /// The canonical text of `{"data": …, "payloads": {name: hash}}`.
    pub content: String,
    /// The hash of the entry before it in the chain.
    pub previous: Hash,
    /// The hash of all the above.
    pub hash: Hash,
}

/// An entry whose content is not what [`Draft::seal`] writes.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("entry {sequence} of run `{run}`: {what}")]
pub struct Malformed {
    /// The run.
    pub run: String,
    /// The entry's place in it.
    pub sequence: u64,
    /// What is wrong.
    pub what: String,
}

impl Entry {
    /// The hash that the fields have now. Differs from `hash` when any of them was changed.
    pub fn computed_hash(&self) -> Hash {
        let mut out = b"quell-entry/1\0".to_vec();
        let mut field = |bytes: &[u8]| {
            out.extend((bytes.len() as u64).to_be_bytes());
            out.extend(bytes);
        };
        field(self.run.as_bytes());
        field(&self.sequence.to_be_bytes());
        field(self.kind.as_bytes());
        match &self.call {
            None => field(&[0]),
            Some(call) => field(format!("\u{1}{call}").as_bytes()),
        }
        field(&self.time.to_be_bytes());
        field(self.actor.as_bytes());
        field(self.content.as_bytes());
        field(self.previous.bytes());
        Hash::of(&out)
    }

    /// The facts of the entry, and its payloads' hashes by name.
    pub fn open(&self) -> Result<(Value, BTreeMap<String, Hash>), Malformed> {
        let wrong = |what: &str| Malformed { run: self.run.clone(), sequence: self.sequence, what: what.into() };
        let mut content: Value = serde_json::from_str(&self.content).map_err(|_| wrong("content is not JSON"))?;
        let data = content.get_mut("data").map(Value::take).ok_or_else(|| wrong("content has no `data`"))?;
        let payloads =
            content.get_mut("payloads").map(Value::take).ok_or_else(|| wrong("content has no `payloads`"))?;
        Ok((data, serde_json::from_value(payloads).map_err(|_| wrong("`payloads` are not hashes"))?))
    }

    /// The payloads that the entry says were removed; none for entries of other kinds than [`PAYLOAD_REMOVED`].
    pub fn removed_payloads(&self) -> Vec<Hash> {
        let data = self.open().map(|(data, _)| data).unwrap_or_default();
        let named = data.get("payloads").and_then(Value::as_array).filter(|_| self.kind == PAYLOAD_REMOVED);
        named.into_iter().flatten().filter_map(|hash| Hash::parse(hash.as_str()?)).collect()
    }

    /// Whether the entry moves its run: events and inputs do; calls, claims, notes and retention do not.
    pub fn moves(kind: &str) -> bool {
        !["call.", "drive.", "note.", "payload."].iter().any(|prefix| kind.starts_with(prefix))
    }
}
