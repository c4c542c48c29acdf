//! What an invocation may use up. Every limit is on by default and has a maximum that no configuration goes beyond.
//!
//! The limits on memory, tables and instances are enforced by `limiter`, those on guest time by `guest_clock`, those on
//! calls by `exchange`, the rest by `invoke`. All count from the start of an invocation, alike when it is a replay. What the
//! sandbox cannot tell apart (how many of the calls reach AWS, how many are log lines) is for the host to limit, which
//! ends the invocation with an [`Answer::Stop`](crate::Answer::Stop).

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// What an invocation may use up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Limits {
    /// The bytes of all linear memories together. It also bounds how long one bulk operation, which nothing interrupts,
    /// can take.
    pub memory_bytes: usize,
    /// The elements of all tables together.
    pub table_elements: usize,
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

    /// Checks the limits against the maxima.
    pub fn check(&self) -> Result<(), LimitTooHigh> {
        let max = &Self::MAX;
        let high = [
            ("memory-bytes", self.memory_bytes > max.memory_bytes, format!("{:?}", max.memory_bytes)),
            ("table-elements", self.table_elements > max.table_elements, format!("{:?}", max.table_elements)),
            ("fuel", self.fuel > max.fuel, format!("{:?}", max.fuel)),
            ("guest-time", self.guest_time > max.guest_time, format!("{:?}", max.guest_time)),
            ("wall-time", self.wall_time > max.wall_time, format!("{:?}", max.wall_time)),
            ("host-calls", self.host_calls > max.host_calls, format!("{:?}", max.host_calls)),
            ("argument-bytes", self.argument_bytes > max.argument_bytes, format!("{:?}", max.argument_bytes)),
            ("hostcall-fuel", self.hostcall_fuel > max.hostcall_fuel, format!("{:?}", max.hostcall_fuel)),
            ("input-bytes", self.input_bytes > max.input_bytes, format!("{:?}", max.input_bytes)),
            ("output-bytes", self.output_bytes > max.output_bytes, format!("{:?}", max.output_bytes)),
        ];
        match high.into_iter().find(|(_, high, _)| *high) {
            Some((limit, _, maximum)) => Err(LimitTooHigh { limit: limit.to_owned(), maximum }),
            None => Ok(()),
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// A limit beyond [`Limits::MAX`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("the limit `{limit}` is above its maximum, {maximum}")]
pub struct LimitTooHigh {
    /// The name of the limit.
    pub limit: String,
    /// The maximum.
    pub maximum: String,
}
