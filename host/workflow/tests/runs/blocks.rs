//! Blocks: `choose`, `each`, `wait` and `call`, `retry` and `timeout` of blocks, and going on with a run that failed.

use cases::case;
use serde_json::json;
use workflow::{NotRetryable, retry};

use crate::script::{carry_out, check, check_linked, describe, steps};

#[test]
fn the_first_true_alternative_is_taken() {
    let source = |when: &str| {
        steps(&format!(
            "
  - id: which
    choose:
      - {{ when: '${{{{ event.id == \"no\" }}}}', steps: [{{ id: a, plugin: p }}] }}
      - {{ when: {when}, steps: [{{ id: b, plugin: p }}, {{ id: c, plugin: p, with: {{ a: '${{{{ steps.b.status }}}}' }} }}] }}
      - otherwise: [{{ id: d, plugin: p }}]
  - {{ id: e, plugin: p, with: {{ a: '${{{{ steps.a.status }}}}', b: '${{{{ steps.b.status }}}}', d: '${{{{ steps.d.status }}}}' }} }}"
        ))
    };
    let simulation = check(&source("true"), "ok b\n ok c\n ok e", &["run b#1", "run c#1", "run e#1", "succeeded"]);
    assert_eq!(simulation.run.step("e").unwrap().input(), &json!({ "a": "skipped", "b": "succeeded", "d": "skipped" }));
    assert_eq!(simulation.run.output("which"), Some(&json!({ "chosen": 1 })));
    let simulation = check(&source("false"), "ok d\n ok e", &["run d#1", "run e#1", "succeeded"]);
    assert_eq!(simulation.run.output("which"), Some(&json!({ "chosen": 2 })));
    let simulation = check(&source("true"), "fail b x", &["run b#1", "failed"]);
    assert_eq!(simulation.run.error().unwrap().message, "`b`: b failed");
    assert_eq!(simulation.run.error().unwrap().code, "x");
}

#[test]
fn without_an_alternative_nothing_is_done() {
    let source = steps(
        "
  - choose:
      - { when: '${{ event.id == \"no\" }}', steps: [{ id: a, plugin: p }] }
  - { id: b, plugin: p }",
    );
    check(&source, "ok b", &["run b#1", "succeeded"]);
}

const EACH: &str = "
  - id: sweep
    each:
      in: '${{ [\"x\", \"y\", \"z\"] }}'
      as: key
      concurrency: 2
      on-error: fail
      steps:
        - { id: a, plugin: p, with: { key: '${{ key }}', index: '${{ index }}' } }
        - { id: b, plugin: p, with: { a: '${{ steps.a.output.of }}' } }
  - { id: c, plugin: p, with: { results: '${{ steps.sweep.output.results }}' } }";

#[test]
fn each_item_has_its_own_steps_and_results_are_in_order() {
    let source = steps(EACH);
    let script = "
        ok sweep[1].a
        ok sweep[1].b
        ok sweep[0].a
        ok sweep[2].a
        ok sweep[2].b
        ok sweep[0].b";
    let simulation = check(
        &source,
        script,
        &[
            "run sweep[0].a#1, run sweep[1].a#1",
            "run sweep[0].a#1, run sweep[1].b#1",
            "run sweep[0].a#1, run sweep[2].a#1",
            "run sweep[0].b#1, run sweep[2].a#1",
            "run sweep[0].b#1, run sweep[2].b#1",
            "run sweep[0].b#1",
            "run c#1",
        ],
    );
    let run = &simulation.run;
    assert_eq!(run.step("sweep[2].a").unwrap().input(), &json!({ "key": "z", "index": 2 }));
    assert_eq!(run.step("sweep[1].b").unwrap().input(), &json!({ "a": "sweep[1].a" }));
    let results = &run.step("c").unwrap().input()["results"];
    assert_eq!(results[1]["b"], json!({ "status": "succeeded", "output": { "of": "sweep[1].b", "attempt": 1 } }));
    assert_eq!(results.as_array().unwrap().len(), 3);
}

