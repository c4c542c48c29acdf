//! The operations against the WIT, both ways, and against each other.

use capability::{Catalog as _, Effect, FaultKind, Observation, Settlement};
use cases::case;
use operations::{Accounts, Operations};
use serde_json::{Value, json};

use crate::rows::rows;
use crate::server::nobody;
use crate::wit::Contract;
use crate::{account, marker, operation, operations, scope};

#[test]
fn every_function_is_an_operation_and_every_operation_a_function() {
    let catalog = Operations::new(Accounts::default()).unwrap();
    let mut stated: Vec<String> = catalog.specs().iter().map(|spec| spec.function.to_owned()).collect();
    stated.sort_unstable();
    assert_eq!(stated, Contract::load().functions());
}

/// Names and options of parameters are the WIT's, down to the fields of the records in them.
#[tokio::test]
async fn every_operation_reads_the_arguments_of_its_function() {
    let contract = Contract::load();
    let endpoint = nobody().await;
    for function in contract.functions() {
        let read = async |arguments: &Value| operation(&endpoint, &function, arguments).await.map(|_| ());
        let right = contract.arguments(&function);
        assert_eq!(read(&right).await, Ok(()), "{function} {right}");
        for other in contract.with_other_cases(&function) {
            assert_eq!(read(&other).await, Ok(()), "{function} {other}");
        }

        for without in contract.without_options(&function) {
            // A pair of group and user needs the group, though its type also fits what EC2 answers.
            let pair = without.pointer("/ip-permissions/0/user-id-group-pairs/0");
            if pair.is_some_and(|pair| pair.get("group-id").is_none()) {
                continue;
            }
            assert_eq!(read(&without).await, Ok(()), "{function} {without}");
        }
        let wrong = contract.wrong_arguments(&function);
        assert!(!wrong.is_empty());
        for wrong in wrong {
            assert_eq!(read(&wrong).await.unwrap_err().kind, FaultKind::Invalid, "{function} {wrong}");
        }
    }
}

/// Each of these stops a run at an unknown outcome until a person decides, so a new one is a decision.
#[tokio::test]
async fn these_operations_need_review() {
    let endpoint = nobody().await;
    let mut found = vec![];
    for row in rows() {
        let operation = operation(&endpoint, row.function, &row.arguments).await.unwrap();
        if operation.spec().effect == Effect::Write && operation.settlement() == Settlement::Review {
            found.push(row.function);
            assert!(matches!(operation.observe(&marker()).await, Ok(Observation::Undecided(_))), "{}", row.function);
        }
    }
    assert_eq!(found, ["quell:sns/topics@0.1.0#publish"]);
}

/// C10 for every place where an argument becomes part of an ARN or of a request for one resource.
#[tokio::test]
async fn c10_tricks_with_identifiers_are_refused() {
    let endpoint = nobody().await;
    let topic = "arn:aws:sns:eu-central-1:123456789012:";
    for trick in ["", "*", "?", "%2f", "../x", "x/", "X", "\u{0455}g", " x", "x ", "x\n", &"x".repeat(4096)] {
        for (function, what, arguments) in ec2_identifiers(|prefix| format!("{prefix}-{trick}")) {
            let refused =
                operation(&endpoint, function, &arguments).await.map(|_| ()).map_err(|fault| fault.kind.case());
            let name = function.rsplit('#').next().unwrap_or_default();
            case("C10", &format!("{name}: {what} that is {:.20}", format!("{trick:?}")), "invalid", seen(refused));
        }
        // A topic's name may have upper case and any of its 256 characters.
        if trick != "X" {
            let arguments = json!({ "topic-arn": format!("{topic}{trick}"), "message": "m" });
            let refused = operation(&endpoint, "quell:sns/topics@0.1.0#publish", &arguments).await;
            let refused = refused.map(|_| ()).map_err(|fault| fault.kind.case());
            case("C10", &format!("publish: a topic that is {:.20}", format!("{trick:?}")), "invalid", seen(refused));
        }
    }
}

