//! Values of WIT types as JSON, and back: the canonical form in which calls are compared, recorded and replayed.
//!
//! # Version 1
//!
//! | WIT | JSON |
//! |---|---|
//! | `bool`, `string` | boolean, string |
//! | `char` | a string of one character |
//! | integers | a number without fraction or exponent, exact over all of `u64` and `s64` |
//! | `f32`, `f64` | a finite number; an integer is read where it is exact, an `f32` is rounded to |
//! | `list`, `tuple` | an array |
//! | `record`, parameters | an object with the names of the WIT, in its order |
//! | `enum` | the name of the case |
//! | `flags` | an array of the names that are set, in the order of the WIT |
//! | `variant` | `{"case": payload}`, and `{"case": {}}` where the case has no payload |
//! | `result` | `{"ok": payload}` or `{"err": payload}`, with `{}` where there is none |
//! | `option` as a field or parameter | the value, or the name is absent |
//! | `option` elsewhere | `{"some": value}` or `{"none": {}}` |
//! | the result of a function without one | `{}` |
//!
//! `null` is nowhere: none is not null. Reading is strict (unknown, missing and repeated names, numbers out of range and
//! anything of another shape are errors) and total: it never panics, since the other side may be another process.

mod read;
#[cfg(test)]
mod tests;
mod write;

use std::fmt;

use serde_json::{Map, Value};
use wasmtime::component::Val;

use crate::wit_type::FunctionType;

/// Where and why a value is not of its type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NotOfType {
    /// Innermost first.
    path: Vec<String>,
    problem: String,
}

impl NotOfType {
    fn new(problem: impl Into<String>) -> Self {
        Self { path: Vec::new(), problem: problem.into() }
    }

    /// Adds what the value is inside of.
    fn within(mut self, place: impl Into<String>) -> Self {
        self.path.push(place.into());
        self
    }
}

impl fmt::Display for NotOfType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.path.is_empty() {
            let path: String = self.path.iter().rev().map(String::as_str).collect();
            write!(f, "at `{}`: ", path.trim_start_matches('.'))?;
        }
        f.write_str(&self.problem)
    }
}

/// The arguments of a call as an object.
pub(crate) fn arguments(function: &FunctionType, arguments: &[Val]) -> Result<Value, NotOfType> {
    write::fields(&function.params, arguments.iter())
}

/// The result of a function as JSON. `None` and `{}` for a function without one.
pub(crate) fn result_to_json(function: &FunctionType, result: Option<&Val>) -> Result<Value, NotOfType> {
    match (&function.result, result) {
        (Some(ty), Some(value)) => write::value(ty, value),
        (None, None) => Ok(Value::Object(Map::new())),
        _ => Err(NotOfType::new("expected as many results as the function has")),
    }
}

/// The result of a function from JSON.
pub(crate) fn result_from_json(function: &FunctionType, json: &Value) -> Result<Option<Val>, NotOfType> {
    match &function.result {
        Some(ty) => read::value(ty, json).map(Some),
        None => read::empty(json).map(|()| None),
    }
}
