//! The JSON Schema of the format agrees with the reader, by a validator that is not ours; the published one is up to date.
//!
//! `QUELL_SCHEMA=write` writes `docs/workflow.schema.json` anew.

use std::fs;
use std::path::{Path, PathBuf};

use proptest::test_runner::{Config, TestRunner};
use serde_json::{Value, json};
use workflow::{Surroundings, json_schema, load, to_json};

use crate::grammar;

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn flaws(document: &Value) -> Vec<String> {
    let validator = jsonschema::draft202012::new(&json_schema()).unwrap();
    validator.iter_errors(document).map(|error| format!("{}: {error}", error.instance_path())).collect()
}

#[test]
fn the_schema_is_one() {
    assert_eq!(jsonschema::meta::validate(&json_schema()).map_err(|error| error.to_string()), Ok(()));
}

#[test]
fn every_shipped_workflow_is_valid() {
    let files = fs::read_dir(repository().join("workflows")).unwrap().map(|entry| entry.unwrap().path());
    let sources: Vec<String> =
        files.filter(|path| path.is_file()).map(|path| fs::read_to_string(path).unwrap()).collect();
    assert!(sources.len() >= 3);
    sources.iter().for_each(|source| assert_eq!(flaws(&to_json(source).unwrap()), [""; 0], "{source}"));
}

#[test]
fn whatever_the_reader_takes_is_valid() {
    let config = Config { cases: 60, failure_persistence: None, ..Config::default() };
    TestRunner::new(config)
        .run(&grammar::workflow(), |written| {
            proptest::prop_assert_eq!(flaws(&written), [""; 0], "{}", written);
            Ok(())
        })
        .unwrap();
}

#[test]
fn what_the_reader_refuses_for_its_shape_is_not() {
    let step = |step: Value| json!({ "name": "w", "steps": [step] });
    let p = json!([{ "id": "p", "plugin": "p" }]);
    let wrong = [
        json!({ "name": "w" }),
        json!({ "name": "W", "steps": p }),
        json!({ "name": "w", "steps": [] }),
        json!({ "name": "w", "stepps": [], "steps": p }),
        json!({ "name": "w", "steps": p, "timeout": 5 }),
        json!({ "name": "w", "steps": p, "on": [{ "event": {} }] }),
        json!({ "name": "w", "steps": p, "concurrency": { "runs": 0, "beyond": "wait" } }),
        json!({ "name": "w", "steps": p, "on": [{ "schedule": "1h" }] }),
        json!({ "name": "w", "steps": p, "inputs": { "a": { "type": "text" } } }),
        step(json!({ "plugin": "p" })),
        step(json!({ "id": "a-b", "plugin": "p" })),
        step(json!({ "id": "a" })),
        step(json!({ "id": "a", "plugin": "p", "wait": "5m" })),
        step(json!({ "id": "a", "plugin": "p", "wiht": {} })),
        step(json!({ "id": "a", "plugin": "p", "retry": { "attempts": 21 } })),
        step(json!({ "id": "a", "plugin": "p", "if": "yes" })),
        step(json!({ "id": "a", "approval": { "title": "t", "approvers": ["bob"] } })),
        step(json!({ "id": "a", "approval": { "title": "t", "approvers": ["user:bob"] }, "timeout": "1h" })),
        step(json!({ "choose": [{ "when": true }] })),
        step(json!({ "each": { "in": "list", "steps": p } })),
        step(json!({ "parallel": { "branches": [] } })),
        step(json!({ "wait": { "for": "1h", "until": "2026-01-31T06:00:00Z" } })),
    ];
    for document in wrong {
        assert!(load("w", &document.to_string(), &Surroundings::default()).is_err(), "the reader takes {document}");
        assert!(!flaws(&document).is_empty(), "the schema takes {document}");
    }
}

#[test]
fn the_published_schema_is_up_to_date() {
    let file = repository().join("docs/workflow.schema.json");
    let text = format!("{}\n", serde_json::to_string_pretty(&json_schema()).unwrap());
    if std::env::var("QUELL_SCHEMA").is_ok_and(|value| value == "write") {
        fs::write(&file, &text).unwrap();
    }
    let stands = fs::read_to_string(&file).unwrap_or_default();
    assert!(stands == text, "docs/workflow.schema.json is not up to date: QUELL_SCHEMA=write makes it so");
}
