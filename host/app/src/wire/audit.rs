//! The audit of capabilities. The report itself is the crate `audit`'s, which states the version of its form.

use std::str::FromStr;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// Which report is wanted.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, IntoParams)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct AuditQuery {
    /// One plugin only: all versions of a name, or one digest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plugin: Option<String>,
    /// As it stood then: a time in RFC 3339, or a date, of which the end is meant (UTC); of today, now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<String>,
    /// How the report is written.
    #[serde(default)]
    pub format: AuditFormat,
}

/// How a report is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum AuditFormat {
    /// With all that is in it.
    #[default]
    Json,
    /// A line for each plugin, function and action (RFC 4180).
    Csv,
    /// The same as a table.
    Markdown,
}

/// A moment, as people give it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment(pub Timestamp);

impl FromStr for Moment {
    type Err = String;

    fn from_str(text: &str) -> Result<Moment, String> {
        if let Ok(time) = text.parse::<Timestamp>() {
            return Ok(Moment(time));
        }
        let wrong =
            || format!("{text:.40?} is neither a date such as `2026-03-01` nor a time such as `2026-03-01T12:00:00Z`");
        let date: Date = text.parse().map_err(|_| wrong())?;
        let now = Timestamp::now();
        if date == TimeZone::UTC.to_datetime(now).date() {
            return Ok(Moment(now));
        }
        let end = date.tomorrow().and_then(|day| TimeZone::UTC.to_timestamp(day.at(0, 0, 0, 0)));
        end.and_then(|end| end.checked_sub(1.millisecond())).map(Moment).map_err(|_| wrong())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_is_its_end() {
        let moment = |text: &str| text.parse::<Moment>().map(|moment| moment.0.to_string());
        assert_eq!(moment("2026-03-01"), Ok("2026-03-01T23:59:59.999Z".into()));
        assert_eq!(moment("2026-03-01T12:00:00Z"), Ok("2026-03-01T12:00:00Z".into()));
        assert_eq!(moment("2026-03-01T12:00:00+02:00"), Ok("2026-03-01T10:00:00Z".into()));
        assert!(moment("yesterday").unwrap_err().contains("2026-03-01"));
        assert!(moment("2026-02-30").is_err());
    }
}
