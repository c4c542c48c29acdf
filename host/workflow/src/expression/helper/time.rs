//! Helpers for points in time and durations.
//!
//! A point in time is text as RFC 3339 has it, in UTC, so that it can be stored and compared: there is no clock here,
//! and no time zone.

use jiff::{SignedDuration, Timestamp};
use minijinja::value::ValueKind;
use minijinja::{Error, Value};

use super::call::{failed, shown};
use super::{Call, Helper, Wrong};
use crate::read::{parse_seconds, shorten};

/// Formats pad up to 255 characters for each letter.
const MAX_FORMAT: usize = 128;
/// More days than any date can be moved by.
const MAX_SECONDS: i64 = 999_999_999 * 24 * 60 * 60;

pub(super) const HELPERS: &[Helper] = &[
    Helper::filter("to_datetime", &["unit?"], to_datetime).literal(literal),
    Helper::filter("strftime", &["format"], strftime).literal(literal),
    Helper::filter("epoch", &["unit?"], epoch).literal(literal),
    Helper::filter("date_add", &["duration"], date_add).literal(literal),
    Helper::filter("date_sub", &["duration"], date_sub).literal(literal),
    Helper::filter("date_diff", &["other"], date_diff),
    Helper::filter("to_seconds", &[], to_seconds),
    Helper::test("datetime", &[], is_datetime),
];

fn literal(parameter: &str, value: &Value) -> Result<(), Wrong> {
    let checked = match parameter {
        "unit" => Unit::parse(value).map(|_| ()),
        "duration" => duration(value).map(|_| ()),
        "format" => format(Timestamp::UNIX_EPOCH, value.as_str().unwrap_or_default()).map(|_| ()),
        _ => Ok(()),
    };
    checked.map_err(|error| Wrong::Argument(error.detail().unwrap_or_default().to_owned()))
}

fn to_datetime(call: &mut Call<'_, '_, '_>) -> Result<Value, Error> {
    let unit = call.argument("unit").map(Unit::parse).transpose()?;
    timestamp(&call.subject, unit.unwrap_or(Unit::Seconds)).map(datetime)
}

fn strftime(call: &mut Call<'_, '_, '_>) -> Result<Value, Error> {
    let at = timestamp(&call.subject, Unit::Seconds)?;
    format(at, call.text_argument("format")?.unwrap_or_default()).map(Value::from)
}

fn epoch(call: &mut Call<'_, '_, '_>) -> Result<Value, Error> {
    let at = timestamp(&call.subject, Unit::Seconds)?;
    Ok(match call.argument("unit").map(Unit::parse).transpose()? {
        Some(Unit::Milliseconds) => Value::from(at.as_millisecond()),
        _ => Value::from(at.as_second()),
    })
}

fn date_add(call: &mut Call<'_, '_, '_>) -> Result<Value, Error> {
    shift(call, 1)
}

fn date_sub(call: &mut Call<'_, '_, '_>) -> Result<Value, Error> {
    shift(call, -1)
}

fn shift(call: &Call<'_, '_, '_>, sign: i64) -> Result<Value, Error> {
    let at = timestamp(&call.subject, Unit::Seconds)?;
    let seconds = call.argument("duration").map(duration).transpose()?.unwrap_or(0);
    let moved = at.checked_add(SignedDuration::from_secs(sign * seconds));
    moved.map(datetime).map_err(|_| failed("the result is beyond the year 9999"))
}

/// How many seconds the subject is behind the other.
fn date_diff(call: &mut Call<'_, '_, '_>) -> Result<Value, Error> {
    let at = timestamp(&call.subject, Unit::Seconds)?;
    let other = call.argument("other").map(|other| timestamp(other, Unit::Seconds)).transpose()?.unwrap_or(at);
    let milliseconds = at.as_millisecond() - other.as_millisecond();
    if milliseconds % 1000 == 0 {
        return Ok(Value::from(milliseconds / 1000));
    }
    #[expect(clippy::cast_precision_loss, reason = "the milliseconds of 10,000 years are exact")]
    Ok(Value::from(milliseconds as f64 / 1000.0))
}

fn to_seconds(call: &mut Call<'_, '_, '_>) -> Result<Value, Error> {
    duration(&call.subject).map(Value::from)
}

fn is_datetime(call: &mut Call<'_, '_, '_>) -> Result<Value, Error> {
    let text = call.subject.as_str().unwrap_or_default();
    Ok(Value::from(text.parse::<Timestamp>().is_ok()))
}

#[derive(Clone, Copy)]
enum Unit {
    Seconds,
    Milliseconds,
}

impl Unit {
    fn parse(value: &Value) -> Result<Self, Error> {
        match value.as_str() {
            Some("s") => Ok(Self::Seconds),
            Some("ms") => Ok(Self::Milliseconds),
            _ => Err(failed(format!("`unit` must be `s` or `ms`, not {}", shown(value)))),
        }
    }
}

/// A point in time: text, or a number since the epoch.
fn timestamp(value: &Value, unit: Unit) -> Result<Timestamp, Error> {
    let parsed = match (value.as_str(), unit) {
        (Some(text), _) => text.parse::<Timestamp>().map_err(|error| error.to_string()),
        (None, _) if value.kind() != ValueKind::Number => {
            return Err(failed(format!("a timestamp is text or a number, not {}", shown(value))));
        }
        (None, _) if !value.is_integer() => seconds(value, unit),
        (None, unit) => match (i64::try_from(value.clone()), unit) {
            (Ok(number), Unit::Seconds) => Timestamp::from_second(number).map_err(|error| error.to_string()),
            (Ok(number), Unit::Milliseconds) => Timestamp::from_millisecond(number).map_err(|error| error.to_string()),
            (Err(_), _) => Err("it is out of range".to_owned()),
        },
    };
    parsed.map_err(|reason| failed(format!("{} is not a timestamp: {}", shown(value), shorten(&reason))))
}

/// A fractional number since the epoch, to the millisecond.
fn seconds(value: &Value, unit: Unit) -> Result<Timestamp, String> {
    let number = f64::try_from(value.clone()).map_err(|error| error.to_string())?;
    let milliseconds = match unit {
        Unit::Seconds => number * 1000.0,
        Unit::Milliseconds => number,
    };
    #[expect(clippy::cast_possible_truncation, reason = "it saturates, and what is out of range is refused")]
    Timestamp::from_millisecond(milliseconds.round() as i64).map_err(|error| error.to_string())
}

fn datetime(at: Timestamp) -> Value {
    Value::from(at.to_string())
}

fn format(at: Timestamp, format: &str) -> Result<String, Error> {
    if format.is_empty() || format.len() > MAX_FORMAT {
        return Err(failed(format!("`format` of `strftime` must have 1 to {MAX_FORMAT} bytes")));
    }
    let zoned = at.to_zoned_datetime(jiff::tz::TimeZone::UTC);
    jiff::fmt::strtime::format(format, &zoned)
        .map_err(|error| failed(format!("`{}` is not a format: {}", shorten(format), shorten(&error.to_string()))))
}

/// A duration as workflows write it, in seconds: `30s`, `5m`, `4h`, `1d`.
fn duration(value: &Value) -> Result<i64, Error> {
    let parsed = value.as_str().and_then(parse_seconds).and_then(|seconds| i64::try_from(seconds).ok());
    parsed.filter(|seconds| *seconds <= MAX_SECONDS).ok_or_else(|| {
        failed(format!("{} is not a duration: they are written like `30s`, `5m`, `4h`, `1d`", shown(value)))
    })
}
