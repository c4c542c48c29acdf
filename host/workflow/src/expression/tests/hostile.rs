//! Expressions that mean harm end, with the outcome that stands beside them; texts that other template languages would
//! evaluate stay texts.

use serde_json::{Value, json};

use super::super::{Expression, ExpressionError};
use super::{evaluate_in, evaluate_one};

const HOSTILE: &str = include_str!("../../../tests/expressions/hostile.txt");
const INJECTION: &str = include_str!("../../../tests/expressions/injection.txt");

fn event() -> Value {
    let findings: Vec<Value> = (0..1_000)
        .map(|n| json!({ "id": format!("finding-{n}"), "n": n, "tags": [{ "Key": "a", "Value": "b".repeat(150) }] }))
        .collect();
    let deep = (0..100).fold(json!(1), |inner, _| json!([inner]));
    let event = json!({
        "id": "e-1", "long": "x".repeat(500_000), "list": (0..20_000).collect::<Vec<_>>(), "findings": findings,
        "deep": deep, "json": json!(vec![json!({ "a": 1 }); 12_500]).to_string(), "bomb": "[".repeat(10_000),
    });
    assert!(event.to_string().len() > 900_000);
    event
}

/// Puts in what `«text*9»` stands for.
fn expand(line: &str) -> String {
    let mut parts = line.split('«');
    let mut expanded = parts.next().unwrap().to_owned();
    for part in parts {
        let (repeated, rest) = part.split_once('»').unwrap();
        let (text, times) = repeated.rsplit_once('*').unwrap();
        expanded.push_str(&text.repeat(times.parse().unwrap()));
        expanded.push_str(rest);
    }
    expanded
}

fn outcome(result: &Result<Value, ExpressionError>) -> &'static str {
    match result {
        Ok(_) => "value",
        Err(ExpressionError::Syntax { .. }) => "syntax",
        Err(ExpressionError::Unknown { .. }) => "unknown",
        Err(ExpressionError::TooLong { .. }) => "too-long",
        Err(ExpressionError::Undefined { .. }) => "undefined",
        Err(ExpressionError::TooCostly { .. }) => "too-costly",
        Err(ExpressionError::Failed { .. }) => "failed",
        Err(ExpressionError::TooLarge) => "too-large",
        Err(ExpressionError::WrongType { .. }) => "wrong-type",
    }
}

#[test]
fn hostile_expressions_end_as_they_should() {
    let event = event();
    let lines: Vec<&str> = HOSTILE.lines().filter(|line| !line.is_empty() && !line.starts_with('#')).collect();
    assert!(lines.len() > 120, "{}", lines.len());
    let wrong: Vec<String> = lines
        .into_iter()
        .filter_map(|line| {
            let (expected, source) = line.split_once(" | ").unwrap();
            let result = evaluate_one(&expand(source), &event);
            let seen = outcome(&result);
            (seen != expected).then(|| format!("{line}\n    {seen}: {result:.200?}"))
        })
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn other_template_languages_are_literal_text() {
    let event = json!({});
    let texts: Vec<&str> = INJECTION.lines().collect();
    assert!(texts.len() > 100);
    let count = texts.len();
    let (mut literal, mut errors, mut from_event) = (0, 0, 0);
    for text in texts {
        match evaluate_in(&serde_json::to_string(text).unwrap(), &event) {
            Ok(value) if value == json!(text) => literal += 1,
            Ok(value) => panic!("{text}: evaluated to {value}"),
            // The one that begins as ours do, and does not end so.
            Err(error) => errors += usize::from(text == "${{7*7}" && error.contains("without `}}`")),
        }
        let seen = evaluate_in("<${{ event.text }}>", &json!({ "text": text }));
        from_event += usize::from(seen == Ok(json!(format!("<{text}>"))));
    }
    let counts = format!("{literal} literal, {errors} an error");
    let expected = format!("{} literal, 1 an error", count - 1);
    cases::case("E18", &format!("{count} texts of other template languages in a workflow"), expected, counts);
    cases::case(
        "E18",
        "the same in an event, put into a text",
        format!("{count} literal"),
        format!("{from_event} literal"),
    );
    let ours = json!({ "text": "${{ 7*7 }}" });
    let seen = evaluate_in("${{ event.text }}", &ours).unwrap();
    cases::case("E18", "our own delimiters in an event", "${{ 7*7 }}", seen.as_str().unwrap());
}

#[test]
fn what_comes_out_is_not_evaluated_again() {
    let texts = ["${{ secrets.x }}", "${{ 7*7 }}", "a ${{ steps.b.output }} b", "}} ${{ event", "{{ event }}"];
    for text in texts {
        let event = json!({ "output": text });
        for source in ["${{ event.output }}", "<${{ event.output }}>", "${{ event.output | string }}"] {
            let once = evaluate_in(source, &event).unwrap();
            // Fed into the next step, twice.
            let next = json!({ "output": once });
            let twice = evaluate_in("${{ event.output }}", &next).unwrap();
            let unchanged = once == twice && once.as_str().unwrap().trim_matches(['<', '>']) == text;
            let seen = if unchanged { "the same text" } else { "another" };
            cases::case("E19", &format!("`{text}` into `{source}`"), "the same text", seen);
        }
    }
}

#[test]
fn tricks_with_paths_are_errors() {
    let event = json!({ "list": [1, 2], "map": { "a": 1 }, "text": "x" });
    for source in [
        "event.__proto__",
        "event['__proto__']",
        "event.map.__proto__.polluted",
        "event.map.constructor.prototype",
        "event.__class__.__mro__",
        "event.map['..']",
        "event['../map']",
        "event['map.a']",
        "event.list[-3]",
        "event.list[1000000000]",
        "event.list[1e9]",
        "event.list['0']",
        "event.list[-9223372036854775808]",
        "event.list[99999999999999999999]",
        "event.list['length']",
        "event.text.length",
        "event.text[9]",
        "event.map[0]",
        "event.map.hasOwnProperty",
        "event | get('__proto__')",
        "event | get('map.__proto__.x')",
        "event.list | get('[-3]')",
        "event.list | get('[1000000000]')",
    ] {
        let seen = outcome(&evaluate_one(source, &event));
        cases::case("E20", source, "undefined", seen);
    }
    for (source, expected) in [
        ("event | get('..')", "syntax"),
        ("event | get('/map/a')", "undefined"),
        ("event.list[event.map]", "failed"),
        ("event.list[event.list]", "failed"),
        ("event[none]", "failed"),
    ] {
        cases::case("E20", source, expected, outcome(&evaluate_one(source, &event)));
    }
    // The only one of them that is more than an error: it counts from the end, as it does in Python.
    cases::case("E20", "event.list[-1]", 2, evaluate_one("event.list[-1]", &event).unwrap());
}

#[test]
fn compiling_a_repeated_list_takes_no_time() {
    // The engine folds constants, and would compare these while it compiles them.
    let source = "[[[0] * 9999] * 9999] * 9999 == [[[0] * 9999] * 9999] * 9999";
    assert!(Expression::compile(source).is_ok());
    assert_eq!(outcome(&evaluate_one(source, &json!({}))), "failed");
}
