//! JSON Schemas: what inputs must be, and what plugins take and give.
//!
//! This decides which schemas are accepted (2020-12, nothing fetched, patterns that match in linear time), and tells in
//! words what is wrong with a value. Source: <https://json-schema.org/draft/2020-12/json-schema-validation>.

use std::sync::Arc;

use jsonschema::{Draft, PatternOptions, Validator};
use serde_json::{Map, Value};

use crate::read::{shorten, suggestion};

/// Bounds what a compiled pattern takes of memory.
const MAX_PATTERN: usize = 256 * 1024;
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
    pub(crate) fn flaws(&self, value: &Value, most: usize) -> Vec<Flaw> {
        let flaws = self.validator.iter_errors(value).take(most).map(|error| Flaw {
            path: path(error.instance_path().as_str()),
            message: error.masked().to_string().replace("value", "it"),
            help: None,
        });
        flaws.collect()
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

/// A schema or a part of one, with what it can refer to. Only what can be told without evaluating is told.
#[derive(Clone, Copy)]
pub(crate) struct Shape<'s> {
    root: &'s Value,
    here: &'s Value,
}

impl<'s> Shape<'s> {
    pub(crate) fn new(root: &'s Value) -> Self {
        Self { root, here: root }.resolved()
    }

    /// Follows `$ref` within the schema.
    fn resolved(mut self) -> Self {
        for _ in 0..MAX_DEPTH {
            let target = self.here.get("$ref").and_then(Value::as_str).and_then(|text| text.strip_prefix('#'));
            match target.and_then(|pointer| self.root.pointer(pointer)) {
                Some(target) => self.here = target,
                None => break,
            }
        }
        self
    }

    fn part(self, here: &'s Value) -> Self {
        Self { root: self.root, here }.resolved()
    }

    /// The fields, when there can be no others.
    pub(crate) fn closed_fields(self) -> Option<Vec<&'s str>> {
        let others = self.here.get("additionalProperties");
        if others.is_some_and(|others| others != &Value::Bool(false)) || self.is_composed() {
            return None;
        }
        Some(self.properties()?.keys().map(String::as_str).collect())
    }

    /// The fields that must be there.
    pub(crate) fn required(self) -> impl Iterator<Item = &'s str> {
        self.here.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str)
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
        if let Some(given) = self.here.get("type") {
            let list = given.as_array().map_or(std::slice::from_ref(given), Vec::as_slice);
            return list.iter().map(Value::as_str).collect();
        }
        let any = self.here.get("anyOf").or_else(|| self.here.get("oneOf"))?.as_array()?;
        let each: Option<Vec<Vec<&str>>> = any.iter().map(|here| self.part(here).types()).collect();
        Some(each?.concat())
    }

    /// Whether a plugin says that a text may hold `${secret:…}`.
    pub(crate) fn takes_secrets(self) -> bool {
        self.here.get(SECRETS) == Some(&Value::Bool(true))
    }

    /// The schema of this part alone.
    pub(crate) fn alone(self) -> Value {
        let mut alone = self.here.as_object().cloned().unwrap_or_default();
        if let Some(definitions) = self.root.get("$defs") {
            alone.insert("$defs".to_owned(), definitions.clone());
        }
        Value::Object(alone)
    }

    fn properties(self) -> Option<&'s Map<String, Value>> {
        self.here.get("properties")?.as_object()
    }

    fn is_composed(self) -> bool {
        ["anyOf", "oneOf", "allOf", "if", "patternProperties"].iter().any(|keyword| self.here.get(keyword).is_some())
    }
}

/// The mark of a field whose text may name secrets.
const SECRETS: &str = "x-quell-secrets";

#[cfg(test)]
mod tests;
