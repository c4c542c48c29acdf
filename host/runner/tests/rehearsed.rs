//! The cases of every shipped workflow on the real driver, gate, fold and store: they come to the same as without any of
//! those, and so they do when the process dies at any of its appends. No finished step runs again then, and no write is
//! sent twice.

#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "where a test cannot go on, it has failed")]
#![expect(clippy::indexing_slicing, reason = "a test fails by panicking")]

mod stage;
#[path = "../../rehearsal/tests/suites/mod.rs"]
mod suites;
mod world;

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use rehearsal::{Case, End, Rehearsal, Suite, rehearse};
use serde_json::{Value, json};
use stage::{Course, Death, Stage, tells};
use store::Store;
use workflow::{Event, Run, StepState, Workflow};
use world::{PUT, Service, TELL, World};

/// How often a write of `on-unknown: repeat` may be sent: it is not answered, it is repeated, the process dies, and it is
/// repeated once more.
const REPEATED: usize = 3;

/// What a run came to, without what differs from run to run: its id, its times.
fn shape(workflow: &Workflow, run: &Run) -> Value {
    let steps = run.steps().map(|(path, step)| {
        let waited = workflow.step_at(path, run).is_some_and(|step| step.kind_name() == "wait");
        let state = match step.state() {
            // Its output is a time.
            StepState::Succeeded { .. } if waited => json!({}),
            StepState::Succeeded { output } => json!({ "output": **output }),
            StepState::Failed { error } => json!({ "code": error.code, "message": error.message }),
            _ => json!({}),
        };
        let (name, attempt, input) = (step.state().name(), step.attempt(), step.input());
        let title = step.approval().map(|approval| (approval.title.clone(), approval.show.clone()));
        json!({ "path": path, "state": name, "attempt": attempt, "input": input, "is": state, "asked": title })
    });
    let steps: Vec<Value> = steps.collect();
    let error = run.error().map(|error| (error.code.clone(), error.message.clone()));
    let shape = json!({ "status": run.status().name(), "error": error, "steps": steps });
    serde_json::from_str(&shape.to_string().replace(&run.info().id, "RUN")).unwrap()
}

/// The case on the stage, with a process that dies.
async fn play(world: &World, store: &Arc<Store>, case: &Arc<Case>, death: Death) -> (String, Course) {
    *world.service.lock().unwrap() = Service::default();
    let mut stage = Stage::set(world, store.clone(), case.clone()).await;
    let course = stage.play(death).await;
    (stage.run().to_owned(), course)
}

fn check(world: &World, run: &str, expected: &Rehearsal, case: &Case, course: &Course, what: &str) {
    let (workflow, expected_run) = (&world.rules.workflow, expected.run.as_ref().unwrap());
    assert_eq!(shape(workflow, &course.history.run), shape(workflow, expected_run), "{what}");
    for attempt in &course.begun_again {
        assert!(!course.finished.contains(attempt), "{what}: {attempt:?} had ended, and is run again");
    }
    let suspended = expected.log.iter().filter_map(|(event, _)| match event {
        Event::StepSuspended { path, .. } => Some(path.as_str()),
        _ => None,
    });
    let suspended: Vec<&str> = suspended.collect();
    let service = world.service.lock().unwrap();
    for (path, attempt) in &course.begun {
        let name = format!("{run}/{path}/{attempt}");
        let sent = |function: &str| service.requests.iter().filter(|(f, n)| f == function && *n == name).count();
        assert!(sent(PUT) <= 1, "{what}: the write of {name} was sent {} times", sent(PUT));
        // A block that begins anew forgets what was inside of it.
        let Some(step) = course.history.run.step(path) else { continue };
        let plugin = world.rules.workflow.step_at(path, &course.history.run).and_then(|step| step.plugin()).unwrap();
        let mut told = case.answer(path, plugin, *attempt, step.input()).map_or(0, tells);
        if told > 0 && !suspended.contains(&path.as_str()) {
            told = REPEATED;
        }
        assert!(sent(TELL) <= told, "{what}: the write of {name} that nobody knows of was sent {} times", sent(TELL));
        if matches!(step.state(), StepState::Succeeded { .. }) && step.attempt() == *attempt {
            assert_eq!(sent(PUT), 1, "{what}: {name}");
        }
    }
}

/// What is in a ledger that is cut, and what was about to be.
type Cut = (Vec<String>, Vec<String>);
type Cuts = BTreeSet<Cut>;

/// What is in the ledger when a process dies at an append, and what it was about to append; not in which order branches
/// beside each other got there.
fn cut(appends: &[String], at: usize) -> Cut {
    let entries = |appends: &[String]| {
        let mut entries: Vec<_> = appends.iter().flat_map(|append| append.lines()).map(str::to_owned).collect();
        entries.sort();
        entries
    };
    (entries(&appends[..at]), entries(&appends[at..=at]))
}

/// Every case that starts a run, with what it comes to.
fn cases(suite: &Suite) -> Vec<(Arc<Case>, Rehearsal)> {
    let cases = suite.cases.iter().map(|case| (Arc::new(case.clone()), rehearse(&suite.workflow, case)));
    cases.filter(|(_, rehearsal)| !matches!(rehearsal.end, End::NotStarted(_))).collect()
}

/// Plays a case once whole, and once for each place where its process can die that no case of its workflow had before.
async fn try_all(world: &World, store: &Arc<Store>, case: &Arc<Case>, expected: &Rehearsal, cuts: &Mutex<Cuts>) {
    let name = format!("`{}` of `{}`", case.name, world.rules.workflow.name);
    let (run, whole) = play(world, store, case, Death::Never).await;
    check(world, &run, expected, case, &whole, &name);
    for append in 0..whole.appends.len() {
        if !cuts.lock().unwrap().insert(cut(&whole.appends, append)) {
            continue;
        }
        // Dying before an append leaves what dying after the one before it leaves, but for what was sent to the service
        // meanwhile.
        let sent = whole.appends[append].lines().any(|entry| entry.starts_with("call."));
        for death in [Death::After(append), Death::Before(append)].into_iter().take(1 + usize::from(sent)) {
            let (run, course) = play(world, store, case, death).await;
            check(world, &run, expected, case, &course, &format!("{name}, dies {death:?}"));
        }
    }
}

/// Takes cases until none is left; a world is its thread's own.
async fn work(suite: &Suite, cases: &Mutex<Vec<(Arc<Case>, Rehearsal)>>, cuts: &Mutex<Cuts>) {
    let mut world = World::of(suite.workflow.clone(), suite.callees.values().cloned().collect());
    // What is cut is cut by the stage, so that the disk may be memory where there is such a folder.
    if let Ok(folder) = tempfile::tempdir_in("/dev/shm") {
        world.folder = folder;
    }
    let store = Arc::new(world.store().await);
    loop {
        let next = cases.lock().unwrap().pop();
        let Some((case, expected)) = next else { return };
        try_all(&world, &store, &case, &expected, cuts).await;
    }
}

#[test]
fn a_case_comes_to_the_same_on_the_real_driver_wherever_the_process_dies() {
    let threads = std::thread::available_parallelism().map_or(2, usize::from);
    for suite in suites::all() {
        let (cases, cuts) = (Mutex::new(cases(&suite)), Mutex::new(Cuts::new()));
        std::thread::scope(|scope| {
            for _ in 0..threads {
                scope.spawn(|| {
                    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
                    runtime.block_on(work(&suite, &cases, &cuts));
                });
            }
        });
        let cuts = cuts.into_inner().unwrap().len();
        assert!(cuts > 20, "only {cuts} cuts of `{}` were tried", suite.workflow.name);
    }
}
