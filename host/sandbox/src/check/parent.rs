//! The parent: starts a child for each upload, a few at a time, and makes an answer of whatever becomes of it.
//!
//! A child may have been taken over by the component that it compiled and asked. So it is believed to be one that says what
//! any upload could make it say, and no more: its answer is bounded in size and time, and must be about the bytes that it
//! was given.

use std::{
    ffi::OsString,
    path::PathBuf,
    process::{ExitStatus, Stdio},
    sync::Arc,
};

use sha2::{Digest, Sha256};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    process::{Child, Command},
    sync::Semaphore,
    time::timeout,
};

use super::{
    CheckError, CheckLimits, Checked,
    message::{MAX_ANSWER_BYTES, Order, Verdict},
};
use crate::{outline, refused::Refused};

/// Checks uploads, each in a process of its own. One is enough for a process; clones share their limits.
#[derive(Debug, Clone)]
pub struct Checker {
    program: PathBuf,
    arguments: Vec<OsString>,
    limits: CheckLimits,
    /// One for each child.
    turns: Arc<Semaphore>,
    /// One for each upload that waits or has a child.
    places: Arc<Semaphore>,
}

impl Checker {
    /// A checker whose children run that program, best given by its whole path: one that calls
    /// [`check_main`](super::check_main) when it gets those arguments.
    pub fn new(
        program: impl Into<PathBuf>,
        arguments: impl IntoIterator<Item = impl Into<OsString>>,
        limits: CheckLimits,
    ) -> Self {
        let at_once = limits.at_once.max(1);
        Self {
            program: program.into(),
            arguments: arguments.into_iter().map(Into::into).collect(),
            turns: Arc::new(Semaphore::new(at_once)),
            places: Arc::new(Semaphore::new(at_once.saturating_add(limits.waiting))),
            limits,
        }
    }

    /// Decides whether the bytes are a plugin, and asks it what it is.
    ///
    /// Dropping the future kills the child, and so does the end of the thread that this runs on: call it on a thread that
    /// stays, as the workers of a runtime do outside of `block_in_place`.
    pub async fn check(&self, component: Vec<u8>) -> Result<Checked, CheckError> {
        outline::sniff(&component)?;
        let closed = |_| CheckError::Host("the checker was closed".to_owned());
        let Ok(_place) = self.places.try_acquire() else {
            return Err(CheckError::Busy { waiting: self.limits.waiting });
        };
        let _turn = self.turns.acquire().await.map_err(closed)?;
        let mut child = self.start().map_err(|error| CheckError::Host(error.to_string()))?;
        let conversation = timeout(self.limits.wall_time, self.converse(&mut child, &component)).await;
        // Whatever it said, it has nothing more to do, and there is no zombie when the next one starts. That it has ended
        // already is an error here.
        let _ = child.kill().await;
        match conversation {
            Err(_) => Err(too_much(format!("it took longer than {:?}", self.limits.wall_time))),
            Ok(Err(problem)) => Err(too_much(problem)),
            Ok(Ok(verdict)) => judge(verdict, &component),
        }
    }

    fn start(&self) -> std::io::Result<Child> {
        let mut command = Command::new(&self.program);
        command.args(&self.arguments).env_clear().current_dir("/").kill_on_drop(true);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn()
    }

    /// Gives the component to the child and reads its answer; fails with what became of the child.
    async fn converse(&self, child: &mut Child, component: &[u8]) -> Result<Verdict, String> {
        let (Some(mut input), Some(output)) = (child.stdin.take(), child.stdout.take()) else {
            return Ok(Verdict::Host("a child has no pipes".to_owned()));
        };
        let order = Order {
            memory_bytes: self.limits.memory_bytes,
            cpu_seconds: self.limits.cpu_time.as_secs().max(1),
            component_bytes: component.len() as u64,
        };
        let order = serde_json::to_string(&order).map_err(|error| error.to_string())? + "\n";
        let write = async move {
            // A child that is gone does not read; how it ended says why.
            let _ = input.write_all(order.as_bytes()).await;
            let _ = input.write_all(component).await;
        };
        let mut answer = Vec::new();
        let mut output = output.take(MAX_ANSWER_BYTES);
        let ((), read) = tokio::join!(write, output.read_to_end(&mut answer));
        if read.is_err() || answer.len() as u64 == MAX_ANSWER_BYTES {
            return Err("the process that compiled it gave no answer that can be read".to_owned());
        }
        let status = child.wait().await.map_err(|error| error.to_string())?;
        if !status.success() {
            return Err(ended(status));
        }
        serde_json::from_slice(&answer).map_err(|_| "the process that compiled it gave no answer".to_owned())
    }
}

/// What the upload is refused with when its child did not come to an answer.
fn too_much(problem: String) -> CheckError {
    tracing::warn!(problem, "an upload could not be checked");
    CheckError::Refused(Refused::CompileLimit { problem })
}

fn ended(status: ExitStatus) -> String {
    use std::os::unix::process::ExitStatusExt as _;
    match status.signal() {
        Some(signal) => format!("the process that compiled it was ended by signal {signal}"),
        None => format!("the process that compiled it ended with {status}"),
    }
}

fn judge(verdict: Verdict, component: &[u8]) -> Result<Checked, CheckError> {
    match verdict {
        Verdict::Accepted { inspection, description } => {
            let digest: String = Sha256::digest(component).iter().map(|byte| format!("{byte:02x}")).collect();
            if inspection.digest != digest || inspection.size != component.len() {
                return Err(too_much("the process that compiled it answered about other bytes".to_owned()));
            }
            let description = description.read().map_err(CheckError::Describe)?;
            Ok(Checked { inspection: *inspection, description })
        }
        Verdict::Refused(refused) => Err(CheckError::Refused(refused)),
        Verdict::Describe(ended) => Err(CheckError::Describe(ended)),
        Verdict::Host(problem) => Err(CheckError::Host(problem)),
    }
}
