//! Helpers for any value: what stands in for a missing one, JSON, numbers; and the one function, `range`.

use minijinja::value::{Serde, ValueKind};
use minijinja::{Error, Value};

use super::call::{as_json, failed, shown, written};
use super::{Call, Helper, Kind, Wrong, weight};
use crate::read::shorten;

/// The longest range, which is far more than a run has steps.
const MAX_RANGE: usize = 10_000;

pub(super) const HELPERS: &[Helper] = &[
    Helper::filter("default", &["value", "falsy?"], default).lenient().picks(),
    Helper::filter("d", &["value", "falsy?"], default).lenient().picks(),
    Helper::filter("from_json", &[], from_json),
    Helper::filter("to_json", &[], to_json),
    Helper::filter("tojson", &[], to_json),
    Helper::filter("string", &[], string),
    Helper::filter("int", &["default?"], int),
    Helper::filter("float", &["default?"], float),
    Helper::filter("abs", &[], abs),
    Helper::filter("round", &["precision?", "method?"], round).literal(literal_method),
    Helper::new(Kind::Function, "range", &["start", "stop?", "step?"], range),
];

fn default(call: &mut Call<'_, '_, '_>) -> Result<Value, Error> {
    let missing = call.subject.is_undefined() || (call.flag_argument("falsy")? && !call.subject.is_true());
    let other = call.argument("value").filter(|_| missing);
    Ok(other.unwrap_or(&call.subject).clone())
}

fn from_json(call: &mut Call<'_, '_, '_>) -> Result<Value, Error> {
    let text = call.text()?;
    // An empty list takes two bytes here and some forty times that as a value.
    call.charge_bytes(text.len().saturating_mul(4))?;
    let parsed: Result<serde_json::Value, _> = serde_json::from_str(text);
    let parsed = parsed.map_err(|error| failed(format!("`{}` is not JSON: {error}", shorten(text))))?;
    Ok(Value::from(Serde(&parsed)))
}

fn to_json(call: &mut Call<'_, '_, '_>) -> Result<Value, Error> {
    as_json(&call.subject).map(|json| Value::from(json.to_string()))
}

fn string(call: &mut Call<'_, '_, '_>) -> Result<Value, Error> {
    written(&call.subject).map(Value::from)
}

fn int(call: &mut Call<'_, '_, '_>) -> Result<Value, Error> {
    let subject = &call.subject;
    let whole = match (subject.kind(), subject.as_str()) {
        (ValueKind::Number, _) if subject.is_integer() => Some(subject.clone()),
        (ValueKind::Number, _) => f64::try_from(subject.clone()).ok().and_then(whole_part),
        (ValueKind::Bool, _) => Some(Value::from(i64::from(subject.is_true()))),
        (_, Some(text)) => text.trim().parse::<i64>().map(Value::from).ok(),
        _ => None,
    };
    whole.or_else(|| call.argument("default").cloned()).ok_or_else(|| call.wrong_subject("a number, or text of one"))
}

/// The part before the point, when it is exact.
fn whole_part(number: f64) -> Option<Value> {
    let exact = number.abs() < 9_007_199_254_740_992.0;
    #[expect(clippy::cast_possible_truncation, reason = "cutting off the fraction is what is asked for")]
    exact.then(|| Value::from(number as i64))
}

fn float(call: &mut Call<'_, '_, '_>) -> Result<Value, Error> {
    let subject = &call.subject;
    let number = match (subject.kind(), subject.as_str()) {
        (ValueKind::Number, _) => f64::try_from(subject.clone()).ok(),
        (_, Some(text)) => text.trim().parse::<f64>().ok(),
        _ => None,
    };
    let number = number.filter(|number| number.is_finite()).map(Value::from);
    number.or_else(|| call.argument("default").cloned()).ok_or_else(|| call.wrong_subject("a number, or text of one"))
}

fn abs(call: &mut Call<'_, '_, '_>) -> Result<Value, Error> {
    if call.subject.kind() != ValueKind::Number {
        return Err(call.wrong_subject("a number"));
    }
    minijinja::filters::abs(call.subject.clone())
}

fn literal_method(parameter: &str, value: &Value) -> Result<(), Wrong> {
    match (parameter, value.as_str()) {
        ("method", Some("common" | "ceil" | "floor")) => Ok(()),
        ("method", _) => Err(Wrong::Argument("`method` of `round` must be `common`, `ceil` or `floor`".to_owned())),
        _ => Ok(()),
    }
}

fn round(call: &mut Call<'_, '_, '_>) -> Result<Value, Error> {
    if call.subject.kind() != ValueKind::Number {
        return Err(call.wrong_subject("a number"));
    }
    let places = call.count_argument("precision")?.unwrap_or(0);
    let places = i32::try_from(places).ok().filter(|places| *places <= 15);
    let places = places.ok_or_else(|| failed("`precision` of `round` must be from 0 to 15"))?;
    let method = call.text_argument("method")?;
    let named = std::iter::empty::<(&str, Value)>().collect();
    minijinja::filters::round(call.subject.clone(), Some(places), method, named)
}

fn range(call: &mut Call<'_, '_, '_>) -> Result<Value, Error> {
    let whole = |name: &str| match call.argument(name) {
        None => Ok(None),
        Some(value) if value.is_integer() => i64::try_from(value.clone()).map(Some),
        Some(value) => Err(failed(format!("`{name}` of `range` must be a whole number, not {}", shown(value)))),
    };
    let (start, stop) = match (whole("start")?.unwrap_or(0), whole("stop")?) {
        (stop, None) => (0, stop),
        (start, Some(stop)) => (start, stop),
    };
    let step = whole("step")?.unwrap_or(1);
    let step = usize::try_from(step).ok().filter(|step| *step > 0);
    let step = step.ok_or_else(|| failed("`step` of `range` must be positive"))?;
    let numbers: Vec<Value> = (start..stop).step_by(step).take(MAX_RANGE + 1).map(Value::from).collect();
    if numbers.len() > MAX_RANGE { Err(weight::too_costly()) } else { Ok(Value::from(numbers)) }
}
