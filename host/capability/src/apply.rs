//! A write: settled when it is open, sent until there is an answer, or left open for a person.

use ledger::{Draft, LedgerError, Millis};
use serde_json::Value;
use tokio::time::Instant;

use crate::attempt::Attempt;
use crate::authorise::Denial;
use crate::carry::{self, SENDS, is_passing};
use crate::drafts::{Drafts, Verdict};
use crate::fault::success;
use crate::gate::answer;
use crate::settle::{Settled, Settling, Unknown};
use crate::{CallKey, Fault, FaultKind, Gate, Marker, OpenCall, Operation, Passed, Recorded, Settlement, State, Touch};

/// A write while it is sent.
#[derive(Default)]
struct Sending {
    /// How often it was sent.
    sends: u32,
    /// Whether an earlier sending may have been carried out. It may be sent again all the same, and if it is not, a person
    /// decides.
    doubt: bool,
    /// The sending that is to be settled next: when its request had ended, or must have, and the state before it.
    open: Option<(Millis, Option<Value>)>,
}

impl Gate {
    /// Settles what is open, then sends until there is an answer.
    pub(crate) async fn apply(&self, drafts: &Drafts<'_>, operation: &dyn Operation) -> Result<Passed, LedgerError> {
        let (attempt, marker) = (drafts.attempt, self.tokens.marker(drafts.key));
        attempt.take(drafts.key.number);
        let mut sending = Sending::default();
        match attempt.recorded(drafts.key.number).map(|call| call.state) {
            None | Some(State::Answered(_)) => {}
            Some(State::NotDone { sends }) => sending.sends = sends,
            Some(State::PresumedDone(_)) => {
                return Ok(Passed::Answer(self.presume(drafts, operation.presumed(&marker)).await?));
            }
            Some(State::Open(call)) => {
                sending = Sending { sends: call.sends, doubt: call.repeat || call.doubt, open: None };
                if !call.repeat {
                    sending.open = Some((self.ended(&call), call.before));
                }
            }
        }
        loop {
            if let Some((since, before)) = sending.open.take() {
                let unknown = Unknown { since, sends: sending.sends, before: before.as_ref(), doubt: sending.doubt };
                match self.settling(drafts, operation, &marker, true).decide(unknown).await? {
                    Settled::Done(answer) => return Ok(Passed::Answer(answer)),
                    Settled::Undecided => return Ok(Passed::Suspend(drafts.key.clone())),
                    Settled::NotDone => sending.doubt = false,
                    Settled::Again => sending.doubt = true,
                }
            }
            if let Some(passed) = self.send(drafts, operation, &mut sending).await? {
                return Ok(passed);
            }
        }
    }

    /// Sends once, if it may be sent. `None` when there is no answer that the plugin could be told.
    async fn send(
        &self,
        drafts: &Drafts<'_>,
        operation: &dyn Operation,
        sending: &mut Sending,
    ) -> Result<Option<Passed>, LedgerError> {
        let attempt = drafts.attempt;
        if attempt.is_over() {
            return self.call_off(drafts, sending).await.map(Some);
        }
        let touches = match self.authorise(drafts, operation).await {
            Ok(touches) => touches,
            Err(denial) => return self.deny(drafts, sending, &denial, &denial.fault()).await.map(Some),
        };
        let marker = self.marker(drafts, operation).await;
        let before = self.note_before(drafts, operation).await;
        if let Err(fault) = carry::read(self.clock.as_ref(), || operation.prepare()).await {
            return self.deny(drafts, sending, &Denial::no_credentials(&fault, &touches), &fault).await.map(Some);
        }
        // All that came before may have taken minutes.
        if attempt.is_over() {
            return self.call_off(drafts, sending).await.map(Some);
        }
        sending.sends += 1;
        let sent = self.announce_and_send(drafts, operation, &touches, &marker, sending.sends).await?;
        let (sends, now) = (sending.sends, self.clock.now());
        match sent {
            Err(fault) if fault.unknown => {
                self.commit(drafts, drafts.unknown(now, &fault)).await?;
                sending.open = Some((now, before));
                Ok(None)
            }
            Err(fault) if is_passing(&fault) && sends < SENDS => {
                let verdict = if sending.doubt { Verdict::Again } else { Verdict::NotDone };
                self.commit(drafts, drafts.settled(now, &fault.code, verdict)).await?;
                self.clock.until(now + carry::wait(sends)).await;
                Ok(None)
            }
            // What this sending was turned away with says nothing of an earlier one.
            Err(fault) if sending.doubt => {
                let message =
                    format!("an earlier sending may have been carried out, and this one failed: {}", fault.message);
                self.leave_open(drafts, &Fault { message, ..fault }).await.map(Some)
            }
            result => {
                let answer = answer(result);
                self.commit(drafts, drafts.outcome(now, &answer)).await?;
                Ok(Some(Passed::Answer(answer)))
            }
        }
    }

