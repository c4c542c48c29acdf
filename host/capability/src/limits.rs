//! What the gate bounds, beside what the sandbox does.

use std::time::Duration;

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
    /// How long after its intent, or after the word that no answer came, the absence of a write's effect is believed:
    /// longer than a request on its way and AWS's eventual consistency take.
    pub absence_after: Duration,
    /// How long beyond that a state that cannot be read is asked for, before a person is.
    pub observe_for: Duration,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            operations: 200,
            log_line_bytes: 8 << 10,
            log_lines: 1_000,
            log_bytes: 1 << 20,
            absence_after: Duration::from_secs(30),
            observe_for: Duration::from_secs(120),
        }
    }
}
