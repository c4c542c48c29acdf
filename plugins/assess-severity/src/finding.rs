//! What is read of a finding, of whichever kind and in whichever spelling.

use quell_sdk::Failure;
use quell_sdk::finding::{Finding as Given, Source};
use quell_sdk::members::{Members, is_true, kind, member, object, text};
use serde_json::Value;

use crate::scale::Severity;

/// A finding.
pub struct Finding {
    pub source: Source,
    pub id: String,
    pub title: Option<String>,
    pub account: Option<String>,
    pub region: Option<String>,
    pub rating: Rating,
    /// Why it needs nobody any more; empty for an open one.
    pub closed: Vec<String>,
    /// Whether it was made to try something out.
    pub sample: bool,
}

/// What its source rates it.
pub enum Rating {
    /// GuardDuty's score, 0 to 10.
    Score(f64),
    /// Security Hub's label, and what it has as a number besides.
    Label(Severity, Option<f64>),
    /// Security Hub's number, 0 to 100, without a label.
    Normalized(f64),
}

/// The finding in the input.
pub fn read(given: &Value) -> Result<Finding, Failure> {
    let given = Given::read(given)?;
    match given.source {
        Source::Guardduty => guardduty(given),
        Source::SecurityHub => security_hub(given),
    }
}

fn guardduty(given: Given<'_>) -> Result<Finding, Failure> {
    let finding = given.members;
    let service = object(finding, "service");
    let score = match member(finding, "severity") {
        Some(Value::Number(number)) => within(number.as_f64(), 10.0, "`severity`")?,
        Some(other) => return Err(invalid(format!("`severity` is {}, GuardDuty's is a number", kind(other)))),
        None => return Err(invalid("the GuardDuty finding has no `severity`")),
    };
    let archived = service.is_some_and(|service| is_true(member(service, "archived")));
    Ok(Finding {
        source: given.source,
        id: given.id()?.to_owned(),
        title: owned(given.title()),
        account: owned(given.account()),
        region: owned(given.region()),
        rating: Rating::Score(score),
        closed: archived.then(|| "it is archived in GuardDuty".to_owned()).into_iter().collect(),
        sample: service.and_then(|service| object(service, "additionalInfo")).is_some_and(is_sample),
    })
}

/// Whether GuardDuty says in `additionalInfo` that it is a sample: there, or in the JSON text that events have as `value`.
fn is_sample(info: &Members) -> bool {
    let inner = text(info, "value").and_then(|text| serde_json::from_str::<Value>(text).ok());
    let inner = inner.as_ref().or_else(|| member(info, "value")).and_then(Value::as_object);
    is_true(member(info, "sample")) || inner.is_some_and(|inner| is_true(member(inner, "sample")))
}

fn security_hub(given: Given<'_>) -> Result<Finding, Failure> {
    let finding = given.members;
    let severity = match member(finding, "severity") {
        Some(Value::Object(severity)) => severity,
        Some(other) => return Err(invalid(format!("`Severity` is {}, Security Hub's is an object", kind(other)))),
        None => return Err(invalid("the Security Hub finding has no `Severity`")),
    };
    let fields = object(finding, "productFields");
    let sample = fields.and_then(|fields| fields.get("aws/guardduty/service/additionalInfo/sample"));
    Ok(Finding {
        source: given.source,
        id: given.id()?.to_owned(),
        title: owned(given.title()),
        account: owned(given.account()),
        region: owned(given.region()),
        rating: rating(severity)?,
        closed: closed(finding),
        sample: is_true(member(finding, "sample")) || is_true(sample),
    })
}

/// The label counts, which people and automation rules change; the number is deprecated.
fn rating(severity: &Members) -> Result<Rating, Failure> {
    let number = member(severity, "normalized").map(|value| within(value.as_f64(), 100.0, "`Severity.Normalized`"));
    match (member(severity, "label"), number) {
        (Some(label), number) => {
            let known = label.as_str().and_then(Severity::of_label);
            let known =
                known.ok_or_else(|| invalid(format!("`Severity.Label` is {label}, no label of Security Hub")))?;
            Ok(Rating::Label(known, number.and_then(Result::ok)))
        }
        (None, Some(number)) => Ok(Rating::Normalized(number?)),
        (None, None) => Err(invalid("the Security Hub finding has neither `Severity.Label` nor `Severity.Normalized`")),
    }
}

/// Why Security Hub's finding needs nobody any more.
fn closed(finding: &Members) -> Vec<String> {
    let status = |name: &str| object(finding, name).and_then(|inner| text(inner, "status"));
    // What `Workflow` replaced; old findings have nothing else, and new ones leave it at NEW.
    let workflow = status("workflow").or_else(|| text(finding, "workflowState")).unwrap_or_default();
    let is = |text: &str, states: &[&str]| states.iter().any(|state| state.eq_ignore_ascii_case(text.trim()));
    let archived = object(finding, "productFields").and_then(|fields| fields.get("aws/guardduty/service/archived"));
    [
        is(workflow, &["RESOLVED", "SUPPRESSED"])
            .then(|| format!("it is {} in Security Hub", workflow.trim().to_lowercase())),
        is(text(finding, "recordState").unwrap_or_default(), &["ARCHIVED"])
            .then(|| "its record is archived in Security Hub".to_owned()),
        is(status("compliance").unwrap_or_default(), &["PASSED"]).then(|| "its check has passed".to_owned()),
        is_true(archived).then(|| "it is archived in GuardDuty".to_owned()),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn within(number: Option<f64>, max: f64, name: &str) -> Result<f64, Failure> {
    match number {
        Some(number) if (0.0..=max).contains(&number) => Ok(number),
        Some(number) => Err(invalid(format!("{name} is {number}, and must be between 0 and {max}"))),
        None => Err(invalid(format!("{name} is not a number"))),
    }
}

fn owned(text: Option<&str>) -> Option<String> {
    text.map(str::to_owned)
}

fn invalid(problem: impl Into<String>) -> Failure {
    Failure::new(Failure::INVALID_INPUT, problem)
}
