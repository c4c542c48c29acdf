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
    let millis = to.duration_since(from).as_millis().max(0);
    match millis {
        0..1_000 => format!("{millis}ms"),
        1_000..60_000 => format!("{}.{}s", millis / 1_000, millis % 1_000 / 100),
        60_000..3_600_000 => format!("{}m {}s", millis / 60_000, millis % 60_000 / 1_000),
        3_600_000..86_400_000 => format!("{}h {}m", millis / 3_600_000, millis % 3_600_000 / 60_000),
        _ => format!("{}d {}h", millis / 86_400_000, millis % 86_400_000 / 3_600_000),
    }
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

    #[test]
    fn spans_have_two_units_at_most() {
        let spans = [(0, "0ms"), (999, "999ms"), (1_250, "1.2s"), (61_000, "1m 1s"), (3_900_000, "1h 5m"), (-5, "0ms")];
        for (millis, expected) in spans {
            let to = Timestamp::from_millisecond(millis).unwrap();
            assert_eq!(between(Timestamp::UNIX_EPOCH, to), expected);
        }
        assert_eq!(between(Timestamp::UNIX_EPOCH, Timestamp::from_second(90_000).unwrap()), "1d 1h");
    }
}
