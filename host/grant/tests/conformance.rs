//! IAM's documented logic as data: every case of `conformance.json` decides as it says, every invalid document is
//! refused.

#![expect(clippy::indexing_slicing, clippy::unwrap_used, reason = "a helper of tests that panics fails its test")]

use grant::{Context, Decision, Policy, Request, decide};
use serde_json::Value;

const CONFORMANCE: &str = include_str!("conformance.json");

fn cases(list: &str) -> Vec<Value> {
    let document: Value = serde_json::from_str(CONFORMANCE).unwrap();
    document[list].as_array().unwrap().clone()
}

fn context(keys: &Value) -> Context {
    let mut context = Context::new();
    for (key, value) in keys.as_object().unwrap() {
        match value {
            Value::Array(values) => context.insert_list(key, values.iter().map(|value| value.as_str().unwrap())),
            value => context.insert(key, value.as_str().unwrap()),
        }
    }
    context
}

#[test]
fn every_case_decides_as_documented() {
    let mut wrong = Vec::new();
    for case in cases("cases") {
        let policies = case["policies"].as_array().unwrap().iter();
        let grants: Vec<Policy> = policies.map(|policy| Policy::load("grant", &policy.to_string()).unwrap()).collect();
        let request = Request {
            action: case["request"]["action"].as_str().unwrap(),
            resource: case["request"]["resource"].as_str().unwrap(),
            context: &context(&case["request"]["context"]),
        };
        let decided = match decide(&[], &grants, &request) {
            Decision::Allow(_) => "allow",
            Decision::ExplicitDeny(_) => "explicit-deny",
            Decision::ImplicitDeny { .. } => "implicit-deny",
        };
        if decided != case["expect"] {
            wrong.push(format!("{}: {decided}", case["name"]));
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
}

#[test]
fn every_invalid_document_is_refused() {
    for case in cases("invalid") {
        let loaded = Policy::load("grant", &case["policy"].to_string());
        assert!(loaded.is_err(), "{} is loaded", case["name"]);
    }
}
