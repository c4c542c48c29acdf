//! Reads what a plugin's exports return: the output of `run`, or the failure that it states.
//!
//! The text is a guest's, so its size and its form are checked here. Whether an output fits its schema is for the workflow.

use serde::Deserialize;
use serde_json::Value;

use crate::{ended::Ended, json, limits::Limits};

/// How long the code of a failure may be; the rest is cut off.
pub(crate) const MAX_CODE_BYTES: usize = 128;
/// How long the message of a failure may be; the rest is cut off.
pub(crate) const MAX_MESSAGE_BYTES: usize = 8 << 10;

/// What `run` returns, in the form of `value`.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Outcome {
    Ok(String),
    Err(Failure),
}

#[derive(Deserialize)]
struct Failure {
    code: String,
    message: String,
}

/// Reads what `run` returned.
pub(crate) fn output(returned: Value, limits: &Limits) -> Result<String, Ended> {
    match read(returned)? {
        Outcome::Ok(output) => {
            check_size(output.len(), limits)?;
            json::check(&output).map_err(|problem| Ended::OutputInvalid { problem })?;
            Ok(output)
        }
        Outcome::Err(Failure { code, message }) => {
            Err(Ended::Failed { code: cut(code, MAX_CODE_BYTES), message: cut(message, MAX_MESSAGE_BYTES) })
        }
    }
}

/// Reads a returned value whose type was checked at upload.
pub(crate) fn read<T: for<'de> Deserialize<'de>>(returned: Value) -> Result<T, Ended> {
    serde_json::from_value(returned).map_err(|error| Ended::OutputInvalid { problem: error.to_string() })
}

/// Checks the size of what was returned.
pub(crate) fn check_size(bytes: usize, limits: &Limits) -> Result<(), Ended> {
    let limit = limits.output_bytes;
    if bytes > limit { Err(Ended::OutputLimit { bytes, limit }) } else { Ok(()) }
}

fn cut(mut text: String, bytes: usize) -> String {
    text.truncate(text.floor_char_boundary(bytes));
    text
}
