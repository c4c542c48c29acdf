//! What starts a workflow: events whole and split, explained; the shipped workflows with events that others published.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use workflow::{
    Effect, Event, EventPart, Explanation, Run, RunInfo, Surroundings, Workflow, check_envelope, load, next,
};

fn workflow(source: &str) -> Workflow {
    load("workflow.yaml", source, &Surroundings::default()).unwrap_or_else(|problems| panic!("{problems}"))
}

fn triggered(on: &str) -> Workflow {
    workflow(&format!("name: w\non:\n{on}\nsteps: [{{ id: a, plugin: p }}]\n"))
}

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn shipped(name: &str) -> Workflow {
    workflow(&fs::read_to_string(repository().join("workflows").join(format!("{name}.yaml"))).unwrap())
}

fn ids(workflow: &Workflow, event: &Value) -> Vec<String> {
    workflow.starts(event).unwrap().iter().map(EventPart::id).collect()
}

#[test]
fn published_events_start_what_they_should() {
    let folder = repository().join("tests/events/real");
    let expected: Value = serde_json::from_str(&fs::read_to_string(folder.join("expected.json")).unwrap()).unwrap();
    let workflows = ["incident-response", "open-security-group", "public-bucket"].map(shipped);
    let expected = expected.as_object().unwrap();
    assert!(expected.len() >= 30, "only {} events", expected.len());
    for (name, expected) in expected {
        let event = serde_json::from_str(&fs::read_to_string(folder.join(format!("{name}.json"))).unwrap()).unwrap();
        let Some(expected) = expected.as_array() else {
            assert!(check_envelope(&event).is_err(), "{name}");
            continue;
        };
        assert_eq!(check_envelope(&event), Ok(()), "{name}");
        let started: Vec<&str> =
            workflows.iter().filter(|flow| flow.matches(&event)).map(|flow| flow.name.as_str()).collect();
        assert_eq!(json!(started), json!(expected), "{name}");
    }
}

#[test]
fn each_item_is_an_event_with_an_id_of_its_own() {
    let on = "  - event: { detail: { findings: { Id: [{ prefix: f }], State: [NEW] } } }\n    split: detail.findings";
    let findings =
        json!([{ "Id": "f-1", "State": "NEW" }, { "Id": "f-2", "State": "OLD" }, { "Id": "f-3", "State": "NEW" }]);
    let event = json!({ "id": "e", "source": "s", "detail": { "findings": findings, "other": 1 } });
    let workflow = triggered(on);
    let started = workflow.starts(&event).unwrap();
    let third = json!({ "id": "e/2", "source": "s", "detail": { "findings": [findings[2]], "other": 1 } });
    assert_eq!(started.len(), 2);
    assert_eq!(started[1].to_event(), third);
    assert_eq!(ids(&workflow, &event), ["e/0", "e/2"]);

    for nothing in [json!({ "id": "e", "detail": {} }), json!({ "id": "e", "detail": { "findings": [] } })] {
        assert_eq!(ids(&workflow, &nothing), Vec::<String>::new());
    }
    let many: Vec<Value> = (0..101).map(|n| json!({ "Id": format!("f-{n}"), "State": "NEW" })).collect();
    let error = workflow.starts(&json!({ "id": "e", "detail": { "findings": many } })).unwrap_err();
    assert_eq!(error.to_string(), "`detail.findings` of the event has 101 items; at most 100 are split");
}

#[test]
fn fields_of_different_items_do_not_make_one() {
    let whole = "  - event: { detail: { findings: { Kind: [bucket] }, name: [{ exists: true }] } }";
    let split = format!("{whole}\n    split: detail.findings");
    let event = json!({ "id": "e", "detail": { "name": "n", "findings": [{ "Kind": "user" }, { "Kind": "bucket" }] } });
    assert_eq!(ids(&triggered(whole), &event), ["e"]);
    assert_eq!(ids(&triggered(&split), &event), ["e/1"]);
    // An item that two triggers are for is one event, and a trigger for the whole event is all.
    assert_eq!(ids(&triggered(&format!("{split}\n{split}")), &event), ["e/1"]);
    assert_eq!(ids(&triggered(&format!("{split}\n{whole}")), &event), ["e"]);
}

