//! What starts a workflow, in a few words.

use workflow::Trigger;

/// The fields of an event that people know it by: the service, then the call that it made known, or else its type.
const SOURCE: &[&str] = &["source"];
const NAMES: [&[&str]; 2] = [&["detail", "eventName"], &["detail-type"]];

/// What a trigger waits for.
pub(super) fn words(trigger: &Trigger) -> String {
    match trigger {
        Trigger::Event(event) => {
            let pattern = &event.pattern;
            let name = NAMES.into_iter().map(|path| pattern.texts(path)).find(|texts| !texts.is_empty());
            let parts = [Some(pattern.texts(SOURCE)), name].into_iter().flatten().filter(|texts| !texts.is_empty());
            let parts: Vec<String> = parts.map(|texts| texts.join(" or ")).collect();
            if parts.is_empty() { "on an event".to_owned() } else { format!("on {}", parts.join(": ")) }
        }
        Trigger::Schedule(schedule) => format!("at {} {}", schedule.cron, schedule.timezone),
        Trigger::Manual => "by hand".to_owned(),
    }
}
