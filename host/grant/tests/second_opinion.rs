//! The crate `iam-rs`, an independent evaluator, on the part of the language that it has right: no variables, one
//! value per key, ARNs only. The places where it decides otherwise than IAM are kept here as facts, since they are why
//! it is not the evaluator itself; one that a later version mends shows up as a failing test.

#![expect(clippy::indexing_slicing, clippy::unwrap_used, reason = "a helper of tests that panics fails its test")]

use grant::{Context, Decision, Policy, Request, decide};
use iam_rs::{
    Arn, Context as TheirContext, ContextValue, IAMPolicy, IAMRequest, Principal, PrincipalId, evaluate_policies,
};
use proptest::prelude::*;
use serde_json::{Value, json};

type Keys<'k> = [(&'k str, &'k str)];

fn ours(policies: &[Value], action: &str, resource: &str, keys: &Keys) -> &'static str {
    let grants: Vec<Policy> = policies.iter().map(|policy| Policy::load("p", &policy.to_string()).unwrap()).collect();
    let mut context = Context::new();
    for (key, value) in keys {
        context.insert(*key, *value);
    }
    match decide(&[], &grants, &Request { action, resource, context: &context }) {
        Decision::Allow(_) => "allow",
        Decision::ExplicitDeny(_) => "explicit-deny",
        Decision::ImplicitDeny { .. } => "implicit-deny",
    }
}

fn theirs(policies: &[Value], action: &str, resource: &str, keys: &Keys) -> &'static str {
    let policies: Vec<IAMPolicy> =
        policies.iter().map(|policy| IAMPolicy::from_json(&policy.to_string()).unwrap()).collect();
    let mut context = TheirContext::new();
    for (key, value) in keys {
        context.insert(key.to_string(), ContextValue::String(value.to_string()));
    }
    let principal = Principal::Aws(PrincipalId::String("arn:aws:iam::123456789012:role/quell".into()));
    let request = IAMRequest::new_with_context(principal, action, Arn::parse(resource).unwrap(), context);
    match evaluate_policies(&policies, &request) {
        Ok(iam_rs::Decision::Allow) => "allow",
        Ok(iam_rs::Decision::Deny) => "explicit-deny",
        Ok(iam_rs::Decision::NotApplicable) => "implicit-deny",
        Err(_) => "error",
    }
}

fn statement(effect: &str, resource: &str, conditions: Value) -> Value {
    let mut statement = json!({ "Effect": effect, "Action": "s3:*", "Resource": resource });
    if conditions != json!({}) {
        statement["Condition"] = conditions;
    }
    json!({ "Version": "2012-10-17", "Statement": [statement] })
}

fn check_difference(what: &str, policies: &[Value], keys: &Keys, we: &str, they: &str) {
    assert_eq!(ours(policies, "s3:GetObject", "arn:aws:s3:::acme", keys), we, "{what}");
    assert_eq!(theirs(policies, "s3:GetObject", "arn:aws:s3:::acme", keys), they, "{what}");
}

#[test]
fn where_iam_rs_decides_otherwise() {
    let all = statement("Allow", "*", json!({}));
    let tagged = "arn:aws:s3:::${aws:PrincipalTag/team}";

    let by_tag = [statement("Allow", tagged, json!({}))];
    let star = [("aws:PrincipalTag/team", "*")];
    check_difference("a wildcard in a tag widens the grant", &by_tag, &star, "implicit-deny", "allow");

    let by_prefix = [statement("Allow", &format!("{tagged}*"), json!({}))];
    check_difference("a variable without value is empty", &by_prefix, &[], "implicit-deny", "allow");

    let arn_equals = json!({ "ArnEquals": { "aws:PrincipalArn": "arn:aws:iam::*:role/app" } });
    let role = [("aws:PrincipalArn", "arn:aws:iam::123456789012:role/app")];
    let but_role = [all.clone(), statement("Deny", "*", arn_equals)];
    check_difference("ArnEquals has no wildcards", &but_role, &role, "explicit-deny", "allow");

    let same_tag = json!({ "StringEquals": { "aws:ResourceTag/team": "${aws:PrincipalTag/team}" } });
    let tags = [("aws:PrincipalTag/team", "a"), ("aws:ResourceTag/team", "a")];
    let but_own = [all, statement("Deny", "*", same_tag)];
    check_difference("variables in conditions stay as they are", &but_own, &tags, "explicit-deny", "allow");
}

