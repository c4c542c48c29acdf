//! Why an event does not match a pattern: each field that fails, with what was there.

use serde_json::{Map, Value};

use super::{Field, Object, Pattern, any_rule, collect_leaves};

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
        let mut mismatches = Vec::new();
        explain_object(&self.root, event.as_object(), "", &mut mismatches);
        mismatches
    }
}

fn explain_object(pattern: &Object, object: Option<&Map<String, Value>>, path: &str, into: &mut Vec<Mismatch>) {
    for (name, field) in &pattern.fields {
        let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
        let value = object.and_then(|object| object.get(name));
        match field {
            Field::Rules(rules, _) if any_rule(rules, value) => {}
            Field::Rules(_, source) => {
                let mut leaves = Vec::new();
                if let Some(value) = value {
                    collect_leaves(value, &mut leaves);
                }
                let found = leaves.into_iter().take(SHOWN).cloned().collect();
                into.push(Mismatch { path, expected: source.clone(), found });
            }
            Field::Object(inner) => into.append(&mut nearest(inner, value, &path)),
        }
    }
    if !pattern.alternatives.is_empty() && !pattern.alternatives.iter().any(|other| other.matches(object)) {
        for (index, alternative) in pattern.alternatives.iter().enumerate() {
            let path = if path.is_empty() { format!("$or[{index}]") } else { format!("{path}.$or[{index}]") };
            explain_object(alternative, object, &path, into);
        }
    }
}

/// What fails in the object, or in that object of an array in which the fewest fields do.
fn nearest(pattern: &Object, value: Option<&Value>, path: &str) -> Vec<Mismatch> {
    let object = |object| {
        let mut mismatches = Vec::new();
        explain_object(pattern, object, path, &mut mismatches);
        mismatches
    };
    match value {
        Some(Value::Object(fields)) => object(Some(fields)),
        Some(Value::Array(items)) if !items.is_empty() => {
            let each =
                items.iter().enumerate().map(|(index, item)| nearest(pattern, Some(item), &format!("{path}[{index}]")));
            each.min_by_key(Vec::len).unwrap_or_default()
        }
        _ => object(None),
    }
}
