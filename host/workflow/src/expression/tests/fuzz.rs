//! Expressions and events that nobody would write: no panic, no hang, and a result is JSON within the cap.
//!
//! Each runs some thousand random inputs, and the corpus in `__fuzz__`. `BOLERO_RANDOM_ITERATIONS=1000000` makes it
//! more; `cargo bolero test --package workflow` lets a fuzzer choose them.

use bolero::check;
use serde_json::{Map, Value, json};

use super::super::json::MAX_RESULT;
use super::super::{helper, syntax};
use super::{evaluate_in, evaluate_one};

/// What expressions are made of, besides the names of helpers.
const WORDS: &[&str] = &[
    "event",
    "event.a",
    "event.list",
    "event.text",
    "steps",
    "x",
    "1",
    "0",
    "-1",
    "9223372036854775807",
    "-9223372036854775808",
    "340282366920938463463374607431768211455",
    "1e308",
    "0.1",
    "true",
    "none",
    "''",
    "'a'",
    "'a.b[0]'",
    "'é'",
    "'4h'",
    "'%Y'",
    "'2026-01-02T03:04:05Z'",
    "'arn:aws:s3:::b/k'",
    "'10.0.0.0/8'",
    "'lower'",
    "'eq'",
    "'[1]'",
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    ",",
    ":",
    ".",
    "|",
    "is",
    "not",
    "in",
    "and",
    "or",
    "if",
    "else",
    "+",
    "-",
    "*",
    "/",
    "//",
    "%",
    "**",
    "~",
    "==",
    "!=",
    "<",
    "<=",
    ">",
    ">=",
    "=",
    "attribute=",
    "default=",
    "[0]",
    "[1:]",
    "['a']",
    ".a",
    "(1)",
    "('a')",
    "('a', 'b')",
    "| map(",
    "| select(",
    "| default(",
    "is defined",
    "range(",
];

/// What comes out of any text: an error, or a value that is not too large. Whatever is accepted is accepted again.
fn any(source: &str, event: &Value) {
    if let Ok(value) = evaluate_one(source, event) {
        assert!(value.to_string().len() <= 8 * MAX_RESULT, "{source}");
        assert_eq!(evaluate_one(source, event), Ok(value), "{source}");
    }
    let known = syntax::read(source).map(|(_, references)| references);
    if let Ok(references) = known {
        assert!(references.required.is_subset(&references.all), "{source}");
    }
}

/// A source of words and of names of helpers.
fn sentence(choices: &[u8]) -> String {
    let helpers: Vec<&str> = helper::all().map(|helper| helper.name).collect();
    let words = choices.iter().map(|choice| {
        let at = usize::from(*choice);
        WORDS.get(at).or_else(|| helpers.get((at - WORDS.len()) % helpers.len())).copied().unwrap()
    });
    words.collect::<Vec<_>>().join(" ")
}

/// A filter or test, applied to anything with anything.
fn application(choices: &[u8]) -> String {
    let operands: Vec<&str> = WORDS.iter().copied().take_while(|word| *word != "(").collect();
    let at = |index: usize| usize::from(choices.get(index).copied().unwrap_or(0));
    let operand = |index: usize| operands[at(index) % operands.len()];
    let helpers: Vec<_> = helper::all().collect();
    let mut source = operand(0).to_owned();
    for (index, _) in choices.iter().enumerate().skip(1).step_by(3) {
        let helper = &helpers[at(index) % helpers.len()];
        let arguments: Vec<&str> = (0..at(index + 1) % 4).map(|n| operand(index + 1 + n)).collect();
        let arguments = arguments.join(", ");
        source = match helper.kind {
            helper::Kind::Filter => format!("{source} | {}({arguments})", helper.name),
            helper::Kind::Test => format!("[{source}] | select('{}', {arguments})", helper.name),
            helper::Kind::Function => format!("[{source}, {}({arguments})]", helper.name),
        };
    }
    source
}

/// A value out of bytes.
fn value(bytes: &mut std::slice::Iter<'_, u8>, depth: usize) -> Value {
    let Some(kind) = bytes.next() else { return Value::Null };
    let length = usize::from(kind / 16);
    match kind % 8 {
        0 => json!(null),
        1 => json!(kind % 16 == 1),
        2 => json!(i64::from(*kind) - 128),
        3 => json!([u64::MAX, 1]),
        4 => json!(f64::from(*kind) / 7.0),
        5 => json!(bytes.by_ref().take(length).map(|byte| char::from(*byte)).collect::<String>()),
        6 if depth > 0 => (0..length).map(|_| value(bytes, depth - 1)).collect(),
        _ if depth > 0 => {
            let names = ["a", "b", "list", "text", "0", "__proto__", "é", ""];
            let fields = (0..length).map(|n| (names[n % names.len()].to_owned(), value(bytes, depth - 1)));
            Value::Object(fields.collect::<Map<_, _>>())
        }
        _ => json!({}),
    }
}

fn event(bytes: &[u8]) -> Value {
    let mut bytes = bytes.iter();
    let mut field = || value(&mut bytes, 5);
    json!({ "a": field(), "list": [field(), field(), field()], "text": "a.b", "map": { "a": field(), "b": field() } })
}

#[test]
fn texts_of_any_bytes() {
    let event = event(b"abcdefgh");
    check!().with_iterations(4_000).for_each(|bytes: &[u8]| {
        let text = String::from_utf8_lossy(bytes);
        any(&text, &event);
        // As the whole value of a field, delimiters and all.
        let _ = evaluate_in(&serde_json::to_string(&text).unwrap(), &event);
        let _ = evaluate_in(&serde_json::to_string(&format!("a ${{{{{text}}}}} ${{{{ 1 }}}}")).unwrap(), &event);
    });
}

#[test]
fn sentences_over_any_event() {
    check!().with_type::<(Vec<u8>, Vec<u8>)>().with_iterations(4_000).for_each(|(choices, bytes)| {
        any(&sentence(choices), &event(bytes));
    });
}

#[test]
fn helpers_applied_to_anything() {
    check!().with_type::<(Vec<u8>, Vec<u8>)>().with_iterations(8_000).for_each(|(choices, bytes)| {
        any(&application(choices), &event(bytes));
    });
}