/// Operators with values of their type, and the values that a request may have for the key.
const TESTS: [(&str, &str, &[&str], &[&str]); 14] = [
    ("StringEquals", "aws:s", &["a", "b*"], &["a", "b", "A"]),
    ("StringNotEquals", "aws:s", &["a", "b"], &["a", "b", "A"]),
    ("StringEqualsIgnoreCase", "aws:s", &["a"], &["a", "b", "A"]),
    ("StringLike", "aws:s", &["a*", "?"], &["a", "b", "A"]),
    ("StringNotLikeIfExists", "aws:s", &["a*"], &["a", "b", "A"]),
    ("NumericLessThan", "aws:n", &["5"], &["4", "5", "5.5"]),
    ("NumericGreaterThanEquals", "aws:n", &["5"], &["4", "5", "5.5"]),
    ("DateLessThan", "aws:t", &["2026-06-01T00:00:00Z"], &["2026-05-31T23:59:59Z", "2026-06-01T00:00:00Z"]),
    ("DateGreaterThanEquals", "aws:t", &["2026-06-01T00:00:00Z"], &["2026-05-31T23:59:59Z", "2026-06-01T00:00:00Z"]),
    ("IpAddress", "aws:i", &["203.0.113.0/24"], &["203.0.113.9", "198.51.100.1"]),
    ("NotIpAddress", "aws:i", &["203.0.113.0/24"], &["203.0.113.9", "198.51.100.1"]),
    ("ArnLike", "aws:r", &["arn:aws:iam::*:role/app-*"], &["arn:aws:iam::1:role/app-x", "arn:aws:iam::1:role/other"]),
    (
        "ArnNotLike",
        "aws:r",
        &["arn:aws:iam::*:role/app-*"],
        &["arn:aws:iam::1:role/app-x", "arn:aws:iam::1:role/other"],
    ),
    ("Null", "aws:s", &["true"], &["a"]),
];

fn random_policy() -> impl Strategy<Value = Value> {
    let actions =
        prop::collection::vec(prop::sample::select(vec!["*", "s3:*", "S3:get*", "ec2:?et*", "s3:GetObject"]), 1..3);
    let resources = prop::collection::vec(
        prop::sample::select(vec![
            "*",
            "arn:aws:s3:::a*",
            "arn:aws:s3:::a/?/*",
            "arn:aws:ec2:*:1*:i/*",
            "arn:aws:s3:*:*:a/b",
        ]),
        1..3,
    );
    let conditions = prop::collection::vec(prop::sample::select(&TESTS[..]), 0..3);
    let statement = (
        prop::bool::weighted(0.7),
        prop::bool::weighted(0.2),
        prop::bool::weighted(0.2),
        actions,
        resources,
        conditions,
    )
        .prop_map(|(allow, not_action, not_resource, actions, resources, conditions)| {
            let mut statement = json!({ "Effect": if allow { "Allow" } else { "Deny" } });
            statement[if not_action { "NotAction" } else { "Action" }] = json!(actions);
            statement[if not_resource { "NotResource" } else { "Resource" }] = json!(resources);
            for (operator, key, expected, _) in conditions {
                statement["Condition"][operator][key] = json!(expected);
            }
            statement
        });
    prop::collection::vec(statement, 1..4)
        .prop_map(|statements| json!({ "Version": "2012-10-17", "Statement": statements }))
}

fn random_keys() -> impl Strategy<Value = Vec<(&'static str, &'static str)>> {
    let each: Vec<_> = ["aws:s", "aws:n", "aws:t", "aws:i", "aws:r"]
        .into_iter()
        .map(|name| {
            let values =
                TESTS.iter().filter(|(_, key, ..)| *key == name).flat_map(|(.., values)| values.iter().copied());
            prop::option::of((Just(name), prop::sample::select(values.collect::<Vec<_>>())))
        })
        .collect();
    each.prop_map(|keys| keys.into_iter().flatten().collect())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn iam_rs_decides_alike(
        policies in prop::collection::vec(random_policy(), 1..3),
        action in prop::sample::select(vec!["s3:GetObject", "s3:PutObject", "ec2:GetX"]),
        resource in prop::sample::select(vec![
            "arn:aws:s3:::a", "arn:aws:s3:::a/b", "arn:aws:s3:::a/b/c", "arn:aws:ec2:r1:111111111111:i/b", "arn:aws:ec2:r1:222222222222:i/b",
        ]),
        keys in random_keys(),
    ) {
        prop_assert_eq!(ours(&policies, action, resource, &keys), theirs(&policies, action, resource, &keys));
    }
}