    /// Has the intent on disk, and sends unless it came too late for that. Nothing but the request itself goes over the
    /// network in here.
    async fn announce_and_send(
        &self,
        drafts: &Drafts<'_>,
        operation: &dyn Operation,
        touches: &[Touch],
        marker: &Marker,
        send: u32,
    ) -> Result<Result<Value, Fault>, LedgerError> {
        let intended = Instant::now();
        self.commit(drafts, drafts.intent(self.clock.now(), touches, &marker.token, send)).await?;
        drafts.attempt.journal.confirm().await?;
        let unsent = |code: &str, message: &str| Ok(Err(Fault::known(FaultKind::Unavailable, code, message)));
        if drafts.attempt.is_over() {
            return unsent("stopped", "the step was stopped before this call was sent");
        }
        if intended.elapsed() > self.limits.send_within {
            return unsent("late", "the ledger took too long to write what was to be sent, so that it was not sent");
        }
        Ok(operation.send(marker).await)
    }

    /// The state before, which is noted, where there is one to compare with.
    async fn note_before(&self, drafts: &Drafts<'_>, operation: &dyn Operation) -> Option<Value> {
        if operation.settlement() != Settlement::Compare {
            return None;
        }
        let before = carry::read(self.clock.as_ref(), || operation.state()).await;
        drafts.attempt.journal.note(drafts.host_read(self.clock.now(), "before", &before));
        before.ok()
    }

    /// The step was stopped before the call was sent, or before it was sent again.
    async fn call_off(&self, drafts: &Drafts<'_>, sending: &Sending) -> Result<Passed, LedgerError> {
        let message = "the step was stopped before this call was sent";
        match sending.doubt {
            true => self.leave_open(drafts, &Fault::unknown("stopped", format!("{message} again"))).await,
            false => Ok(Passed::Fail { code: "cancelled", message: message.into() }),
        }
    }

    /// It may not be sent, or not be sent again.
    async fn deny(
        &self,
        drafts: &Drafts<'_>,
        sending: &Sending,
        denial: &Denial,
        fault: &Fault,
    ) -> Result<Passed, LedgerError> {
        if sending.doubt {
            let message = format!("it may not be sent again: {}", denial.message);
            return self.leave_open(drafts, &Fault { message, ..fault.clone() }).await;
        }
        let passed = self.refuse(drafts, denial, fault);
        drafts.attempt.journal.commit(vec![]).await?;
        Ok(passed)
    }

    /// A write that may have been carried out, and that cannot be looked after here any more: a person decides.
    pub(crate) async fn leave_open(&self, drafts: &Drafts<'_>, fault: &Fault) -> Result<Passed, LedgerError> {
        drafts.attempt.take(drafts.key.number);
        self.commit(drafts, drafts.unknown(self.clock.now(), fault)).await?;
        drafts.attempt.suspend(drafts.key.clone());
        Ok(Passed::Suspend(drafts.key.clone()))
    }

