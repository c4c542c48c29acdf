//! How many runs of a workflow are under way at once, and what becomes of those beyond: with the real ledger on a real
//! disk, and a clock that stands still.

#![expect(clippy::unwrap_used, clippy::panic, clippy::expect_used, reason = "a test fails by panicking")]

mod world;

use std::sync::Arc;
use std::time::Duration;

use cases::case;
use ledger::Ledger as _;
use runner::{Same, Start, StartError, Started};
use serde_json::{Value, json};
use tokio::sync::Notify;
use world::{Process, World, until};

/// A workflow whose one step ends when it is told to.
fn source(rules: &str) -> String {
    format!("name: guarded\non:\n  - event: {{ source: [test] }}\n{rules}\nsteps:\n  - id: work\n    plugin: worker\n")
}

/// A world in which each attempt of `worker` waits until `go` is told once.
fn world(rules: &str) -> (World, Arc<Notify>) {
    let world = World::new(&source(rules));
    let go = Arc::new(Notify::new());
    let told = go.clone();
    world.scripts.set("worker", move |_, _| {
        let told = told.clone();
        async move {
            told.notified().await;
            Ok(json!({}))
        }
    });
    (world, go)
}

async fn begin(world: &World) -> Process {
    let process = world.process().await;
    process.scheduler.begin(process.runner.clone()).await.unwrap();
    process.runner.admit_all().await.unwrap();
    process
}

fn event(id: &str, key: &str) -> Option<Value> {
    Some(json!({ "id": id, "source": "test", "key": key }))
}

async fn start(process: &Process, world: &World, id: &str) -> String {
    match process.start_with(world, event(id, id)).await {
        Started::New(run) => run,
        Started::Repeated(run) => panic!("{id} is no repeat of {run}"),
    }
}

async fn reach(process: &Process, run: &str, status: &str) {
    until(|| async { process.status(run).await == status }).await;
}

#[tokio::test]
async fn runs_beyond_wait_and_begin_in_the_order_of_arrival() {
    let (world, go) = world("concurrency: { runs: 2, beyond: wait }");
    let process = begin(&world).await;
    let mut runs = vec![];
    for number in 0..5 {
        world.clock.advance(Duration::from_millis(1));
        runs.push(start(&process, &world, &format!("e-{number}")).await);
    }
    for run in &runs[..2] {
        reach(&process, run, "running").await;
    }
    for run in &runs[2..] {
        assert_eq!(process.status(run).await, "queued");
    }
    assert_eq!(process.kinds(&runs[4]).await, ["run.started", "run.queued"]);
    go.notify_one();
    reach(&process, &runs[2], "running").await;
    let ended = async || {
        let mut ended = 0;
        for run in &runs {
            ended += usize::from(process.status(run).await == "succeeded");
        }
        ended
    };
    assert_eq!(ended().await, 1);
    assert_eq!([process.status(&runs[3]).await, process.status(&runs[4]).await], ["queued", "queued"]);
    until(async || {
        go.notify_one();
        ended().await == 5
    })
    .await;
}

#[tokio::test]
async fn of_starts_that_race_no_more_begin_than_there_are_places() {
    let (world, _go) = world("concurrency: { runs: 3, beyond: wait }");
    let process = begin(&world).await;
    let ids: Vec<String> = (0..20).map(|number| format!("e-{number}")).collect();
    let starts = ids.iter().map(|id| start(&process, &world, id));
    let runs = futures_all(starts).await;
    let mut queued = 0;
    for run in &runs {
        queued += usize::from(process.status(run).await == "queued");
    }
    assert_eq!(queued, 17);
}

/// All of these at once.
async fn futures_all<F: Future>(futures: impl Iterator<Item = F>) -> Vec<F::Output> {
    let mut futures: Vec<_> = futures.map(Box::pin).collect();
    let mut outputs: Vec<Option<F::Output>> = futures.iter().map(|_| None).collect();
    std::future::poll_fn(|context| {
        let mut pending = false;
        for (future, output) in futures.iter_mut().zip(&mut outputs).filter(|(_, output)| output.is_none()) {
            match future.as_mut().poll(context) {
                std::task::Poll::Ready(ready) => *output = Some(ready),
                std::task::Poll::Pending => pending = true,
            }
        }
        if pending { std::task::Poll::Pending } else { std::task::Poll::Ready(()) }
    })
    .await;
    outputs.into_iter().map(|output| output.expect("it is ready")).collect()
}

#[tokio::test]
async fn what_waits_begins_after_a_restart() {
    let (world, go) = world("concurrency: { runs: 1, beyond: wait }");
    // Nobody drives here, so that the process can die at once.
    let process = world.process().await;
    let first = start(&process, &world, "e-1").await;
    world.clock.advance(Duration::from_millis(1));
    let second = start(&process, &world, "e-2").await;
    assert_eq!([process.status(&first).await, process.status(&second).await], ["running", "queued"]);
    drop(process);

    let process = begin(&world).await;
    assert_eq!(process.status(&second).await, "queued");
    until(async || {
        go.notify_one();
        process.status(&second).await == "succeeded"
    })
    .await;
    assert_eq!(process.status(&first).await, "succeeded");
}

