//! What the ledger is: entries, the chains of runs, the blocks of commits, how all of it is verified, and the port
//! through which it is read and appended to.
//!
//! Nothing here does IO: how entries are kept is the business of `store`, what they mean that of whoever writes them
//! (`workflow` events by way of `runner`, calls by `capability`, the installation's own by `registry`).

mod entry;
mod block;
mod verify;
mod parking;
mod waits;
mod port;
mod canonical;
mod hash;
mod hex;

pub use block::{Block, Item, Signature, SigningKey, VerifyingKey};
pub use canonical::{arguments_hash, canonical};
pub use entry::{CLAIMED, Draft, EVENTS, Entry, Malformed, PAYLOAD_REMOVED, Prepared, SYSTEM, is_run_name};
pub use hash::Hash;
pub use parking::{CANCEL_REQUESTED, PARKED, Parking, RESUMED, is_parked, parked_by, run_parked, run_resumed};
pub use port::{Appended, Dedupe, Epoch, Fence, Filter, Ledger, LedgerError, QUEUED, Record, Room, Summary};
pub use verify::{Fault, Head, Place, Report, Verifier};
pub use waits::{Awaited, Wait, Waits};

/// A point in time: milliseconds since the Unix epoch, UTC.
pub type Millis = i64;
