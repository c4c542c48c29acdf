//! Entries of the ledger.

use std::collections::BTreeMap;

use jiff::Timestamp;
use ledger::{Filter, Record};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};

use super::time;

/// Which entries are wanted. All that is given must hold.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, IntoParams)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct EntryQuery {
    /// Of this run; `system` is the installation's own chain.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run: Option<String>,
    /// Of this kind, or of kinds that begin so when it ends in `.`: `call.denied`, `call.`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// By this actor: `user:<name>`, `plugin:<digest>`, `host`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actor: Option<String>,
    /// Not before this time, RFC 3339.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[param(value_type = Option<String>, format = DateTime)]
    pub since: Option<Timestamp>,
    /// Before this time, RFC 3339.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[param(value_type = Option<String>, format = DateTime)]
    pub until: Option<Timestamp>,
    /// Behind this position: the `next` of the page before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<i64>,
    /// At most so many: 1 to 500, else 100.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[param(minimum = 1, maximum = 500)]
    pub limit: Option<u32>,
}

/// A page of entries, the oldest first.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Entries {
    /// The entries.
    pub entries: Vec<Entry>,
    /// What to give as `after` for the next page, when there may be one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<i64>,
}

/// An entry.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Entry {
    /// Its place among the entries of all runs.
    pub position: i64,
    /// The run whose chain it is in, or `system`.
    pub run: String,
    /// Its place in that chain, from 1.
    pub sequence: u64,
    /// What happened.
    pub kind: String,
    /// The call that it is about: run / step / attempt / number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub call: Option<String>,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    pub time: Timestamp,
    /// Who.
    pub actor: String,
    /// The facts.
    pub data: Value,
    /// What is kept apart, by name.
    pub payloads: BTreeMap<String, Payload>,
    /// The hash of the entry before it in the chain.
    pub previous: String,
    /// Its own.
    pub hash: String,
}

/// What an entry keeps apart.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Payload {
    /// SHA-256 of its bytes, in hex: what the entry is chained with.
    pub hash: String,
    /// Its size in bytes; nothing when retention removed it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<u64>,
    /// Its content, when that is JSON of at most 64 KiB, and the page has not 4 MiB of others before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub json: Option<Value>,
}

impl EntryQuery {
    /// The same for the ledger, without payloads: few are shown.
    pub fn filter(self, limit: u32) -> Filter {
        Filter {
            run: self.run,
            without_run: None,
            kind: self.kind,
            actor: self.actor,
            since: self.since.map(Timestamp::as_millisecond),
            until: self.until.map(Timestamp::as_millisecond),
            after: self.after,
            limit,
            without: &["*"],
        }
    }
}

impl Entry {
    /// An entry at its position, with what is told of its payloads.
    pub fn of(position: i64, record: Record, payloads: BTreeMap<String, Payload>) -> Entry {
        let Record { entry, data, .. } = record;
        Entry {
            position,
            run: entry.run,
            sequence: entry.sequence,
            kind: entry.kind,
            call: entry.call,
            time: time(entry.time),
            actor: entry.actor,
            data,
            payloads,
            previous: entry.previous.to_string(),
            hash: entry.hash.to_string(),
        }
    }
}
