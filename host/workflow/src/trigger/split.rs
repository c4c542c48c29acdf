//! One event of each item of a list: Security Hub sends many findings in one event, and a run is about one of them.
//!
//! In an event that was split, the item replaces the list by a list of that one item, so that patterns and expressions are
//! written as AWS documents the event. Its `id` is the event's, a slash, and the item's place: each part is known by an id
//! of its own, and a repeat of the whole event repeats each of them.

use std::fmt;

use serde_json::{Map, Value};

use crate::problem::Collector;
use crate::read;
use crate::yaml::Node;

/// Security Hub sends at most 100 findings at once, and each item costs a copy of what is around the list.
const MOST: usize = 100;
/// A list does not lie deeper.
const DEEPEST: usize = 16;

/// The list in an event whose items are an event each.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Split {
    path: Vec<String>,
}

/// An event has too many items.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{path}` of the event has {found} items; at most {MOST} are split")]
pub struct SplitError {
    path: String,
    found: usize,
}

impl Split {
    /// The events that the event is split into. When the list is not there, there are none.
    pub(super) fn parts(&self, event: &Value) -> Result<Vec<Value>, SplitError> {
        let mut shell = event.clone();
        let Some(items) = self.place(&mut shell).and_then(Value::as_array_mut).map(std::mem::take) else {
            return Ok(Vec::new());
        };
        if items.len() > MOST {
            return Err(SplitError { path: self.to_string(), found: items.len() });
        }
        let id = event.get("id").and_then(Value::as_str).unwrap_or_default();
        let part = |(index, item): (usize, Value)| {
            let mut part = shell.clone();
            if let Some(place) = self.place(&mut part) {
                *place = Value::Array(vec![item]);
            }
            if let Value::Object(fields) = &mut part {
                fields.insert("id".to_owned(), Value::String(format!("{id}/{index}")));
            }
            part
        };
        Ok(items.into_iter().enumerate().map(part).collect())
    }

    fn place<'v>(&self, event: &'v mut Value) -> Option<&'v mut Value> {
        self.path.iter().try_fold(event, |value, name| {
            value.as_object_mut().and_then(|fields: &mut Map<_, _>| fields.get_mut(name))
        })
    }
}

impl fmt::Display for Split {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.path.join("."))
    }
}

/// Reads `split`.
pub(super) fn read(node: &Node, problems: &mut Collector<'_>) -> Option<Split> {
    let text = read::text(node, "`split`", problems)?;
    let path: Vec<String> = text.split('.').map(str::to_owned).collect();
    let word = |word: &String| !word.is_empty() && word.chars().all(|c| c.is_ascii_alphanumeric() || "_-".contains(c));
    if path.first().is_some_and(|root| root == "detail") && (2..=DEEPEST).contains(&path.len()) && path.iter().all(word)
    {
        return Some(Split { path });
    }
    let message = format!("`split` cannot be `{}`", read::shorten(text));
    problems.add_with_help(&node.span, message, "write the way to a list in the event, like `detail.findings`");
    None
}
