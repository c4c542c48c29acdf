//! What a case can give: answers by attempt, input and plugin; time; people; unknown outcomes; and a first case of its own.

#![expect(clippy::panic, reason = "a test fails by panicking")]

use rehearsal::{Files, draft, load, run};
use workflow::{Surroundings, load as load_workflow};

struct One<'a>(&'a str);

impl Files for One<'_> {
    fn read(&self, path: &str) -> Result<String, String> {
        if path == "../w.yaml" { Ok(self.0.to_owned()) } else { Err(format!("no `{path}`")) }
    }
}

/// Asserts that every case passes.
fn pass(workflow: &str, cases: &str) {
    let workflow = format!("name: w\n{workflow}");
    let suite = load("tests/w.yaml", cases, &One(&workflow)).unwrap_or_else(|problems| panic!("{problems}"));
    let report = run(&suite, &[]);
    let lines = report.lines();
    let lines: Vec<String> = lines.iter().map(|line| line.iter().map(|(_, text)| text.as_str()).collect()).collect();
    assert!(report.passed(), "{}", lines.join("\n"));
}

const TWO: &str = r#"
timeout: 1d
steps:
  - parallel:
      on-error: continue
      branches:
        - { id: left, plugin: p, with: { side: left }, retry: { attempts: 3, delay: 10s }, timeout: 1m }
        - { id: right, plugin: p, with: { side: right } }
"#;

#[test]
fn answers_are_chosen_by_step_then_plugin_and_by_input_first() {
    pass(
        TWO,
        r#"
cases:
  - name: by plugin and input
    plugins:
      p:
        - { input: { side: right }, fail: denied }
        - { output: 1 }
        - { output: 2 }
    expect: { status: succeeded, steps: { left: { output: 1 }, right: { error: denied } } }
  - name: by attempt, and the last one for all further ones
    plugins: { p: { output: {} } }
    answers: { left: [{ fail: a }, { fail: b }] }
    expect: { status: succeeded, takes: 20s, steps: { left: { error: b, attempts: 3 }, right: succeeded } }
"#,
    );
}

#[test]
fn time_passes_as_the_case_has_it() {
    pass(
        TWO,
        r#"
cases:
  - name: an attempt that takes longer than its timeout
    plugins: { p: { output: {} } }
    answers: { left: [{ takes: 2m, output: {} }, { takes: 30s, output: {} }] }
    expect: { status: succeeded, takes: 100s, steps: { left: { attempts: 2, status: succeeded } } }
  - name: the run is cancelled meanwhile
    plugins: { p: { takes: 50s, output: {} } }
    cancel: 20s
    expect: { status: cancelled, takes: 20s, steps: { left: { error: cancelled } } }
"#,
    );
}

#[test]
fn a_write_whose_outcome_is_unknown_waits_for_a_person() {
    pass(
        TWO,
        r#"
defaults:
  plugins: { p: { output: {} } }
cases:
  - name: it was done
    answers: { right: { unknown: { verdict: done, after: 1h }, output: { sent: true } } }
    expect: { status: succeeded, takes: 1h, steps: { right: { output: { sent: true } } } }
  - name: it was not, and then it fails
    answers: { right: { unknown: not-done, fail: denied } }
    expect: { status: succeeded, steps: { right: { error: denied } } }
  - name: nobody can tell, until the run is over
    answers: { right: { unknown: nobody } }
    expect: { status: timed-out, takes: 1d, steps: { right: failed } }
"#,
    );
}

#[test]
fn several_people_are_needed_and_each_counts_once() {
    pass(
        "steps: [{ id: ask, approval: { title: t, approvers: [group:g], needs: 2 } }]",
        r#"
cases:
  - name: two of them
    decisions: { ask: [approve, { decision: approve, after: 1h, by: carol }] }
    expect: { status: succeeded, takes: 1h, steps: { ask: { output: { approved_by: [approver-1, carol] } } } }
  - name: the same one twice
    decisions:
      ask: [{ decision: approve, by: carol }, { decision: approve, by: carol, after: 1m, counts: false }]
    expect: { status: waiting, steps: { ask: waiting } }
"#,
    );
}

#[test]
fn an_event_of_the_defaults_is_changed_or_left_out() {
    pass(
        r#"
on: [{ event: { source: [a] } }]
steps: [{ id: act, plugin: p, with: { seen: "${{ event is defined and event }}" } }]
"#,
        r#"
defaults:
  event: { source: a, detail: { x: 1, y: 2 } }
  plugins: { p: { output: {} } }
cases:
  - name: as it is
    expect: { status: succeeded, steps: { act: { exact-input: { seen: { source: a, detail: { x: 1, y: 2 } } } } } }
  - name: changed
    event: { detail: { x: null, y: 3 } }
    expect: { status: succeeded, steps: { act: { exact-input: { seen: { source: a, detail: { y: 3 } } } } } }
  - name: another one starts nothing
    event: { source: b }
    expect: { status: not-started }
  - name: but a person can start it with that one
    event: { source: b }
    started-by: olivia
    expect: { status: succeeded }
  - name: or without any
    event: null
    expect: { status: succeeded, steps: { act: { input: { seen: false } } } }
"#,
    );
}

#[test]
fn a_first_case_is_made_of_the_workflow_and_passes() {
    let workflow = r#"name: w
dedupe: { key: "${{ event.detail.number }}", window: 1d }
on:
  - event: { source: [aws.ec2], detail: { name: [{ prefix: sg- }], error: [{ exists: false }] } }
inputs: { level: { type: integer, default: 3 } }
steps:
  - { id: act, plugin: p, with: { name: "${{ event.detail.name }}", by: "${{ event.detail.by }}" } }
  - { id: ask, approval: { title: "${{ steps.act.output.size }}?", approvers: [group:g] } }
on-failure:
  - { id: tell, plugin: q }
"#;
    let checked = load_workflow("w.yaml", workflow, &Surroundings::default()).unwrap();
    let text = draft("tests/w.yaml", &checked, &One(workflow)).unwrap();
    insta::assert_snapshot!(text, @r#"
    # What `quell workflow test` tries of w; docs/workflow-tests.md says how cases are written.
    cases:
      - name: a first case
        event:
          id: "00000000-0000-0000-0000-000000000000"
          source: aws.ec2
          detail:
            name: sg-
            number: example
            by: example
        answers:
          act: { output: {"size":"example"} }
          tell: { output: {} }
        decisions:
          ask: approve
        expect:
          status: succeeded
          ran: [act]
    "#);
    let suite = load("tests/w.yaml", &text, &One(workflow)).unwrap();
    assert!(run(&suite, &[]).passed());
}
