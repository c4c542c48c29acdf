//! The gate: replay, authorise, settle or apply, intent, carry out, outcome. Nothing else reaches AWS or the network.
//!
//! A planned run will answer between authorise and intent; nothing before or behind that place knows the difference.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use ledger::{LedgerError, arguments_hash};
use serde_json::Value;
use tokio::sync::oneshot;

use crate::authorise::{Denial, addresses, authorise};
use crate::carry;
use crate::drafts::Drafts;
use crate::fault::success;
use crate::limits::Limits;
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
    pub(crate) catalog: Arc<dyn Catalog>,
    pub(crate) policies: Arc<dyn Policies>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) tokens: TokenKey,
    pub(crate) limits: Limits,
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
        if recorded.as_ref().is_some_and(|recorded| recorded.arguments != drafts.hash) {
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
        let state = recorded.map(|recorded| recorded.state);
        if let Some(State::Answered(answer)) = state {
            return Passed::Answer(answer);
        }
        let operation = match self.catalog.operation(function, arguments, &attempt.caller.scope).await {
            Ok(operation) => operation,
            Err(fault) if matches!(state, Some(State::Open(_) | State::PresumedDone(_))) => {
                return self.leave_open(&drafts, &fault).await.unwrap_or_else(lost);
            }
            Err(fault) => return self.refuse(&drafts, &Denial::impossible(&fault), &fault),
        };
        match operation.effect() {
            Effect::Read => self.read(&drafts, operation.as_ref()).await,
            Effect::Write | Effect::Depends => self.write(attempt, key, function, arguments, operation).await,
        }
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

    /// What goes along with a call, beside its arguments.
    pub(crate) async fn marker(&self, drafts: &Drafts<'_>, operation: &dyn Operation) -> Marker {
        let effective = self.policies.effective(&drafts.attempt.caller.digest);
        let addresses = addresses(operation, &effective, self.clock.as_ref(), drafts).await;
        Marker { addresses, ..self.tokens.marker(drafts.key) }
    }

    pub(crate) async fn authorise(
        &self,
        drafts: &Drafts<'_>,
        operation: &dyn Operation,
    ) -> Result<Vec<Touch>, Box<Denial>> {
        let effective = self.policies.effective(&drafts.attempt.caller.digest);
        authorise(operation, &effective, self.clock.as_ref(), drafts).await
    }

    pub(crate) fn refuse(&self, drafts: &Drafts<'_>, denial: &Denial, fault: &Fault) -> Passed {
        let answer = fault.answer();
        drafts.attempt.journal.note(drafts.denied(self.clock.now(), denial.data(), &answer));
        Passed::Answer(answer)
    }
}

pub(crate) fn answer(result: Result<Value, Fault>) -> Value {
    match result {
        Ok(output) => success(output),
        Err(fault) => fault.answer(),
    }
}

fn lost(error: LedgerError) -> Passed {
    Passed::Lost(error.to_string())
}
