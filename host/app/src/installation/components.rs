//! Plugins as the runner wants them: by digest, compiled once, their calls answered one after the other.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use ledger::{Hash, Ledger};
use runner::{Calls, Ended, Plugins, Reply};
use sandbox::{Answer, Channel, HostSide, Limits, Plugin, Sandbox};
use serde_json::Value;
use tokio::sync::Semaphore;
use workflow::StepError;

/// How many plugins run at once; the others wait. Each may use its whole memory limit.
const RUNNING: usize = 64;

/// The compiled plugins.
pub struct Components {
    ledger: Arc<dyn Ledger>,
    sandbox: Arc<Sandbox>,
    limits: Limits,
    compiled: Mutex<HashMap<String, Plugin>>,
    turns: Semaphore,
    /// One compilation at a time: it takes a whole core.
    compiling: tokio::sync::Mutex<()>,
}

impl Components {
    /// Nothing is compiled yet.
    pub fn new(ledger: Arc<dyn Ledger>, sandbox: Arc<Sandbox>, limits: Limits) -> Components {
        let (compiled, turns) = (Mutex::default(), Semaphore::new(RUNNING));
        Components { ledger, sandbox, limits, compiled, turns, compiling: tokio::sync::Mutex::new(()) }
    }

    async fn plugin(&self, digest: &str) -> Result<Plugin, Ended> {
        if let Some(plugin) = self.known(digest) {
            return Ok(plugin);
        }
        let _one = self.compiling.lock().await;
        if let Some(plugin) = self.known(digest) {
            return Ok(plugin);
        }
        let missing = |message: String| Ended { code: "plugin-unavailable".into(), message };
        let hash = Hash::parse(digest).ok_or_else(|| missing(format!("`{digest}` is no digest")))?;
        let bytes = self.ledger.payload(&hash).await.map_err(|error| missing(error.to_string()))?;
        let bytes = bytes.ok_or_else(|| missing(format!("the component `{digest}` is not stored here")))?;
        if Hash::of(&bytes) != hash {
            return Err(missing(format!("the component `{digest}` was changed where it is stored")));
        }
        let sandbox = self.sandbox.clone();
        let compiled = tokio::task::spawn_blocking(move || sandbox.compile(&bytes)).await;
        let plugin = compiled.map_err(|error| missing(error.to_string()))?;
        let plugin = plugin.map_err(|refused| missing(refused.to_string()))?;
        self.compiled.lock().unwrap_or_else(PoisonError::into_inner).insert(digest.into(), plugin.clone());
        Ok(plugin)
    }

    fn known(&self, digest: &str) -> Option<Plugin> {
        self.compiled.lock().unwrap_or_else(PoisonError::into_inner).get(digest).cloned()
    }
}

#[async_trait]
impl Plugins for Components {
    async fn invoke(
        &self,
        digest: &str,
        input: &Value,
        timeout: Option<Duration>,
        calls: Arc<dyn Calls>,
    ) -> Result<Value, Ended> {
        let plugin = self.plugin(digest).await?;
        let _turn = self.turns.acquire().await;
        let mut limits = self.limits.clone();
        limits.wall_time = timeout.map_or(limits.wall_time, |timeout| timeout.min(Limits::MAX.wall_time));
        let (channel, host) = Channel::new();
        let invoked = self.sandbox.invoke(&plugin, input.to_string(), &limits, channel);
        let (output, ()) = tokio::join!(invoked, answer(host, calls));
        let output = output.map_err(ended)?;
        serde_json::from_str(&output)
            .map_err(|error| Ended { code: "output-invalid".into(), message: error.to_string() })
    }
}

/// How a step fails: with the plugin's own code where it has one, so that `retry` and `catch` can tell failures apart.
fn ended(ended: sandbox::Ended) -> Ended {
    match ended {
        sandbox::Ended::Failed { code, message } => Ended { code, message },
        ended @ sandbox::Ended::TimedOut => Ended { code: StepError::TIMED_OUT.into(), message: ended.to_string() },
        ended => Ended { code: ended.code().into(), message: ended.to_string() },
    }
}

/// Answers calls until the invocation has ended.
async fn answer(mut host: HostSide, calls: Arc<dyn Calls>) {
    loop {
        let call = host.calls.recv().await;
        let Some(call) = call else { return };
        let answer = match calls.call(&call.function, call.arguments).await {
            Reply::Return(value) => Answer::Return(value),
            Reply::Stop { code, message } => Answer::Stop { code, message },
        };
        if host.answers.send(answer).await.is_err() {
            return;
        }
    }
}
