//! What the installation knows, in memory: the fold of the ledger's `system` chain, and the one way to add to it.

use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};
use std::time::Duration;

use capability::{Clock, Effective, Policies};
use ledger::{Draft, Fence, Ledger, LedgerError, Millis, SYSTEM};
use registry::Registry;
use runner::Workflows;
use tokio::sync::{Mutex, MutexGuard, Notify};
use workflow::Workflow;

/// What the installation knows.
pub struct Known {
    ledger: Arc<dyn Ledger>,
    clock: Arc<dyn Clock>,
    registry: RwLock<Registry>,
    /// Held from the check to the append of a change; guards the last entry that was read.
    changing: Mutex<u64>,
    /// Told of each change, for the one who keeps the schedules.
    changed: Notify,
}

/// The right to change what is known, until it is dropped.
pub struct Change<'a> {
    known: &'a Known,
    read: MutexGuard<'a, u64>,
}

impl Known {
    /// Reads the `system` chain.
    pub async fn load(ledger: Arc<dyn Ledger>, clock: Arc<dyn Clock>) -> Result<Known, LedgerError> {
        let records = ledger.read(SYSTEM, 0).await?;
        let read = records.last().map_or(0, |record| record.entry.sequence);
        let registry = RwLock::new(Registry::fold(&records)?);
        Ok(Known { ledger, clock, registry, changing: Mutex::new(read), changed: Notify::new() })
    }

    /// What is known now.
    pub fn read(&self) -> RwLockReadGuard<'_, Registry> {
        self.registry.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// The time.
    pub fn now(&self) -> Millis {
        self.clock.now()
    }

    /// Returns when something was changed since this last returned.
    pub async fn changed(&self) {
        self.changed.notified().await;
    }

    /// Takes the right to change: nobody else changes anything until it is dropped.
    pub async fn change(&self) -> Change<'_> {
        Change { known: self, read: self.changing.lock().await }
    }
}

/// How long after a failure the ledger is read again.
const AGAIN: Duration = Duration::from_millis(200);

impl Change<'_> {
    /// Appends an entry; it is on disk and known when this returns.
    pub async fn append(&mut self, draft: Draft) -> Result<(), LedgerError> {
        let Known { ledger, registry, .. } = self.known;
        ledger.append(SYSTEM, Fence::Open, vec![draft], None).await?;
        // It is on disk, so it must come into force: nothing else is changed until it has.
        let records = loop {
            match ledger.read(SYSTEM, *self.read).await {
                Ok(records) => break records,
                Err(error) => tracing::error!(%error, "a change is on disk and cannot be read back yet"),
            }
            tokio::time::sleep(AGAIN).await;
        };
        let mut registry = registry.write().unwrap_or_else(PoisonError::into_inner);
        for record in &records {
            registry.apply(record)?;
            *self.read = record.entry.sequence;
        }
        self.known.changed.notify_one();
        Ok(())
    }
}

impl Policies for Known {
    fn effective(&self, digest: &str) -> Effective {
        let (guardrails, grants) = self.read().effective(digest);
        Effective { guardrails, grants }
    }
}

impl Workflows for Known {
    fn by_digest(&self, digest: &str) -> Option<Arc<Workflow>> {
        self.read().workflow_by_digest(digest).map(|stored| stored.workflow.clone())
    }
}
