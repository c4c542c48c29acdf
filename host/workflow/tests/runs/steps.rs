//! Runs: what each part of the language does, told by scripts of what happens and what comes of it.

use serde_json::json;
use workflow::{Event, Illegal, StepState};

use crate::script::{carry_out, check, describe, fail, steps, succeed};
use crate::simulation::Simulation;

#[test]
fn steps_run_in_order_and_see_what_was_before() {
    let source = steps(
        "
  - { id: a, plugin: p, with: { e: '${{ event.id }}' } }
  - { id: b, plugin: p, if: '${{ steps.a.output.attempt == 2 }}' }
  - { id: c, plugin: q, timeout: 5m, on-unknown: repeat, with: { a: '${{ steps.a.output }}', b: '${{ steps.b.status }}' } }",
    );
    let mut simulation = check(&source, "ok a\n ok c", &["run a#1", "run c#1", "succeeded"]);
    assert_eq!(simulation.run.step("a").unwrap().input(), &json!({ "e": "e-1" }));
    assert_eq!(simulation.run.step("c").unwrap().input(), &json!({ "a": { "of": "a", "attempt": 1 }, "b": "skipped" }));
    assert_eq!(simulation.settle(), []);
    assert_eq!(simulation.run.apply(&Event::RunTimedOut, 1), Err(Illegal::Finished));
}

#[test]
fn everything_that_is_ready_takes_one_commit() {
    let source = steps(
        "
  - parallel:
      branches: [{ id: a, plugin: p }, { id: b, plugin: p }, { id: c, plugin: p }, { id: d, plugin: p }]
  - { id: e, plugin: p }",
    );
    let mut simulation = Simulation::new(&source);
    simulation.settle();
    assert_eq!(simulation.commits, 2, "the block and its four steps begin together");
    ["a", "b", "c", "d"].iter().for_each(|path| succeed(&mut simulation, path, 1));
    simulation.settle();
    assert_eq!(simulation.commits, 3, "the block ends and the next step begins together");
}

#[test]
fn retries_keep_the_input_and_end() {
    let source = steps(
        "
  - id: a
    plugin: p
    with: { e: '${{ event.id }}' }
    retry: { attempts: 4, delay: 10s, backoff: 3, max-delay: 60s, on: [throttled] }",
    );
    let script = "
        fail a throttled 1
        retry a 2 10000
        wake
        fail a throttled 2
        retry a 3 40000
        wake
        fail a throttled 3
        retry a 4 100000
        wake
        fail a throttled 4";
    let simulation = check(
        &source,
        script,
        &[
            "run a#1",
            "retry a#2 in 10s",
            "start a#2 at 10000",
            "run a#2",
            "retry a#3 in 30s",
            "start a#3 at 40000",
            "run a#3",
            "retry a#4 in 60s",
            "start a#4 at 100000",
            "run a#4",
            "failed",
        ],
    );
    assert_eq!(simulation.run.step("a").unwrap().input(), &json!({ "e": "e-1" }));
    let step = simulation.run.step("a").unwrap();
    assert_eq!((step.started_at(), step.attempt_started_at()), (0, 100_000));
    check(&source, "fail a access-denied", &["run a#1", "failed"]);
}

#[test]
fn the_first_clause_that_fits_catches() {
    let source = steps(
        "
  - id: a
    plugin: p
    catch:
      - { on: [x], steps: [{ id: on_x, plugin: p, with: { m: '${{ error.code }} ${{ error.step }}' } }], then: continue }
      - steps: [{ id: other, plugin: p }]
  - { id: b, plugin: p }",
    );
    let simulation = check(&source, "fail a x\n ok on_x\n ok b", &["run a#1", "run on_x#1", "run b#1", "succeeded"]);
    assert_eq!(simulation.run.step("on_x").unwrap().input(), &json!({ "m": "x a" }));
    let simulation = check(&source, "fail a y\n ok other", &["run a#1", "run other#1", "failed"]);
    assert_eq!(simulation.run.error().unwrap().code, "y");
    let simulation = check(&source, "fail a x\n fail on_x z", &["run a#1", "run on_x#1", "failed"]);
    assert_eq!(simulation.run.error().unwrap().code, "z");
}

