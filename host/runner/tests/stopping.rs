//! A stop in order: nothing new begins, what is in flight gets its outcome, and what is left goes on at the next start.

#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "where a test cannot go on, it has failed")]

mod world;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use cases::case;
use serde_json::json;
use tokio::sync::Semaphore;
use world::{GET, PUT, Process, World, call, until};

const TWO_STEPS: &str = "name: two\nsteps:\n  - id: first\n    plugin: first\n  - id: second\n    plugin: second\n";

/// A world whose first plugin makes a call, and another one, and whose second makes one. No call is answered.
fn world() -> (World, Arc<Semaphore>) {
    let world = World::new(TWO_STEPS);
    world.scripts.set("first", |_, calls| async move {
        call(&calls, GET, "look").await?;
        call(&calls, PUT, "a").await?;
        call(&calls, PUT, "b").await
    });
    world.scripts.set("second", |_, calls| async move { call(&calls, PUT, "c").await });
    let answers = Arc::new(Semaphore::new(0));
    world.service.lock().unwrap().answers = Some(answers.clone());
    (world, answers)
}

async fn begin(world: &World) -> Process {
    let process = world.process().await;
    process.scheduler.begin(process.runner.clone()).await.unwrap();
    process
}

fn asked(world: &World, name: &str) -> usize {
    world.service.lock().unwrap().count(name)
}

/// Whether there are drivers still, after everything had many turns to go on.
async fn goes_on(process: &Process) -> bool {
    for _ in 0..1_000 {
        tokio::task::yield_now().await;
    }
    process.scheduler.under_way() > 0
}

async fn stopped(process: &Process) {
    tokio::time::timeout(Duration::from_secs(30), process.scheduler.idle()).await.expect("every driver ends");
}

/// How many writes of the run were announced, and how many of them have an outcome.
async fn writes(process: &Process, run: &str) -> (usize, usize) {
    let kinds = process.kinds(run).await;
    let count = |kind: &str| kinds.iter().filter(|found| *found == kind).count();
    (count("call.intent"), count("call.outcome"))
}

/// Has the next process end the run, and asserts that nothing was sent twice.
async fn ends_in_the_next_life(world: &World, run: &str) {
    world.service.lock().unwrap().answers = None;
    let process = begin(world).await;
    until(|| async { process.status(run).await == "succeeded" }).await;
    assert_eq!([asked(world, "a"), asked(world, "b"), asked(world, "c")], [1, 1, 1]);
}

#[tokio::test]
async fn f12_a_write_that_is_in_flight_gets_its_outcome_and_the_next_one_is_not_sent() {
    let (world, answers) = world();
    let process = begin(&world).await;
    let run = process.start(&world).await;
    answers.add_permits(1);
    until(|| async { asked(&world, "a") == 1 }).await;
    assert_eq!(process.scheduler.stop(), 1);
    case("F12", "drivers while a write is in flight", true, goes_on(&process).await);
    answers.add_permits(100);
    stopped(&process).await;
    case("F12", "writes that were announced, and that have an outcome", "(1, 1)", {
        format!("{:?}", writes(&process, &run).await)
    });
    let kinds = process.kinds(&run).await;
    assert!(!kinds.iter().any(|kind| kind == "step.succeeded" || kind == "step.failed"), "{kinds:?}");
    process.end().await;
    ends_in_the_next_life(&world, &run).await;
    case("F12", "reads of an attempt that was left and goes on", 1, asked(&world, "look"));
}

#[tokio::test]
async fn a_read_that_is_in_flight_is_waited_for_and_not_made_again() {
    let (world, answers) = world();
    let process = begin(&world).await;
    let run = process.start(&world).await;
    until(|| async { asked(&world, "look") == 1 }).await;
    process.scheduler.stop();
    assert!(goes_on(&process).await);
    answers.add_permits(100);
    stopped(&process).await;
    assert_eq!(process.kinds(&run).await.last().unwrap(), "call.read");
    process.end().await;
    ends_in_the_next_life(&world, &run).await;
    assert_eq!(asked(&world, "look"), 1);
}

