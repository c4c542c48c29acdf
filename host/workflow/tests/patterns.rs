//! Event patterns decide as EventBridge's documentation says: `patterns.json` has what each must decide.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use serde_json::Value;
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
