//! The five fields of cron: minute, hour, day of the month, month, day of the week.
//!
//! This decides what can be written, and which times of a wall clock are meant. POSIX, with the steps and names that every
//! cron has (`*/15`, `MON-FRI`), and nothing more: no seconds, no `@daily`, no `L`, `W`, `#`, `?`. As in every cron, a day
//! is meant by either of its two fields when both say something.

use jiff::ToSpan as _;
use jiff::civil::{Date, DateTime};

/// 29 February is at most eight years away: there is none in 2100.
const FARTHEST_DAYS: u32 = 9 * 366;

const HELP: &str = "write minute, hour, day of the month, month and day of the week, like `0 6 * * MON-FRI`";

const MONTHS: &[&str] = &["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];
const WEEKDAYS: &[&str] = &["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];

/// One of the five fields.
struct Field {
    name: &'static str,
    first: u8,
    last: u8,
    /// The names of the values, from `first` on.
    names: &'static [&'static str],
}

const FIELDS: [Field; 5] = [
    Field { name: "minute", first: 0, last: 59, names: &[] },
    Field { name: "hour", first: 0, last: 23, names: &[] },
    Field { name: "day of the month", first: 1, last: 31, names: &[] },
    Field { name: "month", first: 1, last: 12, names: MONTHS },
    Field { name: "day of the week", first: 0, last: 7, names: WEEKDAYS },
];

/// Times of a wall clock. Of each field, the values that are meant are bits.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Cron {
    minutes: u64,
    hours: u64,
    days: u64,
    months: u64,
    weekdays: u64,
    /// Both fields of the day say something, so that either counts.
    either: bool,
}

/// What is wrong with five fields.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct CronError {
    /// The field that is wrong, as it was written; `None` is the whole.
    pub field: Option<String>,
    pub message: String,
    pub help: String,
}

impl Cron {
    pub fn parse(text: &str) -> Result<Cron, CronError> {
        let given: Vec<&str> = text.split_ascii_whitespace().collect();
        let [minutes, hours, days, months, weekdays] = given.as_slice() else {
            let help = if given.len() == 6 { format!("there are no seconds: {HELP}") } else { HELP.to_owned() };
            let message = format!("`cron` must have five fields, not {}", given.len());
            return Err(CronError { field: None, message, help });
        };
        let [minute, hour, day, month, weekday] = &FIELDS;
        let mut cron = Cron {
            minutes: minute.parse(minutes)?,
            hours: hour.parse(hours)?,
            days: day.parse(days)?,
            months: month.parse(months)?,
            weekdays: weekday.parse(weekdays)?,
            either: *days != "*" && *weekdays != "*",
        };
        // Sunday is both.
        cron.weekdays |= (cron.weekdays >> 7) & 1;
        if *weekdays == "*" && !cron.has_a_day() {
            let message = format!("there is no day {days} in month {months}");
            let help = "no run would ever start: correct the day or the month".to_owned();
            return Err(CronError { field: None, message, help });
        }
        Ok(cron)
    }

    /// The first minute that is meant, not before `from`.
    pub fn at_or_after(&self, from: DateTime) -> Option<DateTime> {
        let whole = from.second() == 0 && from.subsec_nanosecond() == 0;
        let from = if whole { from } else { from.checked_add(1.minute()).ok()? };
        let (mut date, mut hour, mut minute) = (from.date(), from.hour(), from.minute());
        for _ in 0..FARTHEST_DAYS {
            if self.has(date)
                && let Some((hour, minute)) = self.time(hour, minute)
            {
                return Some(date.at(hour, minute, 0, 0));
            }
            date = date.tomorrow().ok()?;
            (hour, minute) = (0, 0);
        }
        None
    }

