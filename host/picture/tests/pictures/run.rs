//! Pictures of workflows and of runs of them.

use std::collections::BTreeMap;
use std::sync::Arc;

use picture::{Picture, Status, mermaid, svg, tree};
use serde_json::{Value, json};
use workflow::{Event, Run, RunInfo, StepError, Surroundings, Workflow, load};

use crate::models::NOON;

const SOURCE: &str = "
name: contain
description: Closes what was opened.
on:
  - event: { source: [aws.ec2], detail: { eventName: [AuthorizeSecurityGroupIngress] } }
steps:
  - id: contain
    parallel:
      on-error: continue
      branches:
        - id: repair
          plugin: sg-revoke-open-ports
          retry: { attempts: 3 }
          catch:
            - on: [throttled]
              steps: [{ id: note, plugin: notify-sns }]
              then: continue
        - id: evidence
          if: ${{ event.detail.vm is defined }}
          plugin: snapshot-volumes
          timeout: 5m
  - id: approve
    approval:
      title: ${{ event.detail.group }} was opened. Tell the others?
      show: [repair]
      approvers: [group:security-leads]
      expires: 4h
on-failure:
  - id: alert
    plugin: notify-sns
";

fn workflow() -> Workflow {
    let loaded = load("contain.yaml", SOURCE, &Surroundings::default());
    loaded.unwrap_or_else(|problems| panic!("{}", problems.render(false)))
}

fn text(picture: &Picture) -> String {
    tree(picture).iter().map(|line| format!("{}\n", line.text())).collect()
}

/// A run after these events, a second apart from each other.
fn run(events: impl IntoIterator<Item = Event>) -> Run {
    let info = RunInfo {
        id: "r-1".into(),
        workflow: "contain".into(),
        workflow_digest: String::new(),
        account: "123456789012".into(),
        region: "us-east-1".into(),
        started_by: "user:alice".into(),
        caused_by: vec![],
        plugins: BTreeMap::new(),
        callees: BTreeMap::new(),
    };
    let mut run = Run::new(&Event::Started { info, event: None, inputs: json!({}) }, NOON).unwrap();
    for (at, event) in (1..).zip(events) {
        run.apply(&event, NOON + at * 1_000).unwrap();
    }
    run
}

fn block(path: &str, input: Value) -> Event {
    Event::BlockStarted { path: path.into(), attempt: 1, input, again: vec![] }
}

fn succeeded(path: &str) -> Event {
    Event::StepSucceeded { path: path.into(), attempt: 1, output: json!({}) }
}

fn started(path: &str) -> Event {
    Event::StepStarted { path: path.into(), attempt: 1, input: json!({}) }
}

#[test]
fn a_workflow_shows_what_its_file_says() {
    insta::assert_snapshot!("workflow", text(&Picture::of(&workflow())));
    let picture = svg(&Picture::of(&workflow()));
    for said in [
        "on aws.ec2: AuthorizeSecurityGroupIngress",
        "goes on when one fails",
        "up to 3 attempts",
        "at most 5m",
        "catch throttled",
        "then go on",
        "event.detail.vm is defined",
        "{event.detail.group} was opened. Tell the",
        "1 of group:security-leads",
        "refused after 4h",
    ] {
        assert!(picture.contains(&format!(">{said}</text>")), "{said}");
    }
}

#[test]
fn a_run_shows_where_it_is() {
    let failed = StepError::new("throttled", "slow down");
    let run = run(vec![
        block("contain", json!(null)),
        started("repair"),
        Event::StepSkipped { path: "evidence".into() },
        Event::StepFailed { path: "repair".into(), attempt: 1, error: failed },
        started("note"),
    ]);
    let picture = Picture::of_run(Some(&workflow()), &run, NOON + 9_000);
    insta::assert_snapshot!("run", text(&picture));
    assert!(svg(&picture).contains(">failed: throttled</text>"));
    assert!(mermaid(&picture).contains("failed: throttled in 2.0s"));
}

