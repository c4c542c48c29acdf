//! A ledger whose process dies at one of its appends: before it is on disk, or right after.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use ledger::{Appended, Draft, Epoch, Fence, Filter, Hash, Ledger, LedgerError, Millis, Record, Summary};
use runner::{ProjectedRun, RunProjection, Workflows};
use store::Store;

/// When the process dies.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Death {
    /// It does not.
    Never,
    /// At this append (from 0), before anything of it is on disk.
    Before(usize),
    /// At this append, when it is on disk and nobody knows yet.
    After(usize),
}

/// The ledger in the hands of one process.
pub struct Cut {
    store: Arc<Store>,
    workflows: Arc<dyn Workflows>,
    death: Death,
    /// What was appended, or would have been: the kinds and steps of each append.
    appends: Mutex<Vec<String>>,
    dead: AtomicBool,
    busy: AtomicUsize,
}

impl Cut {
    pub fn new(store: Arc<Store>, workflows: Arc<dyn Workflows>, death: Death) -> Arc<Cut> {
        let (appends, busy) = Default::default();
        Arc::new(Cut { store, workflows, death, appends, dead: AtomicBool::new(false), busy })
    }

    /// What was appended, append by append.
    pub fn appends(&self) -> Vec<String> {
        self.appends.lock().unwrap().clone()
    }

    /// Whether the process is dead.
    pub fn is_dead(&self) -> bool {
        self.dead.load(Ordering::SeqCst)
    }

    /// Whether somebody waits for the disk.
    pub fn is_busy(&self) -> bool {
        self.busy.load(Ordering::SeqCst) > 0
    }

    fn busy(&self) -> Busy<'_> {
        self.busy.fetch_add(1, Ordering::SeqCst);
        Busy(self)
    }

    fn alive(&self) -> Result<(), LedgerError> {
        if self.is_dead() { Err(LedgerError::Storage("the process is dead".into())) } else { Ok(()) }
    }

    fn die(&self) -> LedgerError {
        self.dead.store(true, Ordering::SeqCst);
        LedgerError::Storage("the process dies here".into())
    }

    /// The summary that was appended is the one that the entries come to, so that it can be made anew.
    async fn check_projection(&self, run: &str) -> Result<(), LedgerError> {
        loop {
            let kept = self.store.summary(run).await?;
            let mut projection = RunProjection::default();
            self.store.read(run, 0).await?.iter().for_each(|record| projection.follow(record));
            // Somebody may have moved the run meanwhile.
            if self.store.summary(run).await? == kept {
                let made = projection.end(self.workflows.as_ref());
                assert_eq!(made, kept.map(ProjectedRun::Followed));
                return Ok(());
            }
        }
    }

    /// Writes, unless the process dies before or behind it.
    async fn write<T>(
        &self,
        what: String,
        write: impl Future<Output = Result<T, LedgerError>>,
    ) -> Result<T, LedgerError> {
        let _busy = self.busy();
        self.alive()?;
        let this = {
            let mut appends = self.appends.lock().unwrap();
            appends.push(what);
            appends.len() - 1
        };
        if self.death == Death::Before(this) {
            return Err(self.die());
        }
        let written = write.await;
        if self.death == Death::After(this) { Err(self.die()) } else { written }
    }
}

struct Busy<'a>(&'a Cut);

impl Drop for Busy<'_> {
    fn drop(&mut self) {
        self.0.busy.fetch_sub(1, Ordering::SeqCst);
    }
}

#[async_trait]
impl Ledger for Cut {
    async fn claim(&self, run: &str, actor: &str, time: Millis) -> Result<Epoch, LedgerError> {
        self.write("claim".into(), self.store.claim(run, actor, time)).await
    }

    async fn append(
        &self,
        run: &str,
        fence: Fence,
        entries: Vec<Draft>,
        summary: Option<Summary>,
    ) -> Result<Appended, LedgerError> {
        let told = entries.iter().map(|entry| {
            let of = ["step", "attempt", "decision", "verdict", "status"].map(|name| entry.data[name].to_string());
            format!("{} {}", entry.kind, of.join(" "))
        });
        let told = told.collect::<Vec<_>>().join("\n");
        let _busy = self.busy();
        let appended = self.write(told, self.store.append(run, fence, entries, summary)).await?;
        if self.death == Death::Never {
            self.check_projection(run).await?;
        }
        Ok(appended)
    }

    async fn epoch(&self, run: &str) -> Result<Epoch, LedgerError> {
        let _busy = self.busy();
        self.alive()?;
        self.store.epoch(run).await
    }

    async fn read(&self, run: &str, after: u64) -> Result<Vec<Record>, LedgerError> {
        let _busy = self.busy();
        self.alive()?;
        self.store.read(run, after).await
    }

    async fn read_without_calls(&self, run: &str, after: u64) -> Result<Vec<Record>, LedgerError> {
        let _busy = self.busy();
        self.alive()?;
        self.store.read_without_calls(run, after).await
    }

    async fn read_calls(&self, run: &str, prefix: &str) -> Result<Vec<Record>, LedgerError> {
        let _busy = self.busy();
        self.alive()?;
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
