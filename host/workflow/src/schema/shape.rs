//! What can be told of the values of a schema without evaluating it: their fields and types.
//!
//! Only what is certain is told; all else is unknown, which is no error. A schema may refer to itself, and to the same part
//! in many ways: a part is looked at once for an answer, and all answers together cost no more than a [`Lookups`] allows.

use std::cell::Cell;
use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::patterns;
use super::work::size;

/// A chain of references that is longer tells nothing.
const MAX_REFERENCES: usize = 32;
/// As many parts of schemas as the check of one document looks at: some hundred for each value that a person writes.
const MAX_LOOKUPS: usize = 1_000_000;

/// Compiling a pattern takes up to some milliseconds.
const PATTERN: usize = 1_000;

/// The mark of a field whose text may name secrets.
const SECRETS: &str = "x-quell-secrets";

/// A schema that tells nothing.
static UNKNOWN: Value = Value::Bool(true);

/// How many parts of schemas may still be looked at. When none may, whatever is asked about a schema is unknown.
#[derive(Debug)]
pub(crate) struct Lookups {
    left: Cell<usize>,
}

impl Lookups {
    pub(crate) fn new() -> Self {
        Self { left: Cell::new(MAX_LOOKUPS) }
    }

    /// Takes so many; whether there were as many left.
    pub(crate) fn take(&self, count: usize) -> bool {
        let left = self.left.get().checked_sub(count);
        self.left.set(left.unwrap_or_default());
        left.is_some()
    }

    pub(crate) fn are_used_up(&self) -> bool {
        self.left.get() == 0
    }
}

/// A schema or a part of one, with what it can refer to.
#[derive(Clone, Copy)]
pub(crate) struct Shape<'s> {
    root: &'s Value,
    here: &'s Value,
    lookups: &'s Lookups,
}

impl<'s> Shape<'s> {
    pub(crate) fn new(root: &'s Value, lookups: &'s Lookups) -> Self {
        Self { root, here: root, lookups }.part(root)
    }

    /// A part, behind the references that it consists of.
    fn part(self, mut here: &'s Value) -> Self {
        for _ in 0..MAX_REFERENCES {
            if !self.lookups.take(1) {
                break;
            }
            let target = here.get("$ref").and_then(Value::as_str).and_then(|text| text.strip_prefix('#'));
            match target.and_then(|pointer| self.root.pointer(pointer)) {
                Some(target) => here = target,
                None => return Self { here, ..self },
            }
        }
        Self { here: &UNKNOWN, ..self }
    }

    /// What tells this part from every other one.
    pub(crate) fn identity(self) -> *const Value {
        self.here
    }

    /// Whether a value may have no other fields than those that are named.
    pub(crate) fn is_closed(self) -> bool {
        let others = self.here.get("additionalProperties");
        others.is_none_or(|others| others == &Value::Bool(false)) && !self.is_composed() && self.properties().is_some()
    }

    /// Whether a value cannot have this field.
    pub(crate) fn excludes(self, name: &str) -> bool {
        self.is_closed() && !self.properties().is_some_and(|properties| properties.contains_key(name))
    }

    /// The fields that are named.
    pub(crate) fn fields(self) -> impl Iterator<Item = &'s str> {
        self.properties().into_iter().flat_map(Map::keys).map(String::as_str)
    }

    /// The fields that must be there.
    pub(crate) fn required(self) -> impl Iterator<Item = &'s str> {
        let lookups = self.lookups;
        let required = self.here.get("required").and_then(Value::as_array).into_iter().flatten();
        required.take_while(|_| lookups.take(1)).filter_map(Value::as_str)
    }

    pub(crate) fn field(self, name: &str) -> Option<Self> {
        self.properties()?.get(name).map(|here| self.part(here))
    }

    /// What fields must be that are not named.
    pub(crate) fn others(self) -> Option<Self> {
        self.here.get("additionalProperties").filter(|here| here.is_object()).map(|here| self.part(here))
    }

    pub(crate) fn items(self) -> Option<Self> {
        self.here.get("items").map(|here| self.part(here))
    }

    /// The types that a value can have; `None` when that is not said.
    pub(crate) fn types(self) -> Option<Vec<&'s str>> {
        let mut types: Vec<&str> = Vec::new();
        let mut seen = BTreeSet::from([self.identity()]);
        let mut left = vec![self];
        while let Some(shape) = left.pop() {
            if let Some(given) = shape.here.get("type") {
                for given in given.as_array().map_or(std::slice::from_ref(given), Vec::as_slice) {
                    let given = given.as_str()?;
                    if !types.contains(&given) {
                        types.push(given);
                    }
                }
                continue;
            }
            let any = shape.here.get("anyOf").or_else(|| shape.here.get("oneOf"))?.as_array()?;
            let alternatives = any.iter().rev().map(|here| self.part(here));
            left.extend(alternatives.filter(|alternative| seen.insert(alternative.identity())));
        }
        (!types.is_empty()).then_some(types)
    }

    /// Whether a plugin says that a text may hold `${secret:…}`.
    pub(crate) fn takes_secrets(self) -> bool {
        self.here.get(SECRETS) == Some(&Value::Bool(true))
    }

    /// The schema of this part alone; `None` when that is not to be looked at any more.
    pub(crate) fn alone(self) -> Option<Value> {
        let definitions = self.root.get("$defs");
        if self.lookups.are_used_up()
            || !self.lookups.take(definitions.map_or(0, weight).saturating_add(weight(self.here)))
        {
            return None;
        }
        let mut alone = self.here.as_object().cloned().unwrap_or_default();
        if let Some(definitions) = definitions {
            alone.insert("$defs".to_owned(), definitions.clone());
        }
        Some(Value::Object(alone))
    }

    fn properties(self) -> Option<&'s Map<String, Value>> {
        self.here.get("properties")?.as_object()
    }

    fn is_composed(self) -> bool {
        ["anyOf", "oneOf", "allOf", "if", "patternProperties"].iter().any(|keyword| self.here.get(keyword).is_some())
    }
}

/// How many values are in a schema, of which a pattern is as much work as [`PATTERN`] others.
fn weight(schema: &Value) -> usize {
    size(schema).saturating_add(patterns(schema).saturating_mul(PATTERN))
}
