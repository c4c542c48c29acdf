//! Tagging the instances and taking the evidence. What fails stops nothing else; it is a failure in the end.
//!
//! What makes a second run write nothing are the tags: those that an instance has already are not set again, and volumes
//! that have a snapshot with the incident's tag have no other.

use evidence::{Evidence, INCIDENT};
use quell_sdk::ec2::instances::Instance;
use quell_sdk::ec2::tags::Tag;
use quell_sdk::{Error, Failure};

use crate::aws::Ec2;
use crate::{Outcome, Output, Severity, Tagged};

/// The key of the tag that says how severe it is.
const SEVERITY: &str = "quell-severity";

/// The code of the failure where an instance does not exist.
const NOT_FOUND: &str = "instance-not-found";

/// Handles an incident that is about these instances.
pub fn handle(ec2: &mut impl Ec2, ids: &[String], incident: &str, severity: Severity) -> Result<Output, Failure> {
    let mut problems = Vec::new();
    let mut output = Output {
        outcome: Outcome::NothingToDo,
        incident: incident.to_owned(),
        severity,
        instances: Vec::new(),
        snapshots: Vec::new(),
        reasons: Vec::new(),
    };
    if ids.is_empty() {
        output.reasons.push("the finding is about no instance: there is nothing to tag or to snapshot".to_owned());
    }
    let mut instances = Vec::new();
    for id in ids {
        match ec2.instances(std::slice::from_ref(id), &[]).map(|found| found.into_iter().next()) {
            Ok(Some(instance)) if instance.state == "terminated" => {
                output.reasons.push(format!("the instance `{id}` is terminated, and has no volumes any more"));
            }
            Ok(Some(instance)) => instances.push(instance),
            Ok(None) | Err(Error::NotFound(_)) => {
                problems.push(Failure::new(NOT_FOUND, format!("the instance `{id}` does not exist")));
            }
            Err(error) => problems.push(failure(format_args!("reading the instance `{id}`"), &error)),
        }
    }
    for instance in &instances {
        match tag(ec2, instance, incident, severity) {
            Ok(tagged) => output.instances.push(tagged),
            Err(failure) => problems.push(failure),
        }
    }
    if !instances.is_empty() {
        match evidence::take_of(ec2, &instances, Some(incident)) {
            Ok(snapshots) => output.snapshots = snapshots,
            Err(failure) => problems.push(failure),
        }
    }
    finish(output, &problems)
}

/// Sets the tags that the instance does not have yet. That of another incident gives way: it is the older one.
fn tag(ec2: &mut impl Ec2, instance: &Instance, incident: &str, severity: Severity) -> Result<Tagged, Failure> {
    let has = |key: &str| instance.tags.iter().find(|tag| tag.key == key).map(|tag| tag.value.as_str());
    let wanted = [(INCIDENT, incident.to_owned()), (SEVERITY, severity.to_string())];
    let missing = wanted.into_iter().filter(|(key, value)| has(key) != Some(value));
    let missing: Vec<Tag> = missing.map(|(key, value)| Tag { key: key.to_owned(), value }).collect();
    let id = &instance.instance_id;
    if !missing.is_empty() {
        ec2.tag(id, &missing).map_err(|error| failure(format_args!("tagging the instance `{id}`"), &error))?;
    }
    let previous = has(INCIDENT).filter(|previous| *previous != incident);
    Ok(Tagged { instance_id: id.clone(), tagged: !missing.is_empty(), previous_incident: previous.map(str::to_owned) })
}

fn failure(what: impl std::fmt::Display, error: &Error) -> Failure {
    Failure::new(error.kind(), format!("{what}: {}", error.sentence()))
}

/// The output, or, where something could not be done, a failure with the code of the first problem and all that is known.
fn finish(mut output: Output, problems: &[Failure]) -> Result<Output, Failure> {
    let Some(first) = problems.first() else {
        let is_new = output.instances.iter().any(|it| it.tagged) || output.snapshots.iter().any(|it| it.created);
        output.outcome = match output.instances.as_slice() {
            [] => Outcome::NothingToDo,
            _ if is_new => Outcome::Handled,
            _ => Outcome::AlreadyHandled,
        };
        return Ok(output);
    };
    let failed: Vec<&str> = problems.iter().map(|problem| problem.message.as_str()).collect();
    let tagged = output.instances.iter().map(|it| format!("`{}` has its tags", it.instance_id));
    let taken = |it: &Evidence| format!("`{}` as `{}`", it.volume_id, it.snapshot_id);
    let done: Vec<String> = tagged.chain(output.snapshots.iter().map(taken)).collect();
    let done = if done.is_empty() { "nothing".to_owned() } else { done.join(", ") };
    Err(Failure::new(first.code.clone(), format!("not done: {}; done: {done}", failed.join("; "))))
}
