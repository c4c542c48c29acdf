//! Host reads about security groups, their rules, and the network interfaces that have them.

use std::sync::Arc;

use capability::{FaultKind, Observation, Operation};
use serde_json::{Value, json};

use super::{observes, reads, refused, row};
use crate::server::{Reply, Server};
use crate::wit::Contract;
use crate::{is_done, marker, operation};

const AUTHORIZE: &str = "quell:ec2/security-groups@0.1.0#authorize-security-group-ingress";
const REVOKE: &str = "quell:ec2/security-groups@0.1.0#revoke-security-group-ingress";
const REVOKE_EGRESS: &str = "quell:ec2/security-groups@0.1.0#revoke-security-group-egress";
const CREATE: &str = "quell:ec2/security-groups@0.1.0#create-security-group";
const DELETE: &str = "quell:ec2/security-groups@0.1.0#delete-security-group";
const INTERFACE: &str = "quell:ec2/network-interfaces@0.1.0#modify-network-interface-attribute";

/// The rule that all of them are about, as EC2 answers it.
const SSH: &str = "<item><ipProtocol>tcp</ipProtocol><fromPort>22</fromPort><toPort>22</toPort>
    <ipRanges><item><cidrIp>0.0.0.0/0</cidrIp></item></ipRanges></item>";
const HTTPS: &str = "<item><ipProtocol>tcp</ipProtocol><fromPort>443</fromPort><toPort>443</toPort>
    <ipRanges><item><cidrIp>0.0.0.0/0</cidrIp></item></ipRanges></item>";

/// A group with rules for incoming and for outgoing traffic.
fn group(ingress: &str, egress: &str) -> Reply {
    let body = format!(
        "<DescribeSecurityGroupsResponse><securityGroupInfo><item><groupId>sg-1</groupId><groupName>web</groupName>
        <ownerId>123456789012</ownerId><groupDescription>Web</groupDescription><ipPermissions>{ingress}</ipPermissions>
        <ipPermissionsEgress>{egress}</ipPermissionsEgress></item></securityGroupInfo></DescribeSecurityGroupsResponse>"
    );
    Reply::Full(200, body)
}

fn no_group() -> Reply {
    refused("InvalidGroup.NotFound")
}

/// The rule, in another spelling than EC2's.
fn ssh() -> Value {
    json!([{
        "ip-protocol": "6", "from-port": 22, "to-port": 22, "ip-ranges": [{ "cidr-ip": "0.0.0.0/0" }],
        "ipv6-ranges": [], "prefix-list-ids": [], "user-id-group-pairs": [],
    }])
}

async fn change(server: &Server, function: &str) -> Arc<dyn Operation> {
    let arguments = json!({ "group-id": "sg-1", "ip-permissions": ssh() });
    operation(&server.endpoint, function, &arguments).await.unwrap()
}

#[tokio::test]
async fn a_change_of_rules_is_done_when_the_group_has_all_or_none_of_them() {
    let both = format!("{HTTPS}{SSH}");
    let missing = || Err(FaultKind::NotFound);
    for (function, reply, expected) in [
        (REVOKE, group("", SSH), Ok(true)),
        (REVOKE, group(HTTPS, SSH), Ok(true)),
        (REVOKE, no_group(), missing()),
        (REVOKE, group(SSH, ""), Ok(false)),
        (REVOKE, group(&both, ""), Ok(false)),
        (REVOKE_EGRESS, group(SSH, ""), Ok(true)),
        (REVOKE_EGRESS, group(SSH, HTTPS), Ok(true)),
        (REVOKE_EGRESS, no_group(), missing()),
        (REVOKE_EGRESS, group("", SSH), Ok(false)),
        (REVOKE_EGRESS, group("", &both), Ok(false)),
        (AUTHORIZE, group(SSH, ""), Ok(true)),
        (AUTHORIZE, group(&both, ""), Ok(true)),
        (AUTHORIZE, group("", SSH), Ok(false)),
        (AUTHORIZE, group(HTTPS, SSH), Ok(false)),
        (AUTHORIZE, no_group(), missing()),
        (AUTHORIZE, refused("UnauthorizedOperation"), Err(FaultKind::AccessDenied)),
    ] {
        let server = Server::start([reply.clone()]).await;
        assert_eq!(is_done(&change(&server, function).await).await, expected, "{function} {reply:?}");
        let asked = reads(&server, &["Action", "GroupId.1"]);
        assert_eq!(asked, [["DescribeSecurityGroups", "sg-1"]], "{function}");
    }
}

