//! For tests: a ledger on a real disk that counts what is read of it.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use ledger::{Appended, Draft, Epoch, Fence, Filter, Hash, Ledger, LedgerError, Millis, Record, Summary};
use store::Store;
use tempfile::TempDir;

pub struct CountingLedger {
    store: Store,
    payload_bytes: AtomicUsize,
    histories: AtomicUsize,
    _folder: TempDir,
}

impl CountingLedger {
    pub async fn new() -> CountingLedger {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path(), store::Options::default()).await.unwrap();
        CountingLedger { store, payload_bytes: AtomicUsize::new(0), histories: AtomicUsize::new(0), _folder: folder }
    }

    /// The bytes of all payloads that were given.
    pub fn payload_bytes(&self) -> usize {
        self.payload_bytes.load(Ordering::Relaxed)
    }

    /// How often the history of a run was read.
    pub fn histories(&self) -> usize {
        self.histories.load(Ordering::Relaxed)
    }

    fn count<'a>(&self, records: impl IntoIterator<Item = &'a Record>) {
        let payloads = records.into_iter().flat_map(|record| record.payloads.values().flatten());
        self.payload_bytes.fetch_add(payloads.map(Vec::len).sum(), Ordering::Relaxed);
    }
}

#[async_trait]
impl Ledger for CountingLedger {
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
        let records = self.store.read(run, after).await?;
        self.histories.fetch_add(1, Ordering::Relaxed);
        self.count(&records);
        Ok(records)
    }

    async fn read_without_calls(&self, run: &str, after: u64) -> Result<Vec<Record>, LedgerError> {
        let records = self.store.read_without_calls(run, after).await?;
        self.histories.fetch_add(1, Ordering::Relaxed);
        self.count(&records);
        Ok(records)
    }

    async fn read_calls(&self, run: &str, prefix: &str) -> Result<Vec<Record>, LedgerError> {
        let records = self.store.read_calls(run, prefix).await?;
        self.histories.fetch_add(1, Ordering::Relaxed);
        self.count(&records);
        Ok(records)
    }

    async fn query(&self, filter: &Filter) -> Result<Vec<(i64, Record)>, LedgerError> {
        let records = self.store.query(filter).await?;
        self.count(records.iter().map(|(_, record)| record));
        Ok(records)
    }

    async fn payload(&self, hash: &Hash) -> Result<Option<Vec<u8>>, LedgerError> {
        let payload = self.store.payload(hash).await?;
        self.payload_bytes.fetch_add(payload.as_ref().map_or(0, Vec::len), Ordering::Relaxed);
        Ok(payload)
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
