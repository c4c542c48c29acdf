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

#[test]
fn numbers_and_lists_that_eventbridge_refuses_are_refused() {
    let refused = |rule: Value| Pattern::new(&json!({ "x": [rule] })).map_err(|error| error.to_string());
    let both = Err("`anything-but` takes texts or numbers, not both".to_owned());
    assert_eq!(refused(json!({ "anything-but": ["a", 1] })), both);
    assert_eq!(refused(json!({ "anything-but": [1.5, 2, "3"] })), both);
    assert!(
        refused(json!({ "anything-but": ["a", "b"] })).is_ok() && refused(json!({ "anything-but": [1, 2.5] })).is_ok()
    );
    let empty = refused(json!({ "anything-but": { "prefix": ["a", ""] } }));
    assert_eq!(empty, Err("`prefix` of `anything-but` must not be empty".to_owned()));
    for operator in ["numeric", "anything-but"] {
        let rule = |number: Value| match operator {
            "numeric" => json!({ "numeric": ["=", number] }),
            _ => json!({ "anything-but": [number] }),
        };
        for taken in [json!(5e9), json!(-5_000_000_000i64), json!(0.000001), json!(123456789.123456), json!(3.018e2)] {
            assert!(refused(rule(taken.clone())).is_ok(), "{operator}: {taken}");
        }
        for beyond in [json!(5_000_000_001u64), json!(-5.1e9), json!(1e300), json!(u64::MAX)] {
            let error = refused(rule(beyond.clone())).unwrap_err();
            assert_eq!(error, format!("`{operator}` takes numbers from -5e9 to 5e9, not `{beyond}`"));
        }
        for precise in [json!(0.1234567), json!(1234567890.123456), json!(1e-300)] {
            let error = refused(rule(precise.clone())).unwrap_err();
            let expected = "takes numbers of at most 15 digits, 6 of them behind the point, not";
            assert_eq!(error, format!("`{operator}` {expected} `{precise}`"));
        }
    }
    // What is compared as it is written, such as an account's id, may be larger.
    assert!(Pattern::new(&json!({ "x": [123_456_789_012u64] })).is_ok());
}

#[test]
fn numbers_of_patterns_are_those_of_json() {
    let load = |rule: &str| {
        let source = format!("name: w\non:\n  - event:\n      x: [{rule}]\nsteps: [{{ id: a, plugin: p }}]\n");
        workflow::load("w.yaml", &source, &workflow::Surroundings::default()).map_err(|problems| {
            let told =
                problems.iter().map(|problem| format!("{}:{}: {}", problem.line, problem.column, problem.message));
            told.collect::<Vec<_>>().join("; ")
        })
    };
    let matches = |rule: &str, x: Value| load(rule).unwrap().matches(&json!({ "x": x }));
    assert!(matches("{numeric: [\"=\", 3.018e2]}", json!(301.8)));
    assert!(matches("1e3", json!(1000)) && !matches("1e3", json!("1e3")));
    assert!(matches("\"1e3\"", json!("1e3")) && matches("'1e999'", json!("1e999")) && matches("1e3x", json!("1e3x")));
    assert!(matches("012345678901", json!("012345678901")), "what JSON does not take for a number is text");
    for (rule, place) in [
        ("1e999", "4:11"),
        ("-1E+999", "4:11"),
        ("a, 99999999999999999999", "4:14"),
        ("{numeric: [\">\", 1e999]}", "4:27"),
        ("{anything-but: [1e999]}", "4:27"),
    ] {
        let told = load(rule).unwrap_err();
        assert!(told.starts_with(&format!("{place}: not an event pattern: `")), "{rule}: {told}");
        assert!(told.ends_with("is a number that cannot be compared"), "{rule}: {told}");
    }
    let told = load("{anything-but: [a, 1]}").unwrap_err();
    assert_eq!(told, "4:10: not an event pattern: `anything-but` takes texts or numbers, not both");
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
