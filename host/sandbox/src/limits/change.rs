//! A change of limits, as a configuration or a plugin's settings have it: only what is named changes.

use serde::{Deserialize, Serialize};

use super::{Limits, SETTINGS};

/// Some of the [`Limits`](super::Limits), to be put in the place of others by [`Limits::with`](super::Limits::with). Times
/// are in whole milliseconds.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
#[expect(missing_docs, reason = "each is described at the field of the same name in `Limits`")]
pub struct LimitsChange {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memory_bytes: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub table_elements: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub handles: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fuel: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub guest_time_ms: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wall_time_ms: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub host_calls: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub argument_bytes: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hostcall_fuel: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub input_bytes: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output_bytes: Option<u64>,
}

impl From<&Limits> for LimitsChange {
    /// The change that makes any limits these ones.
    fn from(limits: &Limits) -> Self {
        let of = |name: &str| SETTINGS.iter().find(|setting| setting.name == name).map(|setting| (setting.get)(limits));
        Self {
            memory_bytes: of("memory-bytes"),
            table_elements: of("table-elements"),
            handles: of("handles"),
            fuel: of("fuel"),
            guest_time_ms: of("guest-time"),
            wall_time_ms: of("wall-time"),
            host_calls: of("host-calls"),
            argument_bytes: of("argument-bytes"),
            hostcall_fuel: of("hostcall-fuel"),
            input_bytes: of("input-bytes"),
            output_bytes: of("output-bytes"),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::LimitsChange;
    use crate::limits::{Limits, SETTINGS};

    fn with(change: &str) -> Result<Limits, String> {
        let change: LimitsChange = serde_json::from_str(change).map_err(|error| error.to_string())?;
        Limits::DEFAULT.with(&change).map_err(|error| error.to_string())
    }

    #[test]
    fn only_what_is_named_changes() {
        assert_eq!(with("{}"), Ok(Limits::DEFAULT));
        let changed = Limits { fuel: 200_000, guest_time: Duration::from_secs(300), ..Limits::DEFAULT };
        assert_eq!(with(r#"{"fuel": 200000, "guest-time-ms": 300000}"#), Ok(changed));
    }

    #[test]
    fn limits_are_a_change_too() {
        let limits = Limits { fuel: 200_000, guest_time: Duration::from_secs(300), handles: 7, ..Limits::DEFAULT };
        assert_eq!(Limits::MAX.with(&(&limits).into()), Ok(limits));
    }

    #[test]
    fn a_change_has_bounds() {
        for (change, problem) in [
            (r#"{"memory-bytes": 268435457}"#, "the limit `memory-bytes` is above its maximum, 268435456"),
            (r#"{"guest-time-ms": 300001}"#, "the limit `guest-time` is above its maximum, 300000 ms"),
            (r#"{"guest-time-ms": 0}"#, "the limit `guest-time` is below its minimum, 10 ms"),
            (r#"{"fuel": 18446744073709551615}"#, "the limit `fuel` is above its maximum, 100000000000"),
            (r#"{"host-calls": 0}"#, "the limit `host-calls` is below its minimum, 1"),
            (r#"{"wall-time": 1}"#, "unknown field `wall-time`"),
            (r#"{"fuel": -1}"#, "invalid value"),
            (r#"{"fuel": 1.5}"#, "invalid type"),
        ] {
            let seen = with(change).unwrap_err();
            assert!(seen.starts_with(problem), "{change}: {seen}");
        }
    }

    #[test]
    fn every_setting_can_be_changed_between_its_bounds() {
        let all = serde_json::to_value(LimitsChange::default()).unwrap();
        assert_eq!(all, serde_json::json!({}));
        for setting in &SETTINGS {
            let field = setting.field();
            let (low, high) = ((setting.get)(&Limits::MIN), (setting.get)(&Limits::MAX));
            let default = (setting.get)(&Limits::DEFAULT);
            assert!(0 < low && low < default && default < high, "{field}");
            for (value, is_allowed) in [(low - 1, false), (low, true), (high, true), (high + 1, false)] {
                let changed = with(&format!("{{\"{field}\": {value}}}"));
                assert_eq!(changed.is_ok(), is_allowed, "{field}: {value}");
                if let Ok(changed) = changed {
                    assert_eq!((setting.get)(&changed), value);
                    changed.check().unwrap();
                }
            }
        }
    }
}