/// Several rules are added all at once or not at all, and removed when the last one is gone. One of two is neither the state
/// before nor what was asked for, and rules that the call is not about are not compared.
#[tokio::test]
async fn some_of_the_rules_are_not_all_of_them() {
    let ten = SSH.replace("0.0.0.0/0", "10.0.0.0/8");
    let mut rules = ssh();
    rules[0]["ip-ranges"].as_array_mut().unwrap().push(json!({ "cidr-ip": "10.0.0.0/8" }));
    let arguments = json!({ "group-id": "sg-1", "ip-permissions": rules });
    for (function, of) in [(AUTHORIZE, "in"), (REVOKE, "in"), (REVOKE_EGRESS, "out")] {
        let with = |rules: String| if of == "in" { group(&rules, "") } else { group("", &rules) };
        let one = || with(SSH.into());
        let replies = [one(), with(format!("{SSH}{HTTPS}")), with(format!("{SSH}{ten}")), with(String::new())];
        let server = Server::start(replies).await;
        let operation = operation(&server.endpoint, function, &arguments).await.unwrap();
        let mut facets = vec![];
        for _ in 0..4 {
            facets.push(operation.facet(&operation.state().await.unwrap(), &marker()).unwrap());
        }
        assert_eq!(facets[0], facets[1], "{function}: HTTPS is not of its concern");
        let (all, none) = (&facets[2], &facets[3]);
        assert!(facets[0] != *all && facets[0] != *none, "{function}");
        let target = operation.target(&marker()).unwrap();
        assert_eq!(&target, if function == AUTHORIZE { all } else { none }, "{function}");
    }
}

/// In a default VPC, EC2 answers success to what it did not know.
#[tokio::test]
async fn a_revocation_of_nothing_is_not_found() {
    for (function, name) in [(REVOKE, "RevokeSecurityGroupIngress"), (REVOKE_EGRESS, "RevokeSecurityGroupEgress")] {
        let reply = |more: &str| {
            let body = format!(
                "<{name}Response><return>true</return><unknownIpPermissionSet>{SSH}</unknownIpPermissionSet>
                {more}</{name}Response>"
            );
            Reply::Full(200, body)
        };
        let server = Server::start([reply("")]).await;
        let fault = change(&server, function).await.send(&marker()).await.unwrap_err();
        assert_eq!(
            (fault.kind, fault.code.as_str(), fault.unknown),
            (FaultKind::NotFound, "InvalidPermission.NotFound", false)
        );

        let revoked = "<revokedSecurityGroupRuleSet><item><groupId>sg-1</groupId></item></revokedSecurityGroupRuleSet>";
        let server = Server::start([reply(revoked)]).await;
        assert_eq!(change(&server, function).await.send(&marker()).await, Ok(json!({})));
    }
}

/// An answer that is neither success nor an error says nothing of what was done.
#[tokio::test]
async fn an_answer_of_false_is_unknown() {
    for (function, name) in [
        (AUTHORIZE, "AuthorizeSecurityGroupIngress"),
        (REVOKE, "RevokeSecurityGroupIngress"),
        (REVOKE_EGRESS, "RevokeSecurityGroupEgress"),
        (DELETE, "DeleteSecurityGroup"),
    ] {
        let reply = format!("<{name}Response><return>false</return></{name}Response>");
        let server = Server::start([Reply::Full(200, reply)]).await;
        let operation = operation(&server.endpoint, function, &row(function).arguments).await.unwrap();
        assert!(operation.send(&marker()).await.unwrap_err().unknown, "{function}");
    }
}

#[tokio::test]
async fn before_a_change_of_rules_are_those_of_the_group() {
    let mut rules = ssh();
    rules[0]["ip-protocol"] = json!("tcp");
    for (function, reply, expected) in [
        (AUTHORIZE, group(SSH, ""), json!({ "ip-permissions": rules })),
        (REVOKE, group(SSH, ""), json!({ "ip-permissions": rules })),
        (REVOKE_EGRESS, group("", SSH), json!({ "ip-permissions-egress": rules })),
    ] {
        let server = Server::start([reply, no_group()]).await;
        let operation = change(&server, function).await;
        assert_eq!(operation.state().await, Ok(expected), "{function}");
        assert_eq!(operation.state().await.unwrap_err().kind, FaultKind::NotFound, "{function}");
    }
}

