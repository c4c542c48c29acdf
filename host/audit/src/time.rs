//! Times of the ledger as text.

use ledger::Millis;

/// RFC 3339, in UTC. What no calendar has, which a broken clock may have given, is the number.
pub fn text(millis: Millis) -> String {
    jiff::Timestamp::from_millisecond(millis).map_or_else(|_| millis.to_string(), |time| time.to_string())
}
