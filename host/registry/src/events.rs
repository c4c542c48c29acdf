//! Events that started no run: they are in the ledger all the same.

use ledger::{Draft, Millis};
use serde_json::{Value, json};

/// The entry of an event that no workflow is for.
pub fn event_unmatched(event: &Value, time: Millis, by: &str) -> Draft {
    Draft::new("event.unmatched", time, by, envelope(event)).with("event", event)
}

/// The entry of an event that is for a workflow that is disabled.
pub fn event_disabled(event: &Value, workflow: &str, time: Millis, by: &str) -> Draft {
    let mut data = envelope(event);
    if let Value::Object(data) = &mut data {
        data.insert("workflow".into(), workflow.into());
    }
    Draft::new("event.disabled", time, by, data).with("event", event)
}

/// The entry of an event that was refused, and why. It is kept whole: nowhere else is it any more.
pub fn event_refused(event: &Value, why: &str, time: Millis, by: &str) -> Draft {
    let mut data = envelope(event);
    if let Value::Object(data) = &mut data {
        data.insert("why".into(), why.into());
    }
    Draft::new("event.refused", time, by, data).with("event", event)
}

fn envelope(event: &Value) -> Value {
    let of = |name| event.get(name).and_then(Value::as_str);
    json!({
        "id": of("id"), "source": of("source"), "detail-type": of("detail-type"),
        "account": of("account"), "region": of("region"),
    })
}
