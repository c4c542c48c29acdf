//! `quell grant simulate`, as a person types it: every case of the conformance suite of policies.

#![expect(clippy::expect_used, reason = "a test that cannot go on has failed")]

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::{Value, json};
use tests::{binary, component, repository, shipped_plugins};

fn conformance() -> Value {
    let path = repository().join("host/grant/tests/conformance.json");
    serde_json::from_slice(&std::fs::read(path).expect("it is there")).expect("it is JSON")
}

/// Each policy in a file of its own.
fn files(folder: &Path, policies: &[Value]) -> Vec<PathBuf> {
    let write = |(number, policy): (usize, &Value)| {
        let path = folder.join(format!("policy-{number}.json"));
        std::fs::write(&path, policy.to_string()).expect("a folder can be written to");
        path
    };
    policies.iter().enumerate().map(write).collect()
}

fn simulate(policies: &[PathBuf], action: &str, resource: &str, context: &[String]) -> Output {
    let mut command = Command::new(binary());
    command.args(["grant", "simulate", "--policy"]).args(policies);
    command.args(["--action", action, "--resource", resource]);
    for pair in context {
        command.args(["--context", pair]);
    }
    command.stdin(Stdio::null()).output().expect("the binary can be run")
}

/// What is said first, and the exit code.
fn said(output: &Output) -> (String, Option<i32>) {
    let out = String::from_utf8_lossy(&output.stdout);
    (out.lines().next().unwrap_or_default().to_owned(), output.status.code())
}

#[test]
fn every_case_of_the_conformance_suite_is_decided_as_iam_does() {
    let suite = conformance();
    let cases = suite["cases"].as_array().expect("it has cases");
    assert!(cases.len() > 40);
    for case in cases {
        let folder = tempfile::tempdir().expect("a folder can be made");
        let policies = files(folder.path(), case["policies"].as_array().expect("a case has policies"));
        let (request, expect) = (&case["request"], case["expect"].as_str().unwrap_or_default());
        let mut context = vec![];
        for (key, value) in request["context"].as_object().into_iter().flatten() {
            let values = value.as_array().cloned().unwrap_or_else(|| vec![value.clone()]);
            let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            context.extend(values.iter().map(|value| format!("{key}={}", text(value))));
        }
        let (action, resource) =
            (request["action"].as_str().expect("text"), request["resource"].as_str().expect("text"));
        let output = simulate(&policies, action, resource, &context);
        // What the gate alone denies is allowed by IAM, and the answer says so.
        let by_gate =
            ["iam:PutRolePolicy", "s3:PutBucketPolicy", "sts:AssumeRole"].contains(&action) && expect == "allow";
        // Every request has a region at the gate: what hangs on one that is not given allows nothing.
        let without_region = case["name"] == "missing key: StringNotEquals is true";
        let expect = match (by_gate, without_region) {
            (true, _) => "dangerous-not-marked",
            (_, true) => "implicit-deny",
            _ => expect,
        };
        let code = if expect == "allow" { 0 } else { 1 };
        assert_eq!(said(&output), (expect.to_owned(), Some(code)), "{}: {output:?}", case["name"]);
        if expect != "implicit-deny" {
            let out = String::from_utf8_lossy(&output.stdout).into_owned();
            assert!(out.contains("policy-") && out.contains("statement"), "{}: who decided: {out}", case["name"]);
        }
    }
}

#[test]
fn refused_documents_are_told_with_their_places() {
    let suite = conformance();
    for invalid in suite["invalid"].as_array().expect("it has refused documents") {
        let folder = tempfile::tempdir().expect("a folder can be made");
        let policy = invalid.get("policy").or_else(|| invalid.get("document")).expect("it has a document");
        let output = simulate(&files(folder.path(), std::slice::from_ref(policy)), "s3:GetObject", "*", &[]);
        let err = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!((said(&output), err.contains("line")), ((String::new(), Some(2)), true), "{invalid}: {err}");
    }
    let none = simulate(&["/nonexistent/policy.json".into()], "s3:GetObject", "*", &[]);
    assert_eq!(said(&none), (String::new(), Some(2)));
}

/// IAM allows it, and Quell's gate wants to be told that it is meant.
#[test]
fn what_is_dangerous_is_denied_as_the_gate_does() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let policy = |condition: Value| {
        let statement = json!({ "Effect": "Allow", "Action": "iam:*", "Resource": "*", "Condition": condition });
        json!({ "Version": "2012-10-17", "Statement": [statement] })
    };
    let unmarked = policy(json!({ "StringEquals": { "quell:Workflow": "repair" } }));
    let context = ["quell:Workflow=repair".to_owned()];
    let output = simulate(&files(folder.path(), &[unmarked]), "iam:PassRole", "*", &context);
    assert_eq!(said(&output), ("dangerous-not-marked".to_owned(), Some(1)));
    let out = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(out.contains("iam:PassRole is dangerous") && out.contains("quell:Dangerous"), "{out}");
    let marked = policy(json!({ "Bool": { "quell:Dangerous": "true" } }));
    let output = simulate(&files(folder.path(), &[marked]), "iam:PassRole", "*", &[]);
    assert_eq!(said(&output), ("allow".to_owned(), Some(0)));
}

