//! What stands behind operators: functions that only the rewriting of an expression calls.

use minijinja::value::{Rest, ValueKind};
use minijinja::{Environment, Error, ErrorKind, State, Value};

use super::call::{failed, is_list, shown, written};
use super::path::find;
use super::weight::weigh;
use crate::expression::syntax;

pub(super) fn install(environment: &mut Environment<'static>) {
    environment.add_function(syntax::WEIGH, |state: &State<'_, '_>, value: &Value| {
        present(value)?;
        weigh(state, value).map(|()| value.clone())
    });
    environment.add_function(syntax::TEXT, |state: &State<'_, '_>, value: &Value| {
        present(value)?;
        weigh(state, value)?;
        written(value)
    });
    environment.add_function(syntax::PLAIN, |value: &Value| match value.kind() {
        ValueKind::Seq | ValueKind::Iterable | ValueKind::Map => {
            Err(failed(format!("`*` takes numbers, or text and a number, not {}", shown(value))))
        }
        _ => present(value).map(|()| value.clone()),
    });
    environment.add_function(syntax::KEY, |value: &Value| match value.kind() {
        ValueKind::String | ValueKind::Number => Ok(value.clone()),
        _ => present(value).and_then(|()| Err(failed(format!("a key must be text or a number, not {}", shown(value))))),
    });
    environment.add_function(syntax::FIND, |value: &Value, keys: Rest<Value>| find(value, &keys));
    environment.add_function(syntax::SLICE, slice);
}

fn present(value: &Value) -> Result<(), Error> {
    if value.is_undefined() { Err(Error::from(ErrorKind::UndefinedError)) } else { Ok(()) }
}

/// `x[start:stop:step]` as Python has it, for steps forward.
fn slice(state: &State<'_, '_>, value: &Value, start: &Value, stop: &Value, step: &Value) -> Result<Value, Error> {
    present(value)?;
    let bound = |value: &Value| match value {
        value if value.is_none() => Ok(None),
        value if value.is_integer() => Ok(Some(i64::try_from(value.clone()).unwrap_or(i64::MAX))),
        value => {
            present(value).and_then(|()| Err(failed(format!("a slice is of whole numbers, not {}", shown(value)))))
        }
    };
    let (start, stop, step) = (bound(start)?, bound(stop)?, bound(step)?.unwrap_or(1));
    let step = usize::try_from(step).ok().filter(|step| *step > 0);
    let Some(step) = step else { return Err(failed("the step of a slice must be positive")) };
    weigh(state, value)?;
    let count = match value.as_str() {
        Some(text) => text.chars().count(),
        None if is_list(value) => value.len().unwrap_or(0),
        None => return Err(failed(format!("only text and lists can be sliced, not {}", shown(value)))),
    };
    let place = |bound: i64| match usize::try_from(bound) {
        Ok(from_start) => from_start.min(count),
        Err(_) => count.saturating_sub(usize::try_from(bound.unsigned_abs()).unwrap_or(usize::MAX)),
    };
    let (start, stop) = (start.map_or(0, place), stop.map_or(count, place));
    let taken = stop.saturating_sub(start);
    Ok(match value.as_str() {
        Some(text) => Value::from(text.chars().skip(start).take(taken).step_by(step).collect::<String>()),
        None => Value::from(value.try_iter()?.skip(start).take(taken).step_by(step).collect::<Vec<_>>()),
    })
}
