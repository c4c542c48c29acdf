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
fn numbers_have_as_many_digits_as_are_kept_exactly() {
    let check = |value: &str, expected: &str| {
        check_condition(json!({ "NumericGreaterThan": { "a:b": "-1" } }), json!({ "a:b": value }), expected);
    };
    for number in ["0", "00", "7.5", "-0.5", "99999999999999999999", "0.999999999999999999"] {
        check(number, "yes");
    }
    for odd in ["", "-", "--1", "+1", ".5", "5.", ".", "1.2.3", "1.-2", "1e3", "0x1", " 1", "1,5", "\u{661}", "NaN"] {
        check(odd, "unknown");
    }
    check("100000000000000000000", "unknown");
    check("0.0000000000000000001", "unknown");
    check("100000000000000000000.0000000000000000001", "unknown");
    let equal = json!({ "NumericEquals": { "a:b": "99999999999999999999.999999999999999999" } });
    check_condition(equal.clone(), json!({ "a:b": "99999999999999999999.999999999999999999" }), "yes");
    check_condition(equal, json!({ "a:b": "99999999999999999999.999999999999999998" }), "no");
}

#[test]
fn times_are_days_instants_or_seconds() {
    let check = |value: &str, expected: &str| {
        check_condition(json!({ "DateEquals": { "a:b": "2026-06-01T00:00:00Z" } }), json!({ "a:b": value }), expected);
    };
    for same in ["2026-06-01", "2026-06-01T00:00:00Z", "2026-06-01T02:00:00+02:00", "1780272000"] {
        check(same, "yes");
    }
    for other in ["100000000", "2026-06-01T00:00:00.001Z", "2026-05-31T23:59:59Z"] {
        check(other, "no");
    }
    for odd in [
        "",
        "2026",
        "20260601",
        "99999999",
        "2026-06-01T00:00:00+02:00[Europe/Berlin]",
        "2026-6-1",
        "99999999999999999999",
    ] {
        check(odd, "unknown");
    }
}

#[test]
fn networks_hold_the_addresses_of_their_prefix() {
    let check = |network: &str, address: &str, expected: &str| {
        check_condition(json!({ "IpAddress": { "a:b": network } }), json!({ "a:b": address }), expected);
    };
    check("203.0.113.128/25", "203.0.113.128", "yes");
    check("203.0.113.128/25", "203.0.113.127", "no");
    check("203.0.113.7/32", "203.0.113.7", "yes");
    check("203.0.113.7/32", "203.0.113.6", "no");
    check("203.0.113.7", "203.0.113.6", "no");
    check("0.0.0.0/0", "255.255.255.255", "yes");
    check("2001:db8::/33", "2001:db8:7fff::1", "yes");
    check("2001:db8::/33", "2001:db8:8000::1", "no");
    check("2001:db8::1/128", "2001:db8::1", "yes");
    check("2001:db8::1/128", "2001:db8::2", "no");
    check("2001:db8::1", "2001:db8::2", "no");
    check("::/0", "ffff::", "yes");
    check("::/0", "203.0.113.7", "no");
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

#[test]
fn the_longest_document_is_read() {
    let text = r#"{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}"#;
    let padded = |bytes: usize| text.replacen(' ', &" ".repeat(bytes - text.len() + 1), 1);
    assert_eq!(padded(61_440).len(), 61_440);
    assert!(Policy::load("team", &padded(61_440)).is_ok());
    assert!(Policy::load("team", &padded(61_441)).is_err());
}