/// The functions of EC2, what of their arguments is an identifier, and arguments where `id` makes it.
fn ec2_identifiers(id: impl Fn(&str) -> String) -> Vec<(&'static str, &'static str, Value)> {
    let rules = || {
        let permission = json!([{
            "ip-protocol": "tcp", "ip-ranges": [{ "cidr-ip": "10.0.0.0/8" }], "ipv6-ranges": [], "prefix-list-ids": [],
            "user-id-group-pairs": [],
        }]);
        json!({ "group-id": id("sg"), "ip-permissions": permission })
    };
    let listed = |ids: &str, prefix: &str| json!({ ids: [id(prefix)], "filters": [] });
    let tagged = |prefix: &str| json!({ "resources": ["i-1", id(prefix)], "tags": [{ "key": "k", "value": "v" }] });
    let attribute = json!({ "disable-api-termination": true });
    vec![
        ("quell:ec2/security-groups@0.1.0#describe-security-groups", "an id", listed("group-ids", "sg")),
        (
            "quell:ec2/security-groups@0.1.0#create-security-group",
            "a VPC",
            json!({ "group-name": "n", "description": "d", "vpc-id": id("vpc"), "tags": [] }),
        ),
        ("quell:ec2/security-groups@0.1.0#delete-security-group", "an id", json!({ "group-id": id("sg") })),
        ("quell:ec2/security-groups@0.1.0#authorize-security-group-ingress", "an id", rules()),
        ("quell:ec2/security-groups@0.1.0#revoke-security-group-ingress", "an id", rules()),
        ("quell:ec2/security-groups@0.1.0#revoke-security-group-egress", "an id", rules()),
        (
            "quell:ec2/network-interfaces@0.1.0#describe-network-interfaces",
            "an id",
            listed("network-interface-ids", "eni"),
        ),
        (
            "quell:ec2/network-interfaces@0.1.0#modify-network-interface-attribute",
            "an id",
            json!({ "network-interface-id": id("eni"), "groups": ["sg-1"] }),
        ),
        (
            "quell:ec2/network-interfaces@0.1.0#modify-network-interface-attribute",
            "a group",
            json!({ "network-interface-id": "eni-1", "groups": ["sg-1", id("sg")] }),
        ),
        ("quell:ec2/instances@0.1.0#describe-instances", "an id", listed("instance-ids", "i")),
        (
            "quell:ec2/instances@0.1.0#describe-instance-attribute",
            "an id",
            json!({ "instance-id": id("i"), "attribute": "disable-api-termination" }),
        ),
        (
            "quell:ec2/instances@0.1.0#modify-instance-attribute",
            "an id",
            json!({ "instance-id": id("i"), "attribute": attribute }),
        ),
        ("quell:ec2/volumes@0.1.0#describe-volumes", "an id", listed("volume-ids", "vol")),
        (
            "quell:ec2/prefix-lists@0.1.0#get-managed-prefix-list-entries",
            "an id",
            json!({ "prefix-list-id": id("pl") }),
        ),
        (
            "quell:ec2/snapshots@0.1.0#create-snapshot",
            "an id",
            json!({ "volume-id": id("vol"), "description": "", "tags": [] }),
        ),
        ("quell:ec2/snapshots@0.1.0#describe-snapshots", "an id", listed("snapshot-ids", "snap")),
        ("quell:ec2/tags@0.1.0#create-tags", "an instance", tagged("i")),
        ("quell:ec2/tags@0.1.0#create-tags", "a snapshot", tagged("snap")),
        ("quell:ec2/tags@0.1.0#create-tags", "a group", tagged("sg")),
    ]
}

