//! The one list of the limits that can be set: each with its name, what it means, and how it is read and written.

use std::time::Duration;

use serde::Serialize;

use super::{LimitInvalid, Limits, LimitsChange};

/// What a limit counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Unit {
    /// Bytes.
    Bytes,
    /// Milliseconds.
    Milliseconds,
    /// What the name of the limit says.
    Count,
}

/// A limit that can be set.
pub(crate) struct Setting {
    pub(crate) name: &'static str,
    pub(crate) meaning: &'static str,
    pub(crate) unit: Unit,
    pub(crate) get: fn(&Limits) -> u64,
    pub(super) set: fn(&mut Limits, u64),
    pub(super) change: fn(&LimitsChange) -> Option<u64>,
}

/// All limits of an invocation.
pub(crate) const SETTINGS: [Setting; 11] = [
    Setting {
        name: "memory-bytes",
        meaning: "all linear memories together",
        unit: Unit::Bytes,
        get: |limits| number(limits.memory_bytes),
        set: |limits, value| limits.memory_bytes = size(value),
        change: |change| change.memory_bytes,
    },
    Setting {
        name: "table-elements",
        meaning: "the elements of all tables together",
        unit: Unit::Count,
        get: |limits| number(limits.table_elements),
        set: |limits, value| limits.table_elements = size(value),
        change: |change| change.table_elements,
    },
    Setting {
        name: "handles",
        meaning: "handles to resources, alive at once",
        unit: Unit::Count,
        get: |limits| number(limits.handles),
        set: |limits, value| limits.handles = size(value),
        change: |change| change.handles,
    },
    Setting {
        name: "fuel",
        meaning: "instructions that the plugin executes, the same number in every replay",
        unit: Unit::Count,
        get: |limits| limits.fuel,
        set: |limits, value| limits.fuel = value,
        change: |change| change.fuel,
    },
    Setting {
        name: "guest-time",
        meaning: "how long the plugin computes; waiting does not count",
        unit: Unit::Milliseconds,
        get: |limits| milliseconds(limits.guest_time),
        set: |limits, value| limits.guest_time = Duration::from_millis(value),
        change: |change| change.guest_time_ms,
    },
    Setting {
        name: "wall-time",
        meaning: "how long the invocation takes, waiting included",
        unit: Unit::Milliseconds,
        get: |limits| milliseconds(limits.wall_time),
        set: |limits, value| limits.wall_time = Duration::from_millis(value),
        change: |change| change.wall_time_ms,
    },
    Setting {
        name: "host-calls",
        meaning: "calls of whatever kind",
        unit: Unit::Count,
        get: |limits| number(limits.host_calls),
        set: |limits, value| limits.host_calls = size(value),
        change: |change| change.host_calls,
    },
    Setting {
        name: "argument-bytes",
        meaning: "the arguments of all calls together, as JSON",
        unit: Unit::Bytes,
        get: |limits| number(limits.argument_bytes),
        set: |limits, value| limits.argument_bytes = size(value),
        change: |change| change.argument_bytes,
    },
    Setting {
        name: "hostcall-fuel",
        meaning: "what one call, or the output, copies out of the plugin: one for a byte of a string, some 32 for an element of a list",
        unit: Unit::Count,
        get: |limits| number(limits.hostcall_fuel),
        set: |limits, value| limits.hostcall_fuel = size(value),
        change: |change| change.hostcall_fuel,
    },
    Setting {
        name: "input-bytes",
        meaning: "the input",
        unit: Unit::Bytes,
        get: |limits| number(limits.input_bytes),
        set: |limits, value| limits.input_bytes = size(value),
        change: |change| change.input_bytes,
    },
    Setting {
        name: "output-bytes",
        meaning: "the output; of `describe`, all its texts together",
        unit: Unit::Bytes,
        get: |limits| number(limits.output_bytes),
        set: |limits, value| limits.output_bytes = size(value),
        change: |change| change.output_bytes,
    },
];

impl Setting {
    /// The name of the field in a [`LimitsChange`].
    #[cfg(test)]
    pub(super) fn field(&self) -> String {
        if self.unit == Unit::Milliseconds { format!("{}-ms", self.name) } else { self.name.to_owned() }
    }

    pub(super) fn not_above(&self, limits: &Limits) -> Result<(), LimitInvalid> {
        let most = (self.get)(&Limits::MAX);
        if (self.get)(limits) > most { Err(self.invalid("above its maximum", most)) } else { Ok(()) }
    }

    pub(super) fn not_below(&self, limits: &Limits) -> Result<(), LimitInvalid> {
        let least = (self.get)(&Limits::MIN);
        if (self.get)(limits) < least { Err(self.invalid("below its minimum", least)) } else { Ok(()) }
    }

    fn invalid(&self, how: &str, bound: u64) -> LimitInvalid {
        let unit = if self.unit == Unit::Milliseconds { " ms" } else { "" };
        LimitInvalid { limit: self.name.to_owned(), problem: format!("{how}, {bound}{unit}") }
    }
}

fn number(size: usize) -> u64 {
    u64::try_from(size).unwrap_or(u64::MAX)
}

fn size(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

/// Rounded up: a limit that is a little above its maximum is above it.
pub(crate) fn milliseconds(time: Duration) -> u64 {
    u64::try_from(time.as_nanos().div_ceil(1_000_000)).unwrap_or(u64::MAX)
}