#[tokio::test]
async fn a_run_that_waits_can_be_cancelled() {
    let (world, _go) = world("concurrency: { runs: 1, beyond: wait }");
    let process = begin(&world).await;
    let first = start(&process, &world, "e-1").await;
    let second = start(&process, &world, "e-2").await;
    process.runner.cancel(&second, "bob", None).await.unwrap();
    reach(&process, &second, "cancelled").await;
    assert!(!process.kinds(&second).await.contains(&"run.admitted".to_owned()));
    reach(&process, &first, "running").await;
}

#[tokio::test]
async fn a_start_beyond_is_refused() {
    let (world, go) = world("concurrency: { runs: 1, beyond: refuse }");
    let process = begin(&world).await;
    let first = start(&process, &world, "e-1").await;
    let plugins = world.rules.workflow.plugins().into_iter().map(|name| (name.to_owned(), name.to_owned()));
    let start_again = Start {
        workflow: world.rules.workflow.clone(),
        plugins: plugins.collect(),
        event: event("e-2", "e-2"),
        same: Same::Event,
        cause: None,
        inputs: json!({}),
        account: "123456789012".into(),
        region: "eu-central-1".into(),
        may_cancel: true,
        by: "olivia".into(),
    };
    let refused = process.runner.start(start_again.clone()).await.unwrap_err();
    assert!(matches!(refused, StartError::Full { runs: 1, .. }), "{refused}");
    assert_eq!(process.start_with(&world, event("e-1", "e-1")).await, Started::Repeated(first.clone()));
    go.notify_one();
    reach(&process, &first, "succeeded").await;
    assert!(matches!(process.runner.start(start_again).await.unwrap(), Started::New(_)));
}

#[tokio::test]
async fn the_oldest_is_cancelled_for_the_newest() {
    let (world, _go) = world("concurrency: { runs: 2, beyond: cancel-oldest }");
    let process = begin(&world).await;
    let mut runs = vec![];
    for number in 0..4 {
        world.clock.advance(Duration::from_millis(1));
        runs.push(start(&process, &world, &format!("e-{number}")).await);
    }
    for (run, status) in runs.iter().zip(["cancelled", "cancelled", "running", "running"]) {
        reach(&process, run, status).await;
    }
    let cancel = process.records(&runs[0]).await;
    let cancel = cancel.iter().find(|record| record.entry.kind == "run.cancel-requested").unwrap();
    assert_eq!((cancel.entry.actor.as_str(), cancel.data["by"].as_str()), ("host", Some("quell:concurrency")));
}

const RESTART: &str = "dedupe: { key: '${{ event.key }}', window: 1h, on-update: restart }";

#[tokio::test]
async fn an_update_restarts_the_run_and_a_repeat_does_not() {
    let (world, go) = world(RESTART);
    let process = begin(&world).await;
    let Started::New(first) = process.start_with(&world, event("e-1", "k")).await else { panic!("it is the first") };
    reach(&process, &first, "running").await;
    assert_eq!(process.start_with(&world, event("e-1", "k")).await, Started::Repeated(first.clone()));

    world.clock.advance(Duration::from_millis(1));
    let Started::New(second) = process.start_with(&world, event("e-2", "k")).await else { panic!("it is an update") };
    reach(&process, &first, "cancelled").await;
    reach(&process, &second, "running").await;
    assert_eq!(process.start_with(&world, event("e-2", "k")).await, Started::Repeated(second.clone()));
    let late = process.start_with(&world, event("e-1", "k")).await;
    assert_eq!(late, Started::Repeated(second.clone()), "the first event, delivered once more, replaces nothing");
    // It began when the other had ended, and not before.
    let time = async |run: &str, kind: &str| {
        let records = process.records(run).await;
        records.into_iter().find(|record| record.entry.kind == kind).unwrap()
    };
    assert_eq!(time(&second, "run.queued").await.data["behind"], json!(first));
    assert!(time(&first, "run.finished").await.entry.time <= time(&second, "run.admitted").await.entry.time);
    // Others are not touched, and what has ended is started anew as well.
    let Started::New(other) = process.start_with(&world, event("e-3", "other")).await else { panic!("another key") };
    reach(&process, &other, "running").await;
    until(async || {
        go.notify_one();
        process.status(&second).await == "succeeded"
    })
    .await;
    world.clock.advance(Duration::from_millis(1));
    assert!(matches!(process.start_with(&world, event("e-4", "k")).await, Started::New(_)));
}