    /// The first hour and minute of a day, not before these.
    fn time(&self, hour: i8, minute: i8) -> Option<(i8, i8)> {
        if has(self.hours, hour)
            && let Some(minute) = (minute..60).find(|minute| has(self.minutes, *minute))
        {
            return Some((hour, minute));
        }
        let hour = (hour + 1..24).find(|hour| has(self.hours, *hour))?;
        Some((hour, (0..60).find(|minute| has(self.minutes, *minute))?))
    }

    fn has(&self, date: Date) -> bool {
        let day = has(self.days, date.day());
        let weekday = has(self.weekdays, date.weekday().to_sunday_zero_offset());
        has(self.months, date.month()) && if self.either { day || weekday } else { day && weekday }
    }

    /// Whether any of the months has any of the days.
    fn has_a_day(&self) -> bool {
        let longest = |month: i8| match month {
            2 => 29,
            4 | 6 | 9 | 11 => 30,
            _ => 31,
        };
        let mut months = (1..=12).filter(|month| has(self.months, *month));
        months.any(|month| (1..=longest(month)).any(|day| has(self.days, day)))
    }
}

fn has(bits: u64, value: i8) -> bool {
    u32::try_from(value).is_ok_and(|value| bits.checked_shr(value).is_some_and(|bits| bits & 1 == 1))
}

impl Field {
    /// The bits of a list such as `1,10-20/5`.
    fn parse(&self, text: &str) -> Result<u64, CronError> {
        text.split(',').try_fold(0, |bits, item| Ok(bits | self.item(item, text)?))
    }

    fn item(&self, item: &str, text: &str) -> Result<u64, CronError> {
        let (range, step) = match item.split_once('/') {
            Some((range, step)) => (range, Some(step)),
            None => (item, None),
        };
        let (first, last) = match range.split_once('-') {
            _ if range == "*" => (self.first, self.last),
            Some((first, last)) => (self.value(first, text)?, self.end(last, text)?),
            None if step.is_some() => {
                let help = format!("write `{range}-{}` or `*` before the `/`", self.last);
                return Err(self.error(text, format!("`{item}` is a step without a range"), help));
            }
            None => {
                let value = self.value(range, text)?;
                (value, value)
            }
        };
        if first > last {
            let help = "write the lower one first, or two ranges with a comma between them".to_owned();
            return Err(self.error(text, format!("the range `{range}` ends before it begins"), help));
        }
        let step = step.map_or(Ok(1), |step| {
            let number = plain(step).filter(|step| *step > 0 && *step <= last - first);
            let help = format!("from `{range}`, steps are 1 to {}", last - first);
            number.ok_or_else(|| self.error(text, format!("`{step}` is no step here"), help))
        })?;
        Ok((first..=last).step_by(usize::from(step)).fold(0, |bits, value| bits | 1 << value))
    }

    /// The end of a range: there Sunday is behind Saturday.
    fn end(&self, word: &str, text: &str) -> Result<u8, CronError> {
        match self.value(word, text)? {
            0 if self.last == 7 => Ok(7),
            value => Ok(value),
        }
    }

    fn value(&self, word: &str, text: &str) -> Result<u8, CronError> {
        let named = self.names.iter().position(|name| name.eq_ignore_ascii_case(word));
        let named = named.and_then(|at| u8::try_from(at).ok()).map(|at| at + self.first);
        let value = named.or_else(|| plain(word)).filter(|value| (self.first..=self.last).contains(value));
        value.ok_or_else(|| {
            let mut help = format!("there are {} to {}", self.first, self.last);
            if let [first, .., last] = self.names {
                help.push_str(&format!(", or {first} to {last}"));
            }
            help.push_str("; lists `1,2`, ranges `1-5` and steps `*/2` of them");
            let shown = if word.is_empty() { text } else { word };
            self.error(text, format!("`{shown}` is no {}", self.name), help)
        })
    }

    fn error(&self, field: &str, message: String, help: String) -> CronError {
        CronError { field: Some(field.to_owned()), message, help }
    }
}

/// A number of digits alone: no sign.
fn plain(text: &str) -> Option<u8> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if digits { text.parse().ok() } else { None }
}
