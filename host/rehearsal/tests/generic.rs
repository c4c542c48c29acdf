//! What must hold of every shipped workflow, and of one with every kind of step, whatever it does, over all of its cases: a failing step ends the run as the
//! document says, nothing counts twice, and a run that is cut anywhere goes on as if it had not been. A workflow that is
//! added is tried here without an edit.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod document;
mod suites;

use std::collections::BTreeMap;

use document::{Explained, explain};
use rehearsal::{Case, End, Rehearsal, rehearse, resume};
use workflow::{Effect, Event, Run, RunStatus, StepError, StepState, Workflow, next};

/// Calls back with every case of every shipped workflow, and with that case again with each step that ran in it failing.
fn every_course(mut with: impl FnMut(&Workflow, &Case, &Rehearsal)) -> usize {
    let mut count = 0;
    for suite in suites::all() {
        for case in &suite.cases {
            let rehearsal = rehearse(&suite.workflow, case);
            for path in rehearsal.ran() {
                let failing = case.with_failure(path, injected());
                with(&suite.workflow, &failing, &rehearse(&suite.workflow, &failing));
                count += 1;
            }
            with(&suite.workflow, case, &rehearsal);
            count += 1;
        }
    }
    count
}

fn injected() -> StepError {
    StepError::new("injected", "it fails in this test")
}

#[test]
fn a_failing_step_ends_the_run_as_the_document_says() {
    for suite in suites::all() {
        for case in &suite.cases {
            let before = rehearse(&suite.workflow, case);
            for path in before.ran() {
                let after = rehearse(&suite.workflow, &case.with_failure(path, injected()));
                let what = format!("`{path}` fails in `{}` of `{}`", case.name, suite.workflow.name);
                assert_eq!(after.faults, [], "{what}: give the case, or the defaults, answers and decisions");
                check_failure(&suite.workflow, path, &before, &after, &what);
            }
        }
    }
}

fn check_failure(workflow: &Workflow, path: &str, before: &Rehearsal, after: &Rehearsal, what: &str) {
    let run = after.run.as_ref().unwrap();
    assert!(after.end == End::Ended || before.end == End::Waiting, "{what}: the run does not end");
    // It may have been stopped before it could fail.
    let failed = matches!(after.state(path), Some(StepState::Failed { error }) if error.code == injected().code);
    if !failed {
        return;
    }
    let Explained { never, told, then, failing } = explain(workflow, path, run);
    for step in &never {
        assert_eq!(after.state(step), None, "{what}, and `{step}` behind it begins nevertheless");
    }
    for step in &told {
        assert!(after.state(step).is_some(), "{what}, and the workflow that is called does not tell it by `{step}`");
    }
    match then {
        Some(then) if before.state(&then).is_some() => {
            assert!(after.state(&then).is_some(), "{what}, which is dealt with, and `{then}` does not begin");
        }
        _ => {}
    }
    if failing {
        let status = run.status();
        assert!(after.end == End::Waiting || status.is_final(), "{what}: the run is {}", status.name());
        assert_ne!(status, RunStatus::Succeeded, "{what}, which nothing catches");
        let told = matches!(status, RunStatus::Failed | RunStatus::Expired | RunStatus::TimedOut);
        if let Some(first) = workflow.on_failure.first() {
            assert_eq!(run.step(first.path()).is_some(), told, "{what}: the run is {}", status.name());
        }
    }
}

#[test]
fn an_event_that_is_delivered_twice_counts_once() {
    let courses = every_course(|workflow, case, rehearsal| {
        let Some(mut run) = start(rehearsal) else { return };
        for (event, at) in &rehearsal.log[1..] {
            run.apply(event, *at).unwrap();
            let before = run.clone();
            let again = run.apply(event, *at);
            assert!(again.is_err(), "{event:?} counts twice in `{}` of `{}`", case.name, workflow.name);
            assert_eq!(run, before, "{event:?} is refused and changes something");
        }
    });
    assert!(courses > 50, "only {courses} courses were tried");
}

#[test]
fn a_finished_step_never_runs_again() {
    every_course(|workflow, case, rehearsal| {
        let Some(mut run) = start(rehearsal) else { return };
        let mut attempts: BTreeMap<String, u32> = BTreeMap::new();
        for (event, at) in &rehearsal.log[1..] {
            run.apply(event, *at).unwrap();
            for (path, step) in run.steps() {
                attempts.insert(path.to_owned(), step.attempt());
            }
            for effect in next(workflow, &run) {
                let (path, attempt) = match &effect {
                    Effect::Invoke { path, attempt, .. } => (path, *attempt),
                    Effect::Record(Event::StepStarted { path, attempt, .. }) => (path, *attempt),
                    Effect::Wake { event: Event::StepStarted { path, attempt, .. }, .. } => (path, *attempt),
                    _ => continue,
                };
                let what = format!("{effect:?} behind {event:?} in `{}` of `{}`", case.name, workflow.name);
                match run.step(path).map(|step| (step.state(), step.attempt())) {
                    // Its block may have begun anew.
                    None => assert_eq!(attempt, attempts.get(path).copied().unwrap_or_default() + 1, "{what}"),
                    Some((StepState::Running | StepState::RetryWaiting { .. }, current)) => {
                        assert_eq!(attempt, current, "{what}");
                    }
                    Some((state, _)) => panic!("the step is {} already: {what}", state.name()),
                }
            }
        }
    });
}

#[test]
fn a_run_that_is_cut_after_any_event_goes_on_as_if_it_had_not_been() {
    every_course(|workflow, case, rehearsal| {
        for length in 1..rehearsal.log.len() {
            let resumed = resume(workflow, case, rehearsal.log[..length].to_vec());
            let (event, _) = &rehearsal.log[length - 1];
            let what = format!("cut behind {event:?} in `{}` of `{}`", case.name, workflow.name);
            assert_eq!(resumed.log, rehearsal.log, "{what}");
            assert_eq!(resumed.run, rehearsal.run, "{what}");
        }
    });
}

/// The run after its first event, if it started.
fn start(rehearsal: &Rehearsal) -> Option<Run> {
    let (event, at) = rehearsal.log.first()?;
    Some(Run::new(event, *at).unwrap())
}
