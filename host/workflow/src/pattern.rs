//! Event patterns: EventBridge's language, matched against a parsed event.
//!
//! This decides which shapes are patterns and how objects, arrays and `$or` combine; the rules for one value are left to
//! [`rule`]. Source: the Amazon EventBridge user guide, "Event patterns" and "Comparison operators".
//!
//! A field that is an array matches when any of its values does. Where a pattern goes into an array of objects, all of
//! its fields must match in one of them; `exists: false` asks about that object.

mod explain;
mod rule;
mod work;

use serde_json::{Map, Value};

use crate::view::{ObjectView, ValueView};

pub use explain::Mismatch;
use rule::Rule;
pub(crate) use work::MatchWork;

/// EventBridge's own limit: each alternative of an `$or`, with each of every other `$or`, is one of so many combinations.
const MAX_COMBINATIONS: usize = 1000;

/// A checked event pattern.
#[derive(Clone, Debug, PartialEq)]
pub struct Pattern {
    root: Object,
}

/// Why a pattern is not one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct PatternError {
    /// The fields that lead to the place.
    pub path: Vec<String>,
    /// What is wrong there.
    pub reason: String,
}

/// Fields that must all match, and alternatives of which one must.
#[derive(Clone, Debug, PartialEq)]
struct Object {
    fields: Vec<(String, Field)>,
    alternatives: Vec<Object>,
}

#[derive(Clone, Debug, PartialEq)]
enum Field {
    /// One of these must match the value; with them, how they were written.
    Rules(Vec<Rule>, Value),
    Object(Object),
}

impl Pattern {
    /// Checks a pattern.
    pub fn new(pattern: &Value) -> Result<Self, PatternError> {
        let Value::Object(fields) = pattern else {
            return Err(PatternError { path: Vec::new(), reason: "a pattern must be a mapping".to_owned() });
        };
        let root = read_object(fields, &mut Vec::new())?;
        if root.combinations() > MAX_COMBINATIONS {
            let reason = format!("the `$or` in it make more than {MAX_COMBINATIONS} combinations");
            return Err(PatternError { path: Vec::new(), reason });
        }
        Ok(Self { root })
    }

    /// What the field at this path may be exactly: the texts that the pattern lists there, for people to know it by.
    pub fn texts(&self, path: &[&str]) -> Vec<&str> {
        let Some((last, path)) = path.split_last() else { return Vec::new() };
        let mut object = &self.root;
        for name in path {
            match object.field(name) {
                Some(Field::Object(inner)) => object = inner,
                _ => return Vec::new(),
            }
        }
        match object.field(last) {
            Some(Field::Rules(rules, _)) => rules.iter().filter_map(Rule::text).collect(),
            _ => Vec::new(),
        }
    }

    /// Whether the event matches.
    pub fn matches(&self, event: &Value) -> bool {
        ObjectView::of(event).is_some_and(|event| self.sees(event, &MatchWork::unbounded()))
    }

    /// Whether an event matches, or a part of one. It does not when the work is used up.
    pub(crate) fn sees(&self, event: ObjectView<'_>, work: &MatchWork) -> bool {
        self.root.matches(Some(event), work) && !work.is_used_up()
    }
}

impl Object {
    fn field(&self, name: &str) -> Option<&Field> {
        self.fields.iter().find(|(field, _)| field == name).map(|(_, field)| field)
    }

    /// Matches against an object, or against its absence, which only `exists: false` accepts.
    fn matches(&self, object: Option<ObjectView<'_>>, work: &MatchWork) -> bool {
        if !work.take(1) {
            return false;
        }
        let fields = self.fields.iter().all(|(name, field)| {
            let value = object.and_then(|object| object.field(name));
            match field {
                Field::Rules(rules, _) => any_rule(rules, value.as_ref(), work),
                Field::Object(inner) => matches_any(inner, value.as_ref(), work),
            }
        });
        fields && (self.alternatives.is_empty() || self.alternatives.iter().any(|other| other.matches(object, work)))
    }

    /// How many patterns without `$or` say the same together.
    fn combinations(&self) -> usize {
        let fields = self.fields.iter().map(|(_, field)| match field {
            Field::Rules(..) => 1,
            Field::Object(inner) => inner.combinations(),
        });
        let alternatives: usize = self.alternatives.iter().map(Object::combinations).fold(0, usize::saturating_add);
        fields.fold(alternatives.max(1), usize::saturating_mul)
    }
}

/// Whether the object, or any object of an array, matches. Anything else counts as absent.
fn matches_any(pattern: &Object, value: Option<&ValueView<'_>>, work: &MatchWork) -> bool {
    match value.and_then(ValueView::items) {
        Some(mut items) => items.any(|item| matches_any(pattern, Some(&item), work)),
        None => pattern.matches(value.and_then(ValueView::object), work),
    }
}

fn any_rule(rules: &[Rule], value: Option<&ValueView<'_>>, work: &MatchWork) -> bool {
    if work.is_used_up() {
        return false;
    }
    let leaves = value.map(ValueView::leaves).unwrap_or_default();
    work.take(leaves.len());
    rules.iter().any(|rule| match rule {
        Rule::Exists(expected) => leaves.is_empty() != *expected,
        _ => leaves.iter().any(|leaf| work.take(rule.comparisons(leaf)) && rule.matches(leaf)),
    })
}

fn read_object(fields: &Map<String, Value>, path: &mut Vec<String>) -> Result<Object, PatternError> {
    if fields.is_empty() {
        return Err(error(path, "a pattern must name at least one field"));
    }
    let mut object = Object { fields: Vec::new(), alternatives: Vec::new() };
    for (name, value) in fields {
        path.push(name.clone());
        if name == "$or" {
            object.alternatives = read_alternatives(value, path)?;
        } else {
            object.fields.push((name.clone(), read_field(value, path)?));
        }
        path.pop();
    }
    Ok(object)
}

fn read_alternatives(value: &Value, path: &mut Vec<String>) -> Result<Vec<Object>, PatternError> {
    let reason = "`$or` must be a list of patterns";
    let items = value.as_array().filter(|items| !items.is_empty()).ok_or_else(|| error(path, reason))?;
    let mut alternatives = Vec::new();
    for item in items {
        let fields = item.as_object().ok_or_else(|| error(path, reason))?;
        alternatives.push(read_object(fields, path)?);
    }
    Ok(alternatives)
}

fn read_field(value: &Value, path: &mut Vec<String>) -> Result<Field, PatternError> {
    match value {
        Value::Object(fields) => read_object(fields, path).map(Field::Object),
        Value::Array(items) if items.is_empty() => Err(error(path, "a list of values must not be empty")),
        Value::Array(items) => {
            let rules = items.iter().map(|item| Rule::read(item).map_err(|reason| error(path, reason)));
            Ok(Field::Rules(rules.collect::<Result<_, _>>()?, value.clone()))
        }
        _ => Err(error(path, "the values of a field must be a list, even when there is one")),
    }
}

fn error(path: &[String], reason: impl Into<String>) -> PatternError {
    PatternError { path: path.to_vec(), reason: reason.into() }
}
