//! `quell grant simulate`, as a person types it: every case of the conformance suite of policies.

#![expect(clippy::expect_used, reason = "a test that cannot go on has failed")]

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;
use tests::{binary, repository};

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
fn what_is_dangerous_is_said() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let policy = serde_json::json!({
        "Version": "2012-10-17", "Statement": [{ "Effect": "Allow", "Action": "iam:*", "Resource": "*" }],
    });
    let output = simulate(&files(folder.path(), &[policy]), "iam:PassRole", "*", &[]);
    assert_eq!(said(&output), ("allow".to_owned(), Some(0)));
    let err = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(err.contains("iam:PassRole is dangerous") && err.contains("quell:Dangerous"), "{err}");
}
