//! Runs that are parked, beside those that go on: the places of a workflow, and what people say to a parked run.

#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "where a test cannot go on, it has failed")]

mod world;

use std::collections::BTreeSet;
use std::time::Duration;

use cases::case;
use ledger::{Draft, Fence, Ledger as _, Summary, run_parked};
use runner::{Said, Same, Start, StartError};
use serde_json::json;
use workflow::Decision;
use world::{PUT, Process, World, call, until};

/// A workflow with these rules, whose one step asks first.
fn world(rules: &str) -> World {
    let approval = "  - id: approve\n    approval: { title: Go on?, approvers: [group:leads], expires: 1d }\n";
    let source = format!("name: guarded\n{rules}\nsteps:\n{approval}  - id: work\n    plugin: worker\n");
    let world = World::new(&source);
    world.scripts.set("worker", |_, calls| async move { call(&calls, PUT, "a").await });
    world
}

async fn begin(world: &World) -> Process {
    let process = world.process().await;
    process.scheduler.begin(process.runner.clone()).await.unwrap();
    process.runner.admit_all().await.unwrap();
    process
}

async fn park(process: &Process, run: &str) {
    let parked = run_parked("the host failed", 5, process.runner.clock.now());
    process.store.append(run, Fence::Open, vec![parked], None).await.unwrap();
}

async fn summary(process: &Process, run: &str) -> Summary {
    process.store.summary(run).await.unwrap().unwrap()
}

async fn reach(process: &Process, run: &str, status: &str) {
    until(|| async { process.status(run).await == status }).await;
}

async fn start(process: &Process, world: &World) -> String {
    world.clock.advance(Duration::from_millis(1));
    process.start(world).await
}

/// A run that waits for a place and cannot be read: a newer Quell wrote it, say, and was interrupted.
async fn start_unreadable(process: &Process, world: &World, like: &str) -> String {
    world.clock.advance(Duration::from_millis(1));
    let now = process.runner.clock.now();
    let last = if like.ends_with('f') { 'e' } else { 'f' };
    let run = format!("{}{last}", like.strip_suffix(|_| true).unwrap());
    let drafts = ["run.started", "run.queued"].map(|kind| Draft::new(kind, now, "host", json!({})));
    let like = Summary { run: run.clone(), status: "queued".into(), started: now, ..summary(process, like).await };
    process.store.append(&run, Fence::New(None), drafts.into(), Some(like)).await.unwrap();
    run
}

#[tokio::test]
async fn a_decision_on_a_parked_run_takes_no_place() {
    let world = world("concurrency: { runs: 1, beyond: wait }");
    let process = begin(&world).await;
    let first = start(&process, &world).await;
    reach(&process, &first, "waiting").await;
    park(&process, &first).await;
    let second = start(&process, &world).await;
    reach(&process, &second, "waiting").await;

    let leads = BTreeSet::from(["leads".to_owned()]);
    let said = || Said { decision: Decision::Approve, reason: None, asked: None };
    process.runner.decide(&first, "approve", "ann", &leads, said()).await.unwrap();
    process.scheduler.idle().await;
    assert!(summary(&process, &first).await.parked.is_some(), "nobody resumed it");
    case("G11", "how often a parked run was sent on", 0, world.service.lock().unwrap().count("a"));

    process.runner.decide(&second, "approve", "ann", &leads, said()).await.unwrap();
    reach(&process, &second, "succeeded").await;
    process.runner.resume(&first, "ann").await.unwrap();
    reach(&process, &first, "succeeded").await;
}

#[tokio::test]
async fn a_parked_run_that_is_cancelled_ends_also_when_the_process_stops_in_between() {
    for queued in [false, true] {
        let world = world("concurrency: { runs: 1, beyond: wait }");
        let process = begin(&world).await;
        let first = start(&process, &world).await;
        reach(&process, &first, "waiting").await;
        let run = if queued { start(&process, &world).await } else { first };
        process.scheduler.idle().await;
        process.scheduler.stop();
        park(&process, &run).await;
        process.runner.cancel(&run, "ann", None).await.unwrap();
        process.end().await;
        let process = begin(&world).await;
        reach(&process, &run, "cancelled").await;
        assert_eq!(summary(&process, &run).await.parked, None);
    }
}

#[tokio::test]
async fn no_run_is_cancelled_for_a_newer_one_that_cannot_begin() {
    // With one place the unreadable run is the newest; with two it stands in the middle.
    for (runs, newer) in [(1, 0), (2, 1)] {
        let world = world(&format!("concurrency: {{ runs: {runs}, beyond: cancel-oldest }}"));
        let process = world.process().await;
        for _ in 0..runs {
            start(&process, &world).await;
        }
        // It takes the place of the oldest, which is cancelled and has not ended yet.
        let good = start(&process, &world).await;
        assert_eq!(process.status(&good).await, "queued");
        let unreadable = start_unreadable(&process, &world, &good).await;
        for _ in 0..newer {
            start(&process, &world).await;
        }
        process.scheduler.begin(process.runner.clone()).await.unwrap();
        process.runner.admit_all().await.unwrap();
        until(|| async { !["queued", "running"].contains(&process.status(&good).await.as_str()) }).await;
        case("F11", "the run that could be read", "waiting".to_owned(), process.status(&good).await);
        assert!(summary(&process, &unreadable).await.parked.is_some(), "it is reported");
    }
}

#[tokio::test]
async fn a_run_that_waits_and_cannot_be_cancelled_for_newer_ones_is_parked() {
    let world = world("concurrency: { runs: 1, beyond: cancel-oldest }");
    let process = begin(&world).await;
    let first = start(&process, &world).await;
    reach(&process, &first, "waiting").await;
    let unreadable = start_unreadable(&process, &world, &first).await;
    let last = start(&process, &world).await;
    reach(&process, &last, "waiting").await;
    case("F11", "the first", "cancelled".to_owned(), process.status(&first).await);
    assert!(summary(&process, &unreadable).await.parked.is_some(), "it is reported");
}

#[tokio::test]
async fn a_parked_run_keeps_nobody_from_starting_who_may_not_cancel() {
    let world = world("concurrency: { runs: 2, beyond: cancel-oldest }");
    let process = begin(&world).await;
    let first = start(&process, &world).await;
    let unreadable = start_unreadable(&process, &world, &first).await;
    let restricted = || {
        let plugins = world.rules.workflow.plugins().into_iter().map(|name| (name.to_owned(), name.to_owned()));
        process.runner.start(Start {
            workflow: world.rules.workflow.clone(),
            plugins: plugins.collect(),
            event: None,
            same: Same::Nothing,
            cause: None,
            inputs: json!({}),
            account: "123456789012".into(),
            region: "eu-central-1".into(),
            may_cancel: false,
            by: "olivia".into(),
        })
    };
    let refused = restricted().await.unwrap_err();
    assert!(matches!(refused, StartError::WouldCancel { .. }), "one that waits would be cancelled: {refused}");
    process.runner.admit_all().await.unwrap();
    assert!(summary(&process, &unreadable).await.parked.is_some());
    restricted().await.expect("one place is free, and nothing would be cancelled");
}