#[test]
fn the_dedupe_key_is_made_of_the_item() {
    let workflow = shipped("open-security-group");
    let text = fs::read_to_string(repository().join("tests/events/real/cis4142.json")).unwrap();
    let mut event: Value = serde_json::from_str(&text).unwrap();
    let finding = event["detail"]["findings"][0].clone();
    let mut second = finding.clone();
    second["Id"] = json!("second");
    event["detail"]["findings"] = json!([finding, second]);
    let started = workflow.starts(&event).unwrap();
    let keys: Vec<_> = started.iter().map(|event| workflow.dedupe_key(&event.to_event()).unwrap().unwrap()).collect();
    assert_eq!(keys, [finding["Id"].as_str().unwrap(), "second"]);
}

#[test]
fn people_start_what_says_so_or_says_nothing() {
    let event = "  - event: { source: [s] }";
    assert!(!triggered(event).starts_by_hand());
    assert!(triggered(&format!("{event}\n  - manual: true")).starts_by_hand());
    assert!(workflow("name: w\nsteps: [{ id: a, plugin: p }]\n").starts_by_hand());
}

#[track_caller]
fn explained(on: &str, event: &Value, expected: &[&str]) {
    let told: Vec<String> = triggered(on).explain(event).unwrap().iter().flat_map(lines).collect();
    assert_eq!(told, expected);
}

fn lines(explanation: &Explanation) -> Vec<String> {
    let place = match &explanation.item {
        None => explanation.trigger.to_string(),
        Some((list, item)) => format!("{} {list}[{item}]", explanation.trigger),
    };
    if explanation.mismatches.is_empty() {
        return vec![format!("{place}: yes")];
    }
    let line = |m: &workflow::Mismatch| format!("{place}: {} {} {}", m.path, m.expected, json!(m.found));
    explanation.mismatches.iter().map(line).collect()
}

#[test]
fn each_field_that_fails_is_told_with_what_was_there() {
    let on = "  - event: { source: [a, b], detail: { n: [{ numeric: ['>', 3] }], gone: [{ exists: true }], ok: [1] } }";
    let event = json!({ "source": "c", "detail": { "n": [1, 2], "ok": 1.0 } });
    explained(
        on,
        &event,
        &[
            r#"1: source ["a","b"] ["c"]"#,
            r#"1: detail.n [{"numeric":[">",3]}] [1,2]"#,
            r#"1: detail.gone [{"exists":true}] []"#,
        ],
    );
    explained("  - event: { source: [c] }", &event, &["1: yes"]);
}

#[test]
fn the_nearest_item_and_every_alternative_is_told() {
    let on = "  - event: { detail: { list: { a: [1], b: [2], c: [3] }, $or: [{ x: [1] }, { y: { z: [2] } }] } }";
    let event = json!({ "detail": { "list": [{ "a": 1 }, { "a": 1, "b": 2, "c": 4 }], "y": { "z": 3 } } });
    let list = "1: detail.list[1].c [3] [4]";
    explained(on, &event, &[list, "1: detail.$or[0].x [1] []", "1: detail.$or[1].y.z [2] [3]"]);
}

#[test]
fn each_item_of_a_split_is_told() {
    let on = "  - event: { source: [s], detail: { list: { a: [1] } } }\n    split: detail.list";
    let event = json!({ "id": "e", "source": "s", "detail": { "list": [{ "a": 1 }, { "a": 2 }] } });
    explained(on, &event, &["1 detail.list[0]: yes", "1 detail.list[1]: detail.list[0].a [1] [2]"]);
    explained(on, &json!({ "id": "e", "source": "s" }), &["1: detail.list.a [1] []"]);
}

/// What the first step of a run is given, by its path.
fn first_input(workflow: &Workflow, event: &Value, field: &str) -> Value {
    let info = RunInfo {
        id: "r-1".into(),
        workflow: workflow.name.clone(),
        workflow_digest: workflow.digest.clone(),
        account: "123456789012".into(),
        region: "us-east-1".into(),
        started_by: "bob".into(),
        caused_by: vec![],
        plugins: Default::default(),
        callees: Default::default(),
    };
    let inputs = workflow.inputs(&Value::Null).unwrap();
    let run = Run::new(&Event::Started { info, event: Some(event.clone()), inputs }, 0).unwrap();
    let started = next(workflow, &run).into_iter().find_map(|effect| match effect {
        Effect::Record(Event::StepStarted { input, .. }) => input.get(field).cloned(),
        _ => None,
    });
    started.unwrap_or_else(|| panic!("{:?}", next(workflow, &run)))
}

