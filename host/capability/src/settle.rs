//! What became of a write whose outcome is unknown: the process died, or no answer came.

use ledger::{Draft, LedgerError, Millis};
use serde_json::Value;

use crate::authorise::{addresses, authorise, is_url};
use crate::carry::SENDS;
use crate::drafts::Drafts;
use crate::fault::success;
use crate::limits::Limits;
use crate::{Clock, Fault, Marker, Observation, Operation, Policies, Settlement};

/// The decision on an unknown outcome.
pub(crate) enum Settled {
    /// It was carried out, and this is the answer.
    Done(Value),
    /// It was not, or may be repeated: send it again.
    Again,
    /// Nobody here can tell.
    Undecided,
}

/// A write that is being settled.
pub(crate) struct Settling<'a> {
    pub clock: &'a dyn Clock,
    pub policies: &'a dyn Policies,
    pub limits: &'a Limits,
    pub drafts: &'a Drafts<'a>,
    pub operation: &'a dyn Operation,
    pub marker: &'a Marker,
}

impl Settling<'_> {
    /// Decides, and has the decision in the ledger before it returns.
    pub async fn decide(&self, since: Millis, sends: u32) -> Result<Settled, LedgerError> {
        let Settling { clock, drafts, operation, .. } = self;
        let settlement = operation.settlement();
        let (by, settled) = match settlement {
            Settlement::Observe => ("observe", self.observe(since).await?),
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
            Settled::Again => self.commit(drafts.settled(clock.now(), by, None)).await?,
            Settled::Done(answer) => self.commit(drafts.settled(clock.now(), by, Some(answer))).await?,
            Settled::Undecided => {}
        }
        Ok(settled)
    }

    /// Looks at the state, and once more after a while when it shows nothing: a request that was on its way when the
    /// process died may take effect later, and a new tag may be seen late.
    async fn observe(&self, since: Millis) -> Result<Settled, LedgerError> {
        let Settling { clock, drafts, .. } = self;
        let believable = since + self.limits.absence_after.as_millis() as Millis;
        loop {
            let now = clock.now();
            let observation = self.look().await;
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
                Ok(Observation::Absent) => clock.until(believable).await,
                Ok(Observation::Undecided(_)) => return Ok(Settled::Undecided),
                Err(_) if now >= believable + self.limits.observe_for.as_millis() as Millis => {
                    return Ok(Settled::Undecided);
                }
                Err(_) => clock.until(now + 1_000).await,
            }
        }
    }

    /// Looks once. Where the plugin chose what is asked, which a URL is, this is a request as any other of its own: it is sent
    /// only if the whole call is allowed now. What is asked of AWS is the host's choice.
    async fn look(&self) -> Result<Observation, Fault> {
        let Settling { clock, policies, drafts, operation, marker, .. } = self;
        if !operation.touches().iter().any(is_url) {
            return operation.observe(marker).await;
        }
        let effective = policies.effective(&drafts.attempt.caller.digest);
        if let Err(denial) = authorise(*operation, &effective, *clock, drafts).await {
            return Ok(Observation::Undecided(format!("it may not be looked up any more: {}", denial.message)));
        }
        let addresses = addresses(*operation, &effective, *clock, drafts).await;
        operation.observe(&Marker { addresses, ..(*marker).clone() }).await
    }

    async fn commit(&self, draft: Draft) -> Result<(), LedgerError> {
        self.drafts.attempt.journal.commit(vec![draft]).await
    }
}
