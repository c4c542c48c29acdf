//! Which of two events about the same tells of a later state. Events overtake one another: EventBridge promises no order.
//!
//! The time at which the state was so is the finding's own, where the event is about one; else it is the event's.

use jiff::Timestamp;
use serde_json::Value;

/// Where a finding says when it was updated. A list is of one item, or the latest counts.
const UPDATED: [&[&str]; 3] =
    [&["findings", "UpdatedAt"], &["findings", "finding_info", "modified_time_dt"], &["updatedAt"]];

/// Whether `event` tells of an earlier state than `other`. What cannot be compared is not earlier.
pub fn is_older(event: &Value, other: &Value) -> bool {
    let updated = |event: &Value| UPDATED.iter().find_map(|path| latest(event.get("detail")?, path));
    match (updated(event), updated(other)) {
        (Some(one), Some(two)) if one == two => count(event) < count(other),
        (Some(one), Some(two)) => one < two,
        (None, None) => {
            let time = |event: &Value| event.get("time").and_then(timestamp);
            time(event).zip(time(other)).is_some_and(|(one, two)| one < two)
        }
        _ => false,
    }
}

/// GuardDuty counts how often it has seen the same, which may be several times in a second.
fn count(event: &Value) -> Option<u64> {
    event.pointer("/detail/service/count").and_then(Value::as_u64)
}

/// The latest time at `path`.
fn latest(value: &Value, path: &[&str]) -> Option<Timestamp> {
    match (path.split_first(), value) {
        (_, Value::Array(items)) => items.iter().filter_map(|item| latest(item, path)).max(),
        (Some((name, rest)), value) => latest(value.get(name)?, rest),
        (None, value) => timestamp(value),
    }
}

fn timestamp(value: &Value) -> Option<Timestamp> {
    value.as_str()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check(event: Value, other: Value, older: bool) {
        assert_eq!(is_older(&event, &other), older, "{event} {other}");
    }

    fn at(time: &str, detail: Value) -> Value {
        json!({ "time": time, "detail": detail })
    }

    const EARLY: &str = "2026-03-01T07:00:00Z";
    const LATE: &str = "2026-03-01T07:00:00.001Z";

    #[test]
    fn the_time_of_the_finding_counts_and_not_that_of_the_event() {
        let hub = |time: &str| json!({ "findings": [{ "UpdatedAt": time }] });
        check(at(LATE, hub(EARLY)), at(EARLY, hub(LATE)), true);
        check(at(EARLY, hub(LATE)), at(LATE, hub(EARLY)), false);
        check(at(EARLY, hub(EARLY)), at(LATE, hub(EARLY)), false);
        // The same moment, written otherwise.
        check(at(EARLY, hub("2026-03-01T08:00:00+01:00")), at(EARLY, hub(EARLY)), false);
        let two = json!({ "findings": [{ "UpdatedAt": EARLY }, { "UpdatedAt": LATE }] });
        check(at(EARLY, hub(EARLY)), at(EARLY, two.clone()), true);
        check(at(EARLY, two), at(EARLY, hub(LATE)), false);
        let guard = |time: &str, count: u64| json!({ "updatedAt": time, "service": { "count": count } });
        check(at(LATE, guard(EARLY, 9)), at(EARLY, guard(LATE, 1)), true);
        check(at(EARLY, guard(EARLY, 2)), at(EARLY, guard(EARLY, 10)), true);
        check(at(EARLY, guard(EARLY, 10)), at(EARLY, guard(EARLY, 10)), false);
    }

    #[test]
    fn else_the_time_of_the_event_does() {
        check(at(EARLY, json!({})), at(LATE, json!({})), true);
        check(at(LATE, json!({})), at(EARLY, json!({})), false);
        check(at("soon", json!({})), at(LATE, json!({})), false);
        check(json!({}), at(LATE, json!({})), false);
        check(at(EARLY, json!({})), at(LATE, json!({ "updatedAt": LATE })), false);
    }
}
