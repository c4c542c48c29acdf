//! What the installation knows, in memory: the fold of the ledger's `system` chain, and the one way to add to it. It is
//! read without the components of plugins, which are read when a plugin is used.

use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};
use std::time::Duration;

use capability::{Clock, Effective, Policies};
use ledger::{Draft, Fence, Filter, Ledger, LedgerError, Millis, Record, SYSTEM};
use registry::Registry;
use runner::Workflows;
use tokio::sync::{Mutex, MutexGuard, Notify};
use workflow::Workflow;

/// What the installation knows.
pub struct Known {
    ledger: Arc<dyn Ledger>,
    clock: Arc<dyn Clock>,
    registry: RwLock<Registry>,
    /// Held from the check to the append of a change; guards the position of the last entry that was read.
    changing: Mutex<i64>,
    /// Told of each change, for the one who keeps the schedules.
    changed: Notify,
}

/// The right to change what is known, until it is dropped.
pub struct Change<'a> {
    known: &'a Known,
    read: MutexGuard<'a, i64>,
}

impl Known {
    /// Reads the `system` chain.
    pub async fn load(ledger: Arc<dyn Ledger>, clock: Arc<dyn Clock>) -> Result<Known, LedgerError> {
        let (mut registry, mut read) = (Registry::default(), 0);
        loop {
            let page = page(ledger.as_ref(), read).await?;
            let Some((last, _)) = page.last() else { break };
            read = *last;
            for (_, record) in &page {
                registry.apply(record)?;
            }
        }
        for unreadable in registry.unreadable_workflows() {
            let (workflow, problems) = (&unreadable.name, &unreadable.problems);
            tracing::error!(workflow, problems, "a stored workflow cannot be read by this Quell: nothing starts it");
        }
        if let Some(unreadable) = registry.unreadable_guardrail() {
            let problems = &unreadable.problems;
            tracing::error!(problems, "the guardrail cannot be read by this Quell: no plugin may do anything");
        }
        let registry = RwLock::new(registry);
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

/// How many entries are read at once.
const PAGE: u32 = 500;

/// The next entries of the `system` chain behind a position, without components.
async fn page(ledger: &dyn Ledger, after: i64) -> Result<Vec<(i64, Record)>, LedgerError> {
    let (run, after) = (Some(SYSTEM.into()), Some(after));
    ledger.query(&Filter { run, after, limit: PAGE, without: &["component"], ..Filter::default() }).await
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
            match page(ledger.as_ref(), *self.read).await {
                Ok(records) => break records,
                Err(error) => tracing::error!(%error, "a change is on disk and cannot be read back yet"),
            }
            tokio::time::sleep(AGAIN).await;
        };
        let mut registry = registry.write().unwrap_or_else(PoisonError::into_inner);
        for (position, record) in &records {
            registry.apply(record)?;
            *self.read = *position;
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

    fn problems(&self, digest: &str) -> Option<String> {
        self.read().unreadable_by_digest(digest).map(|unreadable| unreadable.problems.clone())
    }
}

#[cfg(test)]
mod tests {
    use registry::{Uploaded, plugin_uploaded};
    use serde_json::json;

    use super::*;
    use crate::installation::{CountingLedger, SystemClock};

    /// The start takes as long as there are entries, and not as there are bytes of components.
    #[tokio::test]
    async fn the_start_reads_no_component() {
        const SIZE: usize = 1 << 20;
        let ledger = Arc::new(CountingLedger::new().await);
        for version in 0..3_u8 {
            let uploaded = Uploaded {
                digest: format!("{version:064}"),
                name: "echo".into(),
                version: format!("{version}.0.0"),
                summary: String::new(),
                imports: vec![],
                size: SIZE as u64,
            };
            let entry = plugin_uploaded(&uploaded, (&json!({}), &json!({})), vec![version; SIZE], 0, "user:admin");
            ledger.append(SYSTEM, Fence::Open, vec![entry], None).await.unwrap();
        }
        let known = Known::load(ledger.clone(), Arc::new(SystemClock)).await.unwrap();
        assert_eq!(known.read().plugins().len(), 3);
        assert!(ledger.payload_bytes() < 1_000, "{} bytes of payloads were read", ledger.payload_bytes());

        let entry = registry::plugin_repaired(&format!("{:064}", 1), vec![1; SIZE], 0, "user:admin");
        known.change().await.append(entry).await.unwrap();
        assert!(ledger.payload_bytes() < 1_000, "{} bytes of payloads were read", ledger.payload_bytes());
    }
}
