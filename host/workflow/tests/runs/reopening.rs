//! A retry of what stands behind an approval: when it is asked again, and what goes on until it is given.

use cases::case;
use workflow::{Event, Illegal, RunStatus};

use crate::script::{carry_out, check, check_linked, describe, steps};
use crate::simulation::Simulation;

/// A plugin behind an approval whose window is an hour.
const GATED: &str = "
  - id: ask
    approval: { title: t, approvers: ['group:leads'], expires: 1h }
  - { id: between, plugin: p }
  - { id: a, plugin: p }";

/// A run of it that failed behind the approval.
const FAILED: &str = "approve ask alice\n ok between\n fail a x";

fn failed(source: &str, script: &str) -> Simulation {
    let mut simulation = Simulation::new(source);
    describe(&mut simulation);
    for line in script.lines().map(str::trim) {
        carry_out(&mut simulation, line);
        describe(&mut simulation);
    }
    simulation
}

/// What the retry by this person at this time comes to.
fn after_retry(source: &str, script: &str, by: &str, at: i64) -> String {
    let mut simulation = failed(source, script);
    simulation.now = at;
    carry_out(&mut simulation, &format!("go-on {by}"));
    describe(&mut simulation)
}

#[test]
fn h18_the_starter_and_a_late_retry_are_asked_again() {
    let source = steps(GATED);
    for (input, by, at, expected) in [
        ("a retry by another person within the window", "dave", 3_599_999, "run a#2"),
        ("a retry by another person when the window has passed", "dave", 3_600_000, "expire ask at 7200000"),
        ("a retry by the starter within the window", "carol", 1_000, "expire ask at 3601000"),
        ("a retry by the starter when the window has passed", "carol", 9_000_000, "expire ask at 12600000"),
    ] {
        case("H18", input, expected, after_retry(&source, FAILED, by, at));
    }
}

