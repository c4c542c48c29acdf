//! When a condition holds: types of values, absent keys, several values, and what could not be found out.

use serde_json::{Value, json};

use crate::applies;

fn check_condition(condition: Value, keys: Value, expected: &str) {
    let applied = applies(json!({ "Condition": condition }), "ec2:CreateSnapshot", "*", &keys);
    assert_eq!(applied, expected, "{condition} on {keys}");
}

#[test]
fn what_could_not_be_found_out() {
    let condition = json!({ "StringEquals": { "aws:ResourceTag/env": "prod" } });
    check_condition(condition.clone(), json!({ "aws:ResourceTag/env": null }), "unknown");
    for operator in ["StringNotEquals", "StringEqualsIfExists", "ForAllValues:StringEquals", "ForAnyValue:StringEquals"]
    {
        check_condition(
            json!({ operator: { "aws:ResourceTag/env": "prod" } }),
            json!({ "aws:ResourceTag/env": null }),
            "unknown",
        );
    }
    check_condition(
        json!({ "Null": { "aws:ResourceTag/env": true } }),
        json!({ "aws:ResourceTag/env": null }),
        "unknown",
    );
    // Another part of the statement says no already.
    let both = json!({ "StringEquals": { "aws:ResourceTag/env": "prod", "aws:RequestedRegion": "eu-west-1" } });
    check_condition(both, json!({ "aws:ResourceTag/env": null, "aws:RequestedRegion": "us-east-1" }), "no");
    let elsewhere = json!({ "Action": "s3:*", "Condition": condition });
    assert_eq!(applies(elsewhere, "ec2:X", "*", &json!({ "aws:ResourceTag/env": null })), "no");
    // Two tags whose names differ by case alone.
    check_condition(
        json!({ "StringEquals": { "aws:ResourceTag/env": "prod" } }),
        json!({ "aws:ResourceTag/Env": "dev", "aws:ResourceTag/env": "prod" }),
        "unknown",
    );
}

#[test]
fn absent_and_several_values() {
    let keys = |values: &[&str]| json!({ "aws:TagKeys": values });
    let check = |operator: &str, values: &[&str], expected: &str| {
        check_condition(json!({ operator: { "aws:TagKeys": ["a", "b"] } }), keys(values), expected);
    };
    check("StringEquals", &[], "no");
    check("StringEquals", &["a"], "yes");
    check("StringEquals", &["a", "x"], "unknown");
    check("StringNotEquals", &[], "yes");
    check("StringEqualsIfExists", &[], "yes");
    check("StringEqualsIfExists", &["x"], "no");
    check("ForAllValues:StringEquals", &[], "yes");
    check("ForAllValues:StringEquals", &["a", "b"], "yes");
    check("ForAllValues:StringEquals", &["a", "x"], "no");
    check("ForAllValues:StringNotEquals", &["x", "y"], "yes");
    check("ForAllValues:StringNotEquals", &["x", "a"], "no");
    check("ForAnyValue:StringEquals", &[], "no");
    check("ForAnyValue:StringEquals", &["x", "a"], "yes");
    check("ForAnyValue:StringNotEquals", &["x", "a"], "yes");
    check("ForAnyValue:StringNotEquals", &["b", "a"], "no");
    check("ForAnyValue:StringNotEquals", &[], "no");
}

#[test]
fn values_of_every_type() {
    let check = |operator: &str, expected_value: &str, value: &str, expected: &str| {
        check_condition(json!({ operator: { "a:b": expected_value } }), json!({ "a:b": value }), expected);
    };
    check("StringEqualsIgnoreCase", "PROD", "prod", "yes");
    check("StringNotEqualsIgnoreCase", "PROD", "prod", "no");
    check("StringEquals", "*", "prod", "no");
    check("StringNotLike", "pr*", "prod", "no");
    check("NumericEquals", "10", "10.0", "yes");
    check("NumericEquals", "9007199254740993", "9007199254740992", "no");
    check("NumericNotEquals", "10", "ten", "unknown");
    check("NumericLessThan", "-1.5", "-1.50001", "yes");
    check("NumericGreaterThanEquals", "0", "-0", "yes");
    check("NumericGreaterThan", "10", "10", "no");
    check("DateEquals", "2026-06-01T02:00:00+02:00", "2026-06-01T00:00:00Z", "yes");
    check("DateGreaterThanEquals", "2026-06-01", "2026-05-31T23:59:59Z", "no");
    check("DateNotEquals", "1780272000", "2026-06-01T00:00:00Z", "no");
    check("DateLessThan", "2026-06-01T00:00:00Z", "soon", "unknown");
    check("Bool", "true", "TRUE", "yes");
    check("Bool", "false", "true", "no");
    check("Bool", "false", "1", "unknown");
    check("IpAddress", "203.0.113.0/24", "203.0.114.1", "no");
    check("IpAddress", "203.0.113.7", "::ffff:203.0.113.7", "yes");
    check("IpAddress", "0.0.0.0/0", "203.0.113.7", "yes");
    check("IpAddress", "0.0.0.0/0", "2001:db8::1", "no");
    check("NotIpAddress", "2001:db8::/32", "2001:db8:1::1", "no");
    check("IpAddress", "::/0", "2001:db8::1", "yes");
    check("IpAddress", "203.0.113.0/24", "localhost", "unknown");
    check("ArnEquals", "arn:aws:iam::*:role/app-*", "arn:aws:iam::1:role/app-x", "yes");
    check("ArnNotLike", "arn:aws:iam::*:role/app", "arn:aws:iam::1:role/app", "no");
    check("ArnLike", "arn:aws:sns:*:1*:x", "arn:aws:sns:r:2:1:x", "no");
    check("ArnLike", "arn:aws:iam::*:role/app", "role/app", "unknown");
    check("Null", "false", "x", "yes");
}

#[test]
fn variables_in_values() {
    check_condition(
        json!({ "StringEquals": { "aws:RequestTag/team": "${aws:PrincipalTag/team}" } }),
        json!({ "aws:RequestTag/team": "sec", "aws:PrincipalTag/team": "sec" }),
        "yes",
    );
    check_condition(
        json!({ "StringNotEquals": { "aws:RequestTag/team": "${aws:PrincipalTag/team}" } }),
        json!({ "aws:RequestTag/team": "sec" }),
        "unknown",
    );
}
