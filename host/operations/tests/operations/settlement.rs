//! Host reads: what was before a write, what became of one, and the tags of what is touched.

mod instances;
mod network;

use std::collections::BTreeMap;

use capability::Observation;
use serde_json::Value;

use crate::rows::{Row, rows};
use crate::server::{Reply, Server};
use crate::wit::Contract;
use crate::{marker, operation};

const REVOKE: &str = "quell:ec2/security-groups@0.1.0#revoke-security-group-ingress";
const SNAPSHOT: &str = "quell:ec2/snapshots@0.1.0#create-snapshot";
const PUBLISH: &str = "quell:sns/topics@0.1.0#publish";
const GROUP: &str = "quell:ec2/security-groups@0.1.0#create-security-group";
const DELETE: &str = "quell:ec2/security-groups@0.1.0#delete-security-group";
const INTERFACE: &str = "quell:ec2/network-interfaces@0.1.0#modify-network-interface-attribute";
const ATTRIBUTE: &str = "quell:ec2/instances@0.1.0#modify-instance-attribute";
const READ_ATTRIBUTE: &str = "quell:ec2/instances@0.1.0#describe-instance-attribute";
const TAGS: &str = "quell:ec2/tags@0.1.0#create-tags";
const PREFIX_LIST: &str = "quell:ec2/prefix-lists@0.1.0#get-managed-prefix-list-entries";

fn row(function: &str) -> Row {
    rows().into_iter().find(|row| row.function == function).unwrap()
}

/// An error of EC2.
fn refused(code: &str) -> Reply {
    let body = format!("<Response><Errors><Error><Code>{code}</Code><Message>no</Message></Error></Errors></Response>");
    Reply::Full(400, body)
}

/// Asserts what the call, its outcome unknown, is seen to have done when the service answers `reply`.
async fn observes(function: &str, arguments: &Value, reply: Reply, expected: Observation) -> Server {
    let server = Server::start([reply.clone()]).await;
    let operation = operation(&server.endpoint, function, arguments).await.unwrap();
    assert_eq!(operation.observe(&marker()).await, Ok(expected), "{function} {reply:?}");
    server
}

/// These fields of each request.
fn reads<const N: usize>(server: &Server, fields: &[&str; N]) -> Vec<[String; N]> {
    server.requests().iter().map(|request| fields.map(|field| request.form[field].clone())).collect()
}

#[tokio::test]
async fn a_snapshot_is_found_by_its_marker() {
    let row = row(SNAPSHOT);
    let found =
        "<DescribeSnapshotsResponse><snapshotSet><item><snapshotId>snap-1</snapshotId><volumeId>vol-1</volumeId>
        <status>pending</status><startTime>2026-01-02T03:04:05.000Z</startTime><description>evidence</description>
        <tagSet><item><key>case</key><value>7</value></item></tagSet></item></snapshotSet></DescribeSnapshotsResponse>";
    let none = "<DescribeSnapshotsResponse><snapshotSet/></DescribeSnapshotsResponse>";
    for (reply, expected) in [(found, Observation::Done(row.output.clone())), (none, Observation::Absent)] {
        let server = Server::start([Reply::Full(200, reply.into())]).await;
        let operation = operation(&server.endpoint, SNAPSHOT, &row.arguments).await.unwrap();
        assert_eq!(operation.observe(&marker()).await, Ok(expected));
        let form = &server.requests()[0].form;
        let asked = ["Action", "Owner.1", "Filter.1.Name", "Filter.1.Value.1", "Filter.2.Name", "Filter.2.Value.1"];
        assert_eq!(
            asked.map(|key| form[key].as_str()),
            ["DescribeSnapshots", "self", "tag:quell:call", &marker().token, "volume-id", "vol-1"]
        );
    }
    Contract::load().check_output(SNAPSHOT, &row.output);
}

#[tokio::test]
async fn tags_are_those_of_the_resource() {
    let ec2 = "<DescribeTagsResponse><tagSet><item><resourceId>x</resourceId><key>team</key><value>red</value></item></tagSet>
        </DescribeTagsResponse>";
    let sns = "<ListTagsForResourceResponse><ListTagsForResourceResult><Tags><member><Key>team</Key><Value>red</Value></member>
        </Tags></ListTagsForResourceResult></ListTagsForResourceResponse>";
    for (function, reply, key, value) in [
        (REVOKE, ec2, "Filter.1.Value.1", "sg-1"),
        (SNAPSHOT, ec2, "Filter.1.Value.1", "vol-1"),
        (PREFIX_LIST, ec2, "Filter.1.Value.1", "pl-1"),
        (DELETE, ec2, "Filter.1.Value.1", "sg-1"),
        (GROUP, ec2, "Filter.1.Value.1", "vpc-1"),
        (INTERFACE, ec2, "Filter.1.Value.1", "eni-1"),
        (READ_ATTRIBUTE, ec2, "Filter.1.Value.1", "i-1"),
        (ATTRIBUTE, ec2, "Filter.1.Value.1", "i-1"),
        (TAGS, ec2, "Filter.1.Value.1", "i-1"),
        (PUBLISH, sns, "ResourceArn", "arn:aws:sns:eu-central-1:123456789012:alerts"),
    ] {
        let row = row(function);
        let server = Server::start([Reply::Full(200, reply.into())]).await;
        let operation = operation(&server.endpoint, function, &row.arguments).await.unwrap();
        let tags = operation.tags(row.touches[0].1).await;
        assert_eq!(tags, Ok(Some(BTreeMap::from([("team".into(), "red".into())]))), "{function}");
        assert_eq!(server.requests()[0].form[key], value);
    }
}

#[tokio::test]
async fn what_is_yet_to_be_created_has_no_tags() {
    for function in [SNAPSHOT, GROUP] {
        let row = row(function);
        let server = Server::start([]).await;
        let operation = operation(&server.endpoint, function, &row.arguments).await.unwrap();
        assert_eq!(operation.tags(row.touches[1].1).await, Ok(None));
        assert_eq!(operation.state().await, Ok(Value::Null));
        assert!(server.requests().is_empty());
    }
}
