//! A ledger whose answers can be held, so that others act between two reads.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use ledger::{Appended, Draft, Epoch, Fence, Filter, Hash, Ledger, LedgerError, Millis, Record, Summary};
use store::Store;
use tokio::sync::oneshot;

/// A held answer.
struct Hold {
    status: &'static str,
    reached: oneshot::Sender<()>,
    go: oneshot::Receiver<()>,
}

/// The store, and the next answer of it that is held.
pub struct Held {
    store: Arc<Store>,
    hold: Mutex<Option<Hold>>,
}

impl Held {
    pub fn new(store: Arc<Store>) -> Held {
        Held { store, hold: Mutex::default() }
    }

    /// Holds the next answer to which runs have this status. The first end tells when it is held, the second lets it go.
    pub fn hold(&self, status: &'static str) -> (oneshot::Receiver<()>, oneshot::Sender<()>) {
        let ((reached, is_reached), (let_go, go)) = (oneshot::channel(), oneshot::channel());
        *self.hold.lock().unwrap() = Some(Hold { status, reached, go });
        (is_reached, let_go)
    }
}

#[async_trait]
impl Ledger for Held {
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
        self.store.read(run, after).await
    }

    async fn read_without_calls(&self, run: &str, after: u64) -> Result<Vec<Record>, LedgerError> {
        self.store.read_without_calls(run, after).await
    }

    async fn read_calls(&self, run: &str, prefix: &str) -> Result<Vec<Record>, LedgerError> {
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
        let answer = self.store.summaries(workflow, status, before, limit).await;
        let hold = self.hold.lock().unwrap().take_if(|hold| status == Some(hold.status));
        if let Some(Hold { reached, go, .. }) = hold {
            reached.send(()).unwrap();
            go.await.unwrap();
        }
        answer
    }

    async fn waiting(&self, after: Option<(Millis, &str)>, limit: u32) -> Result<Vec<Summary>, LedgerError> {
        self.store.waiting(after, limit).await
    }

    async fn due(&self, now: Millis) -> Result<(Vec<String>, Option<Millis>), LedgerError> {
        self.store.due(now).await
    }
}
