//! The form in which a ledger keeps values: the members of a mapping in order.
//!
//! A driver follows events as they are stored, so that a run is the same whether it was just driven or read back. A
//! rehearsal follows them in that form too: the order shows wherever a mapping is put into a text.

use serde_json::{Map, Value};
use workflow::Event;

/// The event as it is read back.
pub(crate) fn stored(event: Event) -> Event {
    match event {
        Event::Started { info, event, inputs } => {
            Event::Started { info, event: event.map(sorted), inputs: sorted(inputs) }
        }
        Event::StepStarted { path, attempt, input } => Event::StepStarted { path, attempt, input: sorted(input) },
        Event::StepSucceeded { path, attempt, output } => {
            Event::StepSucceeded { path, attempt, output: sorted(output) }
        }
        Event::ApprovalRequested { path, title, approvers, needs, expires, show } => {
            Event::ApprovalRequested { path, title, approvers, needs, expires, show: sorted(show) }
        }
        Event::BlockStarted { path, attempt, input, again } => {
            Event::BlockStarted { path, attempt, input: sorted(input), again }
        }
        Event::Finished { status, error, output } => Event::Finished { status, error, output: output.map(sorted) },
        other => other,
    }
}

fn sorted(value: Value) -> Value {
    match value {
        Value::Array(items) => Value::Array(items.into_iter().map(sorted).collect()),
        Value::Object(fields) => {
            let mut fields: Vec<(String, Value)> = fields.into_iter().collect();
            fields.sort_by(|(left, _), (right, _)| left.cmp(right));
            Value::Object(fields.into_iter().map(|(name, value)| (name, sorted(value))).collect::<Map<_, _>>())
        }
        other => other,
    }
}
