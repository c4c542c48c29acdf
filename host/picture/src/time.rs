//! Spans of time as people read them.

use std::time::Duration;

use workflow::Millis;

/// How long it is from one time to another, in two units at most: `1h 4m`. Nothing, when the clocks disagree.
pub fn between(from: Millis, to: Millis) -> String {
    let millis = to.saturating_sub(from).max(0);
    match millis {
        0..1_000 => format!("{millis}ms"),
        1_000..60_000 => format!("{}.{}s", millis / 1_000, millis % 1_000 / 100),
        60_000..3_600_000 => format!("{}m {}s", millis / 60_000, millis % 60_000 / 1_000),
        3_600_000..86_400_000 => format!("{}h {}m", millis / 3_600_000, millis % 3_600_000 / 60_000),
        _ => format!("{}d {}h", millis / 86_400_000, millis % 86_400_000 / 3_600_000),
    }
}

/// A span as somebody would write it into a workflow: `24h`, `1m 30s`, `500ms`.
pub fn duration(span: Duration) -> String {
    let seconds = span.as_secs();
    let hours = [(seconds / 3_600, "h"), (seconds % 3_600 / 60, "m"), (seconds % 60, "s")];
    let millis = [(u64::from(span.subsec_millis()), "ms")];
    let parts = hours.into_iter().chain(millis).filter(|(count, _)| *count > 0);
    let parts: Vec<String> = parts.map(|(count, unit)| format!("{count}{unit}")).collect();
    if parts.is_empty() { "0s".to_owned() } else { parts.join(" ") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_have_two_units_at_most() {
        let spans = [(0, "0ms"), (999, "999ms"), (1_250, "1.2s"), (61_000, "1m 1s"), (3_900_000, "1h 5m"), (-5, "0ms")];
        for (millis, expected) in spans {
            assert_eq!(between(0, millis), expected);
        }
        assert_eq!(between(0, 90_000_000), "1d 1h");
        assert_eq!(between(Millis::MIN, Millis::MAX), between(0, Millis::MAX));
    }

    #[test]
    fn durations_read_as_they_are_written() {
        for (millis, expected) in [(0, "0s"), (86_400_000, "24h"), (90_000, "1m 30s"), (500, "500ms")] {
            assert_eq!(duration(Duration::from_millis(millis)), expected);
        }
    }
}
