//! The whole plugin against an account in memory that keeps instances with their tags and snapshots, and counts what it
//! is sent.

use quell_sdk::ec2::filters::Filter;
use quell_sdk::ec2::instances::{BlockDeviceMapping, Instance};
use quell_sdk::ec2::snapshots::Snapshot;
use quell_sdk::ec2::tags::Tag;
use quell_sdk::{Detail, Error};
use serde_json::json;

use super::*;

const ACCOUNT: &str = "123456789012";
const REGION: &str = "us-east-1";

#[derive(Default)]
struct Account {
    instances: Vec<Instance>,
    snapshots: Vec<Snapshot>,
    /// Instances and volumes that cannot be written to.
    failing: Vec<&'static str>,
    writes: Vec<String>,
}

fn detail(code: &str) -> Detail {
    Detail { code: code.to_owned(), message: "AWS says so".to_owned() }
}

impl Account {
    fn new() -> Self {
        let instances = vec![
            instance("i-1", "running", &["vol-1", "vol-2"]),
            instance("i-2", "stopped", &["vol-3"]),
            instance("i-3", "terminated", &[]),
            instance("i-05746eb48123455e0", "running", &[]),
        ];
        Self { instances, ..Self::default() }
    }

    fn write(&mut self, id: &str) -> Result<(), Error> {
        self.writes.push(id.to_owned());
        if self.failing.contains(&id) { Err(Error::AccessDenied(detail("UnauthorizedOperation"))) } else { Ok(()) }
    }

    fn run(&mut self, input: Value) -> Result<Output, Failure> {
        let context = Context {
            run: "run".to_owned(),
            step: "high".to_owned(),
            attempt: 1,
            account: ACCOUNT.to_owned(),
            region: REGION.to_owned(),
            time: "2026-03-01T12:00:00Z".to_owned(),
        };
        run(self, &serde_json::from_value(input).unwrap(), &context)
    }

    fn tags(&self, id: &str) -> Vec<(&str, &str)> {
        let instance = self.instances.iter().find(|instance| instance.instance_id == id).unwrap();
        instance.tags.iter().map(|tag| (tag.key.as_str(), tag.value.as_str())).collect()
    }
}

impl evidence::Ec2 for Account {
    fn instances(&mut self, ids: &[String], _: &[Filter]) -> Result<Vec<Instance>, Error> {
        let found = self.instances.iter().filter(|instance| ids.contains(&instance.instance_id));
        let found: Vec<Instance> = found.cloned().collect();
        if found.len() < ids.len() { Err(Error::NotFound(detail("InvalidInstanceID.NotFound"))) } else { Ok(found) }
    }

    fn snapshots(&mut self, filters: &[Filter]) -> Result<Vec<Snapshot>, Error> {
        let value = |name: &str| &filters.iter().find(|filter| filter.name == name).unwrap().values;
        let (incidents, volumes) = (value("tag:quell-incident"), value("volume-id"));
        let has = |snapshot: &&Snapshot| {
            volumes.contains(&snapshot.volume_id) && snapshot.tags.iter().any(|tag| incidents.contains(&tag.value))
        };
        Ok(self.snapshots.iter().filter(has).cloned().collect())
    }

    fn snapshot(&mut self, volume_id: &str, description: &str, tags: &[Tag]) -> Result<Snapshot, Error> {
        self.write(volume_id)?;
        let snapshot = Snapshot {
            snapshot_id: format!("snap-{}", self.snapshots.len() + 1),
            volume_id: volume_id.to_owned(),
            state: "pending".to_owned(),
            start_time: "2026-03-01T12:00:00Z".to_owned(),
            description: description.to_owned(),
            tags: tags.to_vec(),
        };
        self.snapshots.push(snapshot.clone());
        Ok(snapshot)
    }
}

impl Ec2 for Account {
    fn tag(&mut self, instance_id: &str, tags: &[Tag]) -> Result<(), Error> {
        self.write(instance_id)?;
        let instance = self.instances.iter_mut().find(|instance| instance.instance_id == instance_id).unwrap();
        instance.tags.retain(|tag| !tags.iter().any(|new| new.key == tag.key));
        instance.tags.extend(tags.iter().cloned());
        Ok(())
    }
}

