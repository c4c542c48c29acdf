//! What whoever opens a ledger may choose.

use std::time::Duration;

/// How a ledger is kept. The defaults are meant for use; tests choose others.
#[derive(Clone, Debug, PartialEq)]
pub struct Options {
    /// How many reads may go on at once.
    pub readers: u32,
    /// How long to wait for another process (a backup, a person with a shell) that has locked the database.
    pub busy_timeout: Duration,
    /// How long at least between two writings of the newest head.
    pub heads_every: Duration,
    /// How many free bytes the disk must have for the ledger to say that it takes commits. A commit of a few rows may still
    /// fit into what the write-ahead log has already where the next event does not.
    pub least_free: u64,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            readers: 4,
            busy_timeout: Duration::from_secs(10),
            heads_every: Duration::from_secs(1),
            least_free: 16 << 20,
        }
    }
}