/// The names of what a retry by the starter asks again, and of the blocks that go on.
fn asked(source: &str, others: &[&str], script: &str) -> (Vec<String>, Vec<String>) {
    let mut simulation = Simulation::linked(source, others);
    describe(&mut simulation);
    for line in script.lines().map(str::trim) {
        carry_out(&mut simulation, line);
        describe(&mut simulation);
    }
    assert_eq!(simulation.run.status(), RunStatus::Failed);
    match workflow::retry(&simulation.workflow, &simulation.run, &"carol".into(), 0).unwrap() {
        Event::Retried { again, reopened, .. } => (again, reopened),
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_lies_between_stays_and_what_is_behind_begins_when_it_is_given() {
    let script = format!("{FAILED}\n go-on carol\n approve ask alice\n ok a 2");
    let expected = ["expire ask at 3600000", "run between#1", "run a#1", "failed", "expire ask at 3600000", "run a#2"];
    let expected: Vec<&str> = expected.into_iter().chain(["succeeded"]).collect();
    check(&steps(GATED), &script, &expected);
}

#[test]
fn an_approval_that_is_asked_again_can_be_refused_and_can_expire() {
    let refused = "approve ask alice\n ok between\n fail a x\n go-on carol\n refuse ask alice";
    let mut begun = vec!["expire ask at 3600000", "run between#1", "run a#1", "failed", "expire ask at 3600000"];
    check(&steps(GATED), refused, &[begun.as_slice(), &["refused"]].concat());
    let expired = "approve ask alice\n ok between\n fail a x\n go-on carol\n wake";
    begun.push("expired");
    check(&steps(GATED), expired, &begun);
}

#[test]
fn each_retry_by_the_starter_is_asked_for() {
    let script = format!("{FAILED}\n go-on carol\n approve ask alice\n fail a x 2\n go-on carol");
    let first = ["expire ask at 3600000", "run between#1", "run a#1", "failed", "expire ask at 3600000", "run a#2"];
    check(&steps(GATED), &script, &[first.as_slice(), &["failed", "expire ask at 3600000"]].concat());
}

#[test]
fn without_a_window_an_approval_covers_a_day_from_when_it_was_given() {
    const DAY: i64 = 86_400_000;
    let source = steps(
        "
  - id: ask
    approval: { title: t, approvers: ['group:leads'] }
  - { id: a, plugin: p }",
    );
    let late = "at 100000\n approve ask alice\n fail a x";
    for (by, at, expected) in
        [("dave", 100_000 + DAY - 1, "run a#2"), ("dave", 100_000 + DAY, "waiting"), ("carol", 100_001, "waiting")]
    {
        assert_eq!(after_retry(&source, late, by, at), expected, "{by} at {at}");
    }
}

#[test]
fn every_approval_on_the_way_is_asked_again_wherever_it_stands() {
    let ask = |id: &str| format!("{{ id: {id}, approval: {{ title: t, approvers: ['group:leads'] }} }}");
    let (first, inner, beside) = (ask("first"), ask("inner"), ask("beside"));
    // In the sequence of the failed step and in that around it, and not in the branch beside it.
    let branches = steps(&format!(
        "
  - {first}
  - id: block
    parallel:
      branches:
        - steps: [{inner}, {{ id: a, plugin: p }}]
        - steps: [{beside}, {{ id: b, plugin: p }}]"
    ));
    let script = "approve first alice\n approve inner alice\n approve beside alice\n ok b\n fail a x";
    let names = |names: &[&str]| names.iter().map(ToString::to_string).collect::<Vec<_>>();
    assert_eq!(asked(&branches, &[], script), (names(&["first", "inner", "a"]), names(&["block"])));

    // Only that of the item that failed.
    let items = steps(&format!(
        "
  - id: sweep
    each:
      in: [1, 2]
      steps:
        - {inner}
        - {{ id: a, plugin: p }}"
    ));
    let script = "approve sweep[0].inner alice\n ok sweep[0].a\n approve sweep[1].inner alice\n fail sweep[1].a x";
    assert_eq!(asked(&items, &[], script), (names(&["sweep[1].inner", "sweep[1].a"]), names(&["sweep"])));

    // In the caller, of what is called; and in what was called before, whose block goes on.
    let caller = steps(&format!("\n  - {first}\n  - {{ id: inside, call: {{ workflow: callee }} }}"));
    let callee = "name: callee\nsteps:\n  - { id: a, plugin: p }";
    let script = "approve first alice\n fail inside.a x";
    assert_eq!(asked(&caller, &[callee], script), (names(&["first", "inside.a"]), names(&["inside"])));
    let caller = steps("\n  - { id: leads, call: { workflow: callee } }\n  - { id: a, plugin: p }");
    let callee = format!("name: callee\nsteps:\n  - {first}");
    let script = "approve leads.first alice\n fail a x";
    assert_eq!(asked(&caller, &[&callee], script), (names(&["leads.first", "a"]), names(&["leads"])));
    let script = format!("{script}\n go-on carol\n approve leads.first bob\n ok a 2");
    check_linked(&caller, &[&callee], &script, &["waiting", "run a#1", "failed", "waiting", "run a#2", "succeeded"]);
}

/// A plugin with a `retry` behind an approval, and another one beside it.
const RETRIED: &str = "
  - id: ask
    approval: { title: t, approvers: ['group:leads'], expires: 1h }
  - id: block
    timeout: 10h
    parallel:
      branches:
        - { id: a, plugin: p, retry: { attempts: 3, delay: 1h } }
        - steps: [{ id: b, plugin: p }, { id: c, plugin: p }]";

/// What was over before the approval stays so; the approval itself, and what stands behind it, does not.
#[test]
fn an_approval_behind_other_steps_is_asked_again() {
    let inner = "{ id: ask, approval: { title: t, approvers: ['group:leads'], expires: 1h } }";
    let retried = "{ id: a, plugin: p, retry: { attempts: 3, delay: 1h } }";
    let source = steps(&format!("\n  - {{ id: first, plugin: p }}\n  - {inner}\n  - {retried}"));
    check(
        &source,
        "ok first\n approve ask alice\n fail a x\n retry a 2 3600000\n wake\n approve ask bob",
        &[
            "run first#1",
            "expire ask at 3600000",
            "run a#1",
            "retry a#2 in 3600s",
            "ask ask before a at 3600000",
            "expire ask at 7200000",
            "start a#2 at 3600000",
        ],
    );
}

#[test]
fn h18_an_automatic_retry_is_asked_for_when_the_window_has_passed() {
    let source = steps(
        "
  - id: ask
    approval: { title: t, approvers: ['group:leads'], expires: 1h }
  - { id: a, plugin: p, retry: { attempts: 3, delay: 1m } }",
    );
    let begun = "approve ask alice\n fail a x";
    for (input, script, expected) in [
        ("a retry whose time is within the window", "retry a 2 3599999\n wake", "run a#2"),
        ("a retry whose time is behind the window", "retry a 2 3600000\n wake", "expire ask at 7200000"),
        ("a retry of a run that is driven late", "retry a 2 60000\n at 3600000\n wake", "expire ask at 7200000"),
        ("a retry that was asked for", "retry a 2 3600000\n wake\n approve ask bob\n wake", "run a#2"),
        (
            "a retry that was asked for, driven late again",
            "retry a 2 3600000\n wake\n approve ask bob\n at 7200000\n wake",
            "expire ask at 10800000",
        ),
    ] {
        let mut simulation = failed(&source, &format!("{begun}\n{script}"));
        case("H18", input, expected, describe(&mut simulation));
    }
}

#[test]
fn what_runs_behind_an_approval_that_is_asked_again_goes_on_and_nothing_begins() {
    let asked = "expire ask at 7200000";
    let simulation = check(
        &steps(RETRIED),
        "approve ask alice
         fail a x
         retry a 2 3600000
         wake
         ok b
         approve ask bob
         wake
         ok a 2
         ok c",
        &[
            "expire ask at 3600000",
            "time out block at 36000000, run a#1, run b#1",
            "time out block at 36000000, retry a#2 in 3600s, run b#1",
            "time out block at 36000000, ask ask before a at 3600000, run b#1",
            &format!("{asked}, run b#1"),
            asked,
            // The time of the block counts from when it was given again.
            "time out block at 39600000, start a#2 at 3600000, run c#1",
            "time out block at 39600000, run a#2, run c#1",
            "time out block at 39600000, run c#1",
            "succeeded",
        ],
    );
    let block = Event::ApprovalReopened { path: "a".to_owned(), again: vec!["ask".to_owned()], reopened: vec![] };
    assert!(matches!(simulation.run.clone().apply(&block, 0), Err(Illegal::Finished)));
}

#[test]
fn what_runs_behind_an_approval_that_is_refused_when_asked_again_is_stopped() {
    let begun = "approve ask alice\n fail a x\n retry a 2 3600000\n wake\n refuse ask bob";
    let mut simulation = failed(&steps(RETRIED), begun);
    assert_eq!(describe(&mut simulation), "stop b#1");
    carry_out(&mut simulation, "fail b cancelled");
    assert_eq!(describe(&mut simulation), "refused");
}

#[test]
fn only_given_approvals_are_asked_again_and_only_before_a_retry() {
    let mut simulation = failed(&steps(RETRIED), "approve ask alice\n fail a x\n retry a 2 3600000");
    let event = |path: &str, again: &str| Event::ApprovalReopened {
        path: path.to_owned(),
        again: vec![again.to_owned()],
        reopened: vec![],
    };
    for (path, again, at) in [
        ("a", "ask", 3_599_999),
        ("b", "ask", 3_600_000),
        ("a", "b", 3_600_000),
        ("a", "block", 3_600_000),
        ("z", "ask", 3_600_000),
    ] {
        let before = simulation.run.clone();
        let refused = simulation.run.apply(&event(path, again), at);
        assert!(matches!(refused, Err(Illegal::Step { .. })), "{path} {again}: {refused:?}");
        assert_eq!(simulation.run, before);
    }
}

#[test]
fn a_retry_that_an_older_ledger_has_is_what_it_was() {
    let mut simulation = failed(&steps(GATED), FAILED);
    simulation.append(Event::Retried { by: "carol".into(), again: vec!["a".to_owned()], reopened: vec![] });
    assert_eq!(describe(&mut simulation), "run a#2");
}

/// The same as [`RETRIED`], behind two approvals in a row.
const RETRIED_BEHIND_TWO: &str = "
  - id: ask
    approval: { title: t, approvers: ['group:leads'], expires: 1h }
  - id: also
    approval: { title: t, approvers: ['group:leads'], expires: 1h }
  - id: block
    parallel:
      branches:
        - { id: a, plugin: p, retry: { attempts: 3, delay: 1h } }
        - steps: [{ id: b, plugin: p }, { id: c, plugin: p }]";

/// Of two approvals that are asked again the second one has not begun while the first one waits.
#[test]
fn what_runs_behind_several_approvals_that_are_asked_again_goes_on_or_is_stopped() {
    let begun = "approve ask alice\n approve also alice\n fail a x\n retry a 2 3600000\n wake";
    let mut simulation = failed(&steps(RETRIED_BEHIND_TWO), begun);
    assert_eq!(describe(&mut simulation), "expire ask at 7200000, run b#1");
    carry_out(&mut simulation, "refuse ask bob");
    assert_eq!(describe(&mut simulation), "stop b#1");
    carry_out(&mut simulation, "fail b cancelled");
    assert_eq!(describe(&mut simulation), "refused");

    let mut simulation = failed(&steps(RETRIED_BEHIND_TWO), &format!("{begun}\n cancel"));
    assert_eq!(describe(&mut simulation), "stop b#1");
    carry_out(&mut simulation, "fail b cancelled");
    assert_eq!(describe(&mut simulation), "cancelled");
}

/// The time of the run is over while the first of them is asked again.
#[test]
fn what_was_stopped_behind_several_approvals_begins_anew_when_the_run_is_retried() {
    let source = format!("timeout: 90m\n{}", steps(RETRIED_BEHIND_TWO));
    let begun = "approve ask alice\n approve also alice\n fail a x\n ok b\n ok c\n retry a 2 3600000\n wake\n wake";
    let mut simulation = failed(&source, begun);
    assert_eq!(describe(&mut simulation), "timed-out");
    let mut seen = vec![];
    for line in ["go-on dave", "approve ask bob", "approve also bob"] {
        carry_out(&mut simulation, line);
        seen.push(describe(&mut simulation));
    }
    let timeout = "time out at 10800000";
    let asked = format!("expire ask at 9000000, {timeout}");
    assert_eq!(seen, [asked.clone(), asked.replace("ask", "also"), format!("run a#3, {timeout}")]);
}