#[test]
fn a_failing_branch_does_not_stop_the_others() {
    let source = |on_error: &str| {
        steps(&format!(
            "
  - id: block
    parallel:
      on-error: {on_error}
      branches: [{{ id: a, plugin: p }}, {{ steps: [{{ id: b, plugin: p }}, {{ id: c, plugin: p }}] }}]
  - {{ id: d, plugin: p }}"
        ))
    };
    let script = "fail a x\n ok b\n fail c y";
    let both = "run a#1, run b#1";
    let simulation = check(&source("fail"), script, &[both, "run b#1", "run c#1", "failed"]);
    let error = simulation.run.error().unwrap();
    assert_eq!(error.message, "2 of 2 branches failed: `a` (x): a failed; `c` (y): c failed");
    let simulation = check(&source("continue"), script, &[both, "run b#1", "run c#1", "run d#1"]);
    assert_eq!(simulation.run.output("block").unwrap()["errors"][1]["step"], json!("c"));
}

#[test]
fn fail_fast_stops_the_others() {
    let source = steps(
        "
  - parallel:
      fail-fast: true
      branches:
        - { id: a, plugin: p }
        - steps:
            - { id: b, plugin: p, retry: { attempts: 2 }, catch: [{ steps: [{ id: e, plugin: p }] }] }
            - { id: c, plugin: p }
        - { id: d, approval: { title: t, approvers: ['group:g'], expires: 1s } }",
    );
    let began = "run a#1, run b#1, expire d at 1000";
    check(&source, "fail a x\n ok b", &[began, "stop b#1", "failed"]);
    check(&source, "fail a x\n fail b cancelled", &[began, "stop b#1", "failed"]);
    check(&source, "fail b x\n fail a x", &[began, "run a#1, retry b#2 in 1s, expire d at 1000", "failed"]);
}

#[test]
fn an_approval_waits_for_as_many_people_as_it_needs() {
    let source = steps(
        "
  - { id: a, plugin: p }
  - id: ask
    approval: { title: 'close ${{ event.id }}?', approvers: ['group:leads', 'user:bob'], needs: 2, expires: 1h, show: [a] }
  - { id: b, plugin: p }",
    );
    let began = ["run a#1", "expire ask at 3600000", "expire ask at 3600000"];
    let simulation = check(&source, "ok a\n approve ask bob\n approve ask alice", &[&began[..], &["run b#1"]].concat());
    assert_eq!(simulation.run.output("ask"), Some(&json!({ "approved_by": ["alice", "bob"] })));
    let approval = simulation.run.step("ask").unwrap().approval().unwrap();
    assert_eq!(approval.title, "close e-1?");
    assert_eq!(approval.show["a"]["output"]["of"], json!("a"));
    check(&source, "ok a\n approve ask bob\n refuse ask alice", &[&began[..], &["refused"]].concat());
    check(&source, "ok a\n approve ask bob\n wake", &[&began[..], &["expired"]].concat());
}

#[test]
fn an_unknown_outcome_waits_for_a_person() {
    let source = steps("\n  - { id: a, plugin: p, retry: { attempts: 3 } }");
    let simulation = check(&source, "suspend a", &["run a#1", "waiting"]);
    assert_eq!(simulation.run.open_reviews().collect::<Vec<_>>(), [("a", 1, "c")]);
    check(&source, "suspend a\n settle a done\n ok a", &["run a#1", "waiting", "run a#1", "succeeded"]);
    check(&source, "suspend a\n settle a not-done\n ok a", &["run a#1", "waiting", "run a#1", "succeeded"]);
    let simulation = check(&source, "suspend a\n settle a give-up", &["run a#1", "waiting", "failed"]);
    assert_eq!(simulation.run.error().unwrap().code, "gave-up");
}

const WITH_ON_FAILURE: &str = "
name: w
timeout: 1h
steps:
  - id: block
    parallel:
      branches:
        - { id: a, plugin: p }
        - { id: b, plugin: p, retry: { attempts: 2 } }
        - { id: ask, approval: { title: t, approvers: ['group:g'], expires: 1m } }
on-failure:
  - { id: tell, plugin: p, with: { m: '${{ error.code }}: ${{ steps.a.status }}' } }
  - { id: tell_more, plugin: p }
";

