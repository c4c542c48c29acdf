//! The ledger of one run in the hands of its driver: it carries the epoch, keeps the order, and commits together what
//! is ready together.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use capability::Journal;
use ledger::{Appended, Draft, Epoch, Fence, Ledger, LedgerError, Summary};

/// The journal of one run under one epoch.
pub(crate) struct RunJournal {
    ledger: Arc<dyn Ledger>,
    run: String,
    pub epoch: Epoch,
    queue: Mutex<Queue>,
    /// Held while one batch is on its way, so that the entries of the run keep their order.
    flushing: tokio::sync::Mutex<()>,
}

#[derive(Default)]
struct Queue {
    waiting: Vec<Draft>,
    /// How many drafts were ever put in, and how many of them are durable.
    pushed: usize,
    durable: usize,
    /// An append failed: what was in it may be missing, so nothing more may follow it.
    broken: bool,
}

impl RunJournal {
    pub fn new(ledger: Arc<dyn Ledger>, run: String, epoch: Epoch) -> RunJournal {
        RunJournal { ledger, run, epoch, queue: Mutex::default(), flushing: tokio::sync::Mutex::new(()) }
    }

    /// Appends what was noted, then the driver's `events`, if nothing moved the run since the entry `moved`.
    /// Gives the place of the first event.
    pub async fn commit_events(
        &self,
        events: Vec<Draft>,
        moved: u64,
        summary: Summary,
    ) -> Result<Appended, LedgerError> {
        let _order = self.flushing.lock().await;
        self.check()?;
        let noted = std::mem::take(&mut self.lock().waiting);
        let (before, count) = (noted.len(), events.len());
        let mut all = noted.clone();
        all.extend(events);
        let fence = Fence::Driver { epoch: self.epoch, moved };
        match self.ledger.append(&self.run, fence, all, Some(summary)).await {
            Ok(Appended { last, .. }) => {
                self.lock().durable += before;
                Ok(Appended { first: last + 1 - count as u64, last })
            }
            Err(error @ LedgerError::Moved { .. }) => {
                self.lock().waiting.splice(0..0, noted);
                Err(error)
            }
            Err(error) => {
                self.lock().broken = true;
                Err(error)
            }
        }
    }

    fn check(&self) -> Result<(), LedgerError> {
        match self.lock().broken {
            false => Ok(()),
            true => Err(LedgerError::Storage("an earlier append of this run failed".into())),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn push(&self, drafts: Vec<Draft>) -> usize {
        let mut queue = self.lock();
        queue.pushed += drafts.len();
        queue.waiting.extend(drafts);
        queue.pushed
    }
}

#[async_trait]
impl Journal for RunJournal {
    fn note(&self, draft: Draft) {
        self.push(vec![draft]);
    }

    async fn commit(&self, drafts: Vec<Draft>) -> Result<(), LedgerError> {
        let mine = self.push(drafts);
        let _order = self.flushing.lock().await;
        self.check()?;
        let batch = {
            let mut queue = self.lock();
            if queue.durable >= mine {
                return Ok(());
            }
            std::mem::take(&mut queue.waiting)
        };
        let count = batch.len();
        let appended = self.ledger.append(&self.run, Fence::Epoch(self.epoch), batch, None).await;
        let mut queue = self.lock();
        match appended {
            Ok(_) => queue.durable += count,
            Err(_) => queue.broken = true,
        }
        appended.map(|_| ())
    }

    async fn confirm(&self) -> Result<(), LedgerError> {
        let newest = self.ledger.epoch(&self.run).await?;
        if newest == self.epoch { Ok(()) } else { Err(LedgerError::Stale { held: self.epoch, newest }) }
    }
}