#[test]
fn what_a_run_never_came_to_is_said_once_it_has_ended() {
    let error = StepError::new("x", "y");
    let status = workflow::RunStatus::Failed;
    let run = run(vec![Event::Finished { status, error: Some(error), output: None }]);
    let picture = Picture::of_run(Some(&workflow()), &run, NOON + 9_000);
    assert!(picture.steps.iter().all(|step| step.state.as_ref().unwrap().status == Status::NotReached));
}

const BLOCKS: &str = "
name: blocks
steps:
  - id: pick
    choose:
      - when: ${{ inputs.severity == \"HIGH\" }}
        steps:
          - id: sweep
            each:
              in: ${{ inputs.groups }}
              as: group
              concurrency: 2
              on-error: continue
              steps:
                - id: close
                  plugin: sg-revoke-open-ports
                - id: settle
                  wait: 5m
      - when: ${{ inputs.severity == \"LOW\" }}
        steps:
          - id: note
            plugin: notify-sns
  - id: report
    call: { workflow: incident-report }
inputs:
  severity: { type: string, default: HIGH }
  groups: { type: array, default: [] }
";

const CALLED: &str = "
name: incident-report
steps: [{ id: send, plugin: notify-sns }]
on-failure: [{ id: alert, plugin: notify-sns }]
";

fn blocks() -> Workflow {
    let load = |source: &str| {
        let loaded = load("x.yaml", source, &Surroundings::default());
        loaded.unwrap_or_else(|problems| panic!("{}", problems.render(false)))
    };
    let called = Arc::new(load(CALLED));
    load(BLOCKS).link(&|_| Some(called.clone())).unwrap()
}

#[test]
fn every_block_shows_what_its_file_says() {
    let picture = Picture::of(&blocks());
    insta::assert_snapshot!("blocks", text(&picture));
    let picture = svg(&picture);
    for said in
        ["group in inputs.groups", "2 at once · goes on when one fails", "5m", "otherwise", "go on", "incident-report"]
    {
        assert!(picture.contains(&format!(">{said}</text>")), "{said}");
    }
}

/// Of five items two are through, one has failed, one waits, and one is in its first step.
#[test]
fn a_run_shows_how_many_items_are_how_far() {
    let items = [0, 1, 2, 3, 4];
    let close = |at: &i32| format!("sweep[{at}].close");
    let wait = |at: i32| Event::WaitStarted {
        path: format!("sweep[{at}].settle"),
        lasts: Some(std::time::Duration::from_secs(if at == 3 { 300 } else { 1 })),
        until: None,
    };
    let error = StepError::new("access-denied", "no");
    let events = [block("pick", json!(0)), block("sweep", json!(items))].into_iter();
    let events = events.chain(items.iter().map(|at| started(&close(at))));
    let events = events.chain([0, 1, 3].iter().map(|at| succeeded(&close(at))));
    let events = events.chain([0, 1, 3].into_iter().map(wait));
    let events = events.chain([0, 1].iter().map(|at| succeeded(&format!("sweep[{at}].settle"))));
    let events = events.chain([Event::StepFailed { path: close(&2), attempt: 1, error }]);
    let run = run(events.collect::<Vec<_>>());
    let picture = Picture::of_run(Some(&blocks()), &run, NOON + 60_000);
    insta::assert_snapshot!("blocks_run", text(&picture));
    let drawn = svg(&picture);
    for said in ["running, 3 of 5 done", "1 failed, 1 running, 3 succeeded", "1 waiting, 2 succeeded,", "2 pending"] {
        assert!(drawn.replace('\u{a0}', " ").contains(&format!(">{said}</text>")), "{said}");
    }
}

#[test]
fn a_run_without_its_workflow_is_what_it_has_come_to() {
    let run = run([started("repair"), succeeded("repair")]);
    let picture = Picture::of_run(None, &run, NOON + 9_000);
    insta::assert_snapshot!("no_workflow", text(&picture));
}
