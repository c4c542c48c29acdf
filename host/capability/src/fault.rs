//! How a call ends that does not succeed: what the plugin is told, and whether it may have happened all the same.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// The cases of `variant error` in `quell:errors`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FaultKind {
    /// Quell's grants or AWS do not allow it.
    AccessDenied,
    /// What it names does not exist.
    NotFound,
    /// The service asked to slow down.
    Throttled,
    /// The state of what it names does not permit it.
    Conflict,
    /// The arguments are not what the service takes.
    Invalid,
    /// The service did not answer, or failed.
    Unavailable,
    /// Anything else.
    Other,
}

impl FaultKind {
    /// The case's name in WIT.
    pub fn case(self) -> &'static str {
        match self {
            FaultKind::AccessDenied => "access-denied",
            FaultKind::NotFound => "not-found",
            FaultKind::Throttled => "throttled",
            FaultKind::Conflict => "conflict",
            FaultKind::Invalid => "invalid",
            FaultKind::Unavailable => "unavailable",
            FaultKind::Other => "other",
        }
    }
}

/// An error of a call.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, thiserror::Error)]
#[error("{}: {code}: {message}", kind.case())]
pub struct Fault {
    /// What the plugin acts upon.
    pub kind: FaultKind,
    /// The service's code, or Quell's reason.
    pub code: String,
    /// One sentence for a person.
    pub message: String,
    /// Whether the request may have been carried out although no answer says so: a time-out, a broken connection, a
    /// server error after the request was sent.
    pub unknown: bool,
}

impl Fault {
    /// An error that says for certain that nothing was done.
    pub fn known(kind: FaultKind, code: impl Into<String>, message: impl Into<String>) -> Fault {
        Fault { kind, code: code.into(), message: message.into(), unknown: false }
    }

    /// No answer: whether it was done is unknown.
    pub fn unknown(code: impl Into<String>, message: impl Into<String>) -> Fault {
        Fault { kind: FaultKind::Unavailable, code: code.into(), message: message.into(), unknown: true }
    }

    /// The function's result, as the sandbox takes it.
    pub fn answer(&self) -> Value {
        json!({ "err": { (self.kind.case()): { "code": self.code, "message": self.message } } })
    }
}

/// The function's result when it succeeded.
pub(crate) fn success(output: Value) -> Value {
    json!({ "ok": output })
}
