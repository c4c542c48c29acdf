//! From when on sessions are let live, and the policy that denies the older ones: how it is written, and which of those
//! that a principal has already is enough.
//!
//! The rule that makes a second run write nothing: a policy is enough if it denies all sessions that were issued until
//! the misuse was last seen. One of an earlier incident is not, and is replaced.

use jiff::{RoundMode, SignedDuration, Timestamp, TimestampRound, Unit};
use quell_sdk::Failure;
use quell_sdk::members::Members;
use serde_json::{Value, json};

/// The name of the inline policy: the one that IAM's console gives it.
pub const POLICY: &str = "AWSRevokeOlderSessions";

/// The condition key that has the time at which a session was issued. Calls with long-term keys do not have it.
const ISSUED: &str = "aws:TokenIssueTime";

/// Findings and sessions tell whole seconds: what was seen in a second may have been at its end.
const PRECISION: SignedDuration = SignedDuration::from_secs(1);

/// How far the clock that wrote a finding may be ahead of ours.
const SKEW: SignedDuration = SignedDuration::from_mins(15);

/// The longest that a policy may be that is looked at: IAM allows no longer one.
const MAX_DOCUMENT: usize = 10_240;

/// From when on sessions are let live.
#[derive(Debug)]
pub struct Cutoff {
    /// All sessions before this one have to be denied.
    least: Timestamp,
    /// What is written when that is not so.
    new: Timestamp,
}

impl Cutoff {
    /// The cutoff for what was last seen at `last_seen`, at the time `now`.
    pub fn new(last_seen: Option<&str>, now: &str) -> Result<Cutoff, Failure> {
        let Some(last_seen) = last_seen else {
            let problem =
                "nothing says when the credentials were last misused: give `last_seen`, as 2026-01-31T12:00:00Z";
            return Err(invalid(problem));
        };
        let seen: Timestamp = last_seen.parse().map_err(|_| {
            invalid(format!(
                "`{last_seen}`, when the credentials were last misused, is no time as 2026-01-31T12:00:00Z"
            ))
        })?;
        let now: Timestamp = now.parse().map_err(|_| Failure::new("invalid-context", format!("`{now}` is no time")))?;
        if seen.duration_since(now) > SKEW {
            let problem = format!("the credentials were last misused at `{last_seen}`, and now it is {now}");
            return Err(invalid(format!("{problem}: sessions that are still to come are not denied")));
        }
        let least = seen.checked_add(PRECISION).unwrap_or(seen);
        let round = TimestampRound::new().smallest(Unit::Millisecond).mode(RoundMode::Ceil);
        let new = now.max(least);
        Ok(Cutoff { least, new: new.round(round).unwrap_or(new) })
    }

    /// The time that is written.
    pub fn time(&self) -> String {
        self.new.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()
    }

    /// The policy that is written: what IAM's console writes.
    pub fn document(&self) -> String {
        let condition = json!({ "DateLessThan": { ISSUED: self.time() } });
        let statement = json!({ "Effect": "Deny", "Action": ["*"], "Resource": ["*"], "Condition": condition });
        json!({ "Version": "2012-10-17", "Statement": [statement] }).to_string()
    }

    /// The time before which a policy denies all sessions, if it is enough.
    pub fn is_met_by(&self, document: &str) -> Option<String> {
        if document.len() > MAX_DOCUMENT {
            return None;
        }
        let document: Value = serde_json::from_str(document).ok()?;
        let statements = several(document.get("Statement")?);
        let times = statements.iter().filter_map(|statement| denied_before(statement.as_object()?));
        let met = times.filter(|(time, _)| *time >= self.least).max_by_key(|(time, _)| *time);
        met.map(|(_, text)| text)
    }
}

/// Before which time a statement denies all sessions everything, if that is what it does, and does always.
fn denied_before(statement: &Members) -> Option<(Timestamp, String)> {
    let known = |name: &String| ["Sid", "Effect", "Action", "Resource", "Condition"].contains(&name.as_str());
    let everything = |name: &str| statement.get(name).is_some_and(|value| several(value).contains(&json!("*")));
    let is_deny = statement.get("Effect")? == "Deny";
    if !is_deny || !everything("Action") || !everything("Resource") || !statement.keys().all(known) {
        return None;
    }
    let dates = only(statement.get("Condition")?.as_object()?, "DateLessThan")?.as_object()?;
    let times = several(only(dates, ISSUED)?);
    let times = times.iter().filter_map(|time| Some((time.as_str()?.parse::<Timestamp>().ok()?, time.as_str()?)));
    times.max_by_key(|(time, _)| *time).map(|(time, text)| (time, text.to_owned()))
}