fn instance(id: &str, state: &str, volumes: &[&str]) -> Instance {
    let device = |volume: &&str| BlockDeviceMapping {
        device_name: "/dev/sda".to_owned(),
        volume_id: Some((*volume).to_owned()),
    };
    Instance {
        instance_id: id.to_owned(),
        state: state.to_owned(),
        vpc_id: None,
        subnet_id: None,
        security_groups: Vec::new(),
        block_device_mappings: volumes.iter().map(device).collect(),
        network_interface_ids: Vec::new(),
        iam_instance_profile: None,
        tags: vec![Tag { key: "Name".to_owned(), value: "web".to_owned() }],
    }
}

/// A GuardDuty finding about an instance.
fn guardduty(id: &str, instance: &str) -> Value {
    let resource = json!({ "instanceDetails": { "instanceId": instance } });
    json!({ "id": id, "accountId": ACCOUNT, "region": REGION, "resource": resource, "service": {} })
}

/// A Security Hub finding about instances.
fn hub(instances: &[&str]) -> Value {
    let arn = |id: &&str| json!({ "Type": "AwsEc2Instance", "Id": format!("arn:aws:ec2:us-east-1:1:instance/{id}") });
    let resources: Vec<Value> = instances.iter().map(arn).collect();
    json!({ "Id": "f-2", "ProductArn": "p", "AwsAccountId": ACCOUNT, "Resources": resources })
}

fn snapshots(output: &Output) -> Vec<(&str, bool)> {
    output.snapshots.iter().map(|it| (it.volume_id.as_str(), it.created)).collect()
}

#[test]
fn the_instance_is_tagged_and_its_volumes_are_snapshotted() {
    let mut account = Account::new();
    let output = account.run(json!({ "finding": guardduty("f-1", "i-1") })).unwrap();
    assert_eq!((output.outcome, output.incident.as_str(), output.severity), (Outcome::Handled, "f-1", Severity::High));
    assert_eq!(account.tags("i-1"), [("Name", "web"), ("quell-incident", "f-1"), ("quell-severity", "HIGH")]);
    assert_eq!(snapshots(&output), [("vol-1", true), ("vol-2", true)]);
    assert!(
        account.snapshots.iter().all(|it| it.tags.iter().any(|tag| tag.key == "quell-incident" && tag.value == "f-1"))
    );
}

#[test]
fn a_second_run_writes_nothing() {
    for input in [
        json!({ "finding": guardduty("f-1", "i-1") }),
        json!({ "finding": hub(&["i-1", "i-2"]), "incident": "case 7", "severity": "CRITICAL" }),
    ] {
        let mut account = Account::new();
        assert_eq!(account.run(input.clone()).unwrap().outcome, Outcome::Handled, "{input}");
        account.writes.clear();
        let second = account.run(input.clone()).unwrap();
        assert_eq!((second.outcome, account.writes), (Outcome::AlreadyHandled, vec![]), "{input}");
        assert!(second.instances.iter().all(|it| !it.tagged && it.previous_incident.is_none()), "{input}");
    }
}

#[test]
fn only_the_tag_that_differs_is_set() {
    let mut account = Account::new();
    account.run(json!({ "finding": guardduty("f-1", "i-1") })).unwrap();
    let output = account.run(json!({ "finding": guardduty("f-9", "i-1"), "severity": "MEDIUM" })).unwrap();
    let previous = Some("f-1".to_owned());
    let tagged = Tagged { instance_id: "i-1".to_owned(), tagged: true, previous_incident: previous };
    assert_eq!(
        (output.instances, account.tags("i-1")),
        (vec![tagged], vec![("Name", "web"), ("quell-incident", "f-9"), ("quell-severity", "MEDIUM")])
    );
}

