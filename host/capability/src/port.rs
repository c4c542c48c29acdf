//! The ports: what the gate asks of the rest of the host.

use std::sync::Arc;

use async_trait::async_trait;
use grant::Policy;
use ledger::{Draft, LedgerError, Millis};
use serde_json::Value;

use crate::{Fault, Operation, Scope, Spec};

/// The operations that there are.
#[async_trait]
pub trait Catalog: Send + Sync {
    /// The operation that a call of `function` with `arguments` is, bound to `scope`. Fails with
    /// [`crate::FaultKind::Invalid`] when the arguments cannot be right; nothing is sent.
    async fn operation(&self, function: &str, arguments: &Value, scope: &Scope) -> Result<Arc<dyn Operation>, Fault>;

    /// What holds for every call of each function.
    fn specs(&self) -> Vec<&'static Spec>;
}

/// The policies in force at one moment for one plugin.
#[derive(Clone, Debug, Default)]
pub struct Effective {
    /// The installation's guardrail.
    pub guardrails: Arc<[Policy]>,
    /// The plugin's grant; empty when it has none.
    pub grants: Arc<[Policy]>,
}

/// Who may do what, now. Asked at every live call, so that a revoked grant holds for the next one.
pub trait Policies: Send + Sync {
    /// What is in force for the plugin with this digest.
    fn effective(&self, digest: &str) -> Effective;
}

/// The ledger of one run, held by whoever drives it: it carries the epoch.
#[async_trait]
pub trait Journal: Send + Sync {
    /// Keeps an entry back for the next commit, in order. For what need not be durable yet: reads, logs.
    fn note(&self, draft: Draft);

    /// Appends what was noted and `drafts`, durable on return. Fails when the run was lost to another driver.
    async fn commit(&self, drafts: Vec<Draft>) -> Result<(), LedgerError>;

    /// Whether the run is still ours. Asked right before a write is sent.
    async fn confirm(&self) -> Result<(), LedgerError>;
}

/// The time.
#[async_trait]
pub trait Clock: Send + Sync {
    /// Now.
    fn now(&self) -> Millis;

    /// Returns when `time` has come.
    async fn until(&self, time: Millis);
}
