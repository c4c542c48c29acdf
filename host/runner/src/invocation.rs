//! One attempt of a step, run by a plugin, from its first call to its event.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use capability::{Attempt, Gate, Passed};
use serde_json::Value;
use tokio::sync::oneshot;
use workflow::{Event, StepError};

use crate::{Calls, Ended, Plugins, Reply};

/// What is to be run.
pub(crate) struct Invocation {
    pub attempt: Arc<Attempt>,
    pub input: Arc<Value>,
    pub timeout: Option<Duration>,
}

/// How an attempt is ended from outside.
pub(crate) enum Halt {
    /// Its step is called off: at once.
    Stop,
    /// The driver leaves: behind the call that is in flight, as if the process had died there.
    Leave,
}

/// How it came out.
pub(crate) enum Outcome {
    /// The event to append.
    Event(Box<Event>),
    /// It was left between two calls, and goes on there when the run is driven again.
    Left,
    /// The run is another driver's now, or the ledger cannot be written: append nothing.
    Lost(String),
}

/// Answers a plugin's calls from the gate, and keeps what ended it.
struct Passage {
    gate: Arc<Gate>,
    attempt: Arc<Attempt>,
    ending: Mutex<Option<Passed>>,
    /// Held while a call passes the gate. Once it is closed, no other does.
    passing: tokio::sync::Mutex<()>,
    closed: AtomicBool,
}

impl Passage {
    /// Lets no other call pass, and returns when the one that passes has its answer.
    async fn close(&self) {
        self.closed.store(true, Ordering::Release);
        let _last = self.passing.lock().await;
    }

    /// What ended the plugin, if it was the gate.
    fn ending(&self) -> Option<Passed> {
        self.ending.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

#[async_trait]
impl Calls for Passage {
    async fn call(&self, function: &str, arguments: Value) -> Reply {
        let passing = self.passing.lock().await;
        if self.closed.load(Ordering::Acquire) {
            drop(passing);
            // The plugin is about to be ended.
            return std::future::pending().await;
        }
        let passed = self.gate.pass(&self.attempt, function, &arguments).await;
        let (code, message) = match &passed {
            Passed::Answer(answer) => return Reply::Return(answer.clone()),
            Passed::Fail { code, message } => (code.to_string(), message.clone()),
            Passed::Suspend(call) => ("unknown-outcome".into(), format!("the outcome of call {call} is unknown")),
            Passed::Lost(message) => ("lost".into(), message.clone()),
        };
        *self.ending.lock().unwrap_or_else(PoisonError::into_inner) = Some(passed);
        Reply::Stop { code, message }
    }
}

/// Runs the attempt until it has an outcome and no call of it is in flight. `halt` ends the plugin early.
///
/// What an earlier process left open is settled first, and the plugin is run only if no person must decide: it waits for
/// nothing within its own time, and nothing is open where it goes another way than the first time.
pub(crate) async fn run(
    invocation: Invocation,
    plugins: Arc<dyn Plugins>,
    gate: Arc<Gate>,
    mut halt: oneshot::Receiver<Halt>,
) -> Outcome {
    let Invocation { attempt, input, timeout } = invocation;
    if let Some(outcome) = settle_interrupted(&attempt, &gate, &mut halt).await {
        return outcome;
    }
    let settle = gate.clone();
    let passage = Arc::new(Passage {
        gate,
        attempt: attempt.clone(),
        ending: Mutex::default(),
        passing: tokio::sync::Mutex::default(),
        closed: AtomicBool::new(false),
    });
    let digest = attempt.caller.digest.clone();
    let halted = async {
        match halt.await {
            Ok(Halt::Stop) => Some(Err(stopped())),
            Ok(Halt::Leave) => {
                passage.close().await;
                None
            }
            // The driver has gone away, and this task with it.
            Err(_) => std::future::pending().await,
        }
    };
    let result = tokio::select! {
        biased;
        result = plugins.invoke(&digest, &input, timeout, passage.clone()) => Some(result),
        halted = halted => halted,
    };
    attempt.quiesce().await;
    let Some(result) = result else { return left(&attempt, &passage) };
    if let Err(error) = settle.settle_open(&attempt).await {
        return Outcome::Lost(error.to_string());
    }
    outcome(&attempt, result, passage.ending())
}

/// Settles what an earlier process left open. An outcome where the plugin is not to be run then: a person decides first, its
/// step was called off meanwhile, or the driver leaves, which sends nothing in here and so leaves nothing unknown.
async fn settle_interrupted(attempt: &Attempt, gate: &Gate, halt: &mut oneshot::Receiver<Halt>) -> Option<Outcome> {
    let settling = gate.settle_interrupted(attempt);
    tokio::pin!(settling);
    let (settled, is_stopped) = tokio::select! {
        biased;
        settled = &mut settling => (settled, false),
        Ok(halt) = halt => match halt {
            Halt::Leave => return Some(Outcome::Left),
            Halt::Stop => (settling.await, true),
        },
    };
    match settled {
        Err(error) => Some(Outcome::Lost(error.to_string())),
        Ok(()) if attempt.suspended().is_some() => Some(outcome(attempt, Err(stopped()), None)),
        Ok(()) if is_stopped => Some(stop_interrupted(attempt, gate).await),
        Ok(()) => None,
    }
}

/// What there is to say of an attempt that is left where it is: nothing, unless a person is asked for.
fn left(attempt: &Attempt, passage: &Passage) -> Outcome {
    match passage.ending() {
        Some(Passed::Lost(message)) => Outcome::Lost(message),
        _ if attempt.suspended().is_some() => outcome(attempt, Err(stopped()), None),
        _ => Outcome::Left,
    }
}

/// Settles what an interrupted attempt had in flight, and calls it off without running the plugin again.
pub(crate) async fn stop_interrupted(attempt: &Attempt, gate: &Gate) -> Outcome {
    match gate.settle_open(attempt).await {
        Ok(()) if attempt.suspended().is_some() => outcome(attempt, Err(stopped()), None),
        Ok(()) => event(Event::StepFailed {
            path: attempt.caller.step.clone(),
            attempt: attempt.caller.attempt,
            error: StepError { code: "cancelled".into(), message: "the step was stopped".into() },
        }),
        Err(error) => Outcome::Lost(error.to_string()),
    }
}

fn stopped() -> Ended {
    Ended { code: "cancelled".into(), message: "the step was stopped".into() }
}

fn event(event: Event) -> Outcome {
    Outcome::Event(Box::new(event))
}

fn outcome(attempt: &Attempt, result: Result<Value, Ended>, ending: Option<Passed>) -> Outcome {
    let (path, number) = (attempt.caller.step.clone(), attempt.caller.attempt);
    if let Some(Passed::Lost(message)) = ending {
        return Outcome::Lost(message);
    }
    if let Some(call) = attempt.suspended() {
        return event(Event::StepSuspended { path, attempt: number, call: call.to_string() });
    }
    let failed = |code: &str, message: String| {
        let error = StepError { code: code.into(), message };
        event(Event::StepFailed { path: path.clone(), attempt: number, error })
    };
    match (ending, result) {
        (Some(Passed::Fail { code, message }), _) => failed(code, message),
        (_, Err(Ended { code, message })) => failed(&code, message),
        (_, Ok(_)) if attempt.is_behind() => {
            failed("nondeterministic", "it ended before it made all the calls that the ledger has of it".into())
        }
        (_, Ok(output)) => event(Event::StepSucceeded { path, attempt: number, output }),
    }
}
