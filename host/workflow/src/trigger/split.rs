//! One event of each item of a list: Security Hub sends many findings in one event, and a run is about one of them.
//!
//! In an event that was split, the item replaces the list by a list of that one item, so that patterns and expressions are
//! written as AWS documents the event. Its `id` is the event's, a slash, and the item's place: each part is known by an id
//! of its own, and a repeat of the whole event repeats each of them.
//!
//! Parts are matched as views of the event ([`ObjectView`]); only one that starts a run is made, which copies what is around
//! the list.

use std::fmt;

use serde_json::{Map, Value};

use crate::problem::Collector;
use crate::read;
use crate::view::{ObjectView, part_id};
use crate::yaml::Node;

/// Security Hub sends at most 100 findings at once.
const MOST: usize = 100;
/// As many values as are copied for all parts of an event, which take some 100 bytes each in memory. Around Security Hub's
/// findings there are about 15.
const MAX_COPIED: usize = 100_000;
/// As many bytes of text as are copied for all parts of an event.
const MAX_COPIED_BYTES: usize = 4 << 20;
/// A list does not lie deeper.
const DEEPEST: usize = 16;

/// The list in an event whose items are an event each.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Split {
    path: Vec<String>,
}

/// An event is too large to be split or matched.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SplitError {
    /// It has too many items.
    #[error("`{path}` of the event has {found} items; at most {MOST} are split")]
    Items {
        /// The list.
        path: String,
        /// How many items it has.
        found: usize,
    },
    /// What is around the list is too large to be copied for each item.
    #[error(
        "{parts} items of the event start a run each, and what is around them is too large to be copied for each: at most \
         {MAX_COPIED} values and {MAX_COPIED_BYTES} bytes are copied"
    )]
    Around {
        /// How many items start a run.
        parts: usize,
    },
    /// Matching it takes too many comparisons.
    #[error("matching the event with what the workflow's `on` lists is too much work: list fewer values")]
    Work,
}

/// How much there is to copy.
#[derive(Clone, Copy, Default)]
pub(crate) struct Amount {
    values: usize,
    bytes: usize,
}

impl Amount {
    pub(crate) fn add(&mut self, other: Amount) {
        self.values = self.values.saturating_add(other.values);
        self.bytes = self.bytes.saturating_add(other.bytes);
    }

    /// Whether so much may be copied for the parts of an event.
    pub(crate) fn check(self, parts: usize) -> Result<(), SplitError> {
        let fits = self.values <= MAX_COPIED && self.bytes <= MAX_COPIED_BYTES;
        if fits { Ok(()) } else { Err(SplitError::Around { parts }) }
    }
}

impl Split {
    /// The items of the list. When the list is not there, there are none.
    pub(crate) fn items<'e>(&self, event: &'e Value) -> Result<&'e [Value], SplitError> {
        let list = self.path.iter().try_fold(event, |value, name| value.as_object()?.get(name));
        let items = list.and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        if items.len() > MOST {
            return Err(SplitError::Items { path: self.to_string(), found: items.len() });
        }
        Ok(items)
    }

    /// The part of the event with one of the items, as patterns see it.
    pub(crate) fn view<'e>(&'e self, event: &'e Value, index: usize, item: &'e Value) -> Option<ObjectView<'e>> {
        ObjectView::part(event, &self.path, index, item)
    }

    /// The part of the event with one of the items, made of copies.
    pub(crate) fn make(&self, event: &Value, index: usize, item: &Value) -> Value {
        let mut part = with_item(event, &self.path, item);
        if let (Value::Object(fields), Some(event)) = (&mut part, event.as_object()) {
            fields.insert("id".to_owned(), part_id(event, index));
        }
        part
    }

    /// What is copied for each part besides its item.
    pub(crate) fn around(&self, event: &Value) -> Amount {
        let mut amount = Amount::default();
        around(event, Some(&self.path), &mut amount);
        amount
    }
}

/// A value with a list of one item in place of the list at the end of the way.
fn with_item(value: &Value, way: &[String], item: &Value) -> Value {
    match (value, way) {
        (_, []) => Value::Array(vec![item.clone()]),
        (Value::Object(fields), [first, rest @ ..]) => {
            let field = |(name, value): (&String, &Value)| {
                let value = if name == first { with_item(value, rest, item) } else { value.clone() };
                (name.clone(), value)
            };
            Value::Object(fields.iter().map(field).collect::<Map<_, _>>())
        }
        (other, _) => other.clone(),
    }
}

/// Adds up a value without what is at the end of the way.
fn around(value: &Value, way: Option<&[String]>, amount: &mut Amount) {
    amount.values += 1;
    match (value, way) {
        (_, Some([])) => {}
        (Value::Object(fields), way) => {
            for (name, value) in fields {
                amount.bytes += name.len();
                let rest = way.and_then(|way| way.split_first()).filter(|(first, _)| *first == name);
                around(value, rest.map(|(_, rest)| rest), amount);
            }
        }
        (Value::Array(items), _) => items.iter().for_each(|item| around(item, None, amount)),
        (Value::String(text), _) => amount.bytes += text.len(),
        _ => {}
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