/// How it was refused, if it was.
fn seen(refused: Result<(), &'static str>) -> &'static str {
    refused.err().unwrap_or("taken")
}

/// What is not an identifier, and wrong all the same.
#[tokio::test]
async fn arguments_that_cannot_be_right_are_refused() {
    let endpoint = nobody().await;
    let snapshot = |tags: Value| json!({ "volume-id": "vol-1", "description": "", "tags": tags });
    let group = |name: &str, description: &str, tags: Value| json!({ "group-name": name, "description": description, "vpc-id": "vpc-1", "tags": tags });
    let tagging = |resources: Value, tags: Value| json!({ "resources": resources, "tags": tags });
    let tag = json!({ "key": "k", "value": "v" });
    let topic = "arn:aws:sns:eu-central-1:123456789012:alerts";
    let message = |subject: &str, message: &str| json!({ "topic-arn": topic, "subject": subject, "message": message });
    for (function, arguments) in [
        (
            "quell:ec2/security-groups@0.1.0#revoke-security-group-ingress",
            json!({ "group-id": "sg-1", "ip-permissions": [] }),
        ),
        ("quell:ec2/snapshots@0.1.0#create-snapshot", snapshot(json!([{ "key": "quell:call", "value": "x" }]))),
        ("quell:ec2/snapshots@0.1.0#create-snapshot", snapshot(json!([{ "key": "Quell:call", "value": "x" }]))),
        ("quell:ec2/snapshots@0.1.0#create-snapshot", snapshot(json!([{ "key": "aws:x", "value": "x" }]))),
        ("quell:ec2/snapshots@0.1.0#create-snapshot", snapshot(json!([{ "key": "", "value": "x" }]))),
        ("quell:ec2/snapshots@0.1.0#create-snapshot", snapshot(json!(vec![json!({ "key": "k", "value": "x" }); 50]))),
        (
            "quell:ec2/snapshots@0.1.0#create-snapshot",
            json!({ "volume-id": "vol-1", "description": "x".repeat(256), "tags": [] }),
        ),
        (
            "quell:ec2/snapshots@0.1.0#describe-snapshots",
            json!({ "snapshot-ids": [], "filters": [{ "name": "", "values": ["x"] }] }),
        ),
        (
            "quell:ec2/volumes@0.1.0#describe-volumes",
            json!({ "volume-ids": [], "filters": [{ "name": "size", "values": [] }] }),
        ),
        ("quell:ec2/security-groups@0.1.0#create-security-group", group("", "d", json!([]))),
        ("quell:ec2/security-groups@0.1.0#create-security-group", group(&"n".repeat(256), "d", json!([]))),
        ("quell:ec2/security-groups@0.1.0#create-security-group", group("sg-isolation", "d", json!([]))),
        ("quell:ec2/security-groups@0.1.0#create-security-group", group("n", "", json!([]))),
        ("quell:ec2/security-groups@0.1.0#create-security-group", group("n", &"d".repeat(256), json!([]))),
        (
            "quell:ec2/security-groups@0.1.0#create-security-group",
            group("n", "d", json!([{ "key": "quell:call", "value": "x" }])),
        ),
        (
            "quell:ec2/network-interfaces@0.1.0#modify-network-interface-attribute",
            json!({ "network-interface-id": "eni-1", "groups": [] }),
        ),
        (
            "quell:ec2/instances@0.1.0#modify-instance-attribute",
            json!({ "instance-id": "i-1", "attribute": { "instance-initiated-shutdown-behavior": "hibernate" } }),
        ),
        ("quell:ec2/tags@0.1.0#create-tags", tagging(json!([]), json!([tag]))),
        ("quell:ec2/tags@0.1.0#create-tags", tagging(json!(["i-1"]), json!([]))),
        ("quell:ec2/tags@0.1.0#create-tags", tagging(json!(vec!["i-1"; 201]), json!([tag]))),
        ("quell:ec2/tags@0.1.0#create-tags", tagging(json!(["i-1"]), json!(vec![tag.clone(); 51]))),
        ("quell:ec2/tags@0.1.0#create-tags", tagging(json!(["i-1"]), json!([{ "key": "quell:call", "value": "x" }]))),
        ("quell:ec2/tags@0.1.0#create-tags", tagging(json!(["i-1"]), json!([{ "key": "AWS:x", "value": "x" }]))),
        ("quell:ec2/tags@0.1.0#create-tags", tagging(json!(["i-1", "key-1"]), json!([tag]))),
        ("quell:ec2/tags@0.1.0#create-tags", tagging(json!(["1"]), json!([tag]))),
        ("quell:sns/topics@0.1.0#publish", message("two\nlines", "m")),
        ("quell:sns/topics@0.1.0#publish", message("äöü", "m")),
        ("quell:sns/topics@0.1.0#publish", message(&"x".repeat(101), "m")),
        ("quell:sns/topics@0.1.0#publish", message("s", "")),
        ("quell:sns/topics@0.1.0#publish", message("s", &"x".repeat(256 * 1024 + 1))),
        ("quell:sns/topics@0.1.0#unpublish", json!({})),
    ] {
        let fault = operation(&endpoint, function, &arguments).await.map(|_| ()).unwrap_err();
        assert_eq!(fault.kind, FaultKind::Invalid, "{function} {arguments}");
    }
}

#[tokio::test]
async fn a_run_elsewhere_is_refused() {
    let catalog = operations(account(&nobody().await));
    let row = &rows()[0];
    for (account, region, code) in
        [("210987654321", "eu-central-1", "unknown-account"), ("123456789012", "us-east-1", "unknown-region")]
    {
        let elsewhere = capability::Scope::new(account, region);
        let fault = catalog.operation(row.function, &row.arguments, &elsewhere).await.map(|_| ()).unwrap_err();
        assert_eq!((fault.kind, fault.code.as_str()), (FaultKind::AccessDenied, code));
    }
    assert!(catalog.operation(row.function, &row.arguments, &scope()).await.is_ok());
}
