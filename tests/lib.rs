//! What the end-to-end tests share: the emulator and the account in it, the proxy that counts what reaches it, the real
//! binary, and the API as people use it. Each test has its own of everything, on free ports and in folders of its own,
//! so that they run side by side. What is right is the tests' to say.

#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "where a harness cannot go on, the test has failed"
)]

mod harness;

pub use harness::account::{Account, Incident, Instance, Message, Reading, Snapshot};
pub use harness::api::{Api, Reply, until};
pub use harness::emulator::Emulator;
pub use harness::files::{binary, component, hostile, repository};
pub use harness::host::{Host, Settings};
pub use harness::ledger::LedgerFile;
pub use harness::people::{People, install};
pub use harness::proxy::{Proxy, Request};
pub use harness::remediation::{event, grant, grant_plugins, push_plugins, push_workflow};
pub use harness::standing::standing_in;
