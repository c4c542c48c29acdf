//! The scales: GuardDuty's from 0 to 10 (user guide, "Severity levels of GuardDuty findings"), Security Hub's labels and
//! its numbers from 0 to 100 (API reference, `Severity`).

use std::fmt;

use quell_sdk::JsonSchema;
use serde::Serialize;

/// How severe a finding is, in Security Hub's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
#[schemars(crate = "quell_sdk::schemars")]
pub enum Severity {
    /// Nothing is to be done.
    Informational,
    /// Nothing is to be done about it alone.
    Low,
    /// To be looked at, not at once.
    Medium,
    /// To be looked at first.
    High,
    /// To be contained at once.
    Critical,
}

/// Where CRITICAL begins in GuardDuty: 9.0 to 10.0, with 7.0 to 8.9 being HIGH.
pub const GUARDDUTY_CRITICAL: f64 = 9.0;

const LABELS: [(Severity, &str); 5] = [
    (Severity::Informational, "INFORMATIONAL"),
    (Severity::Low, "LOW"),
    (Severity::Medium, "MEDIUM"),
    (Severity::High, "HIGH"),
    (Severity::Critical, "CRITICAL"),
];

impl Severity {
    /// What a score of GuardDuty means, when CRITICAL begins at `critical_from`. The guide's levels end at one decimal;
    /// between 8.9 and 9.0 lies what is not yet the next level.
    pub fn of_guardduty(score: f64, critical_from: f64) -> Self {
        match score {
            _ if score >= critical_from => Self::Critical,
            _ if score >= 7.0 => Self::High,
            _ if score >= 4.0 => Self::Medium,
            _ if score > 0.0 => Self::Low,
            _ => Self::Informational,
        }
    }

    /// What a normalized severity of Security Hub means.
    pub fn of_normalized(score: f64) -> Self {
        match score {
            _ if score >= 90.0 => Self::Critical,
            _ if score >= 70.0 => Self::High,
            _ if score >= 40.0 => Self::Medium,
            _ if score > 0.0 => Self::Low,
            _ => Self::Informational,
        }
    }

    /// The severity of this label, in whichever case.
    pub fn of_label(label: &str) -> Option<Self> {
        LABELS.into_iter().find(|(_, name)| name.eq_ignore_ascii_case(label.trim())).map(|(severity, _)| severity)
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(LABELS.into_iter().find(|(severity, _)| severity == self).map_or("", |(_, name)| name))
    }
}

#[cfg(test)]
mod tests {
    use super::Severity::{Critical, High, Informational, Low, Medium};
    use super::*;

    #[test]
    fn guardduty_scores_have_edges() {
        for (score, expected) in [
            (0.0, Informational),
            (0.1, Low),
            (1.0, Low),
            (3.9, Low),
            (3.99, Low),
            (4.0, Medium),
            (6.9, Medium),
            (6.99, Medium),
            (7.0, High),
            (8.9, High),
            (8.99, High),
            (9.0, Critical),
            (10.0, Critical),
        ] {
            assert_eq!(Severity::of_guardduty(score, GUARDDUTY_CRITICAL), expected, "{score}");
        }
    }

    #[test]
    fn where_critical_begins_can_be_moved_either_way() {
        for (score, from, expected) in [
            (7.0, 7.0, Critical),
            (6.9, 7.0, Medium),
            (4.0, 4.0, Critical),
            (3.9, 4.0, Low),
            (9.4, 9.5, High),
            (9.5, 9.5, Critical),
            (10.0, 10.0, Critical),
        ] {
            assert_eq!(Severity::of_guardduty(score, from), expected, "{score} from {from}");
        }
    }

    #[test]
    fn normalized_scores_have_edges() {
        for (score, expected) in [
            (0, Informational),
            (1, Low),
            (39, Low),
            (40, Medium),
            (69, Medium),
            (70, High),
            (89, High),
            (90, Critical),
            (100, Critical),
        ] {
            assert_eq!(Severity::of_normalized(f64::from(score)), expected, "{score}");
        }
    }

    #[test]
    fn labels_are_read_as_they_are_written() {
        for (severity, label) in LABELS {
            assert_eq!(Severity::of_label(label), Some(severity));
            assert_eq!(Severity::of_label(&label.to_lowercase()), Some(severity));
            assert_eq!(severity.to_string(), label);
            assert_eq!(serde_json::to_value(severity).unwrap(), label);
        }
        assert_eq!((Severity::of_label(""), Severity::of_label("URGENT")), (None, None));
    }
}
