//! Random documents of the whole format: each is taken, and what prints reads back as the same document.
//!
//! Some on every run; `QUELL_DOCUMENTS=100000` makes it more.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod format;
mod grammar;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::Value;
use workflow::{Effect, Event, Run, RunInfo, Surroundings, Workflow, load, next, to_json, to_yaml};

#[test]
fn what_prints_reads_back_as_the_same_document() {
    let cases = std::env::var("QUELL_DOCUMENTS").map_or(150, |count| count.parse().unwrap());
    let config = Config { cases, failure_persistence: None, ..Config::default() };
    TestRunner::new(config)
        .run(&grammar::workflow(), |written| {
            let yaml = to_yaml(&written);
            let problems = load("w.yaml", &yaml, &Surroundings::default());
            prop_assert!(problems.is_ok(), "{}\n{yaml}", problems.unwrap_err().render(false));
            prop_assert_eq!(to_json(&yaml), Some(written.clone()), "{}", yaml);
            begins(&problems.unwrap())
        })
        .unwrap();
}

#[test]
fn any_value_prints_and_reads_back() {
    let config = Config { cases: 2_000, failure_persistence: None, ..Config::default() };
    TestRunner::new(config)
        .run(&grammar::value(), |value| {
            let yaml = to_yaml(&value);
            prop_assert_eq!(to_json(&yaml), Some(value), "{}", yaml);
            Ok(())
        })
        .unwrap();
}

/// A run of it begins, with whatever comes first.
fn begins(workflow: &Workflow) -> Result<(), TestCaseError> {
    let info = RunInfo {
        id: "r".to_owned(),
        workflow: workflow.name.clone(),
        workflow_digest: workflow.digest.clone(),
        account: "123456789012".to_owned(),
        region: "us-east-1".to_owned(),
        started_by: "carol".into(),
        caused_by: vec![],
        plugins: Default::default(),
        callees: Default::default(),
    };
    let inputs = workflow.inputs(&Value::Null).unwrap();
    let mut run = Run::new(&Event::Started { info, event: Some(serde_json::json!({ "id": "e" })), inputs }, 0).unwrap();
    for effect in next(workflow, &run) {
        if let Effect::Record(event) = effect {
            prop_assert_eq!(run.apply(&event, 0), Ok(()));
        }
    }
    Ok(())
}
