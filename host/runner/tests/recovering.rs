//! Runs that cannot be driven: which of them are tried again and when, which are parked, and that none of them takes
//! anything away from the others.

#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "where a test cannot go on, it has failed")]

mod broken;
mod world;

use std::sync::Arc;
use std::time::Duration;

use broken::{Broken, Faulty, Fragile};
use cases::case;
use ledger::{Draft, Fence, Ledger as _};
use runner::{Nudge, Runner};
use serde_json::json;
use world::{PUT, Process, World, call, until};

const ASKS: &str = "
name: ask-first
steps:
  - id: approve
    approval: { title: Go on?, approvers: [group:leads], expires: 1m }
";
const WORKS: &str = "name: work\nsteps:\n  - id: work\n    plugin: worker\n";
const ONE_AT_A_TIME: &str =
    "name: one\nconcurrency: { runs: 1, beyond: wait }\nsteps:\n  - id: work\n    plugin: worker\n";

fn working(source: &str) -> World {
    let world = World::new(source);
    world.scripts.set("worker", |_, calls| async move { call(&calls, PUT, "a").await });
    world
}

/// Adds an entry to a run that Quell does not write there.
async fn append(process: &Process, run: &str, kind: &'static str) {
    let draft = Draft::new(kind, process.runner.clock.now(), "host", json!({ "step": "approve" }));
    process.store.append(run, Fence::Open, vec![draft], None).await.unwrap();
}

async fn count(process: &Process, run: &str, kind: &str) -> usize {
    process.kinds(run).await.iter().filter(|found| *found == kind).count()
}

/// A run that waits for its approval, and was driven once.
async fn waiting(world: &World) -> (Process, String) {
    let process = world.process().await;
    let run = process.start(world).await;
    process.runner.drive(&run, &Nudge::default()).await.unwrap();
    (process, run)
}

#[tokio::test]
async fn f11_a_run_that_cannot_be_read_is_not_claimed_again_and_again() {
    let world = World::new(ASKS);
    let process = world.process().await;
    process.scheduler.begin(process.runner.clone()).await.unwrap();
    let run = process.start(&world).await;
    until(|| async { process.status(&run).await == "waiting" }).await;
    append(&process, &run, "step.succeeded").await;
    until(|| async {
        world.clock.advance(Duration::from_secs(5));
        let claims = count(&process, &run, "drive.claimed").await;
        case("F11", "claims of a run that was driven once and cannot be read any more", 1, claims);
        count(&process, &run, "drive.parked").await > 0
    })
    .await;
    let parked = process.store.summary(&run).await.unwrap().unwrap().parked.unwrap();
    case("F11", "why it is parked", true, parked.why.contains("its field `attempt` cannot be read"));

    // It stays so, also when the time goes on and another process begins.
    process.end().await;
    let process = world.process().await;
    world.clock.advance(Duration::from_secs(3600));
    assert_eq!(process.scheduler.begin(process.runner.clone()).await.unwrap(), 0);
    case("G11", "claims of a parked run", 1, count(&process, &run, "drive.claimed").await);

    // Until somebody has it driven again, and what was wrong is still there.
    process.runner.resume(&run, "alice").await.unwrap();
    let resumed = process.records(&run).await.pop().unwrap().entry;
    assert_eq!((resumed.kind.as_str(), resumed.actor.as_str()), ("drive.resumed", "user:alice"));
    until(|| async {
        world.clock.advance(Duration::from_secs(5));
        count(&process, &run, "drive.parked").await == 2
    })
    .await;
    assert_eq!(count(&process, &run, "drive.claimed").await, 1);
}

#[tokio::test]
async fn a_run_whose_workflow_is_missing_is_parked_and_goes_on_when_it_is_there_and_somebody_resumes_it() {
    let world = working(WORKS);
    let process = world.process().await;
    let fragile = Arc::new(Fragile::new(&world, Broken::Missing));
    let runner = Runner { workflows: fragile.clone(), ..process.runner.clone() };
    process.scheduler.begin(runner).await.unwrap();
    let run = process.start(&world).await;
    let parked = async || process.store.summary(&run).await.unwrap().unwrap().parked;
    until(|| async {
        world.clock.advance(Duration::from_secs(5));
        parked().await.is_some()
    })
    .await;
    case("G11", "failures that park a run", 5, process.records(&run).await.pop().unwrap().data["failures"].clone());
    assert_eq!(count(&process, &run, "drive.claimed").await, 0);
    fragile.mend();
    process.runner.resume(&run, "alice").await.unwrap();
    until(|| async { process.status(&run).await == "succeeded" }).await;
    assert_eq!(parked().await, None);
}