#[test]
fn what_is_to_be_repaired_is_found_in_each_kind_of_event() {
    let call = |name: &str, parameters: Value| {
        let detail = json!({ "eventSource": "ec2.amazonaws.com", "eventName": name, "requestParameters": parameters });
        json!({ "id": "e", "source": "aws.ec2", "detail-type": "AWS API Call via CloudTrail", "detail": detail })
    };
    let config = |kind: &str, resource: &str, rule: &str| {
        let result = json!({ "complianceType": "NON_COMPLIANT" });
        let detail = json!({
            "resourceType": kind, "resourceId": resource, "configRuleName": rule, "newEvaluationResult": result,
        });
        json!({ "id": "e", "source": "aws.config", "detail-type": "Config Rules Compliance Change", "detail": detail })
    };
    let published = |name: &str| -> Value {
        let path = repository().join("tests/events/real").join(name);
        serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
    };
    let groups = [
        (call("AuthorizeSecurityGroupIngress", json!({ "groupId": "sg-1" })), "sg-1"),
        (call("ModifySecurityGroupRules", json!({ "ModifySecurityGroupRulesRequest": { "GroupId": "sg-2" } })), "sg-2"),
        (config("AWS::EC2::SecurityGroup", "sg-3", "securityhub-restricted-ssh-3ca2d6f4"), "sg-3"),
        (config("AWS::EC2::SecurityGroup", "sg-4", "restricted-common-ports"), "sg-4"),
        (config("AWS::EC2::SecurityGroup", "sg-5", "vpc-sg-open-only-to-authorized-ports"), "sg-5"),
        (published("cis4142.json"), "sg-02cfbecbc814a3c24"),
    ];
    let buckets = [
        (published("afsbp-s3.8.json"), "example"),
        (config("AWS::S3::Bucket", "bucket-1", "s3-bucket-public-read-prohibited"), "bucket-1"),
    ];
    for (name, field, cases) in
        [("open-security-group", "group_id", groups.as_slice()), ("public-bucket", "bucket", buckets.as_slice())]
    {
        let workflow = shipped(name);
        for (event, expected) in cases {
            let started = workflow.starts(event).unwrap();
            assert_eq!(started.len(), 1, "{event}");
            assert_eq!(first_input(&workflow, &started[0].to_event(), field), json!(expected));
        }
    }
    let compliant = json!({ "detail": { "newEvaluationResult": { "complianceType": "COMPLIANT" } } });
    let mut event = config("AWS::EC2::SecurityGroup", "sg-3", "restricted-ssh");
    event["detail"]["newEvaluationResult"] = compliant["detail"]["newEvaluationResult"].clone();
    assert!(!shipped("open-security-group").matches(&event));
}

/// A finding of Security Hub about an open group or a bucket, in the envelope.
fn finding(kind: &str, generator: &str, control: Option<&str>) -> Value {
    let compliance = match control {
        Some(control) => json!({ "Status": "FAILED", "SecurityControlId": control }),
        None => json!({ "Status": "FAILED" }),
    };
    let id =
        if kind == "AwsS3Bucket" { "arn:aws:s3:::b" } else { "arn:aws:ec2:us-east-1:123456789012:security-group/sg-1" };
    let finding = json!({
        "Id": "f", "GeneratorId": generator, "Compliance": compliance, "Workflow": { "Status": "NEW" }, "RecordState": "ACTIVE",
        "Resources": [{ "Type": kind, "Id": id }],
    });
    let kind = "Security Hub Findings - Imported";
    json!({ "id": "e", "source": "aws.securityhub", "detail-type": kind, "detail": { "findings": [finding] } })
}

