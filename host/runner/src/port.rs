//! The ports: what driving a run asks of the rest of the host.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use ledger::Millis;
use serde_json::Value;
use workflow::Workflow;

/// What a call is answered.
#[derive(Clone, Debug, PartialEq)]
pub enum Reply {
    /// The function's result.
    Return(Value),
    /// The plugin is to be ended at once.
    Stop {
        /// Why, as a step's error code.
        code: String,
        /// Why, for a person.
        message: String,
    },
}

/// Answers the calls of one invocation, one after the other.
#[async_trait]
pub trait Calls: Send + Sync {
    /// Answers a call of `function`.
    async fn call(&self, function: &str, arguments: Value) -> Reply;
}

/// How an invocation ended that has no output.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{code}: {message}")]
pub struct Ended {
    /// The plugin's own code, or the limit that it met.
    pub code: String,
    /// What happened.
    pub message: String,
}

/// Runs plugins.
#[async_trait]
pub trait Plugins: Send + Sync {
    /// Runs the plugin with this digest on `input` and gives its output. Dropping the future ends the plugin.
    async fn invoke(
        &self,
        digest: &str,
        input: &Value,
        timeout: Option<Duration>,
        calls: Arc<dyn Calls>,
    ) -> Result<Value, Ended>;
}

/// Knows workflows.
pub trait Workflows: Send + Sync {
    /// The workflow with this digest. A run keeps the one that it started with.
    fn by_digest(&self, digest: &str) -> Option<Arc<Workflow>>;

    /// What is wrong with the workflow with this digest, if it is here and cannot be read.
    fn problems(&self, _digest: &str) -> Option<String> {
        None
    }
}

/// Has runs driven. At least once for each call; more often does no harm.
pub trait Scheduler: Send + Sync {
    /// Drive `run` now.
    fn now(&self, run: &str);

    /// Drive `run` now, whoever else does: the new driver supersedes the one that it has.
    fn anew(&self, run: &str);

    /// Drive `run` at `time`. A crash may forget it: the run's summary has the time as well.
    fn at(&self, run: &str, time: Millis);
}
