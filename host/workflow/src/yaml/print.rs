//! Printing: a value as YAML that reads back as the same value, for documents that Quell writes for people.

use std::fmt::Write as _;

use serde_json::{Map, Number, Value};

/// The value as a block of YAML, with a line break at its end.
pub fn to_yaml(value: &Value) -> String {
    let mut text = String::new();
    match value {
        Value::Object(fields) if !fields.is_empty() => mapping(fields, 0, &mut text),
        Value::Array(items) if !items.is_empty() => sequence(items, 0, &mut text),
        scalar => {
            text.push_str(&flow(scalar));
            text.push('\n');
        }
    }
    text
}

fn mapping(fields: &Map<String, Value>, indent: usize, text: &mut String) {
    for (index, (name, value)) in fields.iter().enumerate() {
        if index > 0 {
            pad(indent, text);
        }
        text.push_str(&string(name));
        text.push(':');
        match value {
            Value::Object(inner) if !inner.is_empty() => {
                text.push('\n');
                pad(indent + 1, text);
                mapping(inner, indent + 1, text);
            }
            Value::Array(items) if !items.is_empty() => {
                text.push('\n');
                pad(indent + 1, text);
                sequence(items, indent + 1, text);
            }
            scalar => {
                let _ = writeln!(text, " {}", flow(scalar));
            }
        }
    }
}

fn sequence(items: &[Value], indent: usize, text: &mut String) {
    for (index, item) in items.iter().enumerate() {
        if index > 0 {
            pad(indent, text);
        }
        text.push_str("- ");
        match item {
            Value::Object(inner) if !inner.is_empty() => mapping(inner, indent + 1, text),
            Value::Array(inner) if !inner.is_empty() => sequence(inner, indent + 1, text),
            scalar => {
                text.push_str(&flow(scalar));
                text.push('\n');
            }
        }
    }
}

fn pad(indent: usize, text: &mut String) {
    (0..indent).for_each(|_| text.push_str("  "));
}

fn flow(value: &Value) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::Bool(value) => value.to_string(),
        Value::Number(value) => number(value),
        Value::String(text) => string(text),
        Value::Array(_) => "[]".to_owned(),
        Value::Object(_) => "{}".to_owned(),
    }
}

/// Without an exponent, which would be read as text.
fn number(value: &Number) -> String {
    match value.as_f64() {
        Some(float) if value.is_f64() => {
            let text = format!("{float}");
            if text.contains('.') { text } else { format!("{text}.0") }
        }
        _ => value.to_string(),
    }
}

/// Plain where nobody could take it for anything else, otherwise in double quotes.
fn string(text: &str) -> String {
    let expression = text.starts_with("${{") && !text.contains(": ") && !text.contains(" #") && !text.contains('\\');
    let begins = text.starts_with(|c: char| c.is_ascii_alphabetic());
    let plain = |c: char| c.is_ascii_alphanumeric() || " _./-".contains(c);
    let word = begins && text.chars().all(plain) && !["null", "true", "false"].contains(&text);
    let printable = text.chars().all(|c| c == ' ' || c.is_ascii_graphic());
    if printable && !text.ends_with([' ', ':']) && (word || expression) {
        return text.to_owned();
    }
    let mut quoted = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            '\t' => quoted.push_str("\\t"),
            ' '..='~' => quoted.push(c),
            c if c.is_alphanumeric() => quoted.push(c),
            c => {
                let _ = write!(quoted, "\\U{:08X}", u32::from(c));
            }
        }
    }
    quoted.push('"');
    quoted
}