#[test]
fn findings_of_every_standard_start_what_their_control_is_for() {
    let (group, bucket) = ("AwsEc2SecurityGroup", "AwsS3Bucket");
    for (kind, generator, control, starts) in [
        (group, "pci-dss/v/3.2.1/PCI.EC2.5", None, "open-security-group"),
        (group, "pci-dss/v/3.2.1/PCI.EC2.2", None, ""),
        (group, "nist-800-53/v/5.0.0/EC2.19", None, "open-security-group"),
        (group, "nist-800-53/v/5.0.0/EC2.2", None, ""),
        (
            group,
            "arn:aws:securityhub:::ruleset/cis-aws-foundations-benchmark/v/1.2.0/rule/4.1",
            None,
            "open-security-group",
        ),
        (
            group,
            "arn:aws-cn:securityhub:::ruleset/cis-aws-foundations-benchmark/v/1.2.0/rule/4.2",
            None,
            "open-security-group",
        ),
        (group, "arn:aws:securityhub:::ruleset/cis-aws-foundations-benchmark/v/1.2.0/rule/4.3", None, ""),
        (group, "cis-aws-foundations-benchmark/v/3.0.0/5.2", None, "open-security-group"),
        (group, "cis-aws-foundations-benchmark/v/3.0.0/5.4", None, ""),
        (group, "cis-aws-foundations-benchmark/v/5.0.0/5.4", None, "open-security-group"),
        (group, "aws-foundational-security-best-practices/v/1.0.0/EC2.18", None, "open-security-group"),
        (group, "service-managed-aws-control-tower/v/1.0.0/EC2.19", None, "open-security-group"),
        (group, "security-control/EC2.13", None, "open-security-group"),
        (bucket, "pci-dss/v/3.2.1/PCI.S3.1", None, "public-bucket"),
        (bucket, "pci-dss/v/3.2.1/PCI.S3.2", None, "public-bucket"),
        (bucket, "pci-dss/v/3.2.1/PCI.S3.5", None, ""),
        (bucket, "cis-aws-foundations-benchmark/v/1.4.0/2.1.5.2", None, "public-bucket"),
        (bucket, "nist-800-53/v/5.0.0/S3.2", None, "public-bucket"),
        // What the finding says itself counts.
        (group, "pci-dss/v/3.2.1/PCI.EC2.5", Some("EC2.2"), ""),
        (group, "whatever", Some("EC2.13"), "open-security-group"),
        (group, "whatever", None, ""),
    ] {
        let event = finding(kind, generator, control);
        let workflows = ["open-security-group", "public-bucket"].map(shipped);
        let started: Vec<&str> =
            workflows.iter().filter(|flow| flow.matches(&event)).map(|flow| flow.name.as_str()).collect();
        assert_eq!(started.join(" "), starts, "{generator} {control:?}");
    }
}

#[test]
fn patterns_see_the_control_of_a_finding_and_nothing_else_is_changed() {
    let on = |pattern: &str| triggered(&format!("  - event: {{ detail: {{ findings: {pattern} }} }}"));
    let old = finding("AwsEc2SecurityGroup", "pci-dss/v/3.2.1/PCI.EC2.5", None);
    assert!(on("{ Compliance: { SecurityControlId: [{ exists: true }] } }").matches(&old));
    assert!(on("{ GeneratorId: ['pci-dss/v/3.2.1/PCI.EC2.5'] }").matches(&old));
    assert!(on("{ $or: [{ GeneratorId: [x] }, { Compliance: { SecurityControlId: [EC2.13] } }] }").matches(&old));
    let workflow = on("{ Compliance: { SecurityControlId: [{ prefix: EC2. }] } }");
    assert_eq!(workflow.starts(&old).unwrap()[0].to_event(), old, "the run is given what came");
    // In an event of somebody else, a field of that name is what it is.
    let mut other = old.clone();
    other["source"] = json!("acme");
    assert!(!on("{ Compliance: { SecurityControlId: [EC2.13] } }").matches(&other));
}

#[test]
fn only_what_starts_a_run_is_copied_and_not_too_much_of_it() {
    let on = "  - event: { detail: { findings: { State: [NEW] } } }\n    split: detail.findings";
    let findings = |states: &dyn Fn(usize) -> &'static str| -> Vec<Value> {
        (0..100).map(|n| json!({ "Id": n, "State": states(n) })).collect()
    };
    let event = |around: Value, findings: Vec<Value>| json!({ "id": "e", "detail": { "around": around, "findings": findings } });
    let workflow = triggered(on);
    // A megabyte around a hundred findings, of which one is new: that one is a copy of it, and no other.
    let many: Vec<Value> = (0..50_000).map(Value::from).collect();
    let large = event(json!(many), findings(&|n| if n == 7 { "NEW" } else { "OLD" }));
    assert_eq!(ids(&workflow, &large), ["e/7"]);
    let part = workflow.starts(&large).unwrap()[0].to_event();
    assert_eq!(part["detail"]["findings"], json!([{ "Id": 7, "State": "NEW" }]));
    assert_eq!(part["detail"]["around"], large["detail"]["around"]);
    let refused = |around: Value| {
        let event = event(around, findings(&|_| "NEW"));
        workflow.starts(&event).unwrap_err().to_string()
    };
    let expected = "100 items of the event start a run each, and what is around them is too large to be copied for each: at most \
                    100000 values and 4194304 bytes are copied";
    assert_eq!(refused(json!(many)), expected);
    assert_eq!(refused(json!("x".repeat(100_000))), expected);
    // As Security Hub sends it.
    assert_eq!(ids(&workflow, &event(json!("x".repeat(1_000)), findings(&|_| "NEW"))).len(), 100);
}
