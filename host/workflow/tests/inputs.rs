//! What a run is given, and by which key repeated events are known.

#![expect(clippy::panic, reason = "a test fails by panicking")]

use serde_json::{Value, json};
use workflow::{InputError, Surroundings, Workflow, load};

const SOURCE: &str = "
name: w
on: [{ event: { source: [aws.ec2] } }, { event: { detail: { severity: [{ numeric: ['>=', 7] }] } } }]
dedupe: { key: '${{ event.id }}', window: 24h, on-update: ignore }
inputs:
  topic: { type: string, default: 'arn:${{ x }}', description: where to }
  count: { type: integer, default: 3 }
steps: [{ id: a, plugin: p }]
";

fn workflow(source: &str) -> Workflow {
    match load("workflow.yaml", source, &Surroundings::default()) {
        Ok(workflow) => workflow,
        Err(problems) => panic!("{problems}"),
    }
}

#[test]
fn inputs_have_defaults_and_types() {
    let workflow = workflow(SOURCE);
    let check = |given: Value, expected: Result<Value, InputError>| assert_eq!(workflow.inputs(&given), expected);
    check(json!(null), Ok(json!({ "count": 3, "topic": "arn:${{ x }}" })));
    check(json!({ "count": 4 }), Ok(json!({ "count": 4, "topic": "arn:${{ x }}" })));
    check(json!([]), Err(InputError::NotMapping("a list")));
    check(json!({ "counts": 4 }), Err(InputError::Unknown("counts".to_owned())));
    let wrong = InputError::WrongType { name: "count".to_owned(), expected: "integer", found: "a number" };
    check(json!({ "count": 4.5 }), Err(wrong));
}

#[test]
fn an_input_without_a_default_must_be_given() {
    let workflow = workflow("name: w\ninputs: { topic: { type: string } }\nsteps: [{ id: a, plugin: p }]\n");
    assert_eq!(workflow.inputs(&json!({})), Err(InputError::Missing("topic".to_owned())));
    assert_eq!(workflow.inputs(&json!({ "topic": "t" })), Ok(json!({ "topic": "t" })));
}

#[test]
fn any_trigger_starts_it() {
    let workflow = workflow(SOURCE);
    assert!(workflow.matches(&json!({ "source": "aws.ec2" })));
    assert!(workflow.matches(&json!({ "source": "x", "detail": { "severity": 8.0 } })));
    assert!(!workflow.matches(&json!({ "source": "x", "detail": { "severity": 6 } })));
    assert!(!workflow.matches(&json!("aws.ec2")));
}

#[test]
fn a_dedupe_key_is_there_or_an_error() {
    let workflow = workflow(SOURCE);
    assert_eq!(workflow.dedupe_key(&json!({ "id": "e-1" })), Ok(Some("e-1".to_owned())));
    assert_eq!(workflow.dedupe_key(&json!({ "id": 17 })), Ok(Some("17".to_owned())));
    for event in [json!({}), json!({ "id": null }), json!({ "id": "" }), json!({ "id": ["e-1"] }), json!(null)] {
        assert!(workflow.dedupe_key(&event).is_err(), "{event}");
    }
}

#[test]
fn the_digest_is_of_the_bytes() {
    let digest = workflow(SOURCE).digest.clone();
    assert_eq!(digest.len(), 64);
    assert_ne!(digest, workflow(&SOURCE.replace("where to", "where  to")).digest);
}
