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
pub use harness::arena::Arena;
pub use harness::emulator::{Emulator, python};
pub use harness::estate::{Bucket, Careful, Compromise, Condition, Estate, Group, State};
pub use harness::files::{binary, component, hostile, repository};
pub use harness::host::{Host, Settings};
pub use harness::ledger::{Held, LedgerFile};
pub use harness::people::{People, install};
pub use harness::proxy::{Proxy, Request};
pub use harness::queue::Queue;
pub use harness::remediation::{
    event, grant, grant_plugins, push_plugin, push_plugins, push_workflow, put_grant, put_workflow, shipped_plugins,
    workflow,
};
pub use harness::scene::{Scene, assert_contained, assert_credentials_are_worth_nothing};
pub use harness::services::{Received, Services};
pub use harness::standing::standing_in;