#[test]
fn a_failing_item_does_not_stop_the_others_and_fails_the_block() {
    let script = "
        fail sweep[0].a bad
        ok sweep[1].a
        ok sweep[1].b
        ok sweep[2].a
        ok sweep[2].b";
    let fail = check(
        &steps(EACH),
        script,
        &[
            "run sweep[0].a#1, run sweep[1].a#1",
            "run sweep[1].a#1, run sweep[2].a#1",
            "run sweep[1].b#1, run sweep[2].a#1",
            "run sweep[2].a#1",
            "run sweep[2].b#1",
            "failed",
        ],
    );
    let error = fail.run.error().unwrap();
    assert_eq!(
        (error.code.as_str(), error.message.as_str()),
        ("items-failed", "1 of 3 items failed: `sweep[0].a` (bad): sweep[0].a failed")
    );
    let source = steps(&EACH.replace("on-error: fail", "on-error: continue"));
    let mut simulation = check(&source, "", &["run sweep[0].a#1, run sweep[1].a#1"]);
    for line in script.lines().map(str::trim).filter(|line| !line.is_empty()) {
        carry_out(&mut simulation, line);
        simulation.settle();
    }
    assert_eq!(describe(&mut simulation), "run c#1");
    let output = simulation.run.output("sweep").unwrap();
    assert_eq!(output["errors"][0]["step"], json!("sweep[0].a"));
    assert_eq!(output["results"][0]["b"]["status"], json!("pending"));

    let source = steps(&EACH.replace("on-error: fail", "fail-fast: true"));
    let began = "run sweep[0].a#1, run sweep[1].a#1";
    check(&source, "fail sweep[1].a bad\n ok sweep[0].a", &[began, "stop sweep[0].a#1", "failed"]);
}

#[test]
fn an_each_takes_lists_only_and_not_too_long_ones() {
    let each =
        |list: &str| steps(&format!("  - {{ id: e, each: {{ in: '{list}', steps: [{{ id: a, plugin: p }}] }} }}"));
    let refused = |list: &str, code: &str, message: &str| {
        let simulation = check(&each(list), "", &["failed"]);
        let error = simulation.run.error().unwrap();
        assert_eq!(error.code, code);
        assert!(error.message.contains(message), "{}", error.message);
    };
    refused("${{ event.id }}", "expression", "`in` must be a list, not text");
    refused("${{ range(1001) | list }}", "too-many-items", "1001 items of 1 steps are too many");
    let simulation = check(&each("${{ [] }}"), "", &["succeeded"]);
    assert_eq!(simulation.run.output("e"), Some(&json!({ "results": [], "errors": [] })));
}

#[test]
fn a_wait_ends_when_its_time_has_come() {
    let source = steps("\n  - { id: w, wait: 90s }\n  - { id: a, plugin: p }");
    check(&source, "wake\n ok a", &["go on behind w at 90000", "run a#1", "succeeded"]);
    let until = |time: &str| steps(&format!("\n  - {{ id: w, wait: {{ until: '{time}' }} }}"));
    check(&until("1970-01-01T00:01:00+00:00"), "wake", &["go on behind w at 60000", "succeeded"]);
    check(&until("${{ \"1970-01-01T01:00:00+01:00\" }}"), "wake", &["go on behind w at 0", "succeeded"]);
    let simulation = check(&until("${{ event.id }}"), "", &["failed"]);
    let message = &simulation.run.error().unwrap().message;
    assert_eq!(message, "`until` needs a time like `2026-01-31T06:00:00Z`, not `e-1`");
    check(&until("1970-01-01T00:01:00Z"), "cancel", &["go on behind w at 60000", "cancelled"]);
}

const CALLEE: &str = "
name: contain
inputs: { id: { type: string }, note: { type: string, default: none } }
steps:
  - { id: a, plugin: p, with: { id: '${{ inputs.id }}', note: '${{ inputs.note }}' } }
  - { id: b, plugin: p, with: { of: '${{ steps.a.output.of }}' } }
output: { b: '${{ steps.b.output.of }}' }
on-failure:
  - { id: undo, plugin: p, with: { m: '${{ error.message }}' } }
";