#[tokio::test]
async fn a_group_is_found_by_its_marker() {
    let row = row(CREATE);
    let none = "<DescribeSecurityGroupsResponse><securityGroupInfo/></DescribeSecurityGroupsResponse>";
    for (reply, expected) in
        [(group("", ""), Observation::Done(row.output.clone())), (Reply::Full(200, none.into()), Observation::Absent)]
    {
        let server = observes(CREATE, &row.arguments, reply, expected).await;
        let asked = ["Action", "Filter.1.Name", "Filter.1.Value.1", "Filter.2.Name", "Filter.2.Value.1"];
        assert_eq!(
            reads(&server, &asked),
            [["DescribeSecurityGroups", "tag:quell:call", &marker().token, "vpc-id", "vpc-1"]]
        );
    }
    Contract::load().check_output(CREATE, &row.output);
}

#[tokio::test]
async fn a_deletion_is_done_when_the_group_is_gone() {
    let arguments = json!({ "group-id": "sg-1" });
    for (reply, expected) in [(no_group(), true), (group("", ""), false), (group(SSH, ""), false)] {
        let server = Server::start([reply]).await;
        let deletion = operation(&server.endpoint, DELETE, &arguments).await.unwrap();
        assert_eq!(is_done(&deletion).await, Ok(expected));
        assert_eq!(reads(&server, &["Action", "GroupId.1"]), [["DescribeSecurityGroups", "sg-1"]]);
    }

    let server = Server::start([group("", ""), no_group()]).await;
    let operation = operation(&server.endpoint, DELETE, &arguments).await.unwrap();
    let before = json!({ "security-group": {
        "group-id": "sg-1", "group-name": "web", "owner-id": "123456789012", "description": "Web", "ip-permissions": [],
        "ip-permissions-egress": [], "tags": [],
    } });
    assert_eq!(operation.state().await, Ok(before));
    assert_eq!(operation.state().await, Ok(json!(null)));
}

/// An interface with groups.
fn interface(groups: &[&str]) -> Reply {
    let groups: String = groups.iter().map(|group| format!("<item><groupId>{group}</groupId></item>")).collect();
    let body = format!(
        "<DescribeNetworkInterfacesResponse><networkInterfaceSet><item><networkInterfaceId>eni-1</networkInterfaceId>
        <groupSet>{groups}</groupSet></item></networkInterfaceSet></DescribeNetworkInterfacesResponse>"
    );
    Reply::Full(200, body)
}

#[tokio::test]
async fn an_interface_is_changed_when_it_has_exactly_the_groups() {
    let arguments = json!({ "network-interface-id": "eni-1", "groups": ["sg-2", "sg-1", "sg-2"] });
    let no_interface = || refused("InvalidNetworkInterfaceID.NotFound");
    for (reply, expected) in [
        (interface(&["sg-1", "sg-2"]), Ok(true)),
        (interface(&["sg-2", "sg-1"]), Ok(true)),
        (interface(&["sg-1"]), Ok(false)),
        (interface(&["sg-1", "sg-2", "sg-3"]), Ok(false)),
        (interface(&[]), Ok(false)),
        (no_interface(), Err(FaultKind::NotFound)),
    ] {
        let server = Server::start([reply]).await;
        let operation = operation(&server.endpoint, INTERFACE, &arguments).await.unwrap();
        assert_eq!(is_done(&operation).await, expected);
        let asked = reads(&server, &["Action", "NetworkInterfaceId.1"]);
        assert_eq!(asked, [["DescribeNetworkInterfaces", "eni-1"]]);
    }

    let server = Server::start([interface(&["sg-9", "sg-8"]), no_interface()]).await;
    let operation = operation(&server.endpoint, INTERFACE, &arguments).await.unwrap();
    assert_eq!(operation.state().await, Ok(json!({ "groups": ["sg-8", "sg-9"] })));
    assert_eq!(operation.state().await.unwrap_err().kind, FaultKind::NotFound);
}
