//! The gate: replay, authorise, settle or apply, intent, carry out, outcome. Nothing else reaches AWS or the network.
//!
//! A planned run will answer between authorise and intent; nothing before or behind that place knows the difference.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use ledger::{Draft, LedgerError, arguments_hash};
use serde_json::Value;
use tokio::sync::oneshot;

use crate::authorise::{Denial, addresses, authorise};
use crate::carry::{self, SENDS, is_passing};
use crate::drafts::Drafts;
use crate::fault::success;
use crate::limits::Limits;
use crate::settle::{Settled, Settling};
use crate::{
    Attempt, CallKey, Catalog, Clock, Effect, Fault, Marker, Operation, Policies, State, TokenKey, Touch, local,
};

/// How a call came out of the gate.
#[derive(Clone, Debug, PartialEq)]
pub enum Passed {
    /// The function's result, for the plugin.
    Answer(Value),
    /// The step fails: it calls otherwise than in the ledger, or too much.
    Fail {
        /// `nondeterministic`, `call-limit` or `cancelled`.
        code: &'static str,
        /// What happened.
        message: String,
    },
    /// The outcome of this call must be decided by a person first.
    Suspend(CallKey),
    /// The run belongs to another driver, or the ledger cannot be written: stop at once and write nothing.
    Lost(String),
}

/// The one gate.
pub struct Gate {
    catalog: Arc<dyn Catalog>,
    policies: Arc<dyn Policies>,
    clock: Arc<dyn Clock>,
    tokens: TokenKey,
    limits: Limits,
}

impl Gate {
    /// A gate in front of `catalog`.
    pub fn new(
        catalog: Arc<dyn Catalog>,
        policies: Arc<dyn Policies>,
        clock: Arc<dyn Clock>,
        tokens: TokenKey,
        limits: Limits,
    ) -> Gate {
        Gate { catalog, policies, clock, tokens, limits }
    }

    /// Lets one call of `function` through, or not.
    ///
    /// Whoever awaits this may go away at any point: a write goes on by itself, and [`Attempt::quiesce`] waits for it.
    pub async fn pass(self: &Arc<Self>, attempt: &Arc<Attempt>, function: &str, arguments: &Value) -> Passed {
        if function == local::CONTEXT {
            return Passed::Answer(local::context(&attempt.caller));
        }
        let key = attempt.next_key();
        let drafts = Drafts { attempt, key: &key, function, arguments, hash: arguments_hash(function, arguments) };
        let recorded = attempt.recorded(key.number);
        if recorded.is_some_and(|recorded| recorded.arguments != drafts.hash) {
            let message = format!("call {} of `{function}` is not the one in the ledger", key.number);
            return Passed::Fail { code: "nondeterministic", message };
        }
        if function == local::LOG {
            return Passed::Answer(local::log(&drafts, &self.limits, self.clock.now(), recorded.is_some()));
        }
        if attempt.operations.fetch_add(1, Ordering::Relaxed) >= self.limits.operations {
            let message = format!("more than {} operations in one attempt", self.limits.operations);
            return Passed::Fail { code: "call-limit", message };
        }
        if let Some(State::Answered(answer)) = recorded.map(|recorded| &recorded.state) {
            return Passed::Answer(answer.clone());
        }
        let operation = match self.catalog.operation(function, arguments, &attempt.caller.scope).await {
            Ok(operation) => operation,
            Err(fault) if matches!(recorded.map(|call| &call.state), Some(State::Open { .. })) => {
                return self.leave_open(&drafts, &fault).await.unwrap_or_else(lost);
            }
            Err(fault) => return self.refuse(&drafts, &Denial::impossible(&fault), &fault),
        };
        match operation.effect() {
            Effect::Read => self.read(&drafts, operation.as_ref()).await,
            Effect::Write | Effect::Depends => self.write(attempt, key, function, arguments, operation).await,
        }
    }

