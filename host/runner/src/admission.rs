//! Which runs begin: those that wait for a place have one as soon as there is one, in the order of arrival.
//!
//! Everything is decided anew from what is on disk, so that it does not matter who was interrupted where: which runs are
//! cancelled in favour of newer ones, and which of those that wait begin. That two do not take the last place is the
//! ledger's to see to, at the moment of the commit.

use std::collections::BTreeSet;
use std::sync::Arc;

use ledger::{Fence, LedgerError, QUEUED, Summary};
use workflow::{Event, RunStatus, Workflow};

use crate::input::InputError;
use crate::places::{order, outdated, rooms};
use crate::record::stored;
use crate::summary::summary;
use crate::{History, HistoryError, Runner};

/// How many summaries are read at once.
const PAGE: u32 = 500;
/// Who cancels a run in favour of a newer one.
const CANCELLER: &str = "quell:concurrency";

/// A run that waits, with what it is decided by.
struct Waiting {
    history: History,
    workflow: Arc<Workflow>,
}

impl Runner {
    /// Lets begin what can, of every workflow: at the start, and where somebody was interrupted.
    pub async fn admit_all(&self) -> Result<(), HistoryError> {
        let queued = self.summaries(None, QUEUED).await?;
        let workflows: BTreeSet<String> = queued.into_iter().map(|run| run.workflow).collect();
        for workflow in workflows {
            self.admit(&workflow).await?;
        }
        Ok(())
    }

    /// Lets begin what can, of the runs of one workflow that wait.
    pub(crate) async fn admit(&self, workflow: &str) -> Result<(), HistoryError> {
        let queued = self.summaries(Some(workflow), QUEUED).await?;
        let Some(newest) = queued.last() else { return Ok(()) };
        let mut live = queued.clone();
        for status in [RunStatus::Running, RunStatus::Waiting] {
            live.extend(self.summaries(Some(workflow), status.name()).await?);
        }
        live.sort_by(|a, b| order(a).cmp(&order(b)));
        let newest = self.waiting(&newest.run).await?;
        let outdated = newest.map_or_else(BTreeSet::new, |newest| outdated(&live, &newest.workflow));
        for run in &outdated {
            self.cancel_for_newer(run).await?;
        }
        for run in queued.iter().filter(|run| !outdated.contains(&run.run)) {
            match self.admit_one(&run.run).await {
                Ok(()) => {}
                // Runs with other keys may have their turn.
                Err(HistoryError::Ledger(LedgerError::Full { same_key: true, .. })) => {}
                Err(HistoryError::Ledger(LedgerError::Full { .. })) => return Ok(()),
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    async fn admit_one(&self, run: &str) -> Result<(), HistoryError> {
        loop {
            let Some(Waiting { history, workflow }) = self.waiting(run).await? else { return Ok(()) };
            let now = self.clock.now();
            let (draft, event) = stored(&Event::Admitted, now, "host")?;
            let mut then = history.clone();
            then.apply(&event, then.moved + 1, now)?;
            let fence = Fence::Admit { moved: history.moved, rooms: rooms(&workflow, &history) };
            match self.ledger.append(run, fence, vec![draft], Some(summary(&workflow, &then))).await {
                Ok(_) => {
                    self.scheduler.now(run);
                    return Ok(());
                }
                // Somebody else admitted or cancelled it.
                Err(LedgerError::Moved { .. }) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// A run that waits for a place and is not cancelled.
    async fn waiting(&self, run: &str) -> Result<Option<Waiting>, HistoryError> {
        let (history, _) = History::load(self.ledger.as_ref(), run).await?;
        if history.run.queued().is_none() || history.run.cancelled().is_some() || history.ended.is_some() {
            return Ok(None);
        }
        match self.workflow(&history) {
            Ok(workflow) => Ok(Some(Waiting { history, workflow })),
            Err(error) => {
                tracing::error!(run, %error, "a run that waits for a place cannot begin");
                Ok(None)
            }
        }
    }

    async fn cancel_for_newer(&self, run: &str) -> Result<(), HistoryError> {
        match self.cancel(run, CANCELLER, Some("a newer run takes its place".into())).await {
            // What has ended meanwhile needs no cancelling, what cannot be read cannot be.
            Ok(()) | Err(InputError::Ended { .. }) => Ok(()),
            Err(InputError::History(error)) => Err(error),
            Err(error) => {
                tracing::error!(run, %error, "a run cannot be cancelled in favour of a newer one");
                Ok(())
            }
        }
    }

    /// The runs with this status, the oldest first.
    async fn summaries(&self, workflow: Option<&str>, status: &str) -> Result<Vec<Summary>, LedgerError> {
        let mut runs: Vec<Summary> = Vec::new();
        loop {
            let before = runs.last().map(|run| run.run.clone());
            let page = self.ledger.summaries(workflow, Some(status), before.as_deref(), PAGE).await?;
            let full = page.len() >= PAGE as usize;
            runs.extend(page);
            if !full {
                runs.reverse();
                return Ok(runs);
            }
        }
    }
}