#[test]
fn on_failure_runs_when_a_run_fails_expires_or_times_out() {
    let began = "run a#1, run b#1, expire ask at 60000, time out at 3600000";
    let simulation = check(
        WITH_ON_FAILURE,
        "ok a\n ok b\n wake\n ok tell\n fail tell_more x",
        &[
            began,
            "run b#1, expire ask at 60000, time out at 3600000",
            "expire ask at 60000, time out at 3600000",
            "run tell#1",
            "run tell_more#1",
            "expired",
        ],
    );
    assert_eq!(simulation.run.step("tell").unwrap().input(), &json!({ "m": "branches-failed: succeeded" }));
}

#[test]
fn a_run_that_takes_too_long_is_stopped() {
    let mut simulation = Simulation::new(WITH_ON_FAILURE);
    simulation.settle();
    fail(&mut simulation, "b", 1, "x");
    carry_out(&mut simulation, "retry b 2 5000000");
    simulation.now = 3_600_000;
    simulation.append(Event::RunTimedOut);
    assert_eq!(describe(&mut simulation), "stop a#1");
    assert_eq!(simulation.run.step("b").unwrap().state().name(), "failed", "its retry is given up");
    assert_eq!(simulation.run.step("ask").unwrap().state().name(), "failed", "nobody is asked any more");
    fail(&mut simulation, "a", 1, "cancelled");
    assert_eq!(describe(&mut simulation), "run tell#1");
    succeed(&mut simulation, "tell", 1);
    simulation.settle();
    succeed(&mut simulation, "tell_more", 1);
    assert_eq!(describe(&mut simulation), "timed-out");
    assert_eq!(simulation.run.error().unwrap().code, "timed-out");
}

#[test]
fn a_cancelled_run_ends_when_what_runs_has_ended() {
    let began = "run a#1, run b#1, expire ask at 60000, time out at 3600000";
    let script = "cancel
 fail a cancelled
 ok b";
    let simulation = check(WITH_ON_FAILURE, script, &[began, "stop a#1, stop b#1", "stop b#1", "cancelled"]);
    assert!(matches!(simulation.run.step("ask").unwrap().state(), StepState::Failed { .. }));
    assert_eq!(simulation.run.cancelled().unwrap().by, "dave");
    assert!(simulation.run.step("tell").is_none());
}

#[test]
fn a_refusal_ends_the_run_when_the_other_branches_have_ended() {
    let began = "run a#1, run b#1, expire ask at 60000, time out at 3600000";
    let left = "run a#1, run b#1, time out at 3600000";
    let script = "refuse ask alice
 fail a x
 ok b";
    let simulation = check(WITH_ON_FAILURE, script, &[began, left, "run b#1, time out at 3600000", "refused"]);
    assert!(simulation.run.step("tell").is_none(), "a person has decided, so nobody needs to be told");
}

#[test]
fn a_refusal_and_an_expiry_are_not_caught() {
    let source = steps(
        "
  - parallel:
      branches:
        - { id: ask, approval: { title: t, approvers: ['group:g'], expires: 1m } }
        - { id: a, plugin: p }
    catch: [{ steps: [{ id: rescue, plugin: p }], then: fail }]",
    );
    let began = "expire ask at 60000, run a#1";
    check(&source, "refuse ask alice\n fail a x", &[began, "run a#1", "refused"]);
    check(&source, "wake\n ok a", &[began, "run a#1", "expired"]);
    check(&source, "approve ask alice\n fail a x\n ok rescue", &[began, "run a#1", "run rescue#1", "failed"]);
}

#[test]
fn an_expression_without_a_value_fails_its_step() {
    let source = steps(
        "
  - id: a
    plugin: p
    with: { x: '${{ event.missing }}' }
    retry: { attempts: 3 }
    catch: [{ on: [expression], steps: [{ id: b, plugin: p, with: { m: '${{ error.message }}' } }], then: continue }]
  - { id: c, plugin: p, if: '${{ event.id }}' }",
    );
    let simulation = check(&source, "ok b", &["run b#1", "failed"]);
    let message = simulation.run.step("b").unwrap().input().to_string();
    assert!(message.contains("`event.missing` in `event.missing` is not defined"), "{message}");
    assert!(simulation.run.error().unwrap().message.contains("must result in true or false, not text"));
}