#[tokio::test]
async fn of_updates_that_race_one_is_left_and_never_two_are_under_way() {
    let (world, _go) = world(RESTART);
    let process = begin(&world).await;
    process.start_with(&world, event("e-0", "k")).await;
    world.clock.advance(Duration::from_millis(1));
    let starts = ["e-1", "e-2", "e-3"].map(|id| process.start_with(&world, event(id, "k")));
    futures_all(starts.into_iter()).await;
    let under_way = async || {
        let runs = process.store.summaries(None, None, None, 10).await.unwrap();
        runs.into_iter().filter(|run| run.ended.is_none()).map(|run| run.status).collect::<Vec<_>>()
    };
    until(async || {
        let running = under_way().await.iter().filter(|status| *status != "queued").count();
        assert!(running <= 1);
        under_way().await == ["running"]
    })
    .await;
}

#[tokio::test]
async fn a_restart_that_was_cut_off_is_made_up_for() {
    let (world, _go) = world(RESTART);
    let process = world.process().await;
    // Nobody drives here: the second run is there, and the process dies before anything comes of it.
    let Started::New(first) = process.start_with(&world, event("e-1", "k")).await else { panic!("it is the first") };
    world.clock.advance(Duration::from_millis(1));
    let Started::New(second) = process.start_with(&world, event("e-2", "k")).await else { panic!("it is an update") };
    drop(process);
    let process = begin(&world).await;
    reach(&process, &first, "cancelled").await;
    reach(&process, &second, "running").await;
}

#[tokio::test]
async fn an_update_is_on_the_run_with_its_event() {
    let (world, _go) = world("dedupe: { key: '${{ event.key }}', window: 1h, on-update: signal }");
    let process = begin(&world).await;
    let Started::New(run) = process.start_with(&world, event("e-1", "k")).await else { panic!("it is the first") };
    for id in ["e-1", "e-2", "e-2"] {
        assert_eq!(process.start_with(&world, event(id, "k")).await, Started::Repeated(run.clone()));
    }
    let records = process.records(&run).await;
    let notes: Vec<_> = records.iter().filter(|record| record.entry.kind.starts_with("note.")).collect();
    let kinds: Vec<&str> = notes.iter().map(|note| note.entry.kind.as_str()).collect();
    assert_eq!(kinds, ["note.repeated", "note.updated", "note.repeated"]);
    assert_eq!(notes[1].payload("event").unwrap(), event("e-2", "k").unwrap());
}

/// J14: events overtake one another.
#[tokio::test]
async fn an_update_that_was_overtaken_changes_nothing() {
    let at = |id: &str, updated: &str| {
        let mut event = event(id, "k").unwrap();
        event["detail"] = json!({ "findings": [{ "UpdatedAt": updated }] });
        Some(event)
    };
    for (on_update, newer) in [("restart", "a new run"), ("signal", "noted")] {
        let (world, _go) = world(&RESTART.replace("restart", on_update));
        let process = begin(&world).await;
        let Started::New(first) = process.start_with(&world, at("e-1", "2026-03-01T07:00:00Z")).await else {
            panic!("it is the first")
        };
        reach(&process, &first, "running").await;
        let give = async |id: &str, updated: &str| {
            world.clock.advance(Duration::from_millis(1));
            let run = match process.start_with(&world, at(id, updated)).await {
                Started::New(_) => return "a new run",
                Started::Repeated(run) => run,
            };
            match process.kinds(&run).await.into_iter().rfind(|kind| kind.starts_with("note.")).unwrap().as_str() {
                "note.updated" => "noted",
                "note.outdated" => "nothing",
                "note.repeated" => "a repeat",
                _ => "something else",
            }
        };
        let what = |order: &str| format!("an update, {order}, with on-update: {on_update}");
        case("J14", &what("older than the first"), "nothing", give("e-0", "2026-03-01T06:59:59Z").await);
        case("J14", &what("newer than all before"), newer, give("e-3", "2026-03-01T07:00:03Z").await);
        case("J14", &what("older than the one before"), "nothing", give("e-2", "2026-03-01T07:00:02Z").await);
        case("J14", &what("delivered again"), "a repeat", give("e-3", "2026-03-01T07:00:03Z").await);
        case("J14", &what("of the same moment"), newer, give("e-4", "2026-03-01T07:00:03Z").await);
    }
}

#[tokio::test]
async fn a_key_of_the_host_starts_one_run() {
    let (world, _go) = world("");
    let process = begin(&world).await;
    let start = || {
        let plugins = world.rules.workflow.plugins().into_iter().map(|name| (name.to_owned(), name.to_owned()));
        process.runner.start(Start {
            workflow: world.rules.workflow.clone(),
            plugins: plugins.collect(),
            event: event("s", "s"),
            same: Same::Key("schedule 1".into(), 0),
            cause: None,
            inputs: json!({}),
            account: "123456789012".into(),
            region: "eu-central-1".into(),
            may_cancel: true,
            by: "quell:schedule".into(),
        })
    };
    let Started::New(run) = start().await.unwrap() else { panic!("it is the first") };
    assert_eq!(start().await.unwrap(), Started::Repeated(run.clone()));
    assert_eq!(process.records(&run).await[0].entry.actor, "host");
}
