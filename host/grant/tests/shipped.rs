//! The grants of the shipped plugins: what they must not allow, beside what the plugin needs.

#![expect(clippy::unwrap_used, reason = "a helper of tests that panics fails its test")]

use std::slice::from_ref;

use grant::{Context, Policy, Request, decide};

/// Whether the grant of a plugin allows an action on a resource, with these values of condition keys.
fn allows(plugin: &str, action: &str, resource: &str, context: &[(&str, &[&str])]) -> bool {
    let path = format!("{}/../../plugins/{plugin}/grant.json", env!("CARGO_MANIFEST_DIR"));
    let policy = Policy::load(plugin, &std::fs::read_to_string(path).unwrap()).unwrap();
    let mut all = Context::new();
    for (key, values) in context {
        all.insert_list(*key, values.iter().copied());
    }
    decide(&[], &[policy], &Request { action, resource, context: &all }).to_string().starts_with("allowed by")
}

#[test]
fn a_secret_stands_only_where_its_plugin_puts_it() {
    for (plugin, secret, place) in
        [("slack-alert", "slack-webhook", "url"), ("servicenow-incident", "servicenow", "header")]
    {
        for places in [&["url"] as &[&str], &["header"], &["body"], &["url", "body"], &["url", "header"], &[]] {
            let allowed = allows(plugin, "secret:Use", secret, &[("quell:Arg/secret-in", places)]);
            assert_eq!(allowed, places == [place], "{plugin}: {places:?}");
        }
    }
}

#[test]
fn only_incidents_are_asked_for() {
    let table = "https://acme.service-now.com/api/now/table/incident";
    for (rest, allowed) in [
        ("?sysparm_query=correlation_id%3D1&sysparm_limit=1", true),
        ("_task?sysparm_query=correlation_id%3D1", false),
        ("/sysparm_query=correlation_id", false),
        ("s?sysparm_query=correlation_id%3D1", false),
        ("", false),
    ] {
        assert_eq!(allows("servicenow-incident", "http:Get", &format!("{table}{rest}"), &[]), allowed, "{rest}");
    }
}

#[test]
fn the_block_of_a_bucket_is_only_switched_on() {
    let switches = ["block-public-acls", "ignore-public-acls", "block-public-policy", "restrict-public-buckets"];
    let keys = switches.map(|switch| format!("quell:Arg/{switch}"));
    let put = |off: Option<usize>| {
        let value = |number| if off == Some(number) { &["false"] as &[&str] } else { &["true"] };
        let context: Vec<_> = keys.iter().enumerate().map(|(number, key)| (key.as_str(), value(number))).collect();
        allows("s3-block-public-access", "s3:PutBucketPublicAccessBlock", "arn:aws:s3:::acme", &context)
    };
    assert!(put(None));
    for (off, switch) in switches.iter().enumerate() {
        assert!(!put(Some(off)), "{switch}");
    }
    assert!(!allows("s3-block-public-access", "s3:PutBucketPublicAccessBlock", "arn:aws:s3:::acme", &[]));
}

#[test]
fn an_instance_is_only_protected() {
    let instance = "arn:aws:ec2:eu-central-1:123456789012:instance/i-0abc";
    for (value, allowed) in [("true", true), ("stop", true), ("false", false), ("terminate", false)] {
        let context = [("quell:Arg/value", &[value] as &[&str])];
        assert_eq!(allows("isolate-instance", "ec2:ModifyInstanceAttribute", instance, &context), allowed, "{value}");
    }
}

#[test]
fn tags_are_quells_own_or_of_what_is_being_made() {
    let instance = "arn:aws:ec2:eu-central-1:123456789012:instance/i-0abc";
    let snapshot = |id: &str| format!("arn:aws:ec2:eu-central-1::snapshot/{id}");
    let tag = |plugin: &str, resource: &str, keys: &[&str]| {
        allows(plugin, "ec2:CreateTags", resource, &[("quell:Arg/tag-key", keys)])
    };
    assert!(tag("high-incident", instance, &["quell-incident", "quell-severity"]));
    for keys in [&["Name"] as &[&str], &["quell-incident", "team"]] {
        assert!(!tag("high-incident", instance, keys), "{keys:?}");
    }
    for plugin in ["high-incident", "snapshot-volumes"] {
        // What is tagged as it is made has no argument `tag-key`.
        assert!(allows(plugin, "ec2:CreateTags", &snapshot("*"), &[]), "{plugin}");
        for keys in [&["quell-incident"] as &[&str], &["Name"]] {
            assert!(!tag(plugin, &snapshot("snap-0abc"), keys), "{plugin}: {keys:?}");
        }
    }
}

#[test]
fn the_guardrail_of_the_readme_keeps_revocations_off_quell_itself() {
    let readme = concat!(env!("CARGO_MANIFEST_DIR"), "/../../plugins/revoke-credentials/README.md");
    let readme = std::fs::read_to_string(readme).unwrap();
    let (_, behind) = readme.split_once("**Keep it off Quell's own credentials.**").unwrap();
    let (_, behind) = behind.split_once("```json\n").unwrap();
    let guardrail = Policy::load("guardrail", behind.split_once("```").unwrap().0).unwrap();
    let everything = r#"{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}"#;
    let everything = Policy::load("everything", everything).unwrap();
    for action in ["iam:PutRolePolicy", "iam:PutUserPolicy", "iam:UpdateAccessKey"] {
        for (who, allowed) in [("role/quell", false), ("user/quell", false), ("role/app", true), ("user/bob", true)] {
            let resource = format!("arn:aws:iam::123456789012:{who}");
            let request = Request { action, resource: &resource, context: &Context::new() };
            let decision = decide(from_ref(&guardrail), from_ref(&everything), &request).to_string();
            assert_eq!(decision.starts_with("allowed by"), allowed, "{action} {who}: {decision}");
        }
    }
}
