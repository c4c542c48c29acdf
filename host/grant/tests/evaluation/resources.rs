//! Which resources a statement applies to: ARNs, URLs, names of secrets, with wildcards and variables.

use grant::{Context, Request, decide};
use serde_json::{Value, json};

use crate::{DENY, NONE, answer, applies, policy};

fn check_resource(action: &str, pattern: &str, resource: &str, expected: &str) {
    let applied = applies(json!({ "Action": action, "Resource": pattern }), action, resource, &json!({}));
    assert_eq!(applied, expected, "`{pattern}` on `{resource}`");
}

#[test]
fn patterns_of_arns() {
    let group = "arn:aws:ec2:eu-central-1:123456789012:security-group/sg-1";
    check_resource("ec2:X", "arn:aws:ec2:*:*:security-group/sg-?", group, "yes");
    check_resource("ec2:X", "arn:*:ec2:eu-*-1:1234*:*", group, "yes");
    check_resource("ec2:X", "arn:aws:ec2:*:*:security-group/SG-1", group, "no");
    check_resource("logs:X", "arn:aws:logs:*:*:log-group:*", "arn:aws:logs:r:1:log-group:a/b:stream:c", "yes");
    check_resource("s3:X", "arn:aws:s3:::acme/*z", "arn:aws:s3:::acme/a/b/z/z", "yes");
    check_resource("s3:X", "arn:aws:s3:::acme/**", "arn:aws:s3:::acme/", "yes");
    check_resource("s3:X", "arn:aws:s3:::acme/?", "arn:aws:s3:::acme/ü", "yes");
    check_resource("s3:X", "arn:aws:s3:::acme/?", "arn:aws:s3:::acme/", "no");
    // A call that creates something touches all of its type, literally.
    check_resource("ec2:X", "arn:aws:ec2:*:*:snapshot/*", "arn:aws:ec2:r:1:snapshot/*", "yes");
    check_resource("ec2:X", "arn:aws:ec2:*:*:snapshot/snap-*", "arn:aws:ec2:r:1:snapshot/*", "no");
    // An action without resource types.
    check_resource("ec2:X", "*", "*", "yes");
    check_resource("ec2:X", "arn:aws:ec2:*:*:*", "*", "no");
    // An alarm of another account, named so that a reaching star would take it for the alarm of ours.
    let alarm = "arn:aws:cloudwatch:r:999999999999:alarm:x:123456789012:alarm:cpu";
    check_resource("cloudwatch:X", "arn:aws:cloudwatch:*:123456789012:alarm:cpu", alarm, "unknown");
}

#[test]
fn patterns_of_urls() {
    let hook = "https://hooks.example.com/services/*";
    check_resource("http:Post", hook, "https://hooks.example.com/services/T0/B0", "yes");
    check_resource("http:Post", hook, "https://hooks.example.com/admin", "no");
    check_resource("http:Post", hook, "https://hooks.example.com.attacker.test/services/x", "no");
    check_resource("http:Post", hook, "https://hooks.example.com:8443/services/x", "no");
    check_resource("http:Post", hook, "arn:aws:s3:::acme", "no");
    check_resource("http:Get", "https://*.example.com/x", "https://a.b.example.com/x", "yes");
    check_resource("http:Get", "https://*.example.com/x", "https://example.com/x", "no");
    check_resource("http:Get", "https://*.example.com/x", "https://.example.com/x", "unknown");
    check_resource("http:Get", "https://*.example.com/x", "https://notexample.com/x", "no");
    check_resource("http:Get", "https://*.example.com/x", "https://attacker.test/.example.com/x", "no");
    for plain in ["a;..", "..a;x", "x;v=1/y", "...", "a?b=/..;x"] {
        check_resource("http:Post", hook, &format!("https://hooks.example.com/services/{plain}"), "yes");
    }
    for odd in [
        "https://hooks.example.com@attacker.test/services/x",
        "https://hooks.example.com/services/../admin",
        "https://hooks.example.com/services/%2E%2e%2Fadmin",
        "https://hooks.example.com/services/..;/admin",
        "https://hooks.example.com/services/..;x=1/admin",
        "https://hooks.example.com/services/.;x/admin",
        "https://hooks.example.com/services/%2e.%3Bx/admin",
        "https://hooks.example.com/services/a%2f..;x%2fadmin",
        "https://hooks.example.com/services\\..\\admin",
        "HTTPS://hooks.example.com/services/x",
        "https://Hooks.example.com/services/x",
        "http://hooks.example.com/services/x",
        "https://hooks.example.com",
    ] {
        check_resource("http:Post", hook, odd, "unknown");
    }
}

#[test]
fn names_of_secrets() {
    check_resource("secret:Use", "slack-*", "slack-token", "yes");
    check_resource("secret:Use", "slack-token", "slack-token-2", "no");
    check_resource("secret:Use", "Slack", "slack", "no");
    let elements = json!({ "Action": ["secret:*", "s3:*"], "Resource": "a*" });
    assert_eq!(applies(elements, "s3:X", "arn:aws:s3:::acme", &json!({})), "no");
}

#[test]
fn variables() {
    let check = |resource: &str, request: &str, keys: Value, expected: &str| {
        let applied = applies(json!({ "Resource": resource }), "s3:X", request, &keys);
        assert_eq!(applied, expected, "`{resource}` on `{request}` with {keys}");
    };
    let team = "arn:aws:s3:::${aws:PrincipalTag/team}-logs";
    check(team, "arn:aws:s3:::sec-logs", json!({ "AWS:principaltag/TEAM": "sec" }), "yes");
    check(team, "arn:aws:s3:::sec-logs", json!({ "aws:PrincipalTag/team": "web" }), "no");
    check(team, "arn:aws:s3:::sec-logs", json!({ "aws:PrincipalTag/team": "*" }), "no");
    check(team, "arn:aws:s3:::-logs", json!({}), "unknown");
    check(team, "arn:aws:s3:::sec-logs", json!({ "aws:PrincipalTag/team": null }), "unknown");
    check(team, "arn:aws:s3:::sec-logs", json!({ "aws:PrincipalTag/team": ["sec", "web"] }), "unknown");
    let or_default = "arn:aws:s3:::${aws:PrincipalTag/team, 'a, }b'}-logs";
    check(or_default, "arn:aws:s3:::a, }b-logs", json!({}), "yes");
    check(or_default, "arn:aws:s3:::sec-logs", json!({ "aws:PrincipalTag/team": "sec" }), "yes");
    check(or_default, "arn:aws:s3:::a, }b-logs", json!({ "aws:PrincipalTag/team": null }), "unknown");
    check("arn:aws:s3:::a${*}b${?}${$}", "arn:aws:s3:::a*b?$", json!({}), "yes");
    check("arn:aws:s3:::a${*}b", "arn:aws:s3:::axb", json!({}), "no");
}

#[test]
fn a_variable_without_value_in_not_resource_allows_nothing() {
    let elements = |effect: &str| json!({ "Effect": effect, "Action": "s3:*", "NotResource": "arn:aws:s3:::${aws:PrincipalTag/team}" });
    let request = Request { action: "s3:X", resource: "arn:aws:s3:::acme", context: &Context::new() };
    assert_eq!(answer(&decide(&[], &[policy("p", elements("Allow"))], &request)), NONE);
    assert_eq!(answer(&decide(&[], &[policy("p", elements("Deny"))], &request)), DENY);
}
