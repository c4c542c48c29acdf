//! What follows from a finding.

use crate::finding::{Finding, Rating};
use crate::scale::{GUARDDUTY_CRITICAL, Severity};
use crate::{Output, Samples};

/// The verdict on a finding, with its reasons. What is no incident is INFORMATIONAL, whatever its rating: workflows
/// branch on the severity, and must not contain what is closed or was never there.
pub fn of(finding: Finding, critical_from: f64, samples: Samples) -> Output {
    let (rated, score, reason) = rate(&finding.rating, critical_from);
    let mut reasons = vec![reason];
    let is_open = finding.closed.is_empty();
    reasons.extend(finding.closed.into_iter().map(|why| format!("{why}: no incident")));
    let is_real = !finding.sample || samples == Samples::AsReal;
    if finding.sample {
        reasons.push(match samples {
            Samples::Ignored => "it is a sample: no incident".to_owned(),
            Samples::AsReal => "it is a sample, and `samples` says that it counts as real".to_owned(),
        });
    }
    let severity = if is_open && is_real { rated } else { Severity::Informational };
    Output {
        severity,
        incident: severity > Severity::Informational,
        score,
        source: finding.source,
        finding_id: finding.id,
        title: finding.title,
        account: finding.account,
        region: finding.region,
        reasons,
    }
}

/// The severity, the score, and why.
fn rate(rating: &Rating, critical_from: f64) -> (Severity, Option<f64>, String) {
    match *rating {
        Rating::Score(score) => {
            let severity = Severity::of_guardduty(score, critical_from);
            let usual = Severity::of_guardduty(score, GUARDDUTY_CRITICAL);
            let mut reason = format!("GuardDuty rates it {score} of 10, which is {severity}");
            if severity != usual {
                reason.push_str(&format!(" since CRITICAL begins at {critical_from} here, and {usual} for GuardDuty"));
            }
            (severity, Some(score), reason)
        }
        Rating::Label(severity, score) => (severity, score, format!("Security Hub labels it {severity}")),
        Rating::Normalized(score) => {
            let severity = Severity::of_normalized(score);
            (severity, Some(score), format!("Security Hub rates it {score} of 100, which is {severity}"))
        }
    }
}
