//! What a step gave, in words: scalars as lines, lists of alike things as tables, all else as lists in lists. It knows no
//! plugin: what is in an output is seen, whoever made it.

use serde_json::{Map, Value};

use crate::markdown::{code, is_scalar, label, scalar, table};

/// How many rows a table has, and how many items a list.
const MAX_ROWS: usize = 50;

/// How many columns a table has: with more, none is read.
const MAX_COLUMNS: usize = 8;

/// How many levels are shown.
const MAX_DEPTH: usize = 4;

/// How many facts stand in one line.
const MAX_SHORT: usize = 4;

/// The longest fact that stands in one line, in bytes.
const MAX_FACT: usize = 160;

/// An output as a section; nothing where there is nothing in it.
pub fn section(output: &Value) -> Option<String> {
    let Value::Object(fields) = output else {
        return Some(item("", output, 0)).filter(|shown| !shown.is_empty());
    };
    let is_table = |value: &Value| columns(value).is_some();
    let lines: String =
        fields.iter().filter(|(_, value)| !is_table(value)).map(|(name, value)| item(name, value, 0)).collect();
    let mut parts: Vec<String> = Some(lines).into_iter().filter(|lines| !lines.is_empty()).collect();
    for (name, value) in fields.iter().filter(|(_, value)| is_table(value)) {
        if let Some(rows) = rows(value) {
            parts.push(format!("{}:\n\n{rows}", label(name)));
        }
    }
    (!parts.is_empty()).then(|| parts.join("\n"))
}

/// The first facts of an output, in one line.
pub fn in_short(output: &Value) -> String {
    let Value::Object(fields) = output else { return scalar(output).unwrap_or_default() };
    let fact = |(name, value): (&String, &Value)| {
        let value = match value {
            Value::Array(items) => items.len().to_string(),
            Value::Null | Value::Object(_) => return None,
            other => scalar(other)?,
        };
        Some(format!("{}: {value}", label(name))).filter(|fact| fact.len() <= MAX_FACT)
    };
    fields.iter().filter_map(fact).take(MAX_SHORT).collect::<Vec<_>>().join("; ")
}

/// Says how many of so many are not shown.
pub fn more(all: usize, shown: usize, what: &str) -> String {
    let missing = all.saturating_sub(shown);
    if missing == 0 { String::new() } else { format!("\n{missing} more {what} are in `evidence.json`.\n") }
}

/// The names of the columns, where a value is a list of mappings of scalars.
fn columns(value: &Value) -> Option<Vec<&String>> {
    let items = value.as_array().filter(|items| !items.is_empty())?;
    let mut names: Vec<&String> = vec![];
    for item in items {
        let fields = item.as_object().filter(|fields| fields.values().all(is_scalar))?;
        for name in fields.keys() {
            if !names.contains(&name) {
                names.push(name);
            }
        }
        if names.len() > MAX_COLUMNS {
            return None;
        }
    }
    (!names.is_empty()).then_some(names)
}

fn rows(value: &Value) -> Option<String> {
    let columns = columns(value)?;
    let items = value.as_array()?;
    let cells = |item: &Value| {
        let cell = |name: &&String| item.get(name.as_str()).and_then(scalar).unwrap_or_default();
        columns.iter().map(cell).collect::<Vec<_>>()
    };
    let head: Vec<String> = columns.iter().map(|name| label(name)).collect();
    let rows: Vec<Vec<String>> = items.iter().take(MAX_ROWS).map(cells).collect();
    Some(format!("{}{}", table(&head, &rows), more(items.len(), MAX_ROWS, "of these")))
}

/// A field, or with an empty name an item of a list, with what is in it.
fn item(name: &str, value: &Value, depth: usize) -> String {
    let indent = "  ".repeat(depth);
    let begin = if name.is_empty() { format!("{indent}-") } else { format!("{indent}- {}:", label(name)) };
    if let Some(value) = scalar(value) {
        return format!("{begin} {value}\n");
    }
    if let Some(line) = value.as_array().and_then(|items| in_line(items)) {
        return format!("{begin} {line}\n");
    }
    if depth >= MAX_DEPTH {
        return format!("{begin} in `evidence.json`\n");
    }
    match value {
        Value::Object(fields) if name.is_empty() => {
            // An item of a list has no name: what is short about it stands in its place.
            let short = fields.iter().filter_map(|(name, value)| Some(format!("{}: {}", label(name), scalar(value)?)));
            let short: Vec<String> = short.take(MAX_COLUMNS).collect();
            let begin = if short.is_empty() { format!("{begin} …") } else { format!("{begin} {}", short.join("; ")) };
            let more: Map<String, Value> = fields
                .iter()
                .filter(|(_, value)| !is_scalar(value))
                .map(|(name, value)| (name.clone(), value.clone()))
                .collect();
            let hidden = fields.len().saturating_sub(more.len() + short.len());
            format!("{begin}\n{}{}", nested(&more, depth + 1), rest(hidden, depth + 1))
        }
        Value::Object(fields) => {
            let hidden = fields.len().saturating_sub(MAX_ROWS);
            format!("{begin}\n{}{}", nested(fields, depth + 1), rest(hidden, depth + 1))
        }
        Value::Array(items) => {
            let begin = if name.is_empty() { format!("{begin} …") } else { begin };
            let inner: String = items.iter().take(MAX_ROWS).map(|value| item("", value, depth + 1)).collect();
            format!("{begin}\n{inner}{}", rest(items.len().saturating_sub(MAX_ROWS), depth + 1))
        }
        _ => String::new(),
    }
}

fn nested(fields: &Map<String, Value>, depth: usize) -> String {
    fields.iter().take(MAX_ROWS).map(|(name, value)| item(name, value, depth)).collect()
}

/// Says how many parts of a value are not shown.
fn rest(hidden: usize, depth: usize) -> String {
    if hidden == 0 { String::new() } else { format!("{}- {hidden} more are in `evidence.json`\n", "  ".repeat(depth)) }
}

/// A short list of scalars, in one line.
fn in_line(items: &[Value]) -> Option<String> {
    let shown: Option<Vec<String>> = items.iter().take(MAX_ROWS).map(scalar).collect();
    let shown = shown?.join(", ");
    let missing = items.len().saturating_sub(MAX_ROWS);
    Some(if missing == 0 { shown } else { format!("{shown} and {missing} more, in {}", code("evidence.json")) })
}
