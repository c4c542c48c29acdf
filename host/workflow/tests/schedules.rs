//! The times of schedules, and what is said of one that is wrong.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use cases::case;
use jiff::Timestamp;
use workflow::{Millis, Schedule, Surroundings, Workflow, load};

fn read(schedule: &str) -> Result<Workflow, String> {
    let source = format!("name: w\non: [{{ schedule: {schedule} }}]\nsteps: [{{ id: a, plugin: p }}]\n");
    load("w.yaml", &source, &Surroundings::default()).map_err(|problems| problems.render(false))
}

fn schedule(cron: &str, timezone: &str) -> Schedule {
    let workflow = read(&format!("{{ cron: '{cron}', timezone: {timezone} }}"));
    workflow.unwrap_or_else(|problems| panic!("{problems}")).schedules().next().unwrap().clone()
}

fn millis(time: &str) -> Millis {
    time.parse::<Timestamp>().unwrap().as_millisecond()
}

fn text(time: Millis) -> String {
    Timestamp::from_millisecond(time).unwrap().to_string()
}

/// The times behind `after`, in UTC.
fn times(cron: &str, timezone: &str, after: &str, count: usize) -> Vec<String> {
    let schedule = schedule(cron, timezone);
    let mut time = millis(after);
    let mut times = vec![];
    for _ in 0..count {
        time = schedule.next(time).unwrap();
        times.push(text(time));
    }
    times
}

#[track_caller]
fn check(cron: &str, after: &str, expected: &[&str]) {
    assert_eq!(times(cron, "UTC", after, expected.len()), expected, "{cron}");
}

#[test]
fn times_are_those_of_cron() {
    let after = "2026-02-27T23:59:30Z";
    check("* * * * *", after, &["2026-02-28T00:00:00Z", "2026-02-28T00:01:00Z"]);
    check("*/20 */12 * * *", after, &["2026-02-28T00:00:00Z", "2026-02-28T00:20:00Z", "2026-02-28T00:40:00Z"]);
    check("5,10-12/2 7 * * *", after, &["2026-02-28T07:05:00Z", "2026-02-28T07:10:00Z", "2026-02-28T07:12:00Z"]);
    check("0 6 * * MON-FRI", after, &["2026-03-02T06:00:00Z", "2026-03-03T06:00:00Z"]);
    check("0 6 * * sat-sun", after, &["2026-02-28T06:00:00Z", "2026-03-01T06:00:00Z", "2026-03-07T06:00:00Z"]);
    check("0 0 * * 7", after, &["2026-03-01T00:00:00Z", "2026-03-08T00:00:00Z"]);
    check("0 0 31 * *", after, &["2026-03-31T00:00:00Z", "2026-05-31T00:00:00Z"]);
    check("0 0 29 FEB *", "2096-03-01T00:00:00Z", &["2104-02-29T00:00:00Z"]);
    // A day is meant by either of its fields when both say something.
    check("0 0 15 * MON", after, &["2026-03-02T00:00:00Z", "2026-03-09T00:00:00Z", "2026-03-15T00:00:00Z"]);
    // The moment itself is not behind itself.
    check("0 0 * * *", "2026-01-01T00:00:00Z", &["2026-01-02T00:00:00Z"]);
    check("0 0 * * *", "2025-12-31T23:59:59.999Z", &["2026-01-01T00:00:00Z"]);
}

#[test]
fn the_wall_clock_of_the_time_zone_counts() {
    let days = times("0 6 * * *", "Europe/Berlin", "2026-03-27T12:00:00Z", 3);
    assert_eq!(days, ["2026-03-28T05:00:00Z", "2026-03-29T04:00:00Z", "2026-03-30T04:00:00Z"]);
}