#[test]
fn a_finding_about_no_instance_is_no_failure() {
    let resource = json!({ "accessKeyDetails": { "userName": "app", "userType": "IAMUser" } });
    let key = json!({ "id": "f-1", "accountId": ACCOUNT, "region": "eu-west-1", "resource": resource, "service": {} });
    let bucket = json!({ "Id": "f-2", "ProductArn": "p", "AwsAccountId": ACCOUNT, "Resources": [{ "Type": "AwsS3Bucket", "Id": "arn:aws:s3:::b" }] });
    for finding in [key, bucket, guardduty("f-3", "i-3")] {
        let mut account = Account::new();
        let output = account.run(json!({ "finding": finding })).unwrap();
        assert_eq!(
            (output.outcome, output.reasons.len(), account.writes),
            (Outcome::NothingToDo, 1, vec![]),
            "{finding}"
        );
    }
}

#[test]
fn a_published_finding_is_handled() {
    let event: Value = serde_json::from_str(include_str!("../../../tests/events/real/guardduty-ec2.json")).unwrap();
    let mut account = Account::new();
    let output = account.run(json!({ "finding": event["detail"] })).unwrap();
    assert_eq!(output.incident, "16afba5c5c43e07c9e3e5e2e544e95df");
    assert_eq!(account.writes, ["i-05746eb48123455e0"]);
}

#[test]
fn what_fails_stops_nothing_and_the_next_try_finishes() {
    let mut account = Account { failing: vec!["i-1", "vol-1"], ..Account::new() };
    let input = json!({ "finding": hub(&["i-1", "i-2"]) });
    let failure = account.run(input.clone()).unwrap_err();
    assert_eq!(failure.code, "access-denied");
    let expected = "not done: tagging the instance `i-1`: AWS says so (`UnauthorizedOperation`); volumes without a snapshot: \
                    `vol-1`: AWS says so (`UnauthorizedOperation`); snapshotted: `vol-2` as `snap-1`, `vol-3` as `snap-2`; \
                    done: `i-2` has its tags";
    assert_eq!(failure.message, expected);
    account.failing.clear();
    account.writes.clear();
    account.run(input).unwrap();
    assert_eq!(account.writes, ["i-1", "vol-1"]);
}

#[test]
fn an_instance_that_is_gone_does_not_keep_the_others() {
    let mut account = Account::new();
    let failure = account.run(json!({ "finding": hub(&["i-9", "i-2"]) })).unwrap_err();
    assert_eq!(
        (failure.code.as_str(), account.writes),
        ("instance-not-found", vec!["i-2".to_owned(), "vol-3".to_owned()])
    );
    assert!(failure.message.ends_with("`i-2` has its tags, `vol-3` as `snap-1`"), "{}", failure.message);
}

#[test]
fn what_is_elsewhere_or_cannot_be_tagged_is_refused() {
    let with = |name: &str, value: &str| {
        let mut finding = guardduty("f-1", "i-1");
        finding[name] = json!(value);
        json!({ "finding": finding })
    };
    for (input, code) in [
        (with("accountId", "210987654321"), "other-account"),
        (with("region", "eu-west-1"), "other-region"),
        (with("id", ""), "invalid-input"),
        (with("id", &"x".repeat(257)), "invalid-input"),
        (json!({ "finding": guardduty("f-1", "i-1"), "incident": "" }), "invalid-input"),
        (json!({ "finding": {} }), "invalid-input"),
    ] {
        let mut account = Account::new();
        assert_eq!(account.run(input.clone()).unwrap_err().code, code, "{input}");
        assert_eq!(account.writes, Vec::<String>::new(), "{input}");
    }
}

#[test]
fn the_severity_is_written_as_elsewhere() {
    for severity in ["CRITICAL", "HIGH", "MEDIUM", "LOW", "INFORMATIONAL"] {
        let read: Severity = serde_json::from_value(json!(severity)).unwrap();
        assert_eq!((read.to_string().as_str(), json!(read)), (severity, json!(severity)));
    }
}

#[test]
fn the_readme_shows_the_grant() {
    assert!(include_str!("../README.md").contains(include_str!("../grant.json")));
}
