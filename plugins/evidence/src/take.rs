//! Taking evidence: which instances, which volumes, which of them already have a snapshot for the incident, and the
//! rest.
//!
//! What makes a second run write nothing is the tag [`INCIDENT`] on each snapshot.

use std::collections::{BTreeMap, BTreeSet};

use quell_sdk::ec2::filters::Filter;
use quell_sdk::ec2::instances::Instance;
use quell_sdk::ec2::tags::Tag;
use quell_sdk::{During, Error, Failure};

use crate::aws::Ec2;
use crate::{Evidence, Request};

/// The key of the tag that says what a snapshot, or anything else, belongs to.
pub const INCIDENT: &str = "quell-incident";

/// The key of the tag that says which instance had the volume.
const INSTANCE: &str = "quell-instance";

/// How many values EC2 takes in one filter: EC2 API reference, DescribeSnapshots.
const MAX_FILTER_VALUES: usize = 200;

/// The longest value of a tag, in characters.
const MAX_TAG_VALUE: usize = 256;

/// Takes what evidence there is to take. A volume that fails stops no other; it is a failure in the end.
///
/// # Errors
/// The request names no instance, or one that does not exist; an incident that is no tag; a volume without a snapshot.
pub fn take(ec2: &mut impl Ec2, request: &Request) -> Result<Vec<Evidence>, Failure> {
    if request.group_id.is_none() && request.instance_ids.is_empty() {
        return Err(Failure::new(Failure::INVALID_INPUT, "neither `group_id` nor `instance_ids` names an instance"));
    }
    let incident = request.incident.as_deref();
    incident.map_or(Ok(()), check_incident)?;
    let instances = instances(ec2, request)?;
    take_of(ec2, &instances, incident.or(request.group_id.as_deref()))
}

/// The same of instances that were read already. Without an incident, each is its own.
///
/// # Errors
/// A volume has no snapshot.
pub fn take_of(ec2: &mut impl Ec2, instances: &[Instance], incident: Option<&str>) -> Result<Vec<Evidence>, Failure> {
    let volumes = volumes(instances, incident);
    let existing = existing(ec2, &volumes)?;
    let mut snapshots = Vec::new();
    let mut problems = Vec::new();
    for volume in volumes {
        let (snapshot_id, created) = match existing.get(&(volume.incident.clone(), volume.id.clone())) {
            Some(snapshot_id) => (snapshot_id.clone(), false),
            None => match ec2.snapshot(&volume.id, &volume.description(), &volume.tags()) {
                Ok(snapshot) => (snapshot.snapshot_id, true),
                Err(error) => {
                    problems.push((volume.id, error));
                    continue;
                }
            },
        };
        snapshots.push(Evidence { volume_id: volume.id, snapshot_id, instance_id: volume.instance, created });
    }
    finish(snapshots, &problems)
}

/// Refuses an incident that cannot be the value of a tag.
///
/// # Errors
/// It is empty, or too long.
pub fn check_incident(incident: &str) -> Result<(), Failure> {
    let length = incident.chars().count();
    if length == 0 || length > MAX_TAG_VALUE {
        let problem = format!("`incident` has {length} characters, a tag has 1 to {MAX_TAG_VALUE}");
        return Err(Failure::new(Failure::INVALID_INPUT, problem));
    }
    Ok(())
}

/// The instances that the request names, each once; without those that are terminated, which have no volumes any more.
fn instances(ec2: &mut impl Ec2, request: &Request) -> Result<Vec<Instance>, Failure> {
    let mut found = Vec::new();
    if let Some(group_id) = &request.group_id {
        let in_group = [filter("instance.group-id", vec![group_id.clone()])];
        found.extend(ec2.instances(&[], &in_group).during(format_args!("listing the instances in `{group_id}`"))?);
    }
    if !request.instance_ids.is_empty() {
        found.extend(match ec2.instances(&request.instance_ids, &[]) {
            Err(Error::NotFound(detail)) => Err(Failure::new("instance-not-found", detail.message)),
            named => named.during("listing the instances"),
        }?);
    }
    let mut seen = BTreeSet::new();
    found.retain(|instance| instance.state != "terminated" && seen.insert(instance.instance_id.clone()));
    Ok(found)
}

