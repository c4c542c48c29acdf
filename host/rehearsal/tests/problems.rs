//! What a person reads when a file of cases is wrong, and when a case does not come to what it expects.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::collections::BTreeMap;

use rehearsal::{Files, Suite, load, run};

const WORKFLOW: &str = r#"
name: contain
inputs:
  topic: { type: string, default: alerts }
steps:
  - id: isolate
    plugin: isolate-instance
    with: { instance: "${{ event.instance }}" }
    retry: { attempts: 2, delay: 1s }
  - id: approve
    approval: { title: "Isolated ${{ event.instance }}. Go on?", approvers: [group:leads], show: [isolate] }
  - id: tell
    plugin: notify
    with: { topic: "${{ inputs.topic }}", text: "${{ event.instance }} is isolated" }
"#;

/// Files that are only in memory.
struct Memory(BTreeMap<&'static str, &'static str>);

impl Files for Memory {
    fn read(&self, path: &str) -> Result<String, String> {
        self.0.get(path).map(|text| (*text).to_owned()).ok_or_else(|| "no such file".to_owned())
    }
}

fn loaded(cases: &str) -> Result<Suite, String> {
    let files = Memory(BTreeMap::from([("../contain.yaml", WORKFLOW), ("broken.json", "{")]));
    load("tests/contain.yaml", cases, &files).map_err(|problems| problems.to_string())
}

fn problems(cases: &str) -> String {
    loaded(cases).map(|_| ()).unwrap_err()
}

/// What a person sees of cases that load.
fn told(cases: &str) -> String {
    let suite = loaded(cases).unwrap_or_else(|problems| panic!("{problems}"));
    let lines = run(&suite, &[]).lines();
    let lines: Vec<String> = lines.iter().map(|line| line.iter().map(|(_, text)| text.as_str()).collect()).collect();
    lines.join("\n")
}

#[test]
fn every_part_is_read_strictly() {
    let cases = r#"
defaults:
  acount: "123456789012"
  event-file: broken.json
cases:
  - name: one
    inputs: { topic: 7, tipic: x }
    answers:
      isolat: { output: {} }
      approve: { output: {} }
      tell: { fail: { message: no code } }
      isolate: { output: {}, fail: denied }
    plugins:
      notifi: { output: {} }
    decisions:
      approve: aprove
    cancel: soon
    expect:
      status: done
      ran: [tel]
      steps:
        approve: { input: {}, status: skippd }
  - name: two
    account: 1234
    starts-at: tomorrow
    answers:
      tell: {}
"#;
    insta::assert_snapshot!(problems(cases));
}

#[test]
fn a_name_is_taken_once() {
    let case = "  - { name: one, expect: { status: succeeded } }\n";
    let text = problems(&format!("cases:\n{case}{case}"));
    assert!(text.contains("there is a case `one` on line 2 already"), "{text}");
}

#[test]
fn a_workflow_that_is_not_there_is_said_so() {
    let text = problems("workflow: ../other.yaml\ncases: []\n");
    assert!(text.contains("the workflow `../other.yaml` cannot be read: no such file"), "{text}");
}

#[test]
fn what_is_not_as_expected_is_shown_where_it_is_expected() {
    let cases = r#"
defaults:
  event: { instance: i-1 }
  answers: { isolate: { output: { group: sg-0 } }, tell: { output: {} } }
  decisions: { approve: approve }
cases:
  - name: everything is otherwise
    expect:
      status: failed
      error: denied
      ran: [isolate, isolate, tell]
      takes: 5m
      steps:
        isolate:
          status: succeeded
          attempts: 2
          input: { instance: i-2, region: eu-central-1 }
          exact-input: {}
          output: { group: [sg-1] }
        approve: { title: "Isolated ... Stop?", show: { isolate: { status: failed } } }
        tell: not-reached
  - name: all is as expected
    expect: { status: succeeded, ran: [isolate, tell], steps: { tell: { input: { text: "i-1 ..." } } } }
"#;
    insta::assert_snapshot!(told(cases));
}

#[test]
fn what_a_case_lacks_is_said_with_what_to_write() {
    let cases = r#"
cases:
  - name: nothing is said about the plugin
    event: { instance: i-1 }
    expect: { status: succeeded }
  - name: nobody decides
    event: { instance: i-1 }
    plugins: { isolate-instance: { output: {} } }
    expect: { status: succeeded }
  - name: a decision of somebody who may not decide
    event: { instance: i-1 }
    plugins: { isolate-instance: { output: {} } }
    decisions: { approve: { decision: approve, by: bob, groups: [guests] } }
    expect: { status: succeeded }
  - name: a decision that counts after all
    event: { instance: i-1 }
    plugins: { isolate-instance: { output: {} } }
    decisions: { approve: { decision: approve, counts: false } }
    expect: { status: succeeded }
  - name: an expression has no value
    event: {}
    expect: { status: succeeded }
"#;
    insta::assert_snapshot!(told(cases));
}
