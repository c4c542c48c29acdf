//! Events that started no run: they are in the ledger all the same, within what an installation keeps of them.

use ledger::{Draft, Hash, Millis, canonical};
use serde_json::{Map, Value, json};

/// The most characters of a text of an event, or about it, that an entry repeats.
const TEXT: usize = 256;
/// The same for why it was refused.
const WHY: usize = 512;

/// Why an event started no run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotStarted<'a> {
    /// No workflow is for it.
    Unmatched,
    /// It is for a workflow that is disabled.
    Disabled {
        /// That workflow.
        workflow: &'a str,
    },
    /// It was refused.
    Refused {
        /// Why.
        why: &'a str,
    },
}

/// The entry of an event that started no run. Without its body, it has its size and its hash: whoever has the event can show
/// that it is the one.
pub fn event_not_started(event: &Value, what: NotStarted<'_>, with_body: bool, time: Millis, by: &str) -> Draft {
    let mut data = envelope(event);
    let kind = match what {
        NotStarted::Unmatched => "event.unmatched",
        NotStarted::Disabled { workflow } => {
            data.insert("workflow".into(), workflow.into());
            "event.disabled"
        }
        NotStarted::Refused { why } => {
            data.insert("why".into(), cut(why, WHY).into());
            "event.refused"
        }
    };
    let body = event_body(event);
    if !with_body {
        data.insert("bytes".into(), body.len().into());
        data.insert("sha256".into(), Hash::of(&body).to_string().into());
        return Draft::new(kind, time, by, Value::Object(data));
    }
    Draft::new(kind, time, by, Value::Object(data)).with_bytes("event", body)
}

/// The body of an event as it is kept: its canonical JSON in a line. The line feed has its hash differ from that of the same
/// event in a run, so that this one can be removed while the run's stays.
pub fn event_body(event: &Value) -> Vec<u8> {
    let mut body = canonical(event).into_bytes();
    body.push(b'\n');
    body
}

/// The entry that says how many events of one source started no run, on this day, of which there are no entries.
pub fn events_left_out(day: &str, count: u64, time: Millis, by: &str) -> Draft {
    Draft::new("event.left-out", time, by, json!({ "day": day, "events": count }))
}

/// The entry by which the bodies of old events are removed, up to the entry at the position `through`.
pub fn event_bodies_removed(bodies: &[Hash], through: i64, time: Millis) -> Draft {
    let bodies: Vec<String> = bodies.iter().map(ToString::to_string).collect();
    Draft::new(ledger::PAYLOAD_REMOVED, time, "host", json!({ "payloads": bodies, "through": through }))
}

fn envelope(event: &Value) -> Map<String, Value> {
    let of = |name: &str| event.get(name).and_then(Value::as_str).map(|text| cut(text, TEXT));
    let fields = ["id", "source", "detail-type", "account", "region"];
    fields.into_iter().map(|name| (name.to_owned(), json!(of(name)))).collect()
}

/// The text, or its beginning: strangers choose how long it is.
fn cut(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        None => text.to_owned(),
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_is_small_whatever_the_event_is() {
        let long = "a".repeat(1 << 20);
        let event = json!({ "id": long, "source": long, "detail-type": long, "account": long, "region": long });
        for what in [NotStarted::Unmatched, NotStarted::Disabled { workflow: "w" }, NotStarted::Refused { why: &long }]
        {
            let draft = event_not_started(&event, what, false, 0, "user:a");
            let data = draft.data.to_string();
            assert!(data.len() < 5_000 && draft.payloads.is_empty(), "{}", data.len());
            assert_eq!(draft.data["sha256"], json!(Hash::of(&event_body(&event)).to_string()));
        }
    }
}
