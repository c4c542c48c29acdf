//! Tests for any value: what it is, and how it compares.

use minijinja::value::ValueKind;
use minijinja::{Error, Value};

use super::call::{failed, is_list, shown};
use super::{Call, Helper};

pub(super) const HELPERS: &[Helper] = &[
    Helper::test("defined", &[], |call| truth(!call.subject.is_undefined())).lenient().picks(),
    Helper::test("undefined", &[], |call| truth(call.subject.is_undefined())).lenient().picks(),
    Helper::test("none", &[], |call| truth(call.subject.is_none())).picks(),
    Helper::test("boolean", &[], |call| truth(call.subject.kind() == ValueKind::Bool)).picks(),
    Helper::test("number", &[], |call| truth(call.subject.kind() == ValueKind::Number)).picks(),
    Helper::test("integer", &[], |call| truth(call.subject.is_integer())).picks(),
    Helper::test("string", &[], |call| truth(call.subject.kind() == ValueKind::String)).picks(),
    Helper::test("sequence", &[], |call| truth(is_list(&call.subject))).picks(),
    Helper::test("mapping", &[], |call| truth(call.subject.kind() == ValueKind::Map)).picks(),
    Helper::test("true", &[], |call| is_bool(call, true)).picks(),
    Helper::test("false", &[], |call| is_bool(call, false)).picks(),
    Helper::test("eq", &["other"], equal),
    Helper::test("equalto", &["other"], equal),
    Helper::test("==", &["other"], equal),
    Helper::test("ne", &["other"], unequal),
    Helper::test("!=", &["other"], unequal),
    Helper::test("lt", &["other"], |call| compare(call, |a, b| a < b)),
    Helper::test("<", &["other"], |call| compare(call, |a, b| a < b)),
    Helper::test("le", &["other"], |call| compare(call, |a, b| a <= b)),
    Helper::test("<=", &["other"], |call| compare(call, |a, b| a <= b)),
    Helper::test("gt", &["other"], |call| compare(call, |a, b| a > b)),
    Helper::test(">", &["other"], |call| compare(call, |a, b| a > b)),
    Helper::test("ge", &["other"], |call| compare(call, |a, b| a >= b)),
    Helper::test(">=", &["other"], |call| compare(call, |a, b| a >= b)),
    Helper::test("in", &["other"], |call| {
        let other = call.argument("other").cloned().unwrap_or_default();
        holds(&other, &call.subject).map(Value::from)
    }),
    Helper::test("contains", &["other"], |call| {
        let other = call.argument("other").cloned().unwrap_or_default();
        holds(&call.subject, &other).map(Value::from)
    }),
    Helper::test("startswith", &["prefix"], |call| {
        let (text, prefix) = (call.text()?, call.text_argument("prefix")?.unwrap_or_default());
        truth(text.starts_with(prefix))
    }),
    Helper::test("endswith", &["suffix"], |call| {
        let (text, suffix) = (call.text()?, call.text_argument("suffix")?.unwrap_or_default());
        truth(text.ends_with(suffix))
    }),
];

fn truth(value: bool) -> Result<Value, Error> {
    Ok(Value::from(value))
}

/// The engine takes 1 for true.
fn is_bool(call: &Call<'_, '_, '_>, expected: bool) -> Result<Value, Error> {
    truth(call.subject.kind() == ValueKind::Bool && call.subject.is_true() == expected)
}

fn equal(call: &mut Call<'_, '_, '_>) -> Result<Value, Error> {
    truth(call.argument("other") == Some(&call.subject))
}

fn unequal(call: &mut Call<'_, '_, '_>) -> Result<Value, Error> {
    truth(call.argument("other") != Some(&call.subject))
}

/// Compares two texts or two numbers.
fn compare(call: &mut Call<'_, '_, '_>, holds: fn(&Value, &Value) -> bool) -> Result<Value, Error> {
    let other = call.argument("other").cloned().unwrap_or_default();
    match (call.subject.kind(), other.kind()) {
        (ValueKind::String, ValueKind::String) | (ValueKind::Number, ValueKind::Number) => {
            truth(holds(&call.subject, &other))
        }
        _ => Err(failed(format!("{} and {} have no order", shown(&call.subject), shown(&other)))),
    }
}

fn holds(container: &Value, value: &Value) -> Result<bool, Error> {
    match (container.kind(), container.as_str(), value.as_str()) {
        (_, Some(text), Some(part)) => Ok(text.contains(part)),
        (ValueKind::Seq | ValueKind::Iterable, ..) => Ok(container.try_iter()?.any(|item| item == *value)),
        (ValueKind::Map, _, Some(_)) => Ok(container.get_item(value).is_ok_and(|found| !found.is_undefined())),
        (ValueKind::Map, ..) => Ok(false),
        _ => Err(failed(format!("{} cannot contain {}", shown(container), shown(value)))),
    }
}
