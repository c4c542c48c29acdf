//! What is read of a finding, of whichever kind and in whichever spelling.

use quell_sdk::Failure;
use serde_json::Value;

use crate::Source;
use crate::members::{Members, is_true, kind, member, object, text};
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
    let outer = as_object(given, "`finding`")?;
    let finding = match member(outer, "findings") {
        Some(list) => only(list)?,
        None => outer,
    };
    if text(finding, "productArn").is_some() {
        security_hub(finding)
    } else if object(finding, "service").is_some() || text(finding, "arn").is_some_and(is_guardduty) {
        guardduty(finding)
    } else if object(finding, "detail").is_some() {
        Err(invalid("`finding` is a whole event: give its `detail`"))
    } else {
        let missing = "neither `service`, as a GuardDuty finding, nor `ProductArn`, as a Security Hub finding";
        Err(invalid(format!("`finding` has {missing}")))
    }
}

/// The only finding of a list.
fn only(list: &Value) -> Result<&Members, Failure> {
    let Some(list) = list.as_array() else {
        return Err(invalid(format!("`findings` is {}, not a list", kind(list))));
    };
    match list.as_slice() {
        [finding] => as_object(finding, "what `findings` has"),
        [] => Err(invalid("`findings` is empty")),
        _ => Err(invalid(format!("`findings` has {}, one is assessed at a time: `split` the event", list.len()))),
    }
}

fn guardduty(finding: &Members) -> Result<Finding, Failure> {
    let service = object(finding, "service");
    let score = match member(finding, "severity") {
        Some(Value::Number(number)) => within(number.as_f64(), 10.0, "`severity`")?,
        Some(other) => return Err(invalid(format!("`severity` is {}, GuardDuty's is a number", kind(other)))),
        None => return Err(invalid("the GuardDuty finding has no `severity`")),
    };
    let archived = service.is_some_and(|service| is_true(member(service, "archived")));
    Ok(Finding {
        source: Source::Guardduty,
        id: text(finding, "id").ok_or_else(|| invalid("the GuardDuty finding has no `id`"))?.to_owned(),
        title: owned(text(finding, "title")),
        account: owned(text(finding, "accountId")),
        region: owned(text(finding, "region")),
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

fn security_hub(finding: &Members) -> Result<Finding, Failure> {
    let severity = match member(finding, "severity") {
        Some(Value::Object(severity)) => severity,
        Some(other) => return Err(invalid(format!("`Severity` is {}, Security Hub's is an object", kind(other)))),
        None => return Err(invalid("the Security Hub finding has no `Severity`")),
    };
    let fields = object(finding, "productFields");
    let sample = fields.and_then(|fields| fields.get("aws/guardduty/service/additionalInfo/sample"));
    let region = text(finding, "region").or_else(|| text(finding, "productArn").and_then(region_of));
    Ok(Finding {
        source: Source::SecurityHub,
        id: text(finding, "id").ok_or_else(|| invalid("the Security Hub finding has no `Id`"))?.to_owned(),
        title: owned(text(finding, "title")),
        account: owned(text(finding, "awsAccountId")),
        region: owned(region),
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

fn as_object<'v>(value: &'v Value, what: &str) -> Result<&'v Members, Failure> {
    value.as_object().ok_or_else(|| invalid(format!("{what} is {}, not a finding", kind(value))))
}

fn is_guardduty(arn: &str) -> bool {
    arn.split(':').nth(2) == Some("guardduty")
}

fn region_of(arn: &str) -> Option<&str> {
    arn.split(':').nth(3).filter(|region| !region.is_empty())
}

fn owned(text: Option<&str>) -> Option<String> {
    text.map(str::to_owned)
}

fn invalid(problem: impl Into<String>) -> Failure {
    Failure::new(Failure::INVALID_INPUT, problem)
}
