//! What becomes of a call: answers, retries, unknown outcomes, and what a later process makes of what the ledger has.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "where a test cannot go on, it has failed"
)]

mod world;

mod doubt;
mod hold;
mod record;
mod replay;
mod retry;
mod settle;