#[test]
fn a_call_runs_the_other_workflow_in_the_same_run() {
    let source = steps(
        "
  - { id: a, plugin: p }
  - id: first
    call: { workflow: contain, inputs: { id: '${{ steps.a.output.of }}' } }
  - { id: c, plugin: p, with: { b: '${{ steps.first.output.b }}' } }",
    );
    let simulation = check_linked(
        &source,
        &[CALLEE],
        "ok a\n ok first.a\n ok first.b\n ok c",
        &["run a#1", "run first.a#1", "run first.b#1", "run c#1", "succeeded"],
    );
    let input = |path: &str| simulation.run.step(path).unwrap().input().clone();
    assert_eq!(input("first.a"), json!({ "id": "a", "note": "none" }));
    assert_eq!(input("first.b"), json!({ "of": "first.a" }));
    assert_eq!(input("c"), json!({ "b": "first.b" }));
    let simulation = check_linked(
        &source,
        &[CALLEE],
        "ok a\n fail first.a bad\n ok first.undo",
        &["run a#1", "run first.a#1", "run first.undo#1", "failed"],
    );
    let error = simulation.run.error().unwrap();
    assert_eq!((error.code.as_str(), error.message.as_str()), ("bad", "`first.a`: first.a failed"));
}

#[test]
fn a_called_workflow_can_be_refused_and_called_for_each_item() {
    let ask = "name: ask\nsteps: [{ id: ask, approval: { title: t, approvers: ['group:g'] } }]";
    let source = steps("  - { id: c, call: { workflow: ask }, catch: [{ steps: [{ id: x, plugin: p }] }] }");
    check_linked(&source, &[ask], "refuse c.ask alice", &["waiting", "refused"]);
    let source = steps(
        "  - id: all\n    each: { in: [1, 2], concurrency: 2, steps: [{ id: c, call: { workflow: contain, inputs: { id: 'n${{ item }}' } } }] }",
    );
    let simulation = check_linked(&source, &[CALLEE], "", &["run all[0].c.a#1, run all[1].c.a#1"]);
    assert_eq!(simulation.run.step("all[1].c.a").unwrap().input()["id"], json!("n2"));
}

#[test]
fn a_refusal_in_a_called_workflow_is_not_gone_round() {
    let ask = "name: ask\nsteps: [{ id: ask, approval: { title: t, approvers: ['group:g'] } }]";
    // A checker that does not know the called workflow takes this; it cannot be linked all the same.
    let source = "name: w\nsteps:\n  - parallel: { on-error: continue, branches: [{ id: c, call: { workflow: ask } }] }\n  - { id: a, plugin: p }\n";
    let load = |source: &str| workflow::load("w.yaml", source, &workflow::Surroundings::default()).unwrap();
    let callee = std::sync::Arc::new(load(ask));
    let refused = load(source).link(&|_| Some(callee.clone())).map(|_| ()).map_err(|error| error.to_string());
    let expected = "workflow `w` calls `ask`, which asks for an approval, inside of `steps.0`, which goes on when something in it fails";
    assert_eq!(refused, Err(expected.to_owned()));
}

#[test]
fn what_is_skipped_has_no_output() {
    let source = |with: &str| {
        steps(&format!(
            "\n  - {{ id: a, if: false, plugin: p }}\n  - {{ id: b, plugin: p, with: {{ x: '${{{{ {with} }}}}' }} }}"
        ))
    };
    let simulation = check(&source("steps.a.output.of"), "", &["failed"]);
    let seen = simulation.run.error().unwrap();
    let expected = "expression: `steps.a.output` in `steps.a.output.of` is not defined";
    case(
        "E25",
        "a step needs the output of one that was skipped",
        expected,
        format!("{}: {}", seen.code, seen.message),
    );
    let simulation = check(&source("steps.a.output.of | default(steps.a.status)"), "ok b", &["run b#1", "succeeded"]);
    let seen = &simulation.run.step("b").unwrap().input()["x"];
    case("E25", "a step says what to take instead", "skipped", seen.as_str().unwrap());
}

#[test]
fn a_block_is_tried_again_as_a_whole() {
    let source = steps(
        "
  - id: block
    parallel: { branches: [{ id: a, plugin: p }, { id: b, plugin: p }] }
    retry: { attempts: 2, delay: 5s }
    catch: [{ on: [branches-failed], steps: [{ id: c, plugin: p }] }]",
    );
    check(
        &source,
        "fail a x\n ok b\n retry block 2 5000\n wake\n ok a 2\n fail b x 2\n ok c",
        &[
            "run a#1, run b#1",
            "run b#1",
            "retry block#2 in 5s",
            "begin block#2 at 5000",
            "run a#2, run b#2",
            "run b#2",
            "run c#1",
            "failed",
        ],
    );
}

