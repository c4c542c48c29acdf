//! What is kept of an event: enough to count it and to tell it in short. Records are written by whoever makes calls, so
//! that each part is cut.

use jiff::Timestamp;
use quell_sdk::cloudtrail::events::Event;
use serde::Deserialize;

use crate::Call;

/// How many bytes of JSON a text may have.
const MAX_TEXT: usize = 200;

/// How many resources of a call are told.
const MAX_RESOURCES: usize = 5;

/// What is kept of an event.
pub struct Record {
    pub time: Option<Timestamp>,
    pub is_mutating: bool,
    pub user_agent: Option<String>,
    pub call: Call,
}

/// What is read of the record itself, beside what the API tells of it.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Inner {
    #[serde(rename = "sourceIPAddress")]
    source_ip_address: Option<String>,
    user_agent: Option<String>,
    error_code: Option<String>,
    read_only: Option<bool>,
}

impl Record {
    /// What is kept of this event. `inside` says whether there is time to read the record itself.
    pub fn of(event: Event, inside: bool) -> Record {
        let record = if inside { event.cloud_trail_event.as_str() } else { "" };
        // One that is no JSON still has what the API tells.
        let inner: Inner = serde_json::from_str(record).unwrap_or_default();
        let read_only = event.read_only.map(|text| text.eq_ignore_ascii_case("true")).or(inner.read_only);
        let resources = event.resources.into_iter().filter_map(|resource| resource.resource_name);
        let time = event.event_time.parse().ok();
        Record {
            time,
            // What does not say so may change something.
            is_mutating: !read_only.unwrap_or_default(),
            user_agent: inner.user_agent.map(|text| cut(&text)),
            call: Call {
                time: time.map_or_else(|| cut(&event.event_time), |time| time.to_string()),
                event_id: cut(&event.event_id),
                event_name: cut(&event.event_name),
                event_source: cut(&event.event_source),
                user_name: event.username.map(|text| cut(&text)),
                access_key_id: event.access_key_id.map(|text| cut(&text)),
                source_ip: inner.source_ip_address.map(|text| cut(&text)),
                error_code: inner.error_code.map(|text| cut(&text)),
                resources: resources.take(MAX_RESOURCES).map(|name| cut(&name)).collect(),
            },
        }
    }
}

/// The beginning of the text, as much as has [`MAX_TEXT`] bytes in JSON.
pub fn cut(text: &str) -> String {
    let mut left = MAX_TEXT;
    let kept = text.chars().take_while(|character| {
        let bytes = match character {
            '"' | '\\' => 2,
            character if character.is_control() => 6,
            character => character.len_utf8(),
        };
        left.checked_sub(bytes).map(|rest| left = rest).is_some()
    });
    kept.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_cut_by_what_it_takes_in_json() {
        for text in
            ["a".repeat(300), "ä".repeat(300), "\"\\".repeat(300), "\u{1}".repeat(300), "x\u{10ffff}".repeat(99)]
        {
            let bytes = serde_json::to_string(&cut(&text)).unwrap().len() - 2;
            assert!((MAX_TEXT - 6..=MAX_TEXT).contains(&bytes), "{bytes}");
            assert!(text.starts_with(&cut(&text)));
        }
        assert_eq!(cut("short"), "short");
    }
}
