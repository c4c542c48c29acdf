//! What a plugin may ask without a grant, since it reaches nothing: its context, and the log of its step.

use std::sync::atomic::Ordering;

use ledger::Millis;
use serde_json::{Value, json};

use crate::attempt::{Attempt, Caller};
use crate::authorise::rfc3339;
use crate::drafts::Drafts;
use crate::limits::Limits;

/// The functions that the gate answers itself. Everything else is an operation.
pub const LOCAL: [&str; 2] = [CONTEXT, LOG];

pub(crate) const CONTEXT: &str = "quell:plugin/context@0.1.0#get";
pub(crate) const LOG: &str = "quell:log/log@0.1.0#write";

/// What `get` answers: the same in every replay of the attempt.
pub(crate) fn context(caller: &Caller) -> Value {
    json!({
        "run": caller.run,
        "step": caller.step,
        "attempt": caller.attempt,
        "account": caller.scope.account,
        "region": caller.scope.region,
        "time": rfc3339(caller.started),
    })
}

/// Keeps a line in the ledger, unless it is there already or there are too many. A replay counts alike.
pub(crate) fn log(drafts: &Drafts<'_>, limits: &Limits, now: Millis, is_recorded: bool) -> Value {
    let text = |name: &str| drafts.arguments.get(name).and_then(Value::as_str).unwrap_or_default();
    let answer = json!({});
    let kept = admit(drafts.attempt, limits, text("message"));
    if let (Some(message), false) = (kept, is_recorded) {
        let line = json!({ "level": text("level"), "message": message });
        let draft = Drafts { arguments: &line, ..*drafts }.log(now, text("level"), &answer);
        drafts.attempt.journal.note(draft);
    }
    answer
}

/// What is kept of a line: all, its beginning, a last word that the log ends here, or nothing.
fn admit(attempt: &Attempt, limits: &Limits, message: &str) -> Option<String> {
    let line = attempt.log_lines.fetch_add(1, Ordering::Relaxed) + 1;
    let bytes = attempt.log_bytes.fetch_add(message.len(), Ordering::Relaxed) + message.len();
    let over = line > limits.log_lines || bytes > limits.log_bytes;
    let first_over = over && line <= limits.log_lines + 1 && bytes - message.len() <= limits.log_bytes;
    match (over, first_over) {
        (true, true) => Some("log truncated".into()),
        (true, false) => None,
        (false, _) if message.len() <= limits.log_line_bytes => Some(message.into()),
        (false, _) => {
            let end = (0..=limits.log_line_bytes).rev().find(|end| message.is_char_boundary(*end)).unwrap_or(0);
            Some(format!("{} [line truncated]", message.get(..end).unwrap_or_default()))
        }
    }
}
