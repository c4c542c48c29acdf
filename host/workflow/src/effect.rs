//! Effects: what whoever drives a run has to do next. They are data, performed elsewhere.

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;

use crate::event::{Event, Millis};

/// How the delay before a retry is spread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Jitter {
    /// Exactly the delay.
    None,
    /// A time between nothing and the delay, evenly.
    Full,
}

/// What has become of an effect that is performed too late.
#[derive(Clone, Debug, PartialEq)]
pub struct Lapse {
    /// From when on it is too late.
    pub at: Millis,
    /// What to append then.
    pub event: Event,
}

/// One thing to do.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// Append this event now. All events of one [`next`](crate::next()) go into one commit, in their order.
    Record(Event),
    /// See that this attempt is running. Given again as long as it runs, so the driver drops repeats.
    Invoke {
        /// The step.
        path: String,
        /// The attempt.
        attempt: u32,
        /// The plugin's name; the run's info has its digest.
        plugin: String,
        /// What the plugin is given.
        input: Arc<Value>,
        /// How long the attempt may take; then it fails with the code `timed-out`.
        timeout: Option<Duration>,
        /// Whether a write whose outcome is unknown is simply sent again (`on-unknown: repeat`).
        repeat_unknown: bool,
    },
    /// Pick the time of a retry and record [`Event::RetryScheduled`]. The time is picked outside since it takes a clock
    /// and, for jitter, chance.
    Schedule {
        /// The step.
        path: String,
        /// The next attempt.
        attempt: u32,
        /// The delay with backoff, up to the step's `max-delay`.
        delay: Duration,
        /// How to spread it.
        jitter: Jitter,
    },
    /// Append this event when the time has come, if `next` still asks for it then.
    Wake {
        /// When.
        at: Millis,
        /// What to append.
        event: Event,
        /// From when on something else is appended instead.
        lapse: Option<Box<Lapse>>,
    },
    /// Stop this attempt, then record that it failed with [`StepError::CANCELLED`](crate::StepError::CANCELLED), or what it
    /// came to before it could be stopped.
    Stop {
        /// The step.
        path: String,
        /// The attempt.
        attempt: u32,
        /// The plugin's name.
        plugin: String,
    },
}

impl Effect {
    /// The event of a timer, when its time has come by `now`.
    pub fn due(&self, now: Millis) -> Option<&Event> {
        match self {
            Effect::Wake { at, .. } if now < *at => None,
            Effect::Wake { lapse: Some(lapse), .. } if lapse.at <= now => Some(&lapse.event),
            Effect::Wake { event, .. } => Some(event),
            _ => None,
        }
    }
}
