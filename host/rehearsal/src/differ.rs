//! Telling what is expected from what is seen.
//!
//! What is expected of a value is a part of it: a mapping may have more fields than are expected, and a text may have
//! `...` where anything may stand. `exactly` allows neither. Every difference is found, each at its own place.

use std::fmt;

use serde_json::Value;
use workflow::reading::{Content, Node, Span};

/// What is shown of one value.
const MAX_SHOWN: usize = 160;
/// What is shown of a text before the first place where it differs.
const BEFORE: usize = 30;
/// Stands for any text in a text that is expected.
const ANYTHING: &str = "...";

/// One difference: where it was expected otherwise, and what is seen.
pub(crate) struct Difference {
    pub(crate) span: Span,
    pub(crate) message: String,
}

/// How much is compared.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Extent {
    /// What is expected is a part of what is seen.
    Part,
    /// It is all of it.
    Exactly,
}

/// All differences between what is expected and what is seen. `what` names the value.
pub(crate) fn differences(expected: &Node, seen: &Value, what: &str, extent: Extent) -> Vec<Difference> {
    let mut found = Vec::new();
    compare(expected, seen, &Place { what, path: String::new() }, extent, &mut found);
    found
}

/// A place in a value.
struct Place<'a> {
    what: &'a str,
    path: String,
}

impl Place<'_> {
    fn field(&self, name: &str) -> Self {
        let path = if self.path.is_empty() { name.to_owned() } else { format!("{}.{name}", self.path) };
        Self { path, ..*self }
    }

    fn item(&self, index: usize) -> Self {
        Self { path: format!("{}[{index}]", self.path), ..*self }
    }
}

impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.path.as_str() {
            "" => f.write_str(self.what),
            path => write!(f, "`{path}` in {}", self.what),
        }
    }
}

fn compare(expected: &Node, seen: &Value, what: &Place<'_>, extent: Extent, found: &mut Vec<Difference>) {
    let mut differs = |message: String| found.push(Difference { span: expected.span.clone(), message });
    match (&expected.content, seen) {
        (Content::Map(entries), Value::Object(fields)) => {
            for (key, node) in entries {
                match fields.get(&key.name) {
                    Some(field) => compare(node, field, &what.field(&key.name), extent, found),
                    None => {
                        let there: Vec<&str> = fields.keys().map(String::as_str).collect();
                        let there =
                            if there.is_empty() { "nothing".to_owned() } else { format!("`{}`", there.join("`, `")) };
                        let message = format!("{what} has no `{}`; it has {there}", key.name);
                        found.push(Difference { span: key.span.clone(), message });
                    }
                }
            }
            if extent == Extent::Exactly {
                let more = fields.keys().filter(|name| !entries.iter().any(|(key, _)| key.name == **name));
                for name in more {
                    let message = format!("{what} has `{name}` too, which is not expected");
                    found.push(Difference { span: expected.span.clone(), message });
                }
            }
        }
        (Content::List(items), Value::Array(values)) if items.len() == values.len() => {
            for (index, (item, value)) in items.iter().zip(values).enumerate() {
                compare(item, value, &what.item(index), extent, found);
            }
        }
        (Content::List(items), Value::Array(values)) => {
            differs(format!("{what} has {} items, not {}: {}", values.len(), items.len(), shown(seen)))
        }
        (Content::Text(text), Value::String(seen)) => {
            let same = if extent == Extent::Part { fits(text, seen) } else { text == seen };
            if !same {
                differs(format!("{what} is {}", shown_from(seen, first_difference(text, seen))));
            }
        }
        (Content::Number(number), Value::Number(seen)) if number == seen || number.as_f64() == seen.as_f64() => {}
        _ if expected.to_json() == *seen => {}
        _ => differs(format!("{what} is {}", shown(seen))),
    }
}

/// Whether a text is as expected, where `...` stands for anything.
fn fits(expected: &str, seen: &str) -> bool {
    let Some((first, rest)) = expected.split_once(ANYTHING) else { return expected == seen };
    let Some(mut seen) = seen.strip_prefix(first) else { return false };
    let mut parts: Vec<&str> = rest.split(ANYTHING).collect();
    let last = parts.pop().unwrap_or_default();
    for part in parts {
        match seen.find(part) {
            Some(at) => seen = seen.get(at + part.len()..).unwrap_or_default(),
            None => return false,
        }
    }
    seen.ends_with(last)
}

/// The number of bytes that both begin with.
fn first_difference(expected: &str, seen: &str) -> usize {
    let same = expected.chars().zip(seen.chars()).take_while(|(left, right)| left == right);
    same.map(|(left, _)| left.len_utf8()).sum()
}

/// A value as JSON, shortened.
pub(crate) fn shown(value: &Value) -> String {
    format!("`{}`", shortened(&value.to_string()))
}

/// A text from shortly before a place on, so that what differs is among what is shown.
fn shown_from(text: &str, at: usize) -> String {
    if text.len() <= MAX_SHOWN || at <= BEFORE {
        return shown(&Value::String(text.to_owned()));
    }
    let start = text.floor_char_boundary(at - BEFORE);
    let rest = Value::String(text.get(start..).unwrap_or_default().to_owned());
    format!("`…{}`", shortened(rest.to_string().trim_start_matches('"')))
}

fn shortened(text: &str) -> String {
    match text.get(..text.floor_char_boundary(MAX_SHOWN)) {
        Some(start) if start.len() < text.len() => format!("{start}…"),
        _ => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_dots_stand_for_anything() {
        for (expected, seen, same) in [
            ("a", "a", true),
            ("a", "ab", false),
            ("a...", "ab", true),
            ("...b", "ab", true),
            ("a...c", "abc", true),
            ("a...c...", "abcd", true),
            ("a...x...", "abcd", false),
            ("ab...b", "ab", false),
            ("...", "", true),
        ] {
            assert_eq!(fits(expected, seen), same, "{expected} {seen}");
        }
    }

    #[test]
    fn of_a_long_text_the_place_where_it_differs_is_shown() {
        let seen = format!("{}here", "x".repeat(200));
        let at = first_difference(&"x".repeat(200), &seen);
        assert_eq!(shown_from(&seen, at), format!("`…{}here\"`", "x".repeat(30)));
    }
}
