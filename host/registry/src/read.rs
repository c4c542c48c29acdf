//! Reading the facts of an entry.

use ledger::{Malformed, Record};
use serde::de::DeserializeOwned;

/// What is wrong with an entry.
pub(crate) fn malformed(record: &Record, what: impl Into<String>) -> Malformed {
    Malformed { run: record.entry.run.clone(), sequence: record.entry.sequence, what: what.into() }
}

/// The facts of an entry, as `T` has them.
pub(crate) fn facts<T: DeserializeOwned>(record: &Record) -> Result<T, Malformed> {
    serde_json::from_value(record.data.clone()).map_err(|error| malformed(record, error.to_string()))
}

/// The text that an entry keeps apart under `name`.
pub(crate) fn text(record: &Record, name: &str) -> Result<String, Malformed> {
    let bytes = record.payloads.get(name).cloned().flatten();
    let bytes = bytes.ok_or_else(|| malformed(record, format!("its payload `{name}` is missing")))?;
    String::from_utf8(bytes).map_err(|_| malformed(record, format!("its payload `{name}` is not text")))
}
