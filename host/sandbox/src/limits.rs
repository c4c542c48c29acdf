//! What an invocation may use up. Every limit is on by default and has a maximum that no configuration goes beyond.
//!
//! The limits are listed once, in `setting`; checks, changes and the page of limits (`limits_page`) are made of that list.
//!
//! The limits on memory, tables and instances are enforced by `limiter`, those on guest time by `guest_clock`, those on
//! calls by `exchange`, the rest by `invoke`. All count from the start of an invocation, alike when it is a replay. What the
//! sandbox cannot tell apart (how many of the calls reach AWS, how many are log lines) is for the host to limit, which
//! ends the invocation with an [`Answer::Stop`](crate::Answer::Stop).

mod change;
mod setting;

use std::time::Duration;

use serde::{Deserialize, Serialize};

pub use change::LimitsChange;
pub use setting::Unit;
pub(crate) use setting::{SETTINGS, milliseconds};

/// What an invocation may use up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Limits {
    /// The bytes of all linear memories together. It also bounds how long one bulk operation, which nothing interrupts,
    /// can take.
    pub memory_bytes: usize,
    /// The elements of all tables together.
    pub table_elements: usize,
    /// The handles to resources that are alive at once.
    pub handles: usize,
    /// The instructions that the plugin executes, roughly one unit each: the same number in every replay.
    pub fuel: u64,
    /// How long the plugin itself computes; waiting for the host does not count. For what fuel does not measure well.
    pub guest_time: Duration,
    /// How long the invocation takes, waiting included.
    pub wall_time: Duration,
    /// The calls that the plugin makes, whatever they are.
    pub host_calls: usize,
    /// The bytes of the arguments of all calls together, as JSON: each of them is recorded.
    pub argument_bytes: usize,
    /// What one call, or the output, may copy out of the plugin, in units of wasmtime: one for a byte of a string, the size
    /// of its representation in the host (some 32) for an element of a list.
    pub hostcall_fuel: usize,
    /// The bytes of the input.
    pub input_bytes: usize,
    /// The bytes of the output.
    pub output_bytes: usize,
}

impl Limits {
    /// The defaults.
    pub const DEFAULT: Self = Self {
        memory_bytes: 64 << 20,
        table_elements: 10_000,
        handles: 1_000,
        fuel: 1_000_000_000,
        guest_time: Duration::from_secs(10),
        wall_time: Duration::from_secs(60),
        host_calls: 1_000,
        argument_bytes: 8 << 20,
        hostcall_fuel: 1 << 20,
        input_bytes: 256 << 10,
        output_bytes: 256 << 10,
    };

    /// The maxima, as far as one invocation can go without holding up the others on the machine.
    pub const MAX: Self = Self {
        memory_bytes: 256 << 20,
        table_elements: 100_000,
        handles: 10_000,
        fuel: 100_000_000_000,
        guest_time: Duration::from_secs(5 * 60),
        wall_time: Duration::from_secs(15 * 60),
        host_calls: 10_000,
        argument_bytes: 64 << 20,
        hostcall_fuel: 16 << 20,
        input_bytes: 4 << 20,
        output_bytes: 4 << 20,
    };

    /// What `describe` gets: enough to put a few texts together. It may call nothing.
    pub(crate) const DESCRIBE: Self = Self {
        fuel: 50_000_000,
        guest_time: Duration::from_secs(1),
        wall_time: Duration::from_secs(5),
        host_calls: 0,
        argument_bytes: 0,
        ..Self::DEFAULT
    };

    /// What is senselessly little: below it, not even a plugin that answers its input would run.
    pub(crate) const MIN: Self = Self {
        memory_bytes: 1 << 20,
        table_elements: 10,
        handles: 1,
        fuel: 100_000,
        guest_time: Duration::from_millis(10),
        wall_time: Duration::from_millis(100),
        host_calls: 1,
        argument_bytes: 1 << 10,
        hostcall_fuel: 1 << 10,
        input_bytes: 16,
        output_bytes: 16,
    };

    /// Checks the limits against the maxima.
    pub fn check(&self) -> Result<(), LimitInvalid> {
        SETTINGS.iter().try_for_each(|setting| setting.not_above(self))
    }

    /// These limits with a change, which may lower each of them and raise each of them to its maximum.
    pub fn with(&self, change: &LimitsChange) -> Result<Self, LimitInvalid> {
        let mut limits = self.clone();
        for setting in &SETTINGS {
            if let Some(value) = (setting.change)(change) {
                (setting.set)(&mut limits, value);
                setting.not_above(&limits)?;
                setting.not_below(&limits)?;
            }
        }
        Ok(limits)
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// A limit that cannot be what it is set to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("the limit `{limit}` is {problem}")]
pub struct LimitInvalid {
    /// The name of the limit.
    pub limit: String,
    /// What is wrong, with the bound.
    pub problem: String,
}
