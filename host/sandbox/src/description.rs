//! What a plugin says of itself, as `describe` returns it.
//!
//! It is a claim: the identity of a plugin is its digest, and what it can do are its imports. Whether the name is free and
//! the version new is for whoever stores plugins; whether the schemas are valid ones is for the workflow.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{ended::Ended, export, json, limits::Limits};

/// What a plugin says of itself.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Description {
    /// The name, meant to be kebab case.
    pub name: String,
    /// The version, meant to be semantic.
    pub version: String,
    /// One sentence.
    pub summary: String,
    /// The JSON Schema of the input: an object or a boolean.
    pub input_schema: Value,
    /// The JSON Schema of the output: an object or a boolean.
    pub output_schema: Value,
}

/// As the WIT has it.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Returned {
    name: String,
    version: String,
    summary: String,
    input_schema: String,
    output_schema: String,
}

impl Description {
    /// Reads what `describe` returned.
    pub(crate) fn read(returned: Value, limits: &Limits) -> Result<Self, Ended> {
        let Returned { name, version, summary, input_schema, output_schema } = export::read(returned)?;
        let texts = [&name, &version, &summary, &input_schema, &output_schema];
        export::check_size(texts.into_iter().map(String::len).sum(), limits)?;
        let input_schema = schema("input-schema", &input_schema)?;
        let output_schema = schema("output-schema", &output_schema)?;
        Ok(Self { name, version, summary, input_schema, output_schema })
    }
}

fn schema(field: &str, text: &str) -> Result<Value, Ended> {
    let invalid = |problem: &str| Ended::OutputInvalid { problem: format!("`{field}`: {problem}") };
    match json::parse(text) {
        Ok(schema @ (Value::Object(_) | Value::Bool(_))) => Ok(schema),
        Ok(_) => Err(invalid("a JSON Schema is an object or a boolean")),
        Err(problem) => Err(invalid(&problem)),
    }
}
