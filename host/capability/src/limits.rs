//! What the gate bounds, beside what the sandbox does.

use std::time::Duration;

use ledger::Millis;

/// What the gate bounds. Limits count from the start of an attempt, alike on replay.
#[derive(Clone, Debug, PartialEq)]
pub struct Limits {
    /// Operations of one attempt.
    pub operations: u32,
    /// Bytes of one line of the log; what is beyond is cut off.
    pub log_line_bytes: usize,
    /// Lines in the log of one attempt; what is beyond is dropped.
    pub log_lines: usize,
    /// Bytes in the log of one attempt; what is beyond is dropped.
    pub log_bytes: usize,
    /// How long one request may take, its answer included: whoever sends it gives up then.
    pub request_timeout: Duration,
    /// How long behind its intent a write may be sent at most. One that would be later is not sent and announced anew, so
    /// that an intent in the ledger tells when its request must have ended.
    pub send_within: Duration,
    /// How long after its request must have ended the absence of a write's effect is believed: longer than a service works
    /// on a request that nobody waits for any more, and longer than it takes until an effect is seen everywhere. Not less
    /// than `request_timeout`.
    pub absence_after: Duration,
    /// How long beyond that a state that cannot be read is asked for, before a person is.
    pub observe_for: Duration,
}

impl Limits {
    /// How long after its intent a request may be on its way.
    pub(crate) fn under_way(&self) -> Millis {
        millis(self.send_within + self.request_timeout)
    }
}

/// A span of time as the ledger counts it.
pub(crate) fn millis(span: Duration) -> Millis {
    Millis::try_from(span.as_millis()).unwrap_or(Millis::MAX)
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            operations: 200,
            log_line_bytes: 8 << 10,
            log_lines: 1_000,
            log_bytes: 1 << 20,
            request_timeout: Duration::from_secs(30),
            send_within: Duration::from_secs(5),
            absence_after: Duration::from_secs(30),
            observe_for: Duration::from_secs(120),
        }
    }
}