/// What every request has at the gate is not taken for missing: a condition that is true without it would allow here only.
#[test]
fn what_the_gate_always_knows_is_known_or_allows_nothing() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let policy = |condition: Value| {
        let statement = json!({ "Effect": "Allow", "Action": "ec2:*", "Resource": "*", "Condition": condition });
        json!({ "Version": "2012-10-17", "Statement": [statement] })
    };
    let elsewhere = policy(json!({ "StringNotEquals": { "aws:RequestedRegion": "eu-central-1" } }));
    let other = policy(json!({ "StringNotEquals": { "quell:Workflow": "drill" } }));
    let old = policy(json!({ "DateLessThan": { "aws:CurrentTime": "2020-01-01T00:00:00Z" } }));
    let mine = policy(json!({ "StringEquals": { "aws:ResourceAccount": "123456789012" } }));
    let arn = |region: &str| format!("arn:aws:ec2:{region}:123456789012:instance/i-1");
    for (policy, resource, context, expected, told) in [
        (&elsewhere, arn("eu-central-1"), None, "implicit-deny", ""),
        (&elsewhere, arn("us-east-1"), None, "allow", ""),
        (&elsewhere, arn("*"), None, "implicit-deny", "--context aws:RequestedRegion=VALUE"),
        (&elsewhere, "*".to_owned(), Some("AWS:requestedregion=us-east-1"), "allow", ""),
        (&other, arn("us-east-1"), None, "implicit-deny", "--context quell:Workflow=VALUE"),
        (&other, arn("us-east-1"), Some("quell:Workflow=contain"), "allow", ""),
        (&old, arn("us-east-1"), None, "implicit-deny", ""),
        (&mine, arn("us-east-1"), None, "allow", ""),
    ] {
        let context: Vec<String> = context.into_iter().map(str::to_owned).collect();
        let files = files(folder.path(), std::slice::from_ref(policy));
        let output = simulate(&files, "ec2:CreateTags", &resource, &context);
        let code = if expected == "allow" { 0 } else { 1 };
        assert_eq!(said(&output), (expected.to_owned(), Some(code)), "{policy} {resource} {context:?}");
        let out = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(out.contains(told) && (!told.is_empty() || !out.contains("--context")), "{out}");
    }
}

#[test]
fn an_action_that_does_not_exist_is_told() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let all = json!({ "Version": "2012-10-17", "Statement": [{ "Effect": "Allow", "Action": "*", "Resource": "*" }] });
    let files = files(folder.path(), &[all]);
    let misspelt = simulate(&files, "ec2:RevokeSecurityGroupsEgress", "*", &[]);
    let err = String::from_utf8_lossy(&misspelt.stderr).into_owned();
    assert_eq!(said(&misspelt), (String::new(), Some(2)), "{err}");
    assert!(err.contains("did you mean `ec2:RevokeSecurityGroupEgress`?"), "{err}");
    let unknown = simulate(&files, "ec2:Quux", "*", &[]);
    assert!(String::from_utf8_lossy(&unknown.stderr).contains("warning: there is no action `ec2:Quux`"), "{unknown:?}");
}

#[test]
fn words_that_mean_nothing_and_imports_that_are_left_out_are_told() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let policy = |action: &str| json!({ "Version": "2012-10-17", "Statement": [{ "Effect": "Allow", "Action": action, "Resource": "*" }] });
    let with = |policy: Value, more: &[&str]| {
        let mut command = Command::new(binary());
        command.args(["grant", "simulate", "--policy"]).args(files(folder.path(), &[policy]));
        command.args(["--action", "sns:Publish", "--resource", "*"]).args(more);
        let output = command.stdin(Stdio::null()).output().expect("the binary can be run");
        (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    let (code, err) = with(policy("ec2:RevokeSecurityGroupsEgress"), &[]);
    assert!(code == Some(2) && err.contains("did you mean `ec2:RevokeSecurityGroupEgress`?"), "{err}");
    let (code, err) = with(policy("glacier:*"), &[]);
    assert!(code == Some(1) && err.contains("warning: ") && err.contains("`glacier` are not known"), "{err}");
    let notify = component("notify-sns").display().to_string();
    let (code, err) = with(policy("sns:Publish"), &["--plugin", &notify]);
    assert_eq!((code, err.as_str()), (Some(0), ""));
    let (_, err) = with(policy("ec2:CreateTags"), &["--plugin", &notify]);
    assert!(err.contains("it allows nothing that the plugin can call"), "{err}");
}

#[test]
fn the_grants_of_the_shipped_plugins_are_put_without_a_warning() {
    for plugin in shipped_plugins() {
        let grant = repository().join(format!("plugins/{plugin}/grant.json"));
        let mut command = Command::new(binary());
        command.args(["grant", "simulate", "--policy"]).arg(grant).arg("--plugin").arg(component(&plugin));
        let output =
            command.args(["--action", "sns:Publish", "--resource", "*"]).output().expect("the binary can be run");
        assert_eq!(String::from_utf8_lossy(&output.stderr), "", "{plugin}");
        assert!(output.status.code().is_some_and(|code| code < 2), "{plugin}");
    }
}
