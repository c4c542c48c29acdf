//! Time stamps as reports have them.

use ledger::Millis;

/// A point in time as RFC 3339 has it, in UTC; empty for one that has no date.
pub(crate) fn rfc3339(time: Millis) -> String {
    jiff::Timestamp::from_millisecond(time).map(|time| time.to_string()).unwrap_or_default()
}
