//! How much of the records of a page a plugin is given: CloudTrail bounds no page, and an answer that is too large for a
//! guest ends it. What is left out of a record is marked in it; which records a page has is CloudTrail's.

use std::cmp::Reverse;

use serde_json::{Map, Value, json};

/// How many bytes the records of one page may have together: fifty usual ones, of a few KiB each, are whole.
const PAGE: usize = 512 << 10;
/// How many bytes a record that is cut may have: fifty of them are within a page.
const RECORD: usize = 10 << 10;
/// What says of a record that it is not whole.
const MARK: &str = "quell:cut";
/// What is kept of a record beside what stands in it directly: who did it.
const WHO: &str = "userIdentity";

/// Cuts the largest records, one by one, until all of them together are small enough. Of two that are as large the first.
pub(super) fn bound(records: &mut [&mut String]) {
    records.sort_by_key(|record| Reverse(record.len()));
    let mut length: usize = records.iter().map(|record| record.len()).sum();
    for record in records {
        if length <= PAGE {
            return;
        }
        let short = cut(record);
        length = length - record.len() + short.len();
        **record = short;
    }
}

/// What is in a record directly, and in who did it; the mark alone where the record is none, or has so much of that.
fn cut(record: &str) -> String {
    let Ok(Value::Object(fields)) = serde_json::from_str(record) else { return marked(Map::new()) };
    let who = fields.get(WHO).and_then(Value::as_object).map(|who| Value::from(plain(who)));
    let mut kept = plain(&fields);
    kept.extend(who.map(|who| (WHO.to_owned(), who)));
    let short = marked(kept);
    if short.len() <= RECORD { short } else { marked(Map::new()) }
}

fn plain(fields: &Map<String, Value>) -> Map<String, Value> {
    let is_nested = |value: &Value| value.is_array() || value.is_object();
    fields.iter().filter(|(_, value)| !is_nested(value)).map(|(name, value)| (name.clone(), value.clone())).collect()
}

fn marked(mut fields: Map<String, Value>) -> String {
    fields.insert(MARK.to_owned(), json!(true));
    Value::from(fields).to_string()
}