    /// Settles what a process before this one left open, before the guest is run again: so a replay waits for nothing, and
    /// nothing is open at whatever place it goes another way. Of what cannot be decided, the attempt is suspended.
    pub async fn settle_interrupted(&self, attempt: &Attempt) -> Result<(), LedgerError> {
        for (key, call) in attempt.open_calls() {
            if !matches!(&call.state, State::Open(OpenCall { repeat: true, .. })) {
                self.settle_recorded(attempt, &key, &call, true).await?;
            }
        }
        Ok(())
    }

    /// Settles the open calls that the guest of an attempt did not come to again: it was stopped, or went another way.
    /// Nothing is sent again; of what cannot be decided, the ledger says so, and the attempt is suspended.
    pub async fn settle_open(&self, attempt: &Attempt) -> Result<(), LedgerError> {
        for (key, call) in attempt.open_calls() {
            self.settle_recorded(attempt, &key, &call, false).await?;
        }
        Ok(())
    }

    async fn settle_recorded(
        &self,
        attempt: &Attempt,
        key: &CallKey,
        recorded: &Recorded,
        sends_again: bool,
    ) -> Result<(), LedgerError> {
        let (State::Open(call) | State::PresumedDone(call)) = &recorded.state else { return Ok(()) };
        let OpenCall { function, arguments, sends, before, .. } = call;
        let drafts = Drafts { attempt, key, function, arguments, hash: recorded.arguments };
        let operation = match self.catalog.operation(function, arguments, &attempt.caller.scope).await {
            Ok(operation) => operation,
            Err(fault) => return self.leave_open(&drafts, &fault).await.map(drop),
        };
        let marker = self.tokens.marker(key);
        if let State::PresumedDone(_) = &recorded.state {
            let answer = self.presume(&drafts, operation.presumed(&marker)).await?;
            attempt.advance(key.number, State::Answered(answer));
            return Ok(());
        }
        let settled = match call.repeat {
            // It may be sent again, and will not be.
            true => Settled::Undecided,
            false => {
                let (since, doubt) = (self.ended(call), call.doubt);
                let unknown = Unknown { since, sends: *sends, before: before.as_ref(), doubt };
                self.settling(&drafts, operation.as_ref(), &marker, sends_again).decide(unknown).await?
            }
        };
        match settled {
            Settled::Done(answer) => attempt.advance(key.number, State::Answered(answer)),
            Settled::NotDone => attempt.advance(key.number, State::NotDone { sends: *sends }),
            Settled::Again => attempt.advance(key.number, State::Open(OpenCall { repeat: true, ..call.clone() })),
            Settled::Undecided => {
                let fault = Fault::unknown("interrupted", "the step ended before the outcome was known");
                self.leave_open(&drafts, &fault).await?;
            }
        }
        Ok(())
    }

    /// When the request of an open call had ended, or must have.
    fn ended(&self, call: &OpenCall) -> Millis {
        call.since + if call.under_way { self.limits.under_way() } else { 0 }
    }

    fn settling<'a>(
        &'a self,
        drafts: &'a Drafts<'a>,
        operation: &'a dyn Operation,
        marker: &'a Marker,
        sends_again: bool,
    ) -> Settling<'a> {
        let (clock, policies) = (self.clock.as_ref(), self.policies.as_ref());
        Settling { clock, policies, limits: &self.limits, drafts, operation, marker, sends_again }
    }

    async fn presume(&self, drafts: &Drafts<'_>, output: Value) -> Result<Value, LedgerError> {
        let answer = success(output);
        self.commit(drafts, drafts.settled(self.clock.now(), "review", Verdict::Done(&answer))).await?;
        Ok(answer)
    }

    async fn commit(&self, drafts: &Drafts<'_>, draft: Draft) -> Result<(), LedgerError> {
        drafts.attempt.journal.commit(vec![draft]).await
    }
}
