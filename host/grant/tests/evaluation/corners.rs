//! Corners that only a mutation of the evaluator found untested.

use grant::{Context, ContextValue, Policy};
use serde_json::{Value, json};

use crate::{applies, policy};

fn check_condition(condition: Value, keys: Value, expected: &str) {
    let applied = applies(json!({ "Condition": condition }), "ec2:CreateSnapshot", "*", &keys);
    assert_eq!(applied, expected, "{condition} on {keys}");
}

fn check_resource(action: &str, pattern: &str, resource: &str, expected: &str) {
    let applied = applies(json!({ "Action": action, "Resource": pattern }), action, resource, &json!({}));
    assert_eq!(applied, expected, "`{pattern}` on `{resource}`");
}

#[test]
fn a_policy_asks_for_the_keys_of_variables_in_conditions_on_arns() {
    let condition = json!({
        "ArnLike": { "aws:PrincipalArn": "arn:aws:iam::*:role/${aws:ResourceTag/Role}" },
        "StringEqualsIgnoreCase": { "aws:x": ["a", "${aws:ResourceTag/Team, 'b'}"] },
    });
    let policy = policy("p", json!({ "Effect": "Deny", "Action": "*", "Resource": "*", "Condition": condition }));
    let keys: Vec<String> = policy.condition_keys().into_iter().collect();
    assert_eq!(keys, ["aws:principalarn", "aws:resourcetag/role", "aws:resourcetag/team", "aws:x"]);
}

#[test]
fn urls_with_white_space_or_control_characters_are_not_known() {
    for odd in [" ", "\t", "\n", "\u{7f}", "\u{1}", "\u{a0}"] {
        let url = format!("https://hooks.example.com/services/a{odd}b");
        check_resource("http:Post", "https://hooks.example.com/services/*", &url, "unknown");
    }
}

#[test]
fn what_is_no_arn_is_not_known() {
    let pattern = "arn:aws:iam::*:role/app";
    for odd in ["urn:aws:iam::1:role/app", "arn:aws:iam", "ARN:aws:iam::1:role/app", ""] {
        check_condition(json!({ "ArnLike": { "a:b": pattern } }), json!({ "a:b": odd }), "unknown");
    }
}

#[test]
fn condition_keys_of_other_prefixes_are_known() {
    for key in ["accounts.google.com:aud", "cognito-identity.amazonaws.com:aud", "s3:prefix"] {
        check_condition(json!({ "StringEquals": { key: "x" } }), json!({ key: "x" }), "yes");
    }
}

#[test]
fn a_context_keeps_what_it_was_told() {
    let mut context = Context::new();
    context.insert("aws:B", "1");
    context.insert("aws:a", "2");
    let values = |value: &str| ContextValue::Values(vec![value.to_string()]);
    let entries: Vec<(&str, &ContextValue)> = context.iter().collect();
    assert_eq!(entries, [("aws:a", &values("2")), ("aws:B", &values("1"))]);
    // The same spelling again is another value; another spelling is a doubt, unless it says the same.
    context.insert("aws:B", "3");
    assert_eq!(context.get("AWS:b"), Some(&values("3")));
    context.insert("aws:b", "3");
    assert_eq!(context.get("aws:B"), Some(&values("3")));
    context.insert("aws:B", "4");
    assert_eq!(context.get("aws:b"), Some(&ContextValue::Unresolvable));
    assert_eq!(context.get("aws:c"), None);
}

#[test]
fn a_policy_keeps_its_text() {
    let text = r#"{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}"#;
    let policy = Policy::load("team", text).unwrap();
    assert_eq!((policy.name(), policy.source()), ("team", text));
}
