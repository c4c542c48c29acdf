//! The ledger in one SQLite database in WAL mode: who may open it, who writes, who reads, and its verification.

mod commit;
mod connect;
mod folder;
mod options;
mod projection;
mod query;
mod reader;
mod rebuild;
mod rows;
mod script;
mod shutdown;
mod store;
mod verify;
mod writer;

pub use connect::DATABASE_FILE;
pub use folder::HEADS_FILE;
pub use options::Options;
pub use rebuild::{Rebuilt, rebuild};
pub use store::Store;
pub use verify::verify;
