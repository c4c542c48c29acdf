//! Runs that nobody can drive are parked: they are left alone until a person has them driven again.

use ledger::{Fence, LedgerError, QUEUED, run_parked, run_resumed};

use crate::input::InputError;
use crate::places::rooms;
use crate::record::person;
use crate::{History, Runner};

impl Runner {
    /// Parks a run that could not be driven, or could not begin, `failures` times. Nothing of its history is read.
    pub(crate) async fn park(&self, run: &str, why: &str, failures: u32) -> Result<(), LedgerError> {
        self.ledger.append(run, Fence::Open, vec![run_parked(why, failures, self.clock.now())], None).await?;
        tracing::error!(run, why, failures, "a run is parked: it is left alone until somebody resumes it");
        Ok(())
    }

    /// Has the run driven anew, superseding the driver that it may have: for one that hangs, or that is parked. Nothing is
    /// done twice.
    pub async fn resume(&self, run: &str, by: &str) -> Result<(), InputError> {
        loop {
            let summary = self.ledger.summary(run).await?.ok_or_else(|| LedgerError::NoRun { run: run.into() })?;
            if summary.ended.is_some() {
                return Err(InputError::Ended { run: run.into(), status: summary.status });
            }
            let fence = if summary.parked.is_some() { self.place_of(run).await } else { Fence::Open };
            match self.ledger.append(run, fence, vec![run_resumed(self.clock.now(), person(by))], None).await {
                Ok(_) if summary.status == QUEUED => return Ok(self.admit(&summary.workflow).await?),
                Ok(_) => {
                    self.scheduler.anew(run);
                    return Ok(());
                }
                Err(LedgerError::Moved { .. }) => {}
                Err(error @ LedgerError::Full { .. }) => return Err(InputError::Full(error.to_string())),
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// What must hold for a parked run to go on: it takes a place again, where its history tells that it needs one.
    async fn place_of(&self, run: &str) -> Fence {
        let Ok((history, _)) = History::load(self.ledger.as_ref(), run).await else { return Fence::Open };
        let Ok(workflow) = self.workflow(&history) else { return Fence::Open };
        match history.run.queued() {
            Some(_) => Fence::Open,
            None => Fence::Admit { moved: history.moved, rooms: rooms(&workflow, &history) },
        }
    }
}
