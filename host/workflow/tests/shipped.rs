//! The shipped workflows load, and the demo's event starts the one that it should.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::fs;
use std::path::Path;

use serde_json::{Value, json};
use workflow::{Surroundings, Workflow, load};

fn shipped() -> Vec<Workflow> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../workflows");
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let files = files.filter(|path| path.extension().is_some_and(|extension| extension == "yaml"));
    files
        .map(|path| {
            let source = fs::read_to_string(&path).unwrap();
            let workflow = load(&path.to_string_lossy(), &source, &Surroundings::default());
            workflow.unwrap_or_else(|problems| panic!("{}", problems.render(false)))
        })
        .collect()
}

fn authorize_event() -> Value {
    serde_json::from_str(include_str!("authorize-security-group-ingress.json")).unwrap()
}

#[test]
fn every_shipped_workflow_loads() {
    let names: Vec<String> = shipped().into_iter().map(|workflow| workflow.name.clone()).collect();
    assert!(names.contains(&"open-security-group".to_owned()), "{names:?}");
}

#[test]
fn the_event_of_the_demo_starts_the_workflow_of_the_demo() {
    let all = shipped();
    let workflow = all.iter().find(|workflow| workflow.name == "open-security-group").unwrap();
    let mut event = authorize_event();
    assert!(workflow.matches(&event));
    assert_eq!(workflow.dedupe_key(&event), Ok(Some("ce728b57-d4d0-52dd-856e-73b36e8769c8".to_owned())));
    assert_eq!(
        workflow.plugins().into_iter().collect::<Vec<_>>(),
        ["notify-sns", "sg-revoke-open-ports", "snapshot-volumes"]
    );
    let paths: Vec<&str> = workflow.walk().into_iter().map(workflow::Step::path).collect();
    assert_eq!(paths, ["contain", "repair", "evidence", "approve", "notify", "alert"]);

    event["detail"]["errorCode"] = json!("UnauthorizedOperation");
    assert!(!workflow.matches(&event));
}
