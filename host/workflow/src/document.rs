//! A workflow, checked.
//!
//! This decides what triggers a workflow, which inputs a run of it gets, and by which key repeated events are known.
//! How it is read is left to `load`, what its steps do to `step`.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde_json::{Map, Value};

use crate::expression::ExpressionError;
use crate::expression::scope::Scope;
use crate::expression::template::{Template, kind};
use crate::pattern::Pattern;
use crate::step::Step;

/// A checked workflow.
#[derive(Clone, Debug)]
pub struct Workflow {
    /// Its name.
    pub name: String,
    /// What it is for.
    pub description: Option<String>,
    /// SHA-256 of the source, in hexadecimal: a run keeps the workflow that it started with by this.
    pub digest: String,
    /// The source, byte for byte.
    pub source: String,
    /// What starts it, besides people.
    pub triggers: Vec<Trigger>,
    /// How repeated events are known.
    pub dedupe: Option<Dedupe>,
    /// How long a run may take, `on-failure` not included.
    pub timeout: Option<Duration>,
    /// What a run is given, by name.
    pub inputs: BTreeMap<String, Input>,
    /// What a run does.
    pub steps: Vec<Step>,
    /// What a run does when it would end failed, expired or timed out.
    pub on_failure: Vec<Step>,
}

/// What starts a workflow.
#[derive(Clone, Debug, PartialEq)]
pub enum Trigger {
    /// An event that matches.
    Event(Pattern),
}

/// How repeated events are known: a repeat within the window starts nothing, whether the first run has ended or not.
#[derive(Clone, Debug)]
pub struct Dedupe {
    /// How long an event counts as a repeat.
    pub window: Duration,
    pub(crate) key: Template,
}

/// One input of a workflow.
#[derive(Clone, Debug, PartialEq)]
pub struct Input {
    /// Its type.
    pub kind: InputKind,
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
}

impl Workflow {
    /// The plugins that it runs, by name.
    pub fn plugins(&self) -> BTreeSet<&str> {
        self.walk().into_iter().filter_map(Step::plugin).collect()
    }

    /// All steps, nested ones and those of `catch` and `on-failure` included, in the order of the document.
    pub fn walk(&self) -> Vec<&Step> {
        let mut steps = Vec::new();
        self.steps.iter().chain(&self.on_failure).for_each(|step| step.collect(&mut steps));
        steps
    }

    /// Whether the event starts a run.
    pub fn matches(&self, event: &Value) -> bool {
        self.triggers.iter().any(|trigger| match trigger {
            Trigger::Event(pattern) => pattern.matches(event),
        })
    }

    /// The key by which a repeat of this event is known; `None` when the workflow does not ask for one. A key that
    /// fails or is null is an error: it must not make all events one.
    pub fn dedupe_key(&self, event: &Value) -> Result<Option<String>, ExpressionError> {
        let Some(dedupe) = &self.dedupe else { return Ok(None) };
        match dedupe.key.evaluate(&Scope::Event(event))? {
            Value::String(key) if !key.is_empty() => Ok(Some(key)),
            Value::Number(key) => Ok(Some(key.to_string())),
            other => Err(ExpressionError::WrongType {
                expression: "dedupe.key".to_owned(),
                expected: "a text that is not empty, or a number",
                found: if other.is_string() { "an empty text".to_owned() } else { kind(&other).to_owned() },
            }),
        }
    }

    /// The inputs of a run: what is given (null is nothing), with the defaults of the rest.
    pub fn inputs(&self, given: &Value) -> Result<Value, InputError> {
        let nothing = Map::new();
        let given = match given {
            Value::Null => &nothing,
            Value::Object(given) => given,
            other => return Err(InputError::NotMapping(kind(other))),
        };
        if let Some(unknown) = given.keys().find(|name| !self.inputs.contains_key(*name)) {
            return Err(InputError::Unknown(unknown.clone()));
        }
        let mut inputs = Map::new();
        for (name, input) in &self.inputs {
            let value = given.get(name).or(input.default.as_ref());
            let value = value.ok_or_else(|| InputError::Missing(name.clone()))?;
            if !input.kind.admits(value) {
                let (name, expected) = (name.clone(), input.kind.name());
                return Err(InputError::WrongType { name, expected, found: kind(value) });
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
