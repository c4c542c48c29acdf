//! Which runs begin: those that wait for a place have one as soon as there is one, in the order of arrival.
//!
//! Everything is decided anew from what is on disk, so that it does not matter who was interrupted where: which runs are
//! cancelled in favour of newer ones, and which of those that wait begin. That two do not take the last place is the
//! ledger's to see to, at the moment of the commit.
//!
//! A run that cannot begin for what it is itself is parked, and the others go on as if it were not there.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use ledger::{Fence, LedgerError, QUEUED, Summary};
use workflow::{Event, RunStatus, Workflow};

use crate::input::InputError;
use crate::places::{makes_room, order, outdated, rooms};
use crate::record::stored;
use crate::summary::summary;
use crate::{DriveError, History, HistoryError, Runner};

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
    ///
    /// Several reads show no single moment: other runs begin, wait and end in between, so that too few may be cancelled, and
    /// the run that finds no place would wait until another one ends by itself. Where older runs make room it therefore looks
    /// again, until it sees the same twice.
    pub(crate) async fn admit(&self, workflow: &str) -> Result<(), HistoryError> {
        let mut before = None;
        loop {
            let full = self.admit_once(workflow).await?;
            if full.is_none() || full == before {
                return Ok(());
            }
            before = full;
        }
    }

    /// Looks once. Gives the runs that it saw, with their statuses, if one found no place and older ones make room.
    async fn admit_once(&self, workflow: &str) -> Result<Option<Vec<(String, String)>>, HistoryError> {
        let mut queued = self.summaries(Some(workflow), QUEUED).await?;
        let Some(rules) = self.newest_rules(&mut queued).await? else { return Ok(None) };
        let (outdated, live) = self.outdated(&mut queued, &rules).await?;
        for run in &outdated {
            let waits = queued.iter().any(|queued| queued.run == *run);
            if !waits || self.waiting(run).await?.is_some() {
                self.cancel_for_newer(run).await?;
            }
        }
        let mut full = false;
        for run in queued.iter().filter(|run| !outdated.contains(&run.run)) {
            match self.admit_one(&run.run).await {
                Ok(()) => {}
                Err(HistoryError::Ledger(LedgerError::Full { same_key, .. })) => {
                    full = true;
                    // Runs with other keys may have their turn.
                    if !same_key {
                        break;
                    }
                }
                Err(error) => return Err(error),
            }
        }
        let seen = live.into_iter().map(|run| (run.run, run.status));
        Ok((full && makes_room(&rules)).then(|| seen.collect()))
    }

    /// The workflow as the newest of the runs has it that wait. Those behind it, which cannot begin, are left out of `queued`.
    async fn newest_rules(&self, queued: &mut Vec<Summary>) -> Result<Option<Arc<Workflow>>, HistoryError> {
        while let Some(newest) = queued.last() {
            if let Some(Waiting { workflow, .. }) = self.waiting(&newest.run).await? {
                return Ok(Some(workflow));
            }
            queued.pop();
        }
        Ok(None)
    }

    /// The runs that are to be cancelled in favour of newer ones, and all that this was decided by. One that waits and cannot
    /// begin, which no run gives way to, is left out of `queued`, and so is one that has its place by now.
    async fn outdated(
        &self,
        queued: &mut Vec<Summary>,
        rules: &Workflow,
    ) -> Result<(BTreeSet<String>, Vec<Summary>), HistoryError> {
        let mut able = BTreeSet::new();
        loop {
            let under_way = self.under_way(&rules.name).await?;
            queued.retain(|run| !under_way.contains_key(&run.run));
            let mut live = queued.clone();
            live.extend(under_way.into_values());
            live.sort_by(|a, b| order(a).cmp(&order(b)));
            let outdated = outdated(&live, rules);
            if outdated.is_empty() {
                return Ok((outdated, live));
            }
            let before = queued.len();
            let kept = queued.iter().map(|run| run.run.clone()).filter(|run| !outdated.contains(run));
            for run in kept.collect::<Vec<_>>() {
                if !able.contains(&run) && self.waiting(&run).await?.is_none() {
                    queued.retain(|queued| queued.run != run);
                } else {
                    able.insert(run);
                }
            }
            if queued.len() == before {
                return Ok((outdated, live));
            }
        }
    }

    /// The runs of a workflow that have their place, by their ids: one that begins to wait meanwhile is found twice.
    async fn under_way(&self, workflow: &str) -> Result<BTreeMap<String, Summary>, LedgerError> {
        let mut under_way = BTreeMap::new();
        for status in [RunStatus::Running, RunStatus::Waiting] {
            let runs = self.summaries(Some(workflow), status.name()).await?;
            under_way.extend(runs.into_iter().map(|run| (run.run.clone(), run)));
        }
        Ok(under_way)
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

    /// A run that waits for a place and is not cancelled. One that cannot be read, or whose workflow is missing, is parked.
    async fn waiting(&self, run: &str) -> Result<Option<Waiting>, HistoryError> {
        let found = match History::load(self.ledger.as_ref(), run).await {
            Ok((history, _)) if !is_waiting(&history) => return Ok(None),
            Ok((history, _)) => self.workflow(&history).map(|workflow| Waiting { history, workflow }),
            Err(error) => Err(error.into()),
        };
        match found {
            Ok(waiting) => Ok(Some(waiting)),
            Err(DriveError::History(error)) if !error.is_about_the_run() => Err(error),
            Err(error) => {
                self.park(run, &error.to_string(), 1).await?;
                Ok(None)
            }
        }
    }

    async fn cancel_for_newer(&self, run: &str) -> Result<(), HistoryError> {
        match self.cancel(run, CANCELLER, Some("a newer run takes its place".into())).await {
            // What has ended meanwhile needs no cancelling, what cannot be read cannot be.
            Ok(()) | Err(InputError::Ended { .. }) => Ok(()),
            Err(InputError::History(error)) if !error.is_about_the_run() => Err(error),
            Err(error) => {
                tracing::error!(run, %error, "a run cannot be cancelled in favour of a newer one");
                Ok(())
            }
        }
    }

    /// The runs with this status that are not parked, the oldest first.
    pub(crate) async fn summaries(&self, workflow: Option<&str>, status: &str) -> Result<Vec<Summary>, LedgerError> {
        let mut runs: Vec<Summary> = Vec::new();
        loop {
            let before = runs.last().map(|run| run.run.clone());
            let page = self.ledger.summaries(workflow, Some(status), before.as_deref(), PAGE).await?;
            let full = page.len() >= PAGE as usize;
            runs.extend(page);
            if !full {
                runs.retain(|run| run.parked.is_none());
                runs.reverse();
                return Ok(runs);
            }
        }
    }
}

fn is_waiting(history: &History) -> bool {
    history.run.queued().is_some() && history.run.cancelled().is_none() && history.ended.is_none()
}
