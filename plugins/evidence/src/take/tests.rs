//! Taking evidence of an account in memory that keeps instances and snapshots, filters like EC2, and counts what it is
//! sent.

use quell_sdk::Detail;
use quell_sdk::ec2::instances::{BlockDeviceMapping, GroupIdentifier};
use quell_sdk::ec2::snapshots::Snapshot;

use super::*;

#[derive(Default)]
struct Account {
    instances: Vec<Instance>,
    snapshots: Vec<Snapshot>,
    failing: Vec<&'static str>,
    writes: Vec<String>,
}

fn detail(code: &str) -> Detail {
    Detail { code: code.to_owned(), message: "AWS says so".to_owned() }
}

fn value<'a>(filters: &'a [Filter], name: &str) -> Option<&'a [String]> {
    filters.iter().find(|filter| filter.name == name).map(|filter| filter.values.as_slice())
}

impl Ec2 for Account {
    fn instances(&mut self, ids: &[String], filters: &[Filter]) -> Result<Vec<Instance>, Error> {
        if ids.iter().any(|id| !self.instances.iter().any(|instance| instance.instance_id == *id)) {
            return Err(Error::NotFound(detail("InvalidInstanceID.NotFound")));
        }
        let groups = value(filters, "instance.group-id");
        let listed = self.instances.iter().filter(|instance| {
            (ids.is_empty() || ids.contains(&instance.instance_id))
                && groups
                    .is_none_or(|groups| instance.security_groups.iter().any(|group| groups.contains(&group.group_id)))
        });
        Ok(listed.cloned().collect())
    }

    fn snapshots(&mut self, filters: &[Filter]) -> Result<Vec<Snapshot>, Error> {
        let incidents = value(filters, "tag:quell-incident").expect("snapshots are looked for by incident");
        let volumes = value(filters, "volume-id").expect("snapshots are looked for by volume");
        assert!(incidents.len() <= 200 && volumes.len() <= 200, "EC2 takes at most 200 values");
        let listed = self.snapshots.iter().filter(|snapshot| {
            volumes.contains(&snapshot.volume_id)
                && snapshot.tags.iter().any(|tag| tag.key == INCIDENT && incidents.contains(&literal(&tag.value)))
        });
        Ok(listed.cloned().collect())
    }

    fn snapshot(&mut self, volume_id: &str, description: &str, tags: &[Tag]) -> Result<Snapshot, Error> {
        self.writes.push(volume_id.to_owned());
        if self.failing.contains(&volume_id) {
            return Err(Error::Throttled(detail("SnapshotCreationPerVolumeRateExceeded")));
        }
        let snapshot = Snapshot {
            snapshot_id: format!("snap-{}", self.snapshots.len() + 1),
            volume_id: volume_id.to_owned(),
            state: "pending".to_owned(),
            start_time: "2026-01-01T00:00:00Z".to_owned(),
            description: description.to_owned(),
            tags: tags.to_vec(),
        };
        self.snapshots.push(snapshot.clone());
        Ok(snapshot)
    }
}

fn instance(id: &str, group: &str, state: &str, volumes: &[&str]) -> Instance {
    let device = |(number, volume): (usize, &&str)| BlockDeviceMapping {
        device_name: format!("/dev/sd{number}"),
        volume_id: (!volume.is_empty()).then(|| (*volume).to_owned()),
    };
    Instance {
        instance_id: id.to_owned(),
        state: state.to_owned(),
        vpc_id: None,
        subnet_id: None,
        security_groups: vec![GroupIdentifier { group_id: group.to_owned(), group_name: group.to_owned() }],
        block_device_mappings: volumes.iter().enumerate().map(device).collect(),
        network_interface_ids: Vec::new(),
        iam_instance_profile: None,
        tags: Vec::new(),
    }
}

fn account() -> Account {
    Account {
        instances: vec![
            instance("i-1", "sg-1", "running", &["vol-1", "vol-2"]),
            instance("i-2", "sg-1", "stopped", &["vol-3", "", "vol-2"]),
            instance("i-3", "sg-1", "terminated", &["vol-4"]),
            instance("i-4", "sg-2", "running", &["vol-5"]),
        ],
        ..Account::default()
    }
}

fn group(group_id: &str) -> Request {
    Request { group_id: Some(group_id.to_owned()), ..Request::default() }
}

fn summary(evidence: &[Evidence]) -> Vec<(&str, &str, bool)> {
    evidence.iter().map(|it| (it.volume_id.as_str(), it.instance_id.as_str(), it.created)).collect()
}

#[test]
fn each_volume_of_the_group_is_snapshotted_once() {
    let mut account = account();
    let evidence = take(&mut account, &group("sg-1")).unwrap();
    assert_eq!(summary(&evidence), [("vol-1", "i-1", true), ("vol-2", "i-1", true), ("vol-3", "i-2", true)]);
    let tags: Vec<_> = account.snapshots[2].tags.iter().map(|tag| (tag.key.as_str(), tag.value.as_str())).collect();
    assert_eq!(tags, [("Name", "evidence-i-2-vol-3"), ("quell-incident", "sg-1"), ("quell-instance", "i-2")]);
}

