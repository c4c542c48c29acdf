//! Ports that are broken until they are mended.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use ledger::{Appended, Draft, Epoch, Fence, Filter, Hash, Ledger, LedgerError, Millis, Record, Summary};
use runner::Workflows;
use store::Store;
use workflow::Workflow;

use crate::world::{Rules, World};

/// In which way workflows cannot be asked for.
#[derive(Clone, Copy, PartialEq)]
pub enum Broken {
    Panics,
    Missing,
}

/// The workflows of a world, as long as they are not broken.
pub struct Fragile {
    rules: Arc<Rules>,
    broken: Mutex<Option<Broken>>,
}

impl Fragile {
    pub fn new(world: &World, broken: Broken) -> Fragile {
        Fragile { rules: world.rules.clone(), broken: Mutex::new(Some(broken)) }
    }

    pub fn mend(&self) {
        *self.broken.lock().unwrap() = None;
    }
}

impl Workflows for Fragile {
    fn by_digest(&self, digest: &str) -> Option<Arc<Workflow>> {
        let broken = *self.broken.lock().unwrap();
        match broken {
            None => self.rules.by_digest(digest),
            Some(Broken::Missing) => None,
            Some(Broken::Panics) => panic!("this port is broken"),
        }
    }
}

/// A ledger whose chains cannot be read for a while, as of a disk that fails.
pub struct Faulty {
    store: Arc<Store>,
    fails: AtomicBool,
    failed: AtomicUsize,
}

impl Faulty {
    pub fn new(store: Arc<Store>) -> Faulty {
        Faulty { store, fails: AtomicBool::new(false), failed: AtomicUsize::new(0) }
    }

    pub fn fail(&self, fails: bool) {
        self.fails.store(fails, Ordering::SeqCst);
    }

    /// How often it failed.
    pub fn failed(&self) -> usize {
        self.failed.load(Ordering::SeqCst)
    }

    fn check(&self) -> Result<(), LedgerError> {
        if !self.fails.load(Ordering::SeqCst) {
            return Ok(());
        }
        self.failed.fetch_add(1, Ordering::SeqCst);
        Err(LedgerError::Storage("disk I/O error".into()))
    }
}

#[async_trait]
impl Ledger for Faulty {
    async fn claim(&self, run: &str, actor: &str, time: Millis) -> Result<Epoch, LedgerError> {
        self.store.claim(run, actor, time).await
    }

    async fn append(
        &self,
        run: &str,
        fence: Fence,
        entries: Vec<Draft>,
        summary: Option<Summary>,
    ) -> Result<Appended, LedgerError> {
        self.store.append(run, fence, entries, summary).await
    }

    async fn epoch(&self, run: &str) -> Result<Epoch, LedgerError> {
        self.store.epoch(run).await
    }

    async fn read(&self, run: &str, after: u64) -> Result<Vec<Record>, LedgerError> {
        self.check()?;
        self.store.read(run, after).await
    }

    async fn read_without_calls(&self, run: &str, after: u64) -> Result<Vec<Record>, LedgerError> {
        self.check()?;
        self.store.read_without_calls(run, after).await
    }

    async fn read_calls(&self, run: &str, prefix: &str) -> Result<Vec<Record>, LedgerError> {
        self.check()?;
        self.store.read_calls(run, prefix).await
    }

    async fn query(&self, filter: &Filter) -> Result<Vec<(i64, Record)>, LedgerError> {
        self.store.query(filter).await
    }

    async fn payload(&self, hash: &Hash) -> Result<Option<Vec<u8>>, LedgerError> {
        self.store.payload(hash).await
    }

    async fn payload_sizes(&self, hashes: &[Hash]) -> Result<BTreeMap<Hash, u64>, LedgerError> {
        self.store.payload_sizes(hashes).await
    }

    async fn summary(&self, run: &str) -> Result<Option<Summary>, LedgerError> {
        self.store.summary(run).await
    }

    async fn summaries(
        &self,
        workflow: Option<&str>,
        status: Option<&str>,
        before: Option<&str>,
        limit: u32,
    ) -> Result<Vec<Summary>, LedgerError> {
        self.store.summaries(workflow, status, before, limit).await
    }

    async fn waiting(&self, after: Option<(Millis, &str)>, limit: u32) -> Result<Vec<Summary>, LedgerError> {
        self.store.waiting(after, limit).await
    }

    async fn due(&self, now: Millis) -> Result<(Vec<String>, Option<Millis>), LedgerError> {
        self.store.due(now).await
    }
}