/// A volume of which there has to be a snapshot.
struct Volume {
    id: String,
    instance: String,
    incident: String,
}

impl Volume {
    fn description(&self) -> String {
        format!("Evidence taken by Quell: {} of {}", self.id, self.instance)
    }

    fn tags(&self) -> [Tag; 3] {
        let tag = |key: &str, value: &str| Tag { key: key.to_owned(), value: value.to_owned() };
        [
            tag("Name", &format!("evidence-{}-{}", self.instance, self.id)),
            tag(INCIDENT, &self.incident),
            tag(INSTANCE, &self.instance),
        ]
    }
}

/// The volumes of the instances, each once, even where several instances share it.
fn volumes(instances: &[Instance], incident: Option<&str>) -> Vec<Volume> {
    let mut seen = BTreeSet::new();
    let mut volumes = Vec::new();
    for instance in instances {
        for id in instance.block_device_mappings.iter().filter_map(|device| device.volume_id.clone()) {
            if seen.insert(id.clone()) {
                let incident = incident.unwrap_or(&instance.instance_id).to_owned();
                volumes.push(Volume { id, instance: instance.instance_id.clone(), incident });
            }
        }
    }
    volumes
}

/// The usable snapshots that the volumes have already, by incident and volume.
fn existing(ec2: &mut impl Ec2, volumes: &[Volume]) -> Result<BTreeMap<(String, String), String>, Failure> {
    let mut found = BTreeMap::new();
    for some in volumes.chunks(MAX_FILTER_VALUES) {
        let incidents: BTreeSet<String> = some.iter().map(|volume| volume.incident.clone()).collect();
        let filters = [
            filter(&format!("tag:{INCIDENT}"), incidents.into_iter().map(|incident| literal(&incident)).collect()),
            filter("volume-id", some.iter().map(|volume| volume.id.clone()).collect()),
        ];
        for snapshot in ec2.snapshots(&filters).during("looking for earlier snapshots")? {
            let incident = snapshot.tags.into_iter().find(|tag| tag.key == INCIDENT).map(|tag| tag.value);
            if let Some(incident) = incident.filter(|_| snapshot.state != "error") {
                found.entry((incident, snapshot.volume_id)).or_insert(snapshot.snapshot_id);
            }
        }
    }
    Ok(found)
}

fn filter(name: &str, values: Vec<String>) -> Filter {
    Filter { name: name.to_owned(), values }
}

/// The value of a filter that matches just this text: `*`, `?` and `\` mean something in a filter.
fn literal(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        if matches!(character, '*' | '?' | '\\') {
            escaped.push('\\');
        }
        escaped.push(character);
    }
    escaped
}

/// The evidence, or, where a volume has no snapshot, a failure with the code of the first error and all that is known.
fn finish(snapshots: Vec<Evidence>, problems: &[(String, Error)]) -> Result<Vec<Evidence>, Failure> {
    let Some((_, first)) = problems.first() else {
        return Ok(snapshots);
    };
    let failed: Vec<String> =
        problems.iter().map(|(volume, error)| format!("`{volume}`: {}", error.sentence())).collect();
    let done: Vec<String> = snapshots.iter().map(|it| format!("`{}` as `{}`", it.volume_id, it.snapshot_id)).collect();
    let done = if done.is_empty() { "nothing".to_owned() } else { done.join(", ") };
    let message = format!("volumes without a snapshot: {}; snapshotted: {done}", failed.join("; "));
    Err(Failure::new(first.kind(), message))
}

#[cfg(test)]
mod tests;
