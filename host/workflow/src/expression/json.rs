//! Results of expressions as JSON.
//!
//! This decides which results are values: nothing undefined anywhere in them, nothing that JSON has no word for, and
//! not more than a cap, which is counted while converting, since lazy sequences cost nothing until they are walked.

use minijinja::Value;
use minijinja::value::ValueKind;
use serde_json::{Map, Number, Value as Json};

/// The largest result in bytes, and the largest input of a step: the ledger keeps every one of them.
pub(crate) const MAX_RESULT: usize = 256 * 1024;
/// Deeper values than any parser of JSON accepts are not made here either.
const MAX_DEPTH: usize = 100;

/// Why a result is not a JSON value.
#[derive(Debug)]
pub(super) enum Flaw {
    /// It, or something in it, is undefined.
    Undefined,
    /// It is larger than [`MAX_RESULT`] or too deep.
    TooLarge,
    /// It, or something in it, is of a kind that JSON does not have.
    NotJson(String),
}

/// The result as JSON; integers stay exact.
pub(super) fn from_value(value: &Value) -> Result<Json, Flaw> {
    convert(value, &mut MAX_RESULT.clone(), MAX_DEPTH)
}

/// The size of a value in bytes, roughly as its JSON text.
pub(crate) fn size(value: &Json) -> usize {
    match value {
        Json::String(text) => text.len() + 2,
        Json::Array(items) => items.iter().map(|item| size(item) + 1).sum::<usize>() + 2,
        Json::Object(fields) => fields.iter().map(|(name, field)| name.len() + size(field) + 4).sum::<usize>() + 2,
        Json::Null | Json::Bool(_) | Json::Number(_) => 8,
    }
}

fn convert(value: &Value, left: &mut usize, depth: usize) -> Result<Json, Flaw> {
    let depth = depth.checked_sub(1).ok_or(Flaw::TooLarge)?;
    match value.kind() {
        ValueKind::Undefined => Err(Flaw::Undefined),
        ValueKind::None => spend(left, 8).map(|()| Json::Null),
        ValueKind::Bool => spend(left, 8).map(|()| Json::Bool(value.is_true())),
        ValueKind::Number => spend(left, 8).and_then(|()| number(value)),
        ValueKind::String => text(value, left).map(Json::String),
        ValueKind::Seq | ValueKind::Iterable => {
            spend(left, 2)?;
            let mut items = Vec::new();
            for item in value.try_iter().map_err(|_| not_json(value))? {
                spend(left, 1)?;
                items.push(convert(&item, left, depth)?);
            }
            Ok(Json::Array(items))
        }
        ValueKind::Map => {
            spend(left, 2)?;
            let mut fields = Map::new();
            for key in value.try_iter().map_err(|_| not_json(value))? {
                let field = value.get_item(&key).map_err(|_| not_json(value))?;
                spend(left, 4)?;
                fields.insert(text(&key, left)?, convert(&field, left, depth)?);
            }
            Ok(Json::Object(fields))
        }
        _ => Err(not_json(value)),
    }
}

fn spend(left: &mut usize, bytes: usize) -> Result<(), Flaw> {
    *left = left.checked_sub(bytes).ok_or(Flaw::TooLarge)?;
    Ok(())
}

fn text(value: &Value, left: &mut usize) -> Result<String, Flaw> {
    let text = value.as_str().ok_or_else(|| not_json(value))?;
    spend(left, text.len() + 2)?;
    Ok(text.to_owned())
}

fn number(value: &Value) -> Result<Json, Flaw> {
    let number = if value.is_integer() {
        let signed = i64::try_from(value.clone()).map(Number::from);
        signed.or_else(|_| u64::try_from(value.clone()).map(Number::from)).ok()
    } else {
        f64::try_from(value.clone()).ok().and_then(Number::from_f64)
    };
    number.map(Json::Number).ok_or_else(|| Flaw::NotJson("a number beyond JSON's".to_owned()))
}

fn not_json(value: &Value) -> Flaw {
    Flaw::NotJson(value.kind().to_string())
}