#[test]
fn a_refusal_is_not_tried_again() {
    let source = steps(
        "
  - retry: { attempts: 3 }
    choose: [{ when: true, steps: [{ id: ask, approval: { title: t, approvers: ['group:g'], expires: 1m } }] }]",
    );
    check(&source, "refuse ask alice", &["expire ask at 60000", "refused"]);
    check(&source, "wake", &["expire ask at 60000", "expired"]);
}

#[test]
fn a_block_that_takes_too_long_is_stopped() {
    let source = steps(
        "
  - id: block
    timeout: 10s
    choose: [{ when: true, steps: [{ id: a, plugin: p }, { id: w, wait: 1h }] }]
    catch: [{ on: [timed-out], steps: [{ id: c, plugin: p }], then: continue }]",
    );
    let waits = "time out block at 10000, go on behind w at 3600000";
    let simulation =
        check(&source, "ok a\n wake\n ok c", &["time out block at 10000, run a#1", waits, "run c#1", "succeeded"]);
    assert_eq!(simulation.run.step("block").unwrap().state().name(), "failed");
    let began = "time out block at 10000, run a#1";
    check(&source, "wake\n fail a cancelled\n ok c", &[began, "stop a#1", "run c#1", "succeeded"]);
    let source = steps("\n  - { id: w, wait: 1h, timeout: 10s }");
    let simulation = check(&source, "wake", &["time out w at 10000, go on behind w at 3600000", "failed"]);
    assert_eq!(simulation.run.error().unwrap().message, "the `wait` took longer than its `timeout`");
}

const TWO: &str = "
name: w
timeout: 1h
steps:
  - { id: first, plugin: p }
  - id: block
    parallel:
      branches:
        - { id: a, plugin: p, retry: { attempts: 2 } }
        - steps: [{ id: b, plugin: p }, { id: c, plugin: p, catch: [{ steps: [{ id: d, plugin: p }], then: continue }] }]
  - { id: last, plugin: p }
on-failure: [{ id: tell, plugin: p }]
output: '${{ steps.last.output.attempt }}'
";

#[test]
fn a_failed_run_goes_on_from_the_step_that_failed() {
    let failing = "
        ok first
        ok b
        fail c x
        ok d
        fail a y
        retry a 2 0
        wake
        fail a y 2
        ok tell";
    let mut simulation = check(TWO, "", &["run first#1, time out at 3600000"]);
    for line in failing.lines().map(str::trim).filter(|line| !line.is_empty()) {
        carry_out(&mut simulation, line);
        simulation.settle();
    }
    assert_eq!(describe(&mut simulation), "failed");
    simulation.now = 7_200_000;
    let trace: Vec<String> = ["go-on", "fail a y 3", "retry a 4 7200000", "wake", "ok a 4", "ok last"]
        .into_iter()
        .map(|line| {
            carry_out(&mut simulation, line);
            describe(&mut simulation)
        })
        .collect();
    assert_eq!(
        trace,
        [
            "run a#3, time out at 10800000",
            "retry a#4 in 1s, time out at 10800000",
            "start a#4 at 7200000, time out at 10800000",
            "run a#4, time out at 10800000",
            "run last#1, time out at 10800000",
            "succeeded"
        ]
    );
    assert_eq!(simulation.run.result(), Some(&json!(1)));
    let step = |path: &str| simulation.run.step(path).map(|step| (step.state().name(), step.attempt()));
    assert_eq!(step("b"), Some(("succeeded", 1)));
    assert_eq!(step("c"), Some(("failed", 1)), "it was caught, and stays so");
    assert_eq!(step("tell"), None);
    let refused = retry(&simulation.workflow, &simulation.run, &"dave".into(), 0);
    assert_eq!(refused, Err(NotRetryable::Status { status: "succeeded" }));
}

#[test]
fn nobody_sends_again_what_was_given_up() {
    let source = steps("\n  - { id: a, plugin: p }");
    let simulation = check(&source, "suspend a\n settle a give-up", &["run a#1", "waiting", "failed"]);
    let refused = retry(&simulation.workflow, &simulation.run, &"dave".into(), 0);
    assert_eq!(refused, Err(NotRetryable::Unknown { path: "a".to_owned() }));
}