/// The only member, if this is its name: another one would be a further condition. IAM compares names of keys without
/// regard to case.
fn only<'v>(members: &'v Members, name: &str) -> Option<&'v Value> {
    let (found, value) = members.iter().next().filter(|_| members.len() == 1)?;
    found.eq_ignore_ascii_case(name).then_some(value)
}

/// What IAM lets be a list of one or the one itself.
fn several(value: &Value) -> &[Value] {
    value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice)
}

fn invalid(problem: impl Into<String>) -> Failure {
    Failure::new(Failure::INVALID_INPUT, problem)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: &str = "2026-03-01T12:00:00.0001Z";

    fn cutoff(last_seen: &str) -> Cutoff {
        Cutoff::new(Some(last_seen), NOW).unwrap()
    }

    #[test]
    fn the_policy_is_the_consoles() {
        let expected = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":["*"],"Resource":["*"],"Condition":{"DateLessThan":{"aws:TokenIssueTime":"2026-03-01T12:00:00.001Z"}}}]}"#;
        assert_eq!(cutoff("2026-03-01T11:00:00Z").document(), expected);
    }

    #[test]
    fn what_was_seen_after_now_is_denied_too_if_clocks_can_explain_it() {
        assert_eq!(cutoff("2026-03-01T12:10:00.5Z").time(), "2026-03-01T12:10:01.500Z");
        let refused = Cutoff::new(Some("2026-03-01T12:20:00Z"), NOW).unwrap_err();
        assert!(refused.message.contains("are not denied"), "{}", refused.message);
    }

    #[test]
    fn what_is_no_time_is_refused() {
        for last_seen in [None, Some(""), Some("yesterday"), Some("2026-03-01"), Some("2026-03-01T12:00:00")] {
            assert_eq!(Cutoff::new(last_seen, NOW).unwrap_err().code, "invalid-input", "{last_seen:?}");
        }
    }

    #[test]
    fn a_policy_is_enough_from_the_second_after_what_was_seen() {
        let before = cutoff("2026-03-01T11:00:00Z");
        let is_met = |time: &str| {
            let document = cutoff("2026-03-01T11:00:00Z").document().replace("2026-03-01T12:00:00.001Z", time);
            before.is_met_by(&document).is_some()
        };
        assert!(is_met("2026-03-01T12:00:00.001Z") && is_met("2026-03-01T11:00:01Z") && is_met("2027-01-01T00:00:00Z"));
        assert!(!is_met("2026-03-01T11:00:00.999Z") && !is_met("2025-01-01T00:00:00Z") && !is_met("soon"));
        assert_eq!(before.is_met_by(&before.document()).as_deref(), Some("2026-03-01T12:00:00.001Z"));
    }

    #[test]
    fn only_a_statement_that_denies_everything_is_enough() {
        let date = json!({ "DateLessThan": { "AWS:tokenissuetime": ["2026-03-01T12:00:00Z"] } });
        let good = json!({ "Sid": "S", "Effect": "Deny", "Action": "*", "Resource": "*", "Condition": date });
        let with = |name: &str, value: Value| {
            let mut statement = good.clone();
            statement[name] = value;
            statement
        };
        let two = json!({ "DateLessThan": date["DateLessThan"], "Bool": { "aws:SecureTransport": "true" } });
        for (statement, enough) in [
            (good.clone(), true),
            (json!([{ "Effect": "Allow", "Action": "s3:*", "Resource": "*" }, good]), true),
            (with("Effect", json!("Allow")), false),
            (with("Action", json!("s3:*")), false),
            (with("Action", json!(["s3:*", "*"])), true),
            (with("Resource", json!(["arn:aws:s3:::bucket"])), false),
            (with("NotAction", json!("iam:*")), false),
            (with("Condition", two), false),
            (with("Condition", json!({ "DateGreaterThan": date["DateLessThan"] })), false),
            (with("Condition", json!({ "DateLessThan": { "aws:CurrentTime": "2026-03-01T12:00:00Z" } })), false),
            (json!([]), false),
            (json!("x"), false),
        ] {
            let document = json!({ "Version": "2012-10-17", "Statement": statement }).to_string();
            assert_eq!(cutoff("2026-03-01T11:00:00Z").is_met_by(&document).is_some(), enough, "{document}");
        }
        for document in ["", "{", "[]", "null", "{}", &" ".repeat(20_000)] {
            assert_eq!(cutoff("2026-03-01T11:00:00Z").is_met_by(document), None);
        }
    }
}