#[tokio::test]
async fn a_panic_in_a_plugin_parks_its_run_and_nothing_else() {
    let world = working(WORKS);
    world.scripts.set("worker", |_, _| async { panic!("this plugin's host is broken") });
    let process = world.process().await;
    process.scheduler.begin(process.runner.clone()).await.unwrap();
    let run = process.start(&world).await;
    until(|| async {
        world.clock.advance(Duration::from_secs(5));
        process.store.summary(&run).await.unwrap().unwrap().parked.is_some()
    })
    .await;
    let why = process.store.summary(&run).await.unwrap().unwrap().parked.unwrap().why;
    assert!(why.contains("this plugin's host is broken"), "{why}");
    world.scripts.set("worker", |_, calls| async move { call(&calls, PUT, "a").await });
    let other = process.start(&world).await;
    until(|| async { process.status(&other).await == "succeeded" }).await;
}

#[tokio::test]
async fn a_ledger_that_cannot_be_read_for_a_while_parks_no_run() {
    let world = working(WORKS);
    let process = world.process().await;
    let faulty = Arc::new(Faulty::new(process.store.clone()));
    let runner = Runner { ledger: faulty.clone(), ..process.runner.clone() };
    process.scheduler.begin(runner).await.unwrap();
    faulty.fail(true);
    let run = process.start(&world).await;
    until(|| async {
        world.clock.advance(Duration::from_secs(60));
        faulty.failed() > 12
    })
    .await;
    assert_eq!(process.kinds(&run).await, ["run.started"], "a disk that fails is not the run's fault");
    faulty.fail(false);
    until(|| async {
        world.clock.advance(Duration::from_secs(60));
        process.status(&run).await == "succeeded"
    })
    .await;
}

#[tokio::test]
async fn an_entry_of_a_kind_that_is_not_known_here_and_moves_a_run_stops_its_driving() {
    let world = World::new(ASKS);
    let (process, run) = waiting(&world).await;
    for (kind, drives) in [("note.reviewed", true), ("drive.slowed", true), ("step.reshaped", false)] {
        append(&process, &run, kind).await;
        let driven = process.runner.drive(&run, &Nudge::default()).await;
        case("G08", kind, drives, driven.is_ok());
    }
}

#[tokio::test]
async fn a_panic_inside_a_driver_leaves_no_driver_behind() {
    let world = working(WORKS);
    let process = world.process().await;
    let fragile = Arc::new(Fragile::new(&world, Broken::Panics));
    let runner = Runner { workflows: fragile.clone(), ..process.runner.clone() };
    process.scheduler.begin(runner).await.unwrap();
    let run = process.start(&world).await;
    tokio::time::timeout(Duration::from_secs(20), process.scheduler.idle()).await.expect("nothing is driven any more");
    fragile.mend();
    process.runner.scheduler.now(&run);
    until(|| async { process.status(&run).await == "succeeded" }).await;
}

/// Three runs of a workflow that has one place, the first of which has it.
async fn three(world: &World) -> (Process, Vec<String>) {
    let process = world.process().await;
    let mut runs = vec![];
    for _ in 0..3 {
        world.clock.advance(Duration::from_millis(1));
        runs.push(process.start(world).await);
    }
    (process, runs)
}

#[tokio::test]
async fn of_runs_that_wait_for_a_place_one_that_cannot_be_read_does_not_keep_the_others_from_it() {
    // One in the middle of those that wait, and the newest, by whose document it is decided who may begin.
    for unreadable in [1, 2] {
        let world = working(ONE_AT_A_TIME);
        let (process, runs) = three(&world).await;
        append(&process, &runs[unreadable], "step.succeeded").await;
        process.scheduler.begin(process.runner.clone()).await.unwrap();
        process.runner.admit_all().await.expect("no run keeps the server from starting");
        let other = &runs[3 - unreadable];
        until(|| async { process.status(other).await == "succeeded" }).await;
        let summary = process.store.summary(&runs[unreadable]).await.unwrap().unwrap();
        assert_eq!(summary.status, "queued");
        assert!(summary.parked.is_some(), "it is reported");
    }
}
