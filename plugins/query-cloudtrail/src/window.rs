//! Which time is looked at: from when, until when.

use jiff::{SignedDuration, Span, Timestamp};
use quell_sdk::Failure;

/// How long CloudTrail keeps what can be looked up.
pub const KEPT: SignedDuration = SignedDuration::from_hours(90 * 24);

const DAY: i64 = 24 * 60 * 60;

/// From when until when, both included.
#[derive(Debug)]
pub struct Window {
    pub start: Timestamp,
    pub end: Timestamp,
    /// When the attempt started.
    pub now: Timestamp,
}

impl Window {
    /// The time of this length before `until`, or else before `now`.
    pub fn new(lookback: &str, until: Option<&str>, now: &str) -> Result<Window, Failure> {
        let lookback =
            duration(lookback).map_err(|problem| invalid(format!("`lookback` is `{lookback}`: {problem}")))?;
        let now: Timestamp = now.parse().map_err(|_| Failure::new("invalid-context", format!("`{now}` is no time")))?;
        let end = match until {
            Some(until) => until
                .parse()
                .map_err(|_| invalid(format!("`until` is `{until}`, and has to be a time as 2026-01-31T12:00:00Z")))?,
            None => now,
        };
        let start = end.checked_sub(lookback).map_err(|_| invalid("`until` is before all time"))?;
        Ok(Window { start, end, now })
    }
}

/// A duration as workflows write it, a whole number and a unit, or as ISO 8601 does.
fn duration(text: &str) -> Result<SignedDuration, String> {
    let seconds = if text.starts_with('P') { iso(text) } else { short(text) };
    let shapes = "write a whole number and `s`, `m`, `h` or `d`, as `24h`, or ISO 8601, as `PT24H`";
    let seconds = seconds.map_err(|problem| format!("{problem}{shapes}"))?;
    match SignedDuration::from_secs(seconds) {
        duration if seconds < 1 => Err(format!("it is {duration:#}, and has to be at least one second")),
        duration if duration > KEPT => Err("CloudTrail keeps 90 days".to_owned()),
        duration => Ok(duration),
    }
}

fn short(text: &str) -> Result<i64, &'static str> {
    let digits = text.trim_end_matches(|c: char| !c.is_ascii_digit());
    let unit = match text.get(digits.len()..) {
        Some("s") => 1,
        Some("m") => 60,
        Some("h") => 60 * 60,
        Some("d") => DAY,
        _ => return Err(""),
    };
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err("");
    }
    // What does not fit is too long in any case.
    Ok(digits.parse().map_or(i64::MAX, |number: i64| number.saturating_mul(unit)))
}

fn iso(text: &str) -> Result<i64, &'static str> {
    let span: Span = text.parse().map_err(|_| "")?;
    if span.get_years() != 0 || span.get_months() != 0 {
        return Err("years and months differ in length; ");
    }
    let days = i64::from(span.get_weeks()) * 7 + i64::from(span.get_days());
    let minutes = (i64::from(span.get_hours()) * 60).saturating_add(span.get_minutes());
    Ok(days.saturating_mul(DAY).saturating_add(minutes.saturating_mul(60)).saturating_add(span.get_seconds()))
}

fn invalid(problem: impl Into<String>) -> Failure {
    Failure::new(Failure::INVALID_INPUT, problem)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_spellings_are_read() {
        for (text, hours) in [
            ("24h", 24),
            ("90d", 90 * 24),
            ("60m", 1),
            ("3600s", 1),
            ("PT24H", 24),
            ("P1D", 24),
            ("P2W", 14 * 24),
            ("P1DT12H", 36),
            ("PT1H30M1800S", 2),
            ("P90D", 90 * 24),
        ] {
            assert_eq!(duration(text), Ok(SignedDuration::from_hours(hours)), "{text}");
        }
    }

    #[test]
    fn what_is_wrong_is_told() {
        for (text, problem) in [
            ("", "write a whole number and `s`"),
            ("24", "write a whole number"),
            ("h", "write a whole number"),
            ("1.5h", "write a whole number"),
            ("-1h", "write a whole number"),
            ("1w", "write a whole number"),
            ("1h ", "write a whole number"),
            ("1d12h", "write a whole number"),
            ("١h", "write a whole number"),
            ("P", "write a whole number"),
            ("PT", "write a whole number"),
            ("P1X", "write a whole number"),
            ("P1M", "years and months differ in length"),
            ("P1Y", "years and months differ in length"),
            ("0s", "it is 0s, and has to be at least one second"),
            ("PT0.5S", "it is 0s, and has to be at least one second"),
            ("91d", "CloudTrail keeps 90 days"),
            ("P90DT1S", "CloudTrail keeps 90 days"),
            ("99999999999999999999d", "CloudTrail keeps 90 days"),
            ("9223372036854775807d", "CloudTrail keeps 90 days"),
        ] {
            let found = duration(text).unwrap_err();
            assert!(found.starts_with(problem), "{text}: {found}");
        }
    }

    #[test]
    fn the_window_ends_now_or_when_it_is_told() {
        let now = "2026-03-01T12:00:00Z";
        let window = |until| Window::new("24h", until, now).map(|it| (it.start.to_string(), it.end.to_string()));
        assert_eq!(window(None), Ok(("2026-02-28T12:00:00Z".to_owned(), now.to_owned())));
        let until = window(Some("2026-02-01T01:00:00+01:00"));
        assert_eq!(until, Ok(("2026-01-31T00:00:00Z".to_owned(), "2026-02-01T00:00:00Z".to_owned())));
        for until in ["", "yesterday", "2026-02-01", "2026-02-01T00:00:00"] {
            assert_eq!(window(Some(until)).unwrap_err().code, "invalid-input", "{until}");
        }
    }
}
