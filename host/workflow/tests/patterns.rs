//! Event patterns decide as EventBridge's documentation says: `patterns.json` has what each must decide.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use serde_json::{Value, json};
use workflow::Pattern;

#[test]
fn patterns_decide_as_documented() {
    let table: Value = serde_json::from_str(include_str!("patterns.json")).unwrap();
    let cases = table["cases"].as_array().unwrap();
    let wrong: Vec<String> = cases.iter().filter_map(disagreement).collect();
    assert!(cases.len() > 90, "only {} cases", cases.len());
    assert_eq!(wrong, Vec::<String>::new());
}

fn disagreement(case: &Value) -> Option<String> {
    let text = |name: &str| case[name].as_str().unwrap();
    let decided = decide(text("pattern"), text("event"));
    (decided != text("expect")).then(|| format!("{}: {decided}, not {}", text("name"), text("expect")))
}

fn decide(pattern: &str, event: &str) -> &'static str {
    let Some(pattern) = serde_json::from_str(pattern).ok().and_then(|pattern| Pattern::new(&pattern).ok()) else {
        return "invalid-pattern";
    };
    match serde_json::from_str(event) {
        Ok(event) if pattern.matches(&event) => "match",
        Ok(_) => "no-match",
        Err(_) => "invalid-event",
    }
}

/// `$or` with 10 alternatives, `count` of them beside each other.
fn alternatives(count: usize) -> Value {
    let or: Vec<Value> = (0..10).map(|n| json!({ "x": [n] })).collect();
    (0..count).map(|n| (format!("f{n}"), json!({ "$or": or }))).collect::<serde_json::Map<_, _>>().into()
}

#[test]
fn alternatives_are_as_many_as_eventbridge_takes() {
    assert!(Pattern::new(&alternatives(3)).is_ok());
    let error = Pattern::new(&alternatives(4)).unwrap_err();
    assert_eq!(error.to_string(), "the `$or` in it make more than 1000 combinations");
    assert!(Pattern::new(&alternatives(100)).is_err());
}

/// A backtracking matcher would need years for this.
#[test]
fn wildcards_take_time_by_the_length_alone() {
    let pattern = Pattern::new(&json!({ "x": [{ "wildcard": format!("{}b", "*a".repeat(500)) }] })).unwrap();
    assert!(!pattern.matches(&json!({ "x": "a".repeat(1 << 20) })));
    assert!(pattern.matches(&json!({ "x": format!("{}b", "a".repeat(1 << 20)) })));
}
