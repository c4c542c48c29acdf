//! What makes a run's summary from its entries. The store keeps summaries and knows no meaning of entries: whoever does gives
//! it this, for verification and for rebuilding.

use ledger::{Record, Summary};

/// What a chain comes to.
#[derive(Clone, Debug, PartialEq)]
pub enum Projected {
    /// It is no run: it has no summary.
    Nothing,
    /// A run.
    Run(Box<Summary>),
    /// A run whose entries cannot be followed.
    Unreadable {
        /// What is wrong.
        why: String,
        /// What is kept of it nevertheless, so that it is shown and not lost.
        summary: Option<Box<Summary>>,
    },
}

/// Follows chains, one after the other.
pub trait Projector: Send {
    /// The payloads, by name, that nothing follows from. They are not read.
    fn without(&self) -> &'static [&'static str];

    /// Begins with a chain. The installation's own ([`ledger::SYSTEM`]) comes first, then all runs.
    fn begin(&mut self, run: &str);

    /// The next entry of the chain. Of entries that move no run no payload is given, and none that is not kept.
    fn follow(&mut self, record: &Record);

    /// What the chain came to, behind its last entry.
    fn end(&mut self) -> Projected;
}
