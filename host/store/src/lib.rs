//! How the ledger is kept: on one machine in SQLite, by one writer that commits together all that is ready.
//!
//! This crate decides what is on disk, in which order, and when an append is answered. What an entry, a block and a
//! fault are is `ledger`'s; what entries mean is the business of whoever writes them. Another database is another
//! folder beside `sqlite`: the installation's key, the exported heads and the rules of fences do not know SQLite.

mod chain;
mod error;
mod fence;
mod heads;
mod key;
mod projector;
mod sqlite;

pub use error::OpenError;
pub use key::{KEY_FILE, writer_of};
pub use projector::{Projected, Projector};
pub use sqlite::{DATABASE_FILE, HEADS_FILE, Options, Rebuilt, Store, rebuild, verify};
