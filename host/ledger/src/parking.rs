//! Parking: a run that cannot be driven is left alone from one entry on until a person has it driven again.
//!
//! Both entries say nothing of what the run is, so that a run is parked, and shown as such, whose other entries cannot be
//! read.

use serde_json::{Value, json};

use crate::{CLAIMED, Draft, Entry, Millis};

/// The kind of the entry that parks a run; its data is `{"why": text, "failures": n}`.
pub const PARKED: &str = "drive.parked";

/// The kind of the entry by which a person has a run driven again.
pub const RESUMED: &str = "drive.resumed";

/// That a run is parked.
#[derive(Clone, Debug, PartialEq)]
pub struct Parking {
    /// Why.
    pub why: String,
    /// Since when.
    pub since: Millis,
}

impl Parking {
    /// The parking by an entry of this time and content.
    pub fn by(time: Millis, content: &str) -> Parking {
        let content: Value = serde_json::from_str(content).unwrap_or_default();
        let why = content.pointer("/data/why").and_then(Value::as_str);
        Parking { why: why.unwrap_or("the entry that parks it does not say why").to_owned(), since: time }
    }
}

/// The kind of the entry by which a person has a run cancelled.
pub const CANCEL_REQUESTED: &str = "run.cancel-requested";

/// The entry that parks a run which could not be driven `failures` times, the last time for this reason.
pub fn run_parked(why: &str, failures: u32, time: Millis) -> Draft {
    Draft::new(PARKED, time, "host", json!({ "why": why, "failures": failures }))
}

/// The entry by which `actor` has a run driven again.
pub fn run_resumed(time: Millis, actor: impl Into<String>) -> Draft {
    Draft::new(RESUMED, time, actor, json!({}))
}

/// The sequence of the entry that parks a run, behind `entry`, when it was `before` in front of it. A driver that takes
/// the run has been able to read it, so that its claim ends the parking as well. So does a cancel: the run is driven to its
/// end.
pub fn parked_by(before: Option<u64>, entry: &Entry) -> Option<u64> {
    match entry.kind.as_str() {
        PARKED => Some(entry.sequence),
        RESUMED | CLAIMED | CANCEL_REQUESTED => None,
        _ => before,
    }
}

/// Whether a run with these entries, those of its calls left aside, is parked.
pub fn is_parked<'a>(entries: impl IntoIterator<Item = &'a Entry>) -> bool {
    entries.into_iter().fold(None, parked_by).is_some()
}
