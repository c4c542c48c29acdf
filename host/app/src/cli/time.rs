//! Times as people read them, in UTC.

use jiff::Timestamp;

/// A time to the second: `2026-03-01 12:00:05Z`.
pub fn moment(time: Timestamp) -> String {
    time.strftime("%Y-%m-%d %H:%M:%SZ").to_string()
}

/// The day: `2026-03-01`.
pub fn date(time: Timestamp) -> String {
    time.strftime("%Y-%m-%d").to_string()
}

/// The time of the day to the millisecond: `12:00:05.250Z`.
pub fn clock(time: Timestamp) -> String {
    time.strftime("%H:%M:%S%.3fZ").to_string()
}

/// How long it is from one time to another, in two units at most: `1h 4m`. Nothing, when the clocks disagree.
pub fn between(from: Timestamp, to: Timestamp) -> String {
    picture::between(from.as_millisecond(), to.as_millisecond())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_short_and_sortable() {
        let time: Timestamp = "2026-03-01T12:00:05.25Z".parse().unwrap();
        assert_eq!(moment(time), "2026-03-01 12:00:05Z");
        assert_eq!(format!("{} {}", date(time), clock(time)), "2026-03-01 12:00:05.250Z");
    }
}
