//! Host reads: what was before a write, what became of one, and the tags of what is touched.

use std::collections::BTreeMap;
use std::sync::Arc;

use capability::{FaultKind, Observation, Operation};
use serde_json::{Value, json};

use crate::rows::{Row, rows};
use crate::server::{Reply, Server};
use crate::wit::Contract;
use crate::{marker, operation};

const REVOKE: &str = "quell:ec2/security-groups@0.1.0#revoke-security-group-ingress";
const SNAPSHOT: &str = "quell:ec2/snapshots@0.1.0#create-snapshot";
const PUBLISH: &str = "quell:sns/topics@0.1.0#publish";
const PREFIX_LIST: &str = "quell:ec2/prefix-lists@0.1.0#get-managed-prefix-list-entries";

/// The rule that `revoke` is about, as EC2 answers it.
const SSH: &str = "<item><ipProtocol>tcp</ipProtocol><fromPort>22</fromPort><toPort>22</toPort>
    <ipRanges><item><cidrIp>0.0.0.0/0</cidrIp></item></ipRanges></item>";
const HTTPS: &str = "<item><ipProtocol>tcp</ipProtocol><fromPort>443</fromPort><toPort>443</toPort>
    <ipRanges><item><cidrIp>0.0.0.0/0</cidrIp></item></ipRanges></item>";
const NO_GROUP: &str =
    "<Response><Errors><Error><Code>InvalidGroup.NotFound</Code><Message>no</Message></Error></Errors></Response>";

fn row(function: &str) -> Row {
    rows().into_iter().find(|row| row.function == function).unwrap()
}

fn group(rules: &str) -> Reply {
    let body = format!(
        "<DescribeSecurityGroupsResponse><securityGroupInfo><item><groupId>sg-1</groupId>
        <ipPermissions>{rules}</ipPermissions></item></securityGroupInfo></DescribeSecurityGroupsResponse>"
    );
    Reply::Full(200, body)
}

async fn revoke(server: &Server) -> Arc<dyn Operation> {
    let arguments = json!({
        "group-id": "sg-1",
        "ip-permissions": [{
            "ip-protocol": "6", "from-port": 22, "to-port": 22, "ip-ranges": [{ "cidr-ip": "0.0.0.0/0" }],
            "ipv6-ranges": [], "prefix-list-ids": [], "user-id-group-pairs": [],
        }],
    });
    operation(&server.endpoint, REVOKE, &arguments).await.unwrap()
}

#[tokio::test]
async fn a_revocation_is_done_when_nothing_of_it_is_left() {
    for (reply, expected) in [
        (group(""), Observation::Done(json!({}))),
        (group(HTTPS), Observation::Done(json!({}))),
        (Reply::Full(400, NO_GROUP.into()), Observation::Done(json!({}))),
        (group(SSH), Observation::Absent),
        (group(&format!("{HTTPS}{SSH}")), Observation::Absent),
    ] {
        let server = Server::start([reply.clone()]).await;
        assert_eq!(revoke(&server).await.observe(&marker()).await, Ok(expected), "{reply:?}");
        let actions: Vec<_> = server.requests().iter().map(|request| request.form["Action"].clone()).collect();
        assert_eq!(actions, ["DescribeSecurityGroups"]);
    }
    let server =
        Server::start([Reply::Full(403, NO_GROUP.replace("InvalidGroup.NotFound", "UnauthorizedOperation"))]).await;
    assert_eq!(revoke(&server).await.observe(&marker()).await.unwrap_err().kind, FaultKind::AccessDenied);
}

/// In a default VPC, EC2 answers success to what it did not know.
#[tokio::test]
async fn a_revocation_of_nothing_is_not_found() {
    let reply = |more: &str| {
        let body = format!(
            "<RevokeSecurityGroupIngressResponse><return>true</return><unknownIpPermissionSet>{SSH}</unknownIpPermissionSet>
            {more}</RevokeSecurityGroupIngressResponse>"
        );
        Reply::Full(200, body)
    };
    let server = Server::start([reply("")]).await;
    let fault = revoke(&server).await.send(&marker()).await.unwrap_err();
    assert_eq!(
        (fault.kind, fault.code.as_str(), fault.unknown),
        (FaultKind::NotFound, "InvalidPermission.NotFound", false)
    );

    let revoked = "<revokedSecurityGroupRuleSet><item><groupId>sg-1</groupId></item></revokedSecurityGroupRuleSet>";
    let server = Server::start([reply(revoked)]).await;
    assert_eq!(revoke(&server).await.send(&marker()).await, Ok(json!({})));
}

#[tokio::test]
async fn before_a_revocation_are_the_rules_of_the_group() {
    let server = Server::start([group(SSH), Reply::Full(400, NO_GROUP.into())]).await;
    let operation = revoke(&server).await;
    let rule = json!({
        "ip-protocol": "tcp", "from-port": 22, "to-port": 22, "ip-ranges": [{ "cidr-ip": "0.0.0.0/0" }],
        "ipv6-ranges": [], "prefix-list-ids": [], "user-id-group-pairs": [],
    });
    assert_eq!(operation.before().await, Ok(Some(json!({ "ip-permissions": [rule] }))));
    assert_eq!(operation.before().await, Ok(None));
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
    let row = row(SNAPSHOT);
    let server = Server::start([]).await;
    let operation = operation(&server.endpoint, SNAPSHOT, &row.arguments).await.unwrap();
    assert_eq!(operation.tags(row.touches[1].1).await, Ok(None));
    assert_eq!(operation.before().await, Ok::<Option<Value>, _>(None));
    assert!(server.requests().is_empty());
}
