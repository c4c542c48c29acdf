//! What crosses between the sandbox and the host while a plugin runs: calls go out, answers come in, one after the other.
//!
//! Both are plain data, so that the two can be in different processes. What a call means and how an answer comes about is
//! the host's business. The form of the values is written down in `value.rs`.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::sync::mpsc;

/// A function of the WIT that the plugin called.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Call {
    /// The name of the function: `quell:log/log@0.1.0#write`.
    pub function: String,
    /// An object: the arguments by the names of the parameters.
    pub arguments: Value,
}

/// What the host answers to a [`Call`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Answer {
    /// The result of the function, by its WIT type; `{}` for a function without one. A capability that is denied or fails
    /// is a result too.
    Return(Value),
    /// Ends the invocation now, without the plugin noticing: it was cancelled, its run was lost, it calls other functions
    /// than were recorded, it used up a limit that the host counts.
    Stop {
        /// What [`Ended::code`](crate::Ended::code) becomes.
        code: String,
        /// One sentence for a person.
        message: String,
    },
}

/// The sandbox's side of an invocation's conversation. After each call it waits for one answer.
#[derive(Debug)]
pub struct Channel {
    /// Where calls go.
    pub calls: mpsc::Sender<Call>,
    /// Where answers come from.
    pub answers: mpsc::Receiver<Answer>,
}

/// The host's side of an invocation's conversation. It ends when the invocation does: `calls` then yields `None`.
#[derive(Debug)]
pub struct HostSide {
    /// Where calls come from.
    pub calls: mpsc::Receiver<Call>,
    /// Where answers go.
    pub answers: mpsc::Sender<Answer>,
}

impl Channel {
    /// Both sides of a new conversation.
    #[must_use]
    pub fn new() -> (Self, HostSide) {
        // One call or answer is under way at a time.
        let (calls, calls_received) = mpsc::channel(1);
        let (answers_sent, answers) = mpsc::channel(1);
        (Self { calls, answers }, HostSide { calls: calls_received, answers: answers_sent })
    }
}
