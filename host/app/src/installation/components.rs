//! Plugins as the runner wants them: by digest, compiled once, their calls answered one after the other.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use ledger::{Hash, Ledger};
use registry::plugin_damaged;
use runner::{Calls, Ended, Plugins, Reply};
use sandbox::{Answer, Channel, HostSide, LimitInvalid, Limits, LimitsChange, Plugin, Sandbox};
use serde_json::Value;
use tokio::sync::Semaphore;
use workflow::StepError;

use super::Known;

/// How many compiled plugins are kept. One that is not is compiled again when it is run.
const KEPT: usize = 256;
/// The unit that memory is handed out in.
const MIB: usize = 1 << 20;

/// The compiled plugins.
pub struct Components {
    ledger: Arc<dyn Ledger>,
    known: Arc<Known>,
    sandbox: Arc<Sandbox>,
    /// Every plugin's, where nothing else was set for one.
    limits: Limits,
    compiled: Mutex<HashMap<String, Plugin>>,
    /// The memory that plugins may use together, in MiB: each run takes its whole limit, and waits until there is as much.
    memory: Semaphore,
    /// One compilation at a time: it takes a whole core.
    compiling: tokio::sync::Mutex<()>,
}

impl Components {
    /// Nothing is compiled yet.
    pub fn new(
        ledger: Arc<dyn Ledger>,
        known: Arc<Known>,
        sandbox: Arc<Sandbox>,
        limits: Limits,
        memory_pool_bytes: usize,
    ) -> Components {
        let (compiled, memory) = (Mutex::default(), Semaphore::new(memory_pool_bytes / MIB));
        let compiling = tokio::sync::Mutex::new(());
        Components { ledger, known, sandbox, limits, compiled, memory, compiling }
    }

    /// Compiles a plugin before it is asked for. What fails here is told when it is.
    pub fn prepare(self: &Arc<Self>, digest: &str) {
        let (components, digest) = (self.clone(), digest.to_owned());
        tokio::spawn(async move {
            // Whatever is run goes before.
            if components.compiling.try_lock().is_ok() {
                let _ = components.plugin(&digest).await;
            }
        });
    }

    /// What the plugin may use up: every plugin's limits, with what was set for this one.
    pub fn limits(&self, digest: &str) -> Result<Limits, LimitInvalid> {
        self.limits.with(&self.set(digest)?)
    }

    /// The limits that were set for the plugin. Fails when this version cannot read them, which must not make them wider.
    fn set(&self, digest: &str) -> Result<LimitsChange, LimitInvalid> {
        let Some(set) = self.known.read().limits(digest).cloned() else { return Ok(LimitsChange::default()) };
        let unreadable =
            |error: serde_json::Error| LimitInvalid { limit: error.to_string(), problem: "not known".into() };
        serde_json::from_value(set).map_err(unreadable)
    }

    /// Every plugin's limits.
    pub fn default_limits(&self) -> &Limits {
        &self.limits
    }

    async fn plugin(&self, digest: &str) -> Result<Plugin, Ended> {
        if let Some(plugin) = self.compiled(digest) {
            return Ok(plugin);
        }
        let _one = self.compiling.lock().await;
        if let Some(plugin) = self.compiled(digest) {
            return Ok(plugin);
        }
        let missing = |message: String| Ended { code: "plugin-unavailable".into(), message };
        let hash = Hash::parse(digest).ok_or_else(|| missing(format!("`{digest}` is no digest")))?;
        let bytes = self.ledger.payload(&hash).await.map_err(|error| missing(error.to_string()))?;
        let bytes = bytes.ok_or_else(|| missing(format!("the component `{digest}` is not stored here")))?;
        let seen = Hash::of(&bytes);
        if seen != hash {
            self.quarantine(digest, &seen).await;
            return Err(missing(format!("the component `{digest}` was changed where it is stored; upload it again")));
        }
        let sandbox = self.sandbox.clone();
        let compiled = tokio::task::spawn_blocking(move || sandbox.compile(&bytes)).await;
        let plugin = compiled.map_err(|error| missing(error.to_string()))?;
        let plugin = plugin.map_err(|refused| missing(refused.to_string()))?;
        // What was found out about it in another process is what it was granted for.
        let uploaded = self.known.read().plugin(digest).map(|plugin| plugin.uploaded.imports.clone());
        if uploaded.as_ref() != Some(&plugin.inspection().imports) {
            return Err(missing(format!("the component `{digest}` imports other functions than when it was uploaded")));
        }
        let mut compiled = self.compiled.lock().unwrap_or_else(PoisonError::into_inner);
        if compiled.len() >= KEPT
            && let Some(other) = compiled.keys().next().cloned()
        {
            compiled.remove(&other);
        }
        compiled.insert(digest.into(), plugin.clone());
        drop(compiled);
        Ok(plugin)
    }

    /// Notes that what is stored under a digest is something else: once, since every run of the plugin meets it again.
    async fn quarantine(&self, digest: &str, seen: &Hash) {
        let mut change = self.known.change().await;
        if self.known.read().plugin(digest).is_none_or(|plugin| plugin.damaged.is_some()) {
            return;
        }
        tracing::error!(digest, %seen, "a stored component is not the one that was uploaded");
        let noted = change.append(plugin_damaged(digest, &seen.to_string(), self.known.now(), "host")).await;
        if let Err(error) = noted {
            tracing::error!(%error, "that could not be written to the ledger");
        }
    }

    fn compiled(&self, digest: &str) -> Option<Plugin> {
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
        let invalid = |invalid: LimitInvalid| Ended {
            code: "limits-invalid".into(),
            message: format!("{invalid}; set the limits of this plugin again"),
        };
        let set = self.set(digest).map_err(invalid)?;
        let mut limits = self.limits.with(&set).map_err(invalid)?;
        let memory = u32::try_from(limits.memory_bytes.div_ceil(MIB)).unwrap_or(u32::MAX);
        let _memory = self.memory.acquire_many(memory).await;
        // A step may take longer than plugins do by default, but not longer than was set for this one.
        let most = if set.wall_time_ms.is_some() { limits.wall_time } else { Limits::MAX.wall_time };
        limits.wall_time = timeout.map_or(limits.wall_time, |timeout| timeout.min(most));
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