#[test]
fn what_a_clock_skips_is_once_and_what_it_repeats_too() {
    let seen = |cron, after, count| times(cron, "Europe/Berlin", after, count).join(" ");
    // On 29 March 2026 the clock goes from 02:00 to 03:00, which is 01:00 in UTC.
    let gap = "2026-03-29T00:59:59Z";
    let next = "2026-03-29T01:00:00Z 2026-03-30T00:30:00Z";
    case("E27", "a schedule at 02:30, which the clock skips", next, seen("30 2 * * *", gap, 2));
    let next = "2026-03-29T01:00:00Z 2026-03-29T01:15:00Z";
    case("E27", "a schedule each 15 minutes, where the clock skips an hour", next, seen("*/15 * * * *", gap, 2));
    // On 25 October 2026 it goes from 03:00 back to 02:00, which is 01:00 in UTC.
    let overlap = "2026-10-24T12:00:00Z";
    let next = "2026-10-25T00:30:00Z 2026-10-26T01:30:00Z";
    case("E27", "a schedule at 02:30, which the clock shows twice", next, seen("30 2 * * *", overlap, 2));
    let next = "2026-10-25T00:00:00Z 2026-10-25T00:30:00Z 2026-10-25T02:00:00Z";
    let found = times("*/30 2,3 * * *", "Europe/Berlin", "2026-10-24T23:59:59Z", 3).join(" ");
    case("E27", "a schedule each 30 minutes, where the clock shows an hour twice", next, found);
    // From within the second time that the hour is shown, and where a whole day is skipped.
    assert_eq!(seen("30 2 * * *", "2026-10-25T01:15:00Z", 1), "2026-10-26T01:30:00Z");
    let apia = times("0 12 * * *", "Pacific/Apia", "2011-12-29T23:00:00Z", 2);
    assert_eq!(apia, ["2011-12-30T10:00:00Z", "2011-12-30T22:00:00Z"]);
}

#[test]
fn the_last_time_that_was_missed() {
    let schedule = schedule("0 * * * *", "UTC");
    let latest = |after, until| schedule.latest(millis(after), millis(until)).map(text);
    assert_eq!(latest("2026-01-01T00:00:00Z", "2026-01-01T07:30:00Z").as_deref(), Some("2026-01-01T07:00:00Z"));
    assert_eq!(latest("2026-01-01T00:00:00Z", "2026-01-01T01:00:00Z").as_deref(), Some("2026-01-01T01:00:00Z"));
    assert_eq!(latest("2026-01-01T00:00:00Z", "2026-01-01T00:59:59Z"), None);
    assert_eq!(latest("2026-01-01T00:00:00Z", "2025-01-01T00:00:00Z"), None);
}

#[test]
fn what_is_wrong_is_told_with_its_place() {
    let texts = [
        "{ cron: '* * * * * *' }",
        "{ cron: '@daily' }",
        "{ cron: '61 * * * *' }",
        "{ cron: '0 24 * * *' }",
        "{ cron: '0 0 30 2 *' }",
        "{ cron: '0 0 31 APR,JUN *' }",
        "{ cron: '0 0 * * FRI-MON' }",
        "{ cron: '5/10 * * * *' }",
        "{ cron: '*/60 * * * *' }",
        "{ cron: '0 0 L * *' }",
        "{ cron: '0 0 * JANUARY *' }",
        "{ cron: '-1 * * * *' }",
        "{ cron: '1,,2 * * * *' }",
        "{ cron: '' }",
        "{ cron: 5 }",
        "{ cron: '0 6 * * *', timezone: Berlin }",
        "{ cron: '0 6 * * *', timezone: europe/berlin }",
        "{ cron: '0 6 * * *', timezone: CET+1 }",
        "{ cron: '0 6 * * *', timezone: '../../etc/passwd' }",
        "{ timezone: UTC }",
        "{ cron: '0 6 * * *', every: 1h }",
        "1h",
    ];
    let told: Vec<String> = texts.iter().map(|text| read(text).map(|_| String::new()).unwrap_err()).collect();
    insta::assert_snapshot!(told.join("\n\n"));
    let first_line = |text: &str| read(text).unwrap_err().lines().next().unwrap().to_owned();
    case("E27", "`* * * * * *`", "error: `cron` must have five fields, not 6", first_line("{ cron: '* * * * * *' }"));
    case("E27", "`0 0 30 2 *`", "error: there is no day 30 in month 2", first_line("{ cron: '0 0 30 2 *' }"));
    case("E27", "`61 * * * *`", "error: `61` is no minute", first_line("{ cron: '61 * * * *' }"));
}
