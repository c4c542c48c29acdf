//! Which addresses a policy names.

use grant::{Request, named_addresses};
use serde_json::{Value, json};

use crate::{context, policy};

/// The addresses that these statements name for a POST to this URL.
fn named(url: &str, statements: Value) -> String {
    let context = context(&json!({ "quell:StepId": "s" }));
    let request = Request { action: "http:Post", resource: url, context: &context };
    let named = named_addresses(&[], &[policy("p", statements)], &request);
    named.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
}

fn allow(action: &str, resource: Value) -> Value {
    json!([{ "Effect": "Allow", "Action": action, "Resource": resource }])
}

#[test]
fn an_address_is_named_as_the_host_of_a_url_that_is_allowed() {
    let url = "https://chat.example.com/hooks/1?x=y";
    for (resource, expected) in [
        (json!("https://10.0.0.5/*"), "10.0.0.5"),
        (json!("https://10.0.0.5/hooks/?*"), "10.0.0.5"),
        (
            json!(["https://10.0.0.5/*", "https://[fd00::5]/hooks/*", "https://127.0.0.1/*"]),
            "10.0.0.5 127.0.0.1 fd00::5",
        ),
        (json!("https://10.0.0.5/admin/*"), ""),
        (json!("https://10.0.0.5:443/*"), ""),
        (json!("https://10.0.0.5:8443/*"), ""),
        (json!("https://*.0.0.5/*"), ""),
        (json!("https://010.0.0.5/*"), ""),
        (json!("https://10.5/*"), ""),
        (json!("https://10.0.0.5.example.com/*"), ""),
        (json!("https://chat.example.com/10.0.0.5/*"), ""),
        (json!("https://chat.example.com/*"), ""),
        (json!("*"), ""),
    ] {
        assert_eq!(named(url, allow("http:Post", resource.clone())), expected, "{resource}");
        assert_eq!(named(url, allow("http:Get", resource.clone())), "", "{resource}");
    }
}

#[test]
fn the_port_is_part_of_what_is_named() {
    for (url, pattern, expected) in [
        ("https://10.0.0.5/x", "https://10.0.0.5/*", "10.0.0.5"),
        ("https://10.0.0.5:8443/x", "https://10.0.0.5:8443/*", "10.0.0.5"),
        ("https://10.0.0.5:8443/x", "https://10.0.0.5/*", ""),
        ("https://[fd00::5]/x", "https://[fd00::5]/*", "fd00::5"),
        ("https://[fd00::5]:8443/x", "https://[fd00::5]:8443/*", "fd00::5"),
        ("https://[fd00::5]:8443/x", "https://[fd00::5]/*", ""),
        ("https://chat.example.com:8443/x", "https://[fd00::5]:8443/*", "fd00::5"),
        ("https://chat.example.com:8443/x", "https://[fd00::5]:9443/*", ""),
    ] {
        assert_eq!(named(url, allow("http:*", json!(pattern))), expected, "{url} {pattern}");
    }
}

#[test]
fn what_is_denied_or_not_certain_is_not_named() {
    let url = "https://chat.example.com/hooks/1";
    let statement = |more: Value| {
        let mut statement = json!({ "Effect": "Allow", "Action": "http:*" });
        statement.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        statement
    };
    let there = json!({ "Resource": "https://10.0.0.5/*" });
    let on = |step: &str| {
        statement(
            json!({ "Resource": "https://10.0.0.5/*", "Condition": { "StringEquals": { "quell:StepId": step } } }),
        )
    };
    let unknown = json!({ "Resource": "https://10.0.0.5/${aws:PrincipalTag/Team}/*" });
    let deny = |resource: &str| json!({ "Effect": "Deny", "Action": "http:Post", "Resource": resource });
    for (statements, expected) in [
        (json!([statement(there.clone())]), "10.0.0.5"),
        (json!([on("s")]), "10.0.0.5"),
        (json!([on("t")]), ""),
        (json!([statement(unknown)]), ""),
        (json!([statement(json!({ "NotResource": "https://10.0.0.5/admin/*" }))]), ""),
        (json!([statement(there.clone()), deny("https://10.0.0.5/hooks/*")]), ""),
        (json!([statement(there.clone()), deny("https://10.0.0.5/admin/*")]), "10.0.0.5"),
        (json!([statement(there.clone()), deny("*")]), ""),
    ] {
        assert_eq!(named(url, statements.clone()), expected, "{statements}");
    }
    for odd in
        ["", "*", "hook", "arn:aws:s3:::acme", "http://chat.example.com/hooks/1", "https://chat.example.com/a/../b"]
    {
        assert_eq!(named(odd, json!([statement(there.clone())])), "", "{odd}");
    }

    let context = context(&json!({}));
    let request = Request { action: "http:Post", resource: url, context: &context };
    let grants = [policy("p", json!([statement(there)]))];
    let guardrail = |statements: Value| [policy("g", statements)];
    let all = json!({ "Effect": "Allow", "Action": "*", "Resource": "*" });
    assert_eq!(named_addresses(&guardrail(json!([all])), &grants, &request).len(), 1);
    assert_eq!(named_addresses(&guardrail(json!([all, deny("https://10.0.0.5/*")])), &grants, &request).len(), 0);
    assert_eq!(named_addresses(&guardrail(json!([deny("https://10.0.0.6/*")])), &grants, &request).len(), 0);
    assert_eq!(named_addresses(&grants, &[policy("p", json!([all]))], &request).len(), 0);
}
