//! `retry`: whether, and after how long, a failed attempt is followed by another.

use std::time::Duration;

use crate::effect::Jitter;
use crate::event::StepError;
use crate::problem::Collector;
use crate::read::{self, Fields};
use crate::yaml::{Content, Node};

const FIELDS: &[&str] = &["attempts", "delay", "backoff", "max-delay", "jitter", "on"];
const MAX_ATTEMPTS: u32 = 20;
const MAX_BACKOFF: f64 = 10.0;
/// When `delay` is left out.
const DELAY: Duration = Duration::from_secs(1);
/// When `max-delay` is left out.
const MAX_DELAY: Duration = Duration::from_secs(60 * 60);
/// Failures of these codes are never tried again: what could not begin begins no better, who gave up meant it, and a write
/// whose outcome is unknown is not sent again.
const FINAL_CODES: &[&str] = &[
    StepError::EXPRESSION,
    StepError::TOO_MANY,
    StepError::INPUTS,
    StepError::NO_WORKFLOW,
    StepError::CANCELLED,
    StepError::GAVE_UP,
    StepError::UNKNOWN,
];

#[derive(Clone, Debug)]
pub(super) struct Retry {
    /// All attempts, the first included.
    pub(super) attempts: u32,
    delay: Duration,
    backoff: f64,
    max_delay: Duration,
    jitter: Jitter,
    on: Option<Vec<String>>,
}

impl Retry {
    pub(super) fn read(node: &Node, problems: &mut Collector<'_>) -> Option<Self> {
        let fields = Fields::of(node, "`retry`", FIELDS, problems)?;
        let attempts = fields.required("attempts", "`retry`", problems)?;
        let attempts = read::whole(attempts, "`attempts`", 1, MAX_ATTEMPTS, problems)?;
        let delay = fields.get("delay").and_then(|node| read::duration(node, "`delay`", problems));
        let max_delay = fields.get("max-delay").and_then(|node| read::duration(node, "`max-delay`", problems));
        let jitters = [("none", Jitter::None), ("full", Jitter::Full)];
        let jitter = fields.get("jitter").and_then(|node| read::word(node, "`jitter`", &jitters, problems));
        Some(Self {
            attempts,
            delay: delay.unwrap_or(DELAY),
            backoff: fields.get("backoff").and_then(|node| backoff(node, problems)).unwrap_or(1.0),
            max_delay: max_delay.unwrap_or(MAX_DELAY),
            jitter: jitter.unwrap_or(Jitter::None),
            on: fields.get("on").and_then(|node| read::texts(node, "`on`", problems)),
        })
    }

    /// The delay before the try behind this one, from 1; `None` when there is none.
    pub(super) fn delay_after(&self, attempt: u32, code: &str) -> Option<Duration> {
        let asked = self.on.as_ref().is_none_or(|codes| codes.iter().any(|other| other == code));
        if attempt >= self.attempts || !asked || FINAL_CODES.contains(&code) {
            return None;
        }
        let mut seconds = self.delay.as_secs_f64();
        for _ in 1..attempt {
            seconds = (seconds * self.backoff).min(self.max_delay.as_secs_f64());
        }
        Some(Duration::from_secs_f64(seconds).min(self.max_delay))
    }

    pub(super) fn jitter(&self) -> Jitter {
        self.jitter
    }
}

fn backoff(node: &Node, problems: &mut Collector<'_>) -> Option<f64> {
    let value = match &node.content {
        Content::Number(number) => number.as_f64().filter(|value| (1.0..=MAX_BACKOFF).contains(value)),
        _ => None,
    };
    if value.is_none() {
        problems.add(&node.span, format!("`backoff` must be a number from 1 to {MAX_BACKOFF}"));
    }
    value
}