#[test]
fn what_a_called_workflow_did_goes_on_too() {
    let source = steps("\n  - { id: c, call: { workflow: contain, inputs: { id: x } } }");
    check_linked(
        &source,
        &[CALLEE],
        "ok c.a\n fail c.b bad\n ok c.undo\n go-on\n ok c.b 2",
        &["run c.a#1", "run c.b#1", "run c.undo#1", "failed", "run c.b#2", "succeeded"],
    );
}

#[test]
fn a_thousand_items_that_are_skipped_take_one_commit() {
    let source = steps(
        "
  - id: e
    each: { in: '${{ range(1000) | list }}', steps: [{ id: a, if: '${{ item < 0 }}', plugin: p }] }",
    );
    let mut simulation = crate::simulation::Simulation::new(&source);
    assert_eq!(simulation.settle(), []);
    assert_eq!((simulation.commits, simulation.run.status().name()), (2, "succeeded"));
    assert_eq!(simulation.run.output("e").unwrap()["results"][999]["a"]["status"], json!("skipped"));
}

#[test]
fn what_a_called_workflow_does_about_its_failure_is_stopped_with_the_run() {
    let source = steps("\n  - { id: c, call: { workflow: contain, inputs: { id: x } } }");
    check_linked(
        &source,
        &[CALLEE],
        "fail c.a bad\n cancel\n fail c.undo cancelled",
        &["run c.a#1", "run c.undo#1", "stop c.undo#1", "cancelled"],
    );
}

#[test]
fn what_could_not_begin_is_not_tried_again() {
    let source = steps(
        "\n  - { id: e, retry: { attempts: 2 }, each: { in: '${{ range(1001) | list }}', steps: [{ id: a, plugin: p }] } }",
    );
    let simulation = check(&source, "", &["failed"]);
    assert_eq!(simulation.run.error().unwrap().code, "too-many-items");
}

#[test]
fn a_write_whose_outcome_is_unknown_is_not_sent_again_by_a_block() {
    let source = steps(
        "\n  - { id: block, retry: { attempts: 2 }, timeout: 10s, parallel: { branches: [{ id: a, plugin: p }] } }",
    );
    let began = "time out block at 10000, run a#1";
    let waits = "time out block at 10000";
    let simulation = check(&source, "suspend a\n wake", &[began, waits, "failed"]);
    assert_eq!(simulation.run.step("a").unwrap().state().name(), "failed");
    let refused = retry(&simulation.workflow, &simulation.run, &"dave".into(), 0);
    assert_eq!(refused, Err(NotRetryable::Unknown { path: "a".to_owned() }));
    check(&source, "suspend a\n settle a give-up", &[began, waits, "failed"]);
}

#[test]
fn a_run_that_was_cancelled_while_it_failed_can_go_on() {
    let source = "name: w\nsteps: [{ id: a, plugin: p }]\non-failure: [{ id: b, plugin: p }]\n";
    let script = "fail a x\n cancel\n fail b cancelled\n go-on\n ok a 2";
    check(source, script, &["run a#1", "run b#1", "stop b#1", "failed", "run a#2", "succeeded"]);
}

#[test]
fn a_decision_is_about_the_question_that_is_asked_now() {
    let source = steps(
        "
  - id: block
    retry: { attempts: 2, delay: 5s }
    choose:
      - { when: true, steps: [{ id: ask, approval: { title: t, approvers: ['group:g'] } }, { id: a, plugin: p }] }",
    );
    let script = "approve ask alice\n fail a x\n retry block 2 5000\n wake";
    let simulation =
        check(&source, script, &["waiting", "run a#1", "retry block#2 in 5s", "begin block#2 at 5000", "waiting"]);
    let again = Err(workflow::DecisionError::AskedAgain { path: "ask".to_owned() });
    assert_eq!(simulation.run.asks("ask", None), again, "the repeat of an older decision");
    assert_eq!(simulation.run.asks("ask", Some(0)), again, "one about the first question");
    assert_eq!(simulation.run.asks("ask", Some(5000)), Ok(()));
}

#[test]
fn all_lists_of_a_run_together_are_bounded() {
    let branch = "{ each: { in: '${{ range(1000) | list }}', concurrency: 100, steps: [{ wait: 1s }] } }";
    let source = steps(&format!("\n  - parallel: {{ fail-fast: true, branches: [{}] }}", [branch; 12].join(", ")));
    let simulation = check(&source, "", &["failed"]);
    let message = &simulation.run.error().unwrap().message;
    assert!(message.contains("are too many"), "{message}");
}
