//! Plugins that answer what a case has for them, each after a call that reads and one that writes, so that the gate and
//! its settlement of interrupted writes are tried as well.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use capability::Clock;
use ledger::Millis;
use rehearsal::{Answer, Case, Outcome};
use runner::{Calls, Ended, Plugins};
use serde_json::Value;
use workflow::{StepState, Verdict};

use super::Known;
use super::clock::Jumping;
use super::cut::Cut;
use crate::world::{GET, PUT, Service, TELL, call};

/// A step and its attempt.
pub type Attempt = (String, u32);

/// The plugins of one run in one process.
pub struct Actors {
    pub case: Arc<Case>,
    pub run: String,
    pub ledger: Arc<Cut>,
    pub known: Arc<Known>,
    pub clock: Jumping,
    pub service: Arc<Mutex<Service>>,
    /// The attempts that were begun, in their order.
    pub begun: Mutex<Vec<Attempt>>,
    /// Those that run.
    pub running: Mutex<BTreeSet<Attempt>>,
}

impl Actors {
    /// Which attempt this is: the port does not tell, and the ledger has what runs.
    async fn attempt(&self, plugin: &str, input: &Value) -> Attempt {
        let Ok(history) = self.known.read(self.ledger.as_ref(), &self.run).await else {
            // The process died meanwhile: nothing follows.
            return std::future::pending().await;
        };
        let mut running = self.running.lock().unwrap();
        let found = history.run.steps().find_map(|(path, step)| {
            let key = (path.to_owned(), step.attempt());
            let runs = *step.state() == StepState::Running && step.input() == input && !running.contains(&key);
            (runs && self.case.answer(path, plugin, key.1, input).is_some()).then_some(key)
        });
        let key = found.unwrap_or_else(|| panic!("`{plugin}` is run, and no step asks for it with {input}"));
        running.insert(key.clone());
        key
    }

    async fn act(&self, answer: &Answer, (path, attempt): &Attempt, calls: &Arc<dyn Calls>) -> Result<Value, Ended> {
        let name = format!("{}/{path}/{attempt}", self.run);
        if answer.unknown.is_some() {
            let asked = (TELL.to_owned(), name.clone());
            {
                let mut service = self.service.lock().unwrap();
                if !service.requests.contains(&asked) && !service.silent.contains(&asked) {
                    service.silent.push(asked);
                }
            }
            call(calls, TELL, &name).await?;
        }
        call(calls, GET, &name).await?;
        call(calls, PUT, &name).await?;
        match &answer.outcome {
            Outcome::Output(output) => Ok(output.clone()),
            Outcome::Fail(error) => Err(Ended { code: error.code.clone(), message: error.message.clone() }),
        }
    }
}

#[async_trait]
impl Plugins for Actors {
    async fn invoke(
        &self,
        digest: &str,
        input: &Value,
        timeout: Option<Duration>,
        calls: Arc<dyn Calls>,
    ) -> Result<Value, Ended> {
        let attempt = self.attempt(digest, input).await;
        self.begun.lock().unwrap().push(attempt.clone());
        let answer = self.case.answer(&attempt.0, digest, attempt.1, input).expect("it was found with one").clone();
        let takes = timeout.map_or(answer.takes, |timeout| timeout.min(answer.takes));
        self.clock.until(self.clock.now() + takes.as_millis() as Millis).await;
        let ended = if takes < answer.takes {
            Err(Ended { code: "timed-out".into(), message: "it took longer than its `timeout`".into() })
        } else {
            self.act(&answer, &attempt, &calls).await
        };
        self.running.lock().unwrap().remove(&attempt);
        ended
    }
}

/// How often an answer has its write of unknown outcome sent at most. When the process dies right behind the second one,
/// the outcome of that is unknown as well, and the person of the case says the same again.
pub fn tells(answer: &Answer) -> usize {
    match &answer.unknown {
        None => 0,
        Some(unknown) if unknown.verdict == Some(Verdict::NotDone) => 3,
        Some(_) => 1,
    }
}
