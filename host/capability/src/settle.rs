//! What became of a write whose outcome is unknown: the process died, or no answer came.

use ledger::{LedgerError, Millis};
use serde_json::Value;

use crate::carry::SENDS;
use crate::fault::success;
use crate::gate::Gate;
use crate::record::Drafts;
use crate::{Attempt, Fault, Marker, Observation, Operation, Settlement, State};

/// The decision on an unknown outcome.
pub(crate) enum Settled {
    /// It was carried out, and this is the answer.
    Done(Value),
    /// It was not, or may be repeated: send it again.
    Again,
    /// Nobody here can tell.
    Undecided,
}

impl Gate {
    /// Settles the open calls that the guest of an attempt did not come to again: it was stopped, or went another way.
    /// Nothing is sent again; of what cannot be decided, the ledger says so, and the attempt is suspended.
    pub async fn settle_open(&self, attempt: &Attempt) -> Result<(), LedgerError> {
        for (key, call) in attempt.open_calls() {
            let State::Open { function, arguments, since, sends } = &call.state else { continue };
            let drafts = Drafts { attempt, key: &key, function, arguments, hash: call.arguments };
            let settled = match self.catalog.operation(function, arguments, &attempt.caller.scope).await {
                Ok(operation) => {
                    let marker = self.tokens.marker(&key);
                    self.settle(&drafts, operation.as_ref(), &marker, *since, *sends).await?
                }
                Err(_) => Settled::Undecided,
            };
            if let Settled::Undecided = settled {
                let fault = Fault::unknown("interrupted", "the step ended before the outcome was known");
                self.commit(&drafts, drafts.unknown(self.clock.now(), &fault)).await?;
                attempt.suspend(key);
            }
        }
        Ok(())
    }

    /// Decides, and has the decision in the ledger before it returns.
    pub(crate) async fn settle(
        &self,
        drafts: &Drafts<'_>,
        operation: &dyn Operation,
        marker: &Marker,
        since: Millis,
        sends: u32,
    ) -> Result<Settled, LedgerError> {
        let settlement = operation.settlement();
        let (by, settled) = match settlement {
            Settlement::Observe => ("observe", self.observe(drafts, operation, marker, since).await?),
            Settlement::Repeatable => ("repeatable", Settled::Again),
            Settlement::Token => ("token", Settled::Again),
            Settlement::Review => ("review", Settled::Undecided),
        };
        let (by, settled) = match settled {
            Settled::Undecided if drafts.attempt.caller.repeat_unknown => ("on-unknown", Settled::Again),
            settled => (by, settled),
        };
        match &settled {
            Settled::Again if sends >= SENDS => return Ok(Settled::Undecided),
            Settled::Again => self.commit(drafts, drafts.settled(self.clock.now(), by, None)).await?,
            Settled::Done(answer) => self.commit(drafts, drafts.settled(self.clock.now(), by, Some(answer))).await?,
            Settled::Undecided => {}
        }
        Ok(settled)
    }

    /// Looks at the state, and once more after a while when it shows nothing: a request that was on its way when the
    /// process died may take effect later, and a new tag may be seen late.
    async fn observe(
        &self,
        drafts: &Drafts<'_>,
        operation: &dyn Operation,
        marker: &Marker,
        since: Millis,
    ) -> Result<Settled, LedgerError> {
        let believable = since + self.limits.absence_after.as_millis() as Millis;
        loop {
            let now = self.clock.now();
            let observation = operation.observe(marker).await;
            let seen = match &observation {
                Ok(Observation::Done(output)) => Ok(output.clone()),
                Ok(Observation::Absent) => Ok("absent".into()),
                Ok(Observation::Undecided(why)) => Ok(why.as_str().into()),
                Err(fault) => Err(fault.clone()),
            };
            drafts.attempt.journal.note(drafts.host_read(now, "observe", &seen));
            match observation {
                Ok(Observation::Done(output)) => return Ok(Settled::Done(success(output))),
                Ok(Observation::Absent) if now >= believable => return Ok(Settled::Again),
                Ok(Observation::Absent) => self.clock.until(believable).await,
                Ok(Observation::Undecided(_)) => return Ok(Settled::Undecided),
                Err(_) if now >= believable + self.limits.observe_for.as_millis() as Millis => {
                    return Ok(Settled::Undecided);
                }
                Err(_) => self.clock.until(now + 1_000).await,
            }
        }
    }
}
