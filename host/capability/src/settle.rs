//! What became of a write whose outcome is unknown: the process died, or no answer came.

use ledger::{Draft, LedgerError, Millis};
use serde_json::{Value, json};

use crate::authorise::{addresses, authorise, is_url};
use crate::carry::SENDS;
use crate::drafts::{Drafts, Verdict};
use crate::fault::success;
use crate::limits::{Limits, millis};
use crate::{Clock, Fault, FaultKind, Marker, Observation, Operation, Policies, Settlement};

/// The decision on an unknown outcome.
pub(crate) enum Settled {
    /// It was carried out, and this is the answer.
    Done(Value),
    /// It was not carried out.
    NotDone,
    /// Nobody knows, and it may be sent again all the same.
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
    /// Whether it can be sent again at all.
    pub sends_again: bool,
}

/// What is known of how it was sent.
pub(crate) struct Unknown<'a> {
    /// When its request had ended, or must have.
    pub since: Millis,
    /// How often it was sent.
    pub sends: u32,
    /// The state before it was sent, where that was read.
    pub before: Option<&'a Value>,
    /// Whether an earlier sending may have been carried out.
    pub doubt: bool,
}

/// What one look at the state tells.
enum Sight {
    /// The write was carried out. What is concluded of an absence, or of what was so before, is not told at once.
    Done { output: Value, at_once: bool },
    /// It was not carried out, or its effect is not seen yet.
    Absent,
    /// Neither what it leads to nor what was before: another wrote too, or not all of it is seen yet.
    Neither,
    /// Looking on will not tell more.
    Undecided,
}

impl Settling<'_> {
    /// Decides, and has the decision in the ledger before it returns.
    pub async fn decide(&self, unknown: Unknown<'_>) -> Result<Settled, LedgerError> {
        let Settling { clock, drafts, operation, .. } = self;
        let (by, settled) = match operation.settlement() {
            Settlement::Compare => ("compare", self.watch(&unknown).await),
            Settlement::Observe => ("observe", self.watch(&unknown).await),
            Settlement::Repeatable => ("repeatable", Settled::Again),
            Settlement::Token => ("token", Settled::Again),
            Settlement::Review => ("review", Settled::Undecided),
        };
        let (by, settled) = match settled {
            Settled::Undecided if drafts.attempt.caller.repeat_unknown => ("on-unknown", Settled::Again),
            // What is now is as it was before the last sending, whatever the earlier one had changed by then.
            Settled::NotDone if unknown.doubt && operation.settlement() == Settlement::Compare => (by, Settled::Again),
            settled => (by, settled),
        };
        let verdict = match &settled {
            Settled::Again if !self.sends_again => return Ok(Settled::Undecided),
            Settled::Again | Settled::NotDone if self.sends_again && unknown.sends >= SENDS => {
                return Ok(Settled::Undecided);
            }
            Settled::Undecided => return Ok(Settled::Undecided),
            Settled::Done(answer) => Verdict::Done(answer),
            Settled::NotDone => Verdict::NotDone,
            Settled::Again => Verdict::Again,
        };
        self.commit(drafts.settled(clock.now(), by, verdict)).await?;
        Ok(settled)
    }

    /// Looks at the state, and once more after a while when it does not show the write for certain: a request that was on its
    /// way when the process died may take effect later, and what was done may be seen late.
    async fn watch(&self, unknown: &Unknown<'_>) -> Settled {
        let believable = unknown.since + millis(self.limits.absence_after);
        loop {
            let now = self.clock.now();
            let late = now >= believable;
            match self.look(now, unknown.before).await {
                Ok(Sight::Done { output, at_once }) if at_once || late => return Settled::Done(success(output)),
                Ok(Sight::Absent) if late => return Settled::NotDone,
                Ok(Sight::Neither) if late => return Settled::Undecided,
                Ok(Sight::Undecided) => return Settled::Undecided,
                Ok(_) => self.clock.until(believable).await,
                Err(_) if now >= believable + millis(self.limits.observe_for) => return Settled::Undecided,
                Err(_) => self.clock.until(now + 1_000).await,
            }
        }
    }

    /// Looks once, and notes what is seen.
    async fn look(&self, now: Millis, before: Option<&Value>) -> Result<Sight, Fault> {
        let (sight, seen) = match self.operation.settlement() {
            Settlement::Compare => self.compare(before).await,
            _ => self.observe().await,
        };
        self.drafts.attempt.journal.note(self.drafts.host_read(now, "observe", &seen));
        sight
    }

    /// Compares three ways: the state before, what the write leads to, the state now. Where the write changes nothing it does
    /// not matter whether it was carried out, once it cannot be on its way any more.
    async fn compare(&self, before: Option<&Value>) -> (Result<Sight, Fault>, Result<Value, Fault>) {
        let Settling { operation, marker, .. } = self;
        let state = match operation.state().await {
            Ok(state) => state,
            // What cannot be found does not tell what it has, or had.
            Err(fault) if fault.kind == FaultKind::NotFound => return (Ok(Sight::Neither), Err(fault)),
            Err(fault) => return (Err(fault.clone()), Err(fault)),
        };
        let facet = |state: &Value| operation.facet(state, marker);
        let compared =
            facet(&state).and_then(|now| Ok((now, before.map(facet).transpose()?, operation.target(marker)?)));
        let (now, before, target) = match compared {
            Ok(facets) => facets,
            Err(fault) => return (Ok(Sight::Undecided), Err(fault)),
        };
        let (sight, shows) = if now == target {
            let at_once = !is_absence(&target) && before.is_some_and(|before| before != target);
            (Sight::Done { output: operation.output(&state, marker), at_once }, "what was written")
        } else if before.is_some_and(|before| before == now) {
            (Sight::Absent, "what was before")
        } else {
            (Sight::Neither, "neither what was written nor what is known to have been before")
        };
        (Ok(sight), Ok(json!({ "shows": shows, "state": state })))
    }

    /// Looks for what the write leaves behind. Where the plugin chose what is asked, which a URL is, this is a request as any
    /// other of its own: it is sent only if the whole call is allowed now. What is asked of AWS is the host's choice.
    async fn observe(&self) -> (Result<Sight, Fault>, Result<Value, Fault>) {
        let Settling { clock, policies, drafts, operation, marker, .. } = self;
        let mut marker = (*marker).clone();
        if operation.touches().iter().any(is_url) {
            let effective = policies.effective(&drafts.attempt.caller.digest);
            if let Err(denial) = authorise(*operation, &effective, *clock, drafts).await {
                let why = format!("it may not be looked up any more: {}", denial.message);
                return (Ok(Sight::Undecided), Ok(why.into()));
            }
            marker.addresses = addresses(*operation, &effective, *clock, drafts).await;
        }
        match operation.observe(&marker).await {
            Ok(Observation::Done(output)) => (Ok(Sight::Done { output: output.clone(), at_once: true }), Ok(output)),
            Ok(Observation::Absent) => (Ok(Sight::Absent), Ok("absent".into())),
            Ok(Observation::Undecided(why)) => (Ok(Sight::Undecided), Ok(why.into())),
            Err(fault) => (Err(fault.clone()), Err(fault)),
        }
    }

    async fn commit(&self, draft: Draft) -> Result<(), LedgerError> {
        self.drafts.attempt.journal.commit(vec![draft]).await
    }
}

/// Whether a facet says that there is nothing.
fn is_absence(facet: &Value) -> bool {
    facet.is_null() || facet.as_array().is_some_and(Vec::is_empty)
}
