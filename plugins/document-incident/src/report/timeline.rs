//! When things happened: every point in time that the finding and the results have, in order, each with what stands beside it.
//! Times of the run itself are the ledger's; no step knows them.

use serde_json::{Map, Value};

use super::values;
use crate::Input;
use crate::markdown::{code, label, scalar, table};

/// How many rows it has; the earliest are kept.
const MAX_ROWS: usize = 100;

/// How many facts stand beside a time.
const MAX_FACTS: usize = 4;

/// How deep times are looked for.
const MAX_DEPTH: usize = 12;

/// A point in time, by order: seconds since 1970, then the fraction.
type Moment = (i64, String);

/// A time, and where it stands.
struct Time<'v> {
    moment: Moment,
    text: &'v str,
    /// The name of its field, and the fields beside it.
    name: &'v str,
    beside: &'v Map<String, Value>,
    /// The step; nothing for the finding.
    step: Option<&'v str>,
}

/// The timeline; nothing where nothing has a time.
pub fn section(input: &Input) -> Option<String> {
    let mut times = vec![];
    if let Some(finding) = &input.finding {
        collect(finding, None, 0, &mut times);
    }
    for (id, result) in &input.results {
        if let Some(output) = result.get("output") {
            collect(output, Some(id), 0, &mut times);
        }
    }
    times.sort_by(|one, other| (&one.moment, one.step).cmp(&(&other.moment, other.step)));
    let mut rows: Vec<Vec<String>> = times.iter().take(MAX_ROWS).map(Time::row).collect();
    rows.dedup();
    let head = ["When", "Known from", "What"].map(str::to_owned);
    (!times.is_empty()).then(|| format!("{}{}", table(&head, &rows), values::more(times.len(), MAX_ROWS, "times")))
}

fn collect<'v>(value: &'v Value, step: Option<&'v str>, depth: usize, times: &mut Vec<Time<'v>>) {
    if depth > MAX_DEPTH {
        return;
    }
    match value {
        Value::Array(items) => items.iter().for_each(|item| collect(item, step, depth + 1, times)),
        Value::Object(beside) => {
            for (name, value) in beside {
                match value.as_str().and_then(|text| Some((text, moment(text)?))) {
                    Some((text, moment)) => times.push(Time { moment, text, name, beside, step }),
                    None => collect(value, step, depth + 1, times),
                }
            }
        }
        _ => {}
    }
}

impl Time<'_> {
    /// The fields of a finding are its own, and not beside each other: they are left out.
    fn row(&self) -> Vec<String> {
        let facts = if self.step.is_some() { facts(self.beside) } else { vec![] };
        let facts = if facts.is_empty() { String::new() } else { format!(" ({})", facts.join("; ")) };
        let from = self.step.map_or_else(|| "the finding".to_owned(), code);
        vec![code(self.text), from, format!("{}{facts}", label(self.name))]
    }
}

/// What stands beside a time.
fn facts(fields: &Map<String, Value>) -> Vec<String> {
    let fact = |(name, value): (&String, &Value)| match value {
        Value::String(text) if moment(text).is_some() || text.is_empty() => None,
        Value::String(_) | Value::Number(_) => Some(format!("{}: {}", label(name), scalar(value)?)),
        _ => None,
    };
    fields.iter().filter_map(fact).take(MAX_FACTS).collect()
}

/// A point in time as RFC 3339 has it; nothing for any other text.
fn moment(text: &str) -> Option<Moment> {
    let (date, rest) = text.split_once(['T', 't'])?;
    let zone = rest.find(['Z', 'z', '+', '-'])?;
    let (time, zone) = rest.split_at(zone);
    let (time, fraction) = time.split_once('.').unwrap_or((time, ""));
    let [year, month, day] = numbers(date, '-', [4, 2, 2])?;
    let [hour, minute, second] = numbers(time, ':', [2, 2, 2])?;
    let is_time = (1..=12).contains(&month) && (1..=31).contains(&day) && hour < 24 && minute < 60 && second <= 60;
    if !is_time || !fraction.bytes().all(|byte| byte.is_ascii_digit()) || fraction.len() > 9 {
        return None;
    }
    let offset = match zone {
        "Z" | "z" => 0,
        _ => {
            let [hours, minutes] = numbers(zone.get(1..)?, ':', [2, 2])?;
            (hours * 3600 + minutes * 60) * if zone.starts_with('-') { -1 } else { 1 }
        }
    };
    let seconds = days(year, month, day) * 86_400 + hour * 3600 + minute * 60 + second - offset;
    Some((seconds, format!("{fraction:0<9}")))
}

/// The numbers between a separator, each of so many digits.
fn numbers<const N: usize>(text: &str, separator: char, digits: [usize; N]) -> Option<[i64; N]> {
    let parts: Vec<&str> = text.split(separator).collect();
    let each = parts.iter().zip(digits).map(|(part, digits)| {
        let is_number = part.len() == digits && part.bytes().all(|byte| byte.is_ascii_digit());
        is_number.then(|| part.parse().ok()).flatten()
    });
    let each: Option<Vec<i64>> = each.collect();
    each.filter(|_| parts.len() == N)?.try_into().ok()
}

/// The days from 1970-01-01 to a date, by the calendar of RFC 3339: years begin in March here, so that the leap day is their last.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let leap_days = year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
    year * 365 + leap_days + (153 * month + 2) / 5 + day - 1 - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_ordered_whatever_their_offset() {
        let seconds = |text: &str| moment(text).map(|(seconds, _)| seconds);
        assert_eq!(seconds("1970-01-01T00:00:00Z"), Some(0));
        assert_eq!(seconds("2026-03-01T12:00:00Z"), Some(1_772_366_400));
        assert_eq!(seconds("2026-03-01T13:00:00+01:00"), Some(1_772_366_400));
        assert_eq!(seconds("2024-02-29T23:59:59-00:30"), Some(1_709_252_999));
        assert_eq!(seconds("2024-03-01T00:00:00Z"), Some(1_709_251_200));
        assert!(moment("2026-03-01T12:00:00Z") < moment("2026-03-01T12:00:00.5Z"));
        assert!(moment("2026-03-01T12:00:00.123Z") < moment("2026-03-01T12:00:00.5Z"));
    }

    #[test]
    fn what_is_no_time_is_none() {
        for text in [
            "",
            "T",
            "2026-03-01",
            "2026-03-01T12:00:00",
            "2026-13-01T12:00:00Z",
            "26-03-01T12:00:00Z",
            "2026-03-01T12:00Z",
            "2026-03-01T12:00:00Zulu",
            "2026-03-01T12:00:00.x1Z",
            "TZ",
            "2026-03-01T12:00:00+1",
            "éT+é",
        ] {
            assert_eq!(moment(text), None, "{text}");
        }
    }
}