    /// Settles the open calls that the guest of an attempt did not come to again: it was stopped, or went another way.
    /// Nothing is sent again; of what cannot be decided, the ledger says so, and the attempt is suspended.
    pub async fn settle_open(&self, attempt: &Attempt) -> Result<(), LedgerError> {
        for (key, call) in attempt.open_calls() {
            let State::Open { function, arguments, since, sends } = &call.state else { continue };
            let drafts = Drafts { attempt, key: &key, function, arguments, hash: call.arguments };
            let settled = match self.catalog.operation(function, arguments, &attempt.caller.scope).await {
                Ok(operation) => {
                    let marker = self.tokens.marker(&key);
                    self.settling(&drafts, operation.as_ref(), &marker).decide(*since, *sends).await?
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

    async fn read(&self, drafts: &Drafts<'_>, operation: &dyn Operation) -> Passed {
        let touches = match self.authorise(drafts, operation).await {
            Ok(touches) => touches,
            Err(denial) => return self.refuse(drafts, &denial, &denial.fault()),
        };
        let marker = self.marker(drafts, operation).await;
        let answer = answer(carry::read(self.clock.as_ref(), || operation.send(&marker)).await);
        drafts.attempt.journal.note(drafts.read(self.clock.now(), &touches, &answer));
        Passed::Answer(answer)
    }

    /// A write belongs to a task of the host, which outlives the guest.
    async fn write(
        self: &Arc<Self>,
        attempt: &Arc<Attempt>,
        key: CallKey,
        function: &str,
        arguments: &Value,
        operation: Arc<dyn Operation>,
    ) -> Passed {
        let (tell, told) = oneshot::channel();
        let (gate, of, function, arguments) = (self.clone(), attempt.clone(), function.to_string(), arguments.clone());
        attempt
            .spawn(async move {
                let hash = arguments_hash(&function, &arguments);
                let drafts = Drafts { attempt: &of, key: &key, function: &function, arguments: &arguments, hash };
                let passed = gate.apply(&drafts, operation.as_ref()).await.unwrap_or_else(lost);
                if let Passed::Suspend(call) = &passed {
                    of.suspend(call.clone());
                }
                // The guest may be gone; the ledger has the outcome all the same.
                let _ = tell.send(passed);
            })
            .await;
        told.await.unwrap_or_else(|_| Passed::Lost("the call was given up".into()))
    }

    /// Settles what is open, then sends until there is an answer.
    async fn apply(&self, drafts: &Drafts<'_>, operation: &dyn Operation) -> Result<Passed, LedgerError> {
        let marker = self.tokens.marker(drafts.key);
        let (mut sends, mut open) = match drafts.attempt.recorded(drafts.key.number).map(|call| &call.state) {
            None | Some(State::Answered(_)) => (0, None),
            Some(State::NotDone { sends }) => (*sends, None),
            Some(State::Open { since, sends, .. }) => (*sends, Some(*since)),
            Some(State::PresumedDone) => return self.presume(drafts, operation.presumed(&marker)).await,
        };
        loop {
            if let Some(since) = open {
                match self.settling(drafts, operation, &marker).decide(since, sends).await? {
                    Settled::Done(answer) => return Ok(Passed::Answer(answer)),
                    Settled::Undecided => return Ok(Passed::Suspend(drafts.key.clone())),
                    Settled::Again => {}
                }
            }
            if drafts.attempt.is_over() {
                let message = "the step was stopped before this call was sent".into();
                return Ok(Passed::Fail { code: "cancelled", message });
            }
            let touches = match self.authorise(drafts, operation).await {
                Ok(touches) => touches,
                Err(denial) => {
                    let passed = self.refuse(drafts, &denial, &denial.fault());
                    drafts.attempt.journal.commit(vec![]).await?;
                    return Ok(passed);
                }
            };
            let marker = self.marker(drafts, operation).await;
            sends += 1;
            self.announce(drafts, operation, &touches, &marker.token, sends).await?;
            drafts.attempt.journal.confirm().await?;
            match operation.send(&marker).await {
                Err(fault) if fault.unknown => {
                    // It may have been on its way until now.
                    let now = self.clock.now();
                    self.commit(drafts, drafts.unknown(now, &fault)).await?;
                    open = Some(now);
                }
                Err(fault) if sends < SENDS && is_passing(&fault) => {
                    // Each sending has an intent of its own: how long its absence is doubted counts from there.
                    self.commit(drafts, drafts.settled(self.clock.now(), &fault.code, None)).await?;
                    self.clock.until(self.clock.now() + carry::wait(sends)).await;
                    open = None;
                }
                result => {
                    let answer = answer(result);
                    self.commit(drafts, drafts.outcome(self.clock.now(), &answer)).await?;
                    return Ok(Passed::Answer(answer));
                }
            }
        }
    }

    /// Has the state before and the intent on disk.
    async fn announce(
        &self,
        drafts: &Drafts<'_>,
        operation: &dyn Operation,
        touches: &[Touch],
        token: &str,
        send: u32,
    ) -> Result<(), LedgerError> {
        let before = carry::read(self.clock.as_ref(), || operation.before()).await;
        let now = self.clock.now();
        if let Some(before) = before.transpose() {
            drafts.attempt.journal.note(drafts.host_read(now, "before", &before));
        }
        self.commit(drafts, drafts.intent(now, touches, token, send)).await
    }

    /// A write that was sent, and that cannot be looked after here any more: a person decides.
    async fn leave_open(&self, drafts: &Drafts<'_>, fault: &Fault) -> Result<Passed, LedgerError> {
        self.commit(drafts, drafts.unknown(self.clock.now(), fault)).await?;
        drafts.attempt.suspend(drafts.key.clone());
        Ok(Passed::Suspend(drafts.key.clone()))
    }

    fn settling<'a>(
        &'a self,
        drafts: &'a Drafts<'a>,
        operation: &'a dyn Operation,
        marker: &'a Marker,
    ) -> Settling<'a> {
        let (clock, policies) = (self.clock.as_ref(), self.policies.as_ref());
        Settling { clock, policies, limits: &self.limits, drafts, operation, marker }
    }

    async fn presume(&self, drafts: &Drafts<'_>, output: Value) -> Result<Passed, LedgerError> {
        let answer = success(output);
        self.commit(drafts, drafts.settled(self.clock.now(), "review", Some(&answer))).await?;
        Ok(Passed::Answer(answer))
    }

    /// What goes along with a call, beside its arguments.
    async fn marker(&self, drafts: &Drafts<'_>, operation: &dyn Operation) -> Marker {
        let effective = self.policies.effective(&drafts.attempt.caller.digest);
        let addresses = addresses(operation, &effective, self.clock.as_ref(), drafts).await;
        Marker { addresses, ..self.tokens.marker(drafts.key) }
    }

    async fn authorise(&self, drafts: &Drafts<'_>, operation: &dyn Operation) -> Result<Vec<Touch>, Box<Denial>> {
        let effective = self.policies.effective(&drafts.attempt.caller.digest);
        authorise(operation, &effective, self.clock.as_ref(), drafts).await
    }

    fn refuse(&self, drafts: &Drafts<'_>, denial: &Denial, fault: &Fault) -> Passed {
        let answer = fault.answer();
        drafts.attempt.journal.note(drafts.denied(self.clock.now(), denial.data(), &answer));
        Passed::Answer(answer)
    }

    async fn commit(&self, drafts: &Drafts<'_>, draft: Draft) -> Result<(), LedgerError> {
        drafts.attempt.journal.commit(vec![draft]).await
    }
}

fn answer(result: Result<Value, Fault>) -> Value {
    match result {
        Ok(output) => success(output),
        Err(fault) => fault.answer(),
    }
}

fn lost(error: LedgerError) -> Passed {
    Passed::Lost(error.to_string())
}
