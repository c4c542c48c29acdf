//! The audit of capabilities: for each plugin and function, what was imported, what was granted by which statement, and
//! what was done with it or denied.
//!
//! All of it is a reading of the ledger: what was granted at a date is the registry folded up to it, what was used is the
//! calls of the runs up to it. Nothing here does IO; whoever asks pages through the ledger ([`Usage::add`]) and makes the
//! [`Report`] of it.

mod report;
mod row;
mod usage;
mod time;

mod render;

pub use report::Report;
pub use row::{Denied, Finding, Row, Statement, Used};
pub use usage::Usage;
