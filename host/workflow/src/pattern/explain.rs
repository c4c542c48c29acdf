//! Why an event does not match a pattern: each field that fails, with what was there.

use serde_json::Value;

use super::{Field, MatchWork, Object, Pattern, any_rule};
use crate::view::{ObjectView, ValueView};

/// As many values of a field as anyone reads.
const SHOWN: usize = 5;

/// One field of a pattern that an event does not match.
#[derive(Clone, Debug, PartialEq)]
pub struct Mismatch {
    /// The way to the field. An item of an array has its place, an alternative of `$or` its own.
    pub path: String,
    /// What the pattern asks for.
    pub expected: Value,
    /// The values that were there; none when there was no value.
    pub found: Vec<Value>,
}

impl Pattern {
    /// Each field that fails; empty when the event matches. Where no object of an array matches, the one that comes nearest
    /// is told; where no alternative of an `$or` does, all are.
    pub fn explain(&self, event: &Value) -> Vec<Mismatch> {
        self.explain_seen(ObjectView::of(event))
    }

    /// The same of an event, or of a part of one.
    pub(crate) fn explain_seen(&self, event: Option<ObjectView<'_>>) -> Vec<Mismatch> {
        let mut mismatches = Vec::new();
        explain_object(&self.root, event, "", &mut mismatches);
        mismatches
    }
}

fn explain_object(pattern: &Object, object: Option<ObjectView<'_>>, path: &str, into: &mut Vec<Mismatch>) {
    for (name, field) in &pattern.fields {
        let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
        let value = object.and_then(|object| object.field(name));
        match field {
            Field::Rules(rules, _) if any_rule(rules, value.as_ref(), &MatchWork::unbounded()) => {}
            Field::Rules(_, source) => {
                let leaves = value.as_ref().map(ValueView::leaves).unwrap_or_default();
                let found = leaves.into_iter().take(SHOWN).cloned().collect();
                into.push(Mismatch { path, expected: source.clone(), found });
            }
            Field::Object(inner) => into.append(&mut nearest(inner, value.as_ref(), &path)),
        }
    }
    if !pattern.alternatives.is_empty()
        && !pattern.alternatives.iter().any(|other| other.matches(object, &MatchWork::unbounded()))
    {
        for (index, alternative) in pattern.alternatives.iter().enumerate() {
            let path = if path.is_empty() { format!("$or[{index}]") } else { format!("{path}.$or[{index}]") };
            explain_object(alternative, object, &path, into);
        }
    }
}

/// What fails in the object, or in that object of an array in which the fewest fields do.
fn nearest(pattern: &Object, value: Option<&ValueView<'_>>, path: &str) -> Vec<Mismatch> {
    match value.and_then(ValueView::items) {
        Some(items) => {
            let each =
                items.enumerate().map(|(index, item)| nearest(pattern, Some(&item), &format!("{path}[{index}]")));
            each.min_by_key(Vec::len).unwrap_or_default()
        }
        None => {
            let mut mismatches = Vec::new();
            explain_object(pattern, value.and_then(ValueView::object), path, &mut mismatches);
            mismatches
        }
    }
}
