//! How an invocation ends other than with an output, with a stable code for programs.
//!
//! What follows (retry, catch, the end of the run) is the workflow's business. What went wrong inside wasmtime is told
//! apart in [`Ended::of`].

use serde::{Deserialize, Serialize};
use wasmtime::{Trap, WasmBacktrace};

use crate::limiter::Exhausted;

/// How an invocation ended, when not with an output.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(tag = "ended", rename_all = "kebab-case")]
#[expect(missing_docs, reason = "the messages say what the fields are")]
pub enum Ended {
    /// The plugin said so itself: `run` returned a failure.
    #[error("the plugin failed with `{code}`: {message}")]
    Failed { code: String, message: String },
    /// The plugin did what WebAssembly does not allow. A panic of a Rust plugin is one.
    #[error("the plugin trapped: {trap}")]
    Trapped { trap: String, backtrace: Vec<String> },
    /// The plugin recursed too deeply.
    #[error("the plugin used up its stack")]
    StackOverflow,
    /// The limit `fuel`.
    #[error("the plugin used up its fuel")]
    FuelExhausted,
    /// The limit `guest-time`.
    #[error("the plugin computed for longer than it may")]
    DeadlineExceeded,
    /// The limit `wall-time`.
    #[error("the invocation took longer than it may")]
    TimedOut,
    /// The limit `memory-bytes`: the plugin was refused memory, and could not go on without.
    #[error("the plugin needs more memory than it may have")]
    MemoryLimit,
    /// The limit `table-elements`.
    #[error("the plugin needs larger tables than it may have")]
    TableLimit,
    /// The limit `handles`.
    #[error("the plugin holds more handles than it may")]
    HandleLimit,
    /// The limit `host-calls`.
    #[error("the plugin made more than {limit} calls")]
    CallLimit { limit: usize },
    /// The limit `argument-bytes`.
    #[error("the arguments of the plugin's calls have more than {limit} bytes")]
    ArgumentLimit { limit: usize },
    /// The limit `hostcall-fuel`.
    #[error("the plugin passed more to the host at once than it may")]
    HostcallLimit,
    /// The limit `input-bytes`; the plugin did not run.
    #[error("the input has {bytes} bytes, and {limit} are allowed")]
    InputLimit { bytes: usize, limit: usize },
    /// The limit `output-bytes`.
    #[error("the output has {bytes} bytes, and {limit} are allowed")]
    OutputLimit { bytes: usize, limit: usize },
    /// What the plugin returned is not JSON, or not strictly.
    #[error("the output is not JSON: {problem}")]
    OutputInvalid { problem: String },
    /// An argument has no JSON: a float that is not finite.
    #[error("the plugin called `{function}` with what cannot be recorded: {problem}")]
    ArgumentInvalid { function: String, problem: String },
    /// `describe` called something.
    #[error("the plugin called `{function}` in `describe`, which may call nothing")]
    CallNotAllowed { function: String },
    /// The host ended the invocation.
    #[error("the host stopped the plugin with `{code}`: {message}")]
    Stopped { code: String, message: String },
    /// The host answered with something that the function does not return. The host is at fault.
    #[error("the host answered `{function}` with what it does not return: {problem}")]
    AnswerInvalid { function: String, problem: String },
    /// The host went away without an answer.
    #[error("the host did not answer `{function}`")]
    HostGone { function: String },
    /// The host gave a limit beyond the maximum; the plugin did not run.
    #[error(transparent)]
    LimitsInvalid(#[from] crate::limits::LimitInvalid),
}

impl Ended {
    /// The stable code, kebab case. For [`Stopped`](Self::Stopped) it is the one that the host gave.
    #[must_use]
    pub fn code(&self) -> &str {
        match self {
            Self::Failed { .. } => "failed",
            Self::Trapped { .. } => "trap",
            Self::StackOverflow => "stack-overflow",
            Self::FuelExhausted => "fuel-exhausted",
            Self::DeadlineExceeded => "deadline",
            Self::TimedOut => "timeout",
            Self::MemoryLimit => "memory-limit",
            Self::TableLimit => "table-limit",
            Self::HandleLimit => "handle-limit",
            Self::CallLimit { .. } => "call-limit",
            Self::ArgumentLimit { .. } => "argument-limit",
            Self::HostcallLimit => "hostcall-limit",
            Self::InputLimit { .. } => "input-limit",
            Self::OutputLimit { .. } => "output-limit",
            Self::OutputInvalid { .. } => "output-invalid",
            Self::ArgumentInvalid { .. } => "argument-invalid",
            Self::CallNotAllowed { .. } => "call-not-allowed",
            Self::Stopped { code, .. } => code,
            Self::AnswerInvalid { .. } => "answer-invalid",
            Self::HostGone { .. } => "host-gone",
            Self::LimitsInvalid(_) => "limits-invalid",
        }
    }

    /// Tells apart why wasmtime gave up. `exhausted` is what the plugin was refused before.
    pub(crate) fn of(error: &wasmtime::Error, exhausted: Option<Exhausted>) -> Self {
        if let Some(ended) = error.downcast_ref::<Self>() {
            return ended.clone();
        }
        let says = |text: &str| error.root_cause().to_string().contains(text);
        if says(HOSTCALL_FUEL) {
            return Self::HostcallLimit;
        }
        if says(HANDLES) {
            return Self::HandleLimit;
        }
        match (error.downcast_ref::<Trap>(), exhausted) {
            (Some(Trap::OutOfFuel), _) => Self::FuelExhausted,
            (Some(Trap::StackOverflow), _) => Self::StackOverflow,
            // What a plugin does for want of memory is to give up, and what wasmtime does is not to instantiate it.
            (Some(Trap::UnreachableCodeReached) | None, Some(Exhausted::Memory)) => Self::MemoryLimit,
            (Some(Trap::UnreachableCodeReached) | None, Some(Exhausted::Table)) => Self::TableLimit,
            _ => Self::Trapped { trap: shorten(error.root_cause().to_string()), backtrace: backtrace(error) },
        }
    }
}

/// wasmtime keeps the types of these two errors to itself; tests hold the texts against the pinned version.
const HOSTCALL_FUEL: &str = "fuel allocated for hostcalls has been exhausted";
const HANDLES: &str = "store handle limit exceeded";

/// How long a text out of wasmtime may be: names in it are the plugin's.
const MAX_TEXT: usize = 256;

fn shorten(mut text: String) -> String {
    text.truncate(text.floor_char_boundary(MAX_TEXT));
    text
}

/// The functions that the plugin was in, innermost first; only those that have a name, which a stripped plugin has not.
fn backtrace(error: &wasmtime::Error) -> Vec<String> {
    let frames = error.downcast_ref::<WasmBacktrace>().map_or(&[][..], WasmBacktrace::frames);
    frames.iter().filter_map(|frame| Some(shorten(frame.func_name()?.to_owned()))).collect()
}
