//! JSON Schemas: what inputs must be, and what plugins take and give.
//!
//! This decides which schemas are accepted (2020-12, nothing fetched, patterns that match in linear time), and tells in
//! words what is wrong with a value. Source: <https://json-schema.org/draft/2020-12/json-schema-validation>.

mod shape;
mod work;

use std::sync::Arc;

use jsonschema::{Draft, PatternOptions, ValidationError, Validator};
use serde_json::Value;

use crate::read::{shorten, shorten_to, suggestion};

pub(crate) use shape::{Lookups, Shape};
pub(crate) use work::TooMuchWork;

/// Bounds what a compiled pattern takes of memory.
const MAX_PATTERN: usize = 256 * 1024;
/// What is told of a value that is wrong can hold the whole schema.
const MAX_MESSAGE: usize = 500;
/// As deep as a schema is looked into for its keywords and types.
const MAX_DEPTH: usize = 32;

/// The keywords that there are; any other is a mistake, which JSON Schema itself would pass over in silence.
const KEYWORDS: &[&str] = &[
    "$anchor",
    "$comment",
    "$defs",
    "$id",
    "$ref",
    "$schema",
    "additionalProperties",
    "allOf",
    "anyOf",
    "const",
    "contains",
    "contentEncoding",
    "contentMediaType",
    "default",
    "dependentRequired",
    "dependentSchemas",
    "deprecated",
    "description",
    "else",
    "enum",
    "examples",
    "exclusiveMaximum",
    "exclusiveMinimum",
    "format",
    "if",
    "items",
    "maxContains",
    "maxItems",
    "maxLength",
    "maxProperties",
    "maximum",
    "minContains",
    "minItems",
    "minLength",
    "minProperties",
    "minimum",
    "multipleOf",
    "not",
    "oneOf",
    "pattern",
    "patternProperties",
    "prefixItems",
    "properties",
    "propertyNames",
    "readOnly",
    "required",
    "then",
    "title",
    "type",
    "unevaluatedItems",
    "unevaluatedProperties",
    "uniqueItems",
    "writeOnly",
];

/// A schema, compiled.
#[derive(Clone, Debug)]
pub struct Schema {
    value: Value,
    validator: Arc<Validator>,
}

impl PartialEq for Schema {
    fn eq(&self, other: &Schema) -> bool {
        self.value == other.value
    }
}

/// Something that is wrong, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Flaw {
    /// The fields and numbers that lead to it.
    pub(crate) path: Vec<String>,
    pub(crate) message: String,
    pub(crate) help: Option<String>,
}

impl Flaw {
    /// Where it is, behind a name: `ports[0].from`.
    pub(crate) fn place(&self, name: &str) -> String {
        self.path.iter().fold(name.to_owned(), |place, part| match part.parse::<usize>() {
            Ok(index) => format!("{place}[{index}]"),
            Err(_) => format!("{place}.{part}"),
        })
    }
}

impl Schema {
    /// Compiles a schema.
    pub(crate) fn compile(value: &Value) -> Result<Self, Flaw> {
        if let Some(flaw) = unknown_keyword(value, &mut Vec::new()) {
            return Err(flaw);
        }
        work::check(value)?;
        let options = jsonschema::options().with_draft(Draft::Draft202012).should_validate_formats(true);
        let options = options.with_pattern_options(PatternOptions::regex().size_limit(MAX_PATTERN));
        match options.build(value) {
            Ok(validator) => Ok(Self { value: value.clone(), validator: Arc::new(validator) }),
            Err(error) => {
                Err(Flaw { path: path(error.instance_path().as_str()), message: error.to_string(), help: None })
            }
        }
    }

    /// The schema.
    pub fn value(&self) -> &Value {
        &self.value
    }

    /// What is wrong with a value, at most so many things.
    pub(crate) fn flaws(&self, value: &Value, most: usize) -> Result<Vec<Flaw>, TooMuchWork> {
        work::bounded(&self.value, value)?;
        let flaw = |error: ValidationError<'_>| Flaw {
            path: path(error.instance_path().as_str()),
            message: shorten_to(&error.masked().to_string().replace("value", "it"), MAX_MESSAGE),
            help: None,
        };
        // Most values are right, and telling all that is wrong takes memory.
        match self.validator.validate(value) {
            Ok(()) => Ok(Vec::new()),
            Err(error) if most == 1 => Ok(vec![flaw(error)]),
            Err(_) => Ok(self.validator.iter_errors(value).take(most).map(flaw).collect()),
        }
    }
}

/// How many patterns are in a schema.
pub(crate) fn patterns(schema: &Value) -> usize {
    match schema {
        Value::Array(items) => items.iter().map(patterns).sum(),
        Value::Object(fields) => {
            let named = fields.get("patternProperties").and_then(Value::as_object).map_or(0, serde_json::Map::len);
            named + usize::from(fields.contains_key("pattern")) + fields.values().map(patterns).sum::<usize>()
        }
        _ => 0,
    }
}

/// The parts of a JSON pointer (RFC 6901).
fn path(pointer: &str) -> Vec<String> {
    pointer.split('/').skip(1).map(|part| part.replace("~1", "/").replace("~0", "~")).collect()
}

/// The first keyword of a schema, or of one inside of it, that does not exist. Extensions begin with `x-`.
fn unknown_keyword(schema: &Value, at: &mut Vec<String>) -> Option<Flaw> {
    let fields = schema.as_object().filter(|_| at.len() < MAX_DEPTH)?;
    for (keyword, value) in fields {
        if !KEYWORDS.contains(&keyword.as_str()) && !keyword.starts_with("x-") {
            let message = format!("`{}` is no keyword of JSON Schema", shorten(keyword));
            at.push(keyword.clone());
            return Some(Flaw { path: at.clone(), message, help: Some(suggestion(keyword, KEYWORDS)) });
        }
        at.push(keyword.clone());
        let found = match (keyword.as_str(), value) {
            ("properties" | "patternProperties" | "$defs" | "dependentSchemas", Value::Object(inner)) => {
                inner.iter().find_map(|(name, schema)| nested(name, schema, at))
            }
            ("allOf" | "anyOf" | "oneOf" | "prefixItems", Value::Array(inner)) => {
                inner.iter().enumerate().find_map(|(index, schema)| nested(&index.to_string(), schema, at))
            }
            (
                "items"
                | "contains"
                | "not"
                | "if"
                | "then"
                | "else"
                | "additionalProperties"
                | "propertyNames"
                | "unevaluatedItems"
                | "unevaluatedProperties",
                inner,
            ) => unknown_keyword(inner, at),
            _ => None,
        };
        if found.is_some() {
            return found;
        }
        at.pop();
    }
    None
}

fn nested(name: &str, schema: &Value, at: &mut Vec<String>) -> Option<Flaw> {
    at.push(name.to_owned());
    let found = unknown_keyword(schema, at);
    if found.is_none() {
        at.pop();
    }
    found
}

#[cfg(test)]
mod tests;
