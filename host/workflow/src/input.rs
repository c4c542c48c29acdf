//! Inputs: what a workflow is given when it begins.
//!
//! This decides which inputs there are, their types and defaults. How they are written is left to `load`.

use std::collections::BTreeMap;
use std::ops::Deref;

use serde_json::{Map, Value};

use crate::expression::template::kind;
use crate::schema::Schema;

/// The inputs of a workflow, by name.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Inputs(pub BTreeMap<String, Input>);

impl Deref for Inputs {
    type Target = BTreeMap<String, Input>;

    fn deref(&self) -> &BTreeMap<String, Input> {
        &self.0
    }
}

/// One input of a workflow.
#[derive(Clone, Debug, PartialEq)]
pub struct Input {
    /// Its type.
    pub kind: InputKind,
    /// The whole of what it must be.
    pub schema: Schema,
    /// Its value when none is given; without one, the input must be given.
    pub default: Option<Value>,
    /// What it is for.
    pub description: Option<String>,
}

/// The type of an input, named as in JSON Schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InputKind {
    /// Text.
    String,
    /// A number.
    Number,
    /// A whole number.
    Integer,
    /// True or false.
    Boolean,
    /// A list.
    Array,
    /// A mapping.
    Object,
}

/// Why inputs cannot be taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InputError {
    /// They are not a mapping.
    #[error("inputs must be a mapping, not {0}")]
    NotMapping(&'static str),
    /// The workflow has no such input.
    #[error("unknown input `{0}`")]
    Unknown(String),
    /// An input without a default is not given.
    #[error("input `{0}` is needed")]
    Missing(String),
    /// An input is of another type.
    #[error("input `{name}` must be of type `{expected}`, not {found}")]
    WrongType {
        /// The input.
        name: String,
        /// Its type.
        expected: &'static str,
        /// What was given.
        found: &'static str,
    },
    /// An input is of its type, and not what its schema asks for.
    #[error("input `{place}`: {reason}")]
    Invalid {
        /// The input, or the place in it.
        place: String,
        /// What is wrong.
        reason: String,
    },
}

impl Inputs {
    /// What is given (null is nothing), with the defaults of the rest.
    pub fn fill(&self, given: &Value) -> Result<Value, InputError> {
        let nothing = Map::new();
        let given = match given {
            Value::Null => &nothing,
            Value::Object(given) => given,
            other => return Err(InputError::NotMapping(kind(other))),
        };
        if let Some(unknown) = given.keys().find(|name| !self.contains_key(*name)) {
            return Err(InputError::Unknown(unknown.clone()));
        }
        let mut inputs = Map::new();
        for (name, input) in &self.0 {
            let value = given.get(name).or(input.default.as_ref());
            let value = value.ok_or_else(|| InputError::Missing(name.clone()))?;
            if !input.kind.admits(value) {
                let (name, expected) = (name.clone(), input.kind.name());
                return Err(InputError::WrongType { name, expected, found: kind(value) });
            }
            match input.schema.flaws(value, 1).as_deref() {
                Ok([flaw, ..]) => {
                    return Err(InputError::Invalid { place: flaw.place(name), reason: flaw.message.clone() });
                }
                Ok([]) => {}
                Err(too_much) => {
                    return Err(InputError::Invalid { place: name.clone(), reason: too_much.to_string() });
                }
            }
            inputs.insert(name.clone(), value.clone());
        }
        Ok(Value::Object(inputs))
    }
}

impl InputKind {
    /// All types by name.
    pub(crate) const ALL: [(&'static str, Self); 6] = [
        ("string", Self::String),
        ("number", Self::Number),
        ("integer", Self::Integer),
        ("boolean", Self::Boolean),
        ("array", Self::Array),
        ("object", Self::Object),
    ];

    /// The name, as the file and JSON Schema write it.
    pub fn name(self) -> &'static str {
        match self {
            Self::String => "string",
            Self::Number => "number",
            Self::Integer => "integer",
            Self::Boolean => "boolean",
            Self::Array => "array",
            Self::Object => "object",
        }
    }

    /// Whether a value is of this type.
    pub fn admits(self, value: &Value) -> bool {
        match self {
            Self::String => value.is_string(),
            Self::Number => value.is_number(),
            Self::Integer => value.is_i64() || value.is_u64(),
            Self::Boolean => value.is_boolean(),
            Self::Array => value.is_array(),
            Self::Object => value.is_object(),
        }
    }
}