#[tokio::test]
async fn a_step_that_ends_while_its_driver_leaves_is_done_and_no_other_begins() {
    let (world, answers) = world();
    let process = begin(&world).await;
    let run = process.start(&world).await;
    answers.add_permits(2);
    until(|| async { asked(&world, "b") == 1 }).await;
    // The plugin has ended when its last call is answered, if it is asked before it is told to leave.
    answers.add_permits(1);
    until(|| async { process.kinds(&run).await.contains(&"step.succeeded".to_string()) || asked(&world, "c") == 1 })
        .await;
    process.scheduler.stop();
    answers.add_permits(100);
    stopped(&process).await;
    let (announced, ended) = writes(&process, &run).await;
    assert_eq!(announced, ended);
    process.end().await;
    ends_in_the_next_life(&world, &run).await;
}

#[tokio::test]
async fn a_plugin_that_computes_for_ever_is_left_at_once() {
    let (world, _) = world();
    let begun = Arc::new(AtomicUsize::new(0));
    let told = begun.clone();
    world.scripts.set("first", move |_, _| {
        told.fetch_add(1, Ordering::SeqCst);
        std::future::pending()
    });
    let process = begin(&world).await;
    let run = process.start(&world).await;
    until(|| async { begun.load(Ordering::SeqCst) == 1 }).await;
    process.scheduler.stop();
    stopped(&process).await;
    let late = process.start(&world).await;
    process.runner.scheduler.now(&run);
    assert!(!goes_on(&process).await, "nothing is driven any more");
    assert_eq!(process.kinds(&late).await, ["run.started"], "it is on disk");
    process.end().await;
    world.scripts.set("first", |_, _| async { Ok(json!({})) });
    world.service.lock().unwrap().answers = None;
    let process = begin(&world).await;
    for run in [run, late] {
        until(|| async { process.status(&run).await == "succeeded" }).await;
    }
}

#[tokio::test]
async fn a_stop_also_ends_a_driver_that_was_superseded_and_is_waited_for_until_its_write_has_an_answer() {
    let (world, answers) = world();
    let process = begin(&world).await;
    let run = process.start(&world).await;
    answers.add_permits(1);
    until(|| async { asked(&world, "a") == 1 }).await;
    process.runner.resume(&run, "alice").await.unwrap();
    assert_eq!(process.scheduler.stop(), 2);
    assert!(goes_on(&process).await);
    answers.add_permits(100);
    stopped(&process).await;
    process.end().await;
    world.clock.advance(Duration::from_secs(60));
    ends_in_the_next_life(&world, &run).await;
}

#[tokio::test]
async fn f12_of_fifty_runs_that_are_stopped_nothing_is_unknown() {
    let (world, answers) = world();
    let process = begin(&world).await;
    let mut runs = vec![];
    for _ in 0..50 {
        runs.push(process.start(&world).await);
    }
    answers.add_permits(120);
    until(|| async { asked(&world, "look") == 50 && answers.available_permits() == 0 }).await;
    process.scheduler.stop();
    answers.add_permits(1_000);
    stopped(&process).await;
    let mut unknown = 0;
    for run in &runs {
        let (announced, ended) = writes(&process, run).await;
        unknown += announced - ended;
    }
    case("F12", "50 runs that were stopped: writes whose outcome is unknown", 0, unknown);
    process.end().await;
    world.service.lock().unwrap().answers = None;
    let process = begin(&world).await;
    for run in &runs {
        until(|| async { process.status(run).await == "succeeded" }).await;
    }
    let sent = ["look", "a", "b", "c"].map(|name| asked(&world, name));
    case("F12", "how often each of their calls was made in both lives", "[50, 50, 50, 50]", format!("{sent:?}"));
}