#[test]
fn a_second_run_writes_nothing_and_names_the_same_snapshots() {
    let mut account = account();
    let first = take(&mut account, &group("sg-1")).unwrap();
    account.writes.clear();

    let second = take(&mut account, &group("sg-1")).unwrap();

    assert_eq!(account.writes, Vec::<String>::new());
    assert_eq!(summary(&second), [("vol-1", "i-1", false), ("vol-2", "i-1", false), ("vol-3", "i-2", false)]);
    let ids = |evidence: &[Evidence]| evidence.iter().map(|it| it.snapshot_id.clone()).collect::<Vec<_>>();
    assert_eq!(ids(&first), ids(&second));
}

#[test]
fn another_incident_has_its_own_evidence() {
    let mut account = account();
    let of = |incident: &str| Request { incident: Some(incident.to_owned()), ..group("sg-2") };
    for (incident, created) in [("finding-1", true), ("finding-2", true), ("finding-*", true), ("finding-1", false)] {
        let evidence = take(&mut account, &of(incident)).unwrap();
        assert_eq!(summary(&evidence), [("vol-5", "i-4", created)], "{incident}");
    }
}

#[test]
fn named_instances_and_the_group_are_taken_together() {
    let mut account = account();
    let request = Request { instance_ids: vec!["i-4".to_owned(), "i-1".to_owned()], ..group("sg-1") };
    let evidence = take(&mut account, &request).unwrap();
    let volumes: Vec<_> = evidence.iter().map(|it| it.volume_id.as_str()).collect();
    assert_eq!(volumes, ["vol-1", "vol-2", "vol-3", "vol-5"]);
}

#[test]
fn without_group_and_incident_each_instance_is_its_own() {
    let mut account = account();
    let named =
        |ids: &[&str]| Request { instance_ids: ids.iter().map(|id| (*id).to_owned()).collect(), ..Request::default() };
    take(&mut account, &named(&["i-1"])).unwrap();
    let evidence = take(&mut account, &named(&["i-4", "i-1"])).unwrap();
    assert_eq!(summary(&evidence), [("vol-1", "i-1", false), ("vol-2", "i-1", false), ("vol-5", "i-4", true)]);
}

#[test]
fn a_volume_that_fails_stops_no_other_and_is_taken_by_the_next_try() {
    let mut account = Account { failing: vec!["vol-1"], ..account() };
    let failure = take(&mut account, &group("sg-1")).unwrap_err();
    assert_eq!(failure.code, "throttled");
    assert!(failure.message.contains("without a snapshot: `vol-1`"), "{}", failure.message);
    assert!(failure.message.ends_with("`vol-2` as `snap-1`, `vol-3` as `snap-2`"), "{}", failure.message);

    account.failing.clear();
    account.writes.clear();
    take(&mut account, &group("sg-1")).unwrap();
    assert_eq!(account.writes, ["vol-1"]);
}

#[test]
fn a_snapshot_that_failed_is_no_evidence() {
    let mut account = account();
    take(&mut account, &group("sg-2")).unwrap();
    account.snapshots[0].state = "error".to_owned();
    assert_eq!(summary(&take(&mut account, &group("sg-2")).unwrap()), [("vol-5", "i-4", true)]);
}

#[test]
fn many_volumes_are_looked_for_in_parts() {
    let ids: Vec<String> = (0..450).map(|number| format!("vol-{number}")).collect();
    let volumes: Vec<&str> = ids.iter().map(String::as_str).collect();
    let mut account = Account { instances: vec![instance("i-1", "sg-1", "running", &volumes)], ..Account::default() };
    take(&mut account, &group("sg-1")).unwrap();
    account.writes.clear();
    assert_eq!(take(&mut account, &group("sg-1")).unwrap().len(), 450);
    assert_eq!(account.writes, Vec::<String>::new());
}

#[test]
fn what_names_no_instance_is_refused() {
    let refused = |request: Request| take(&mut account(), &request).unwrap_err().code;
    assert_eq!(refused(Request::default()), "invalid-input");
    assert_eq!(refused(Request { incident: Some(String::new()), ..group("sg-1") }), "invalid-input");
    assert_eq!(refused(Request { incident: Some("x".repeat(257)), ..group("sg-1") }), "invalid-input");
    assert_eq!(refused(Request { instance_ids: vec!["i-9".to_owned()], ..Request::default() }), "instance-not-found");
}

#[test]
fn a_group_without_instances_is_no_failure() {
    assert_eq!(take(&mut account(), &group("sg-3")).unwrap(), vec![]);
}
