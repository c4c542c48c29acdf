//! Runs that wait: for people, for a time, for a driver. What is decided while nobody drives is not lost, what comes too
//! late is refused, and of two that race one wins.

#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "where a test cannot go on, it has failed")]

mod world;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use ledger::Ledger as _;
use runner::{InputError, Nudge, Said, Started};
use serde_json::json;
use tokio::sync::Notify;
use workflow::{Decision, DecisionError, Verdict};
use world::{PUT, Process, TELL, World, call, until};

const APPROVAL: &str = "
name: ask-first
steps:
  - id: approve
    approval:
      title: Go on?
      approvers: [group:leads]
      expires: 4h
  - id: work
    plugin: worker
";

fn world(source: &str) -> World {
    let world = World::new(source);
    world.scripts.set("worker", |_, calls| async move { call(&calls, PUT, "a").await });
    world
}

async fn decide(process: &Process, run: &str, by: &str, decision: Decision) -> Result<(), InputError> {
    let said = Said { decision, reason: None, asked: None };
    process.runner.decide(run, "approve", by, &BTreeSet::from(["leads".to_string()]), said).await
}

/// What a process does that dies with everything it has in flight.
fn dying<T: Send>(process: impl Future<Output = T> + Send) -> T {
    std::thread::scope(|scope| {
        let life = scope.spawn(|| {
            let runtime = tokio::runtime::Runtime::new().unwrap();
            let result = runtime.block_on(process);
            runtime.shutdown_background();
            result
        });
        life.join().unwrap()
    })
}

/// A run that waits for its approval.
async fn waiting(world: &World) -> (Process, String) {
    let process = world.process().await;
    let run = process.start(world).await;
    process.runner.drive(&run, &Nudge::default()).await.unwrap();
    assert_eq!(process.status(&run).await, "waiting");
    (process, run)
}

#[tokio::test]
async fn h15_a_decision_that_nobody_drove_yet_is_carried_out_at_the_next_start() {
    let world = world(APPROVAL);
    let (process, run) = waiting(&world).await;
    decide(&process, &run, "alice", Decision::Approve).await.unwrap();
    drop(process);
    let process = world.process().await;
    assert_eq!(process.scheduler.begin(process.runner.clone()).await.unwrap(), 1);
    until(|| async { process.status(&run).await == "succeeded" }).await;
    assert_eq!(world.service.lock().unwrap().count("a"), 1);
}

#[tokio::test]
async fn a_run_that_waits_is_not_driven_at_a_start() {
    let world = world(APPROVAL);
    let (process, _) = waiting(&world).await;
    drop(process);
    let process = world.process().await;
    assert_eq!(process.scheduler.begin(process.runner.clone()).await.unwrap(), 0);
}

#[tokio::test]
async fn h01_h04_h08_who_decides_how_often_and_when() {
    let world = world(APPROVAL);
    let (process, run) = waiting(&world).await;
    let refused = |result: Result<(), InputError>| match result {
        Err(InputError::Decision(error)) => error,
        other => panic!("{other:?}"),
    };
    let own = decide(&process, &run, "olivia", Decision::Approve).await;
    assert_eq!(refused(own), DecisionError::SamePerson);
    let outsider = process
        .runner
        .decide(
            &run,
            "approve",
            "bob",
            &BTreeSet::new(),
            Said { decision: Decision::Approve, reason: None, asked: None },
        )
        .await;
    assert!(matches!(refused(outsider), DecisionError::NotApprover { .. }));
    decide(&process, &run, "alice", Decision::Approve).await.unwrap();
    decide(&process, &run, "alice", Decision::Approve).await.unwrap();
    let kinds = process.kinds(&run).await;
    assert_eq!(kinds.iter().filter(|kind| *kind == "approval.decided").count(), 1, "one decision: {kinds:?}");
    let second = decide(&process, &run, "carol", Decision::Refuse).await;
    assert!(matches!(refused(second), DecisionError::AlreadyDecided { .. }));
}

#[tokio::test]
async fn h08_a_decision_after_the_expiry_is_refused_whether_or_not_it_was_noticed() {
    let world = world(APPROVAL);
    let (process, run) = waiting(&world).await;
    world.clock.advance(Duration::from_secs(4 * 3600));
    for driven in [false, true] {
        if driven {
            process.runner.drive(&run, &Nudge::default()).await.unwrap();
            assert_eq!(process.status(&run).await, "expired");
        }
        let late = decide(&process, &run, "alice", Decision::Approve).await;
        assert!(matches!(late, Err(InputError::Decision(DecisionError::Expired))), "{late:?}");
    }
    assert_eq!(world.service.lock().unwrap().count("a"), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn h05_of_an_approval_and_a_refusal_at_once_exactly_one_wins() {
    let world = world(APPROVAL);
    let process = Arc::new(world.process().await);
    for _ in 0..40 {
        let run = process.start(&world).await;
        process.runner.drive(&run, &Nudge::default()).await.unwrap();
        let (one, two) = (process.clone(), process.clone());
        let (first, second) = (run.clone(), run.clone());
        let approve = tokio::spawn(async move { decide(&one, &first, "alice", Decision::Approve).await });
        let refuse = tokio::spawn(async move { decide(&two, &second, "carol", Decision::Refuse).await });
        let (approved, refused) = (approve.await.unwrap(), refuse.await.unwrap());
        assert!(approved.is_ok() != refused.is_ok(), "{approved:?} {refused:?}");
        process.runner.drive(&run, &Nudge::default()).await.unwrap();
        let expected = if approved.is_ok() { "succeeded" } else { "refused" };
        assert_eq!(process.status(&run).await, expected);
    }
}

#[tokio::test]
async fn a_cancel_stops_a_plugin_that_hangs_and_leaves_its_calls_in_the_ledger() {
    let world = World::new("name: hang\nsteps:\n  - id: work\n    plugin: worker\n");
    let hanging = Arc::new(Notify::new());
    let hangs = hanging.clone();
    world.scripts.set("worker", move |_, calls| {
        let hangs = hangs.clone();
        async move {
            call(&calls, PUT, "a").await?;
            hangs.notify_one();
            std::future::pending().await
        }
    });
    let process = world.process().await;
    process.scheduler.begin(process.runner.clone()).await.unwrap();
    let run = process.start(&world).await;
    hanging.notified().await;
    process.runner.cancel(&run, "alice", Some("enough".into())).await.unwrap();
    process.runner.cancel(&run, "alice", None).await.unwrap();
    until(|| async { process.status(&run).await == "cancelled" }).await;
    let kinds = process.kinds(&run).await;
    assert!(kinds.contains(&"call.outcome".to_string()), "{kinds:?}");
    let late = process.runner.cancel(&run, "alice", None).await;
    assert!(matches!(late, Err(InputError::Ended { .. })));
}

#[tokio::test]
async fn a_cancel_of_an_interrupted_step_settles_its_open_call_and_runs_nothing() {
    let world = World::new("name: hang\nsteps:\n  - id: work\n    plugin: worker\n");
    world.scripts.set("worker", |_, calls| async move { call(&calls, PUT, "a").await });
    world.service.lock().unwrap().lost.push((PUT.into(), "a".into()));
    let run = dying(async {
        let process = world.process().await;
        let (run, nudge) = (process.start(&world).await, Nudge::default());
        tokio::select! {
            driven = process.runner.drive(&run, &nudge) => panic!("{driven:?}"),
            () = until(|| async { process.kinds(&run).await.contains(&"call.unknown".to_string()) }) => run.clone(),
        }
    });
    let process = world.process().await;
    process.runner.cancel(&run, "alice", None).await.unwrap();
    world.clock.advance(Duration::from_secs(31));
    process.runner.drive(&run, &Nudge::default()).await.unwrap();
    assert_eq!(process.status(&run).await, "cancelled");
    let kinds = process.kinds(&run).await;
    assert!(kinds.contains(&"call.settled".to_string()), "{kinds:?}");
    assert_eq!(world.service.lock().unwrap().count("a"), 0, "nothing is sent for a run that is cancelled");
}

#[tokio::test]
async fn a_retry_begins_when_its_time_has_come_and_replays_nothing() {
    let source = "name: again\nsteps:\n  - id: work\n    plugin: worker\n    retry: { attempts: 2, delay: 5m }\n";
    let world = World::new(source);
    world.scripts.set("worker", |_, calls| async move {
        call(&calls, PUT, "a").await?;
        Err(runner::Ended { code: "flaky".into(), message: "not yet".into() })
    });
    let process = world.process().await;
    process.scheduler.begin(process.runner.clone()).await.unwrap();
    let run = process.start(&world).await;
    until(|| async { process.status(&run).await == "waiting" }).await;
    assert_eq!(world.service.lock().unwrap().count("a"), 1);
    until(|| async {
        world.clock.advance(Duration::from_secs(60));
        process.status(&run).await == "failed"
    })
    .await;
    assert_eq!(world.service.lock().unwrap().count("a"), 2);
}

#[tokio::test]
async fn a_run_that_is_driven_anew_does_nothing_twice() {
    let world = World::new("name: takeover\nsteps:\n  - id: work\n    plugin: worker\n");
    let (reached, go) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (at, on) = (reached.clone(), go.clone());
    world.scripts.set("worker", move |_, calls| {
        let (at, on) = (at.clone(), on.clone());
        async move {
            call(&calls, PUT, "a").await?;
            at.notify_one();
            on.notified().await;
            call(&calls, PUT, "b").await
        }
    });
    let process = world.process().await;
    process.scheduler.begin(process.runner.clone()).await.unwrap();
    let run = process.start(&world).await;
    reached.notified().await;
    process.runner.resume(&run, "alice").await.unwrap();
    reached.notified().await;
    go.notify_one();
    go.notify_one();
    until(|| async {
        go.notify_one();
        process.status(&run).await == "succeeded"
    })
    .await;
    let service = world.service.lock().unwrap();
    assert_eq!((service.count("a"), service.count("b")), (1, 1));
}

#[tokio::test]
async fn the_same_event_starts_one_run_and_the_repeat_is_on_record() {
    let source = "name: once\non:\n  - event: { source: [test] }\ndedupe: { key: \"${{ event.id }}\", window: 1h }\n\
                  steps:\n  - id: work\n    plugin: worker\n";
    let world = world(source);
    let process = world.process().await;
    let event = |id: &str| Some(json!({ "id": id, "source": "test" }));
    let Started::New(first) = process.start_with(&world, event("e-1")).await else { panic!("it is the first") };
    assert_eq!(process.start_with(&world, event("e-1")).await, Started::Repeated(first.clone()));
    assert!(matches!(process.start_with(&world, event("e-2")).await, Started::New(_)));
    assert_eq!(process.kinds(&first).await.last().unwrap(), "note.repeated");
    let other = process.start_in(&world, "210987654321", event("e-1")).await;
    assert!(matches!(other, Started::New(_)), "an event of another account is another event");
    world.clock.advance(Duration::from_secs(3601));
    assert!(matches!(process.start_with(&world, event("e-1")).await, Started::New(_)), "the window is over");
    assert_eq!(process.store.summaries(None, None, None, 10).await.unwrap().len(), 4);
}

#[tokio::test]
async fn a_timer_fires_while_another_branch_runs() {
    let source = "
name: beside
steps:
  - parallel:
      branches:
        - id: slow
          plugin: slow
        - id: flaky
          plugin: flaky
          retry: { attempts: 2, delay: 5m }
";
    let world = World::new(source);
    let go = Arc::new(Notify::new());
    let gone = go.clone();
    world.scripts.set("slow", move |_, _| {
        let gone = gone.clone();
        async move {
            gone.notified().await;
            Ok(json!({}))
        }
    });
    world.scripts.set("flaky", |_, calls| async move {
        call(&calls, PUT, "a").await?;
        Err(runner::Ended { code: "flaky".into(), message: "not yet".into() })
    });
    let process = world.process().await;
    process.scheduler.begin(process.runner.clone()).await.unwrap();
    let run = process.start(&world).await;
    until(|| async {
        world.clock.advance(Duration::from_secs(60));
        world.service.lock().unwrap().count("a") == 2
    })
    .await;
    assert_eq!(process.status(&run).await, "running", "the slow branch still runs");
    go.notify_one();
    until(|| async { process.status(&run).await == "failed" }).await;
}

#[tokio::test]
async fn an_open_call_that_the_guest_does_not_come_to_again_is_settled_before_the_step_ends() {
    let source = "name: again\nsteps:\n  - id: work\n    plugin: worker\n    retry: { attempts: 2, delay: 1s }\n";
    let world = World::new(source);
    world.scripts.set("worker", |_, calls| async move { call(&calls, PUT, "a").await });
    world.service.lock().unwrap().lost.push((PUT.into(), "a".into()));
    let run = dying(async {
        let process = world.process().await;
        let (run, nudge) = (process.start(&world).await, Nudge::default());
        tokio::select! {
            driven = process.runner.drive(&run, &nudge) => panic!("{driven:?}"),
            () = until(|| async { process.kinds(&run).await.contains(&"call.unknown".to_string()) }) => run.clone(),
        }
    });
    let lives = AtomicUsize::new(0);
    world.scripts.set("worker", move |_, calls| {
        let first = lives.fetch_add(1, Ordering::SeqCst) == 0;
        async move {
            if first {
                return Err(runner::Ended { code: "timeout".into(), message: "too slow this time".into() });
            }
            call(&calls, PUT, "a").await
        }
    });
    let process = world.process().await;
    process.scheduler.begin(process.runner.clone()).await.unwrap();
    until(|| async {
        world.clock.advance(Duration::from_secs(5));
        process.status(&run).await == "succeeded"
    })
    .await;
    let kinds = process.kinds(&run).await;
    let place = |kind: &str| kinds.iter().position(|found| found == kind).unwrap();
    assert!(place("call.settled") < place("step.failed"), "{kinds:?}");
    assert_eq!(world.service.lock().unwrap().count("a"), 1);
}

/// A message may have been sent when the process died, and the plugin goes another way when it runs again: whether it was sent
/// is a person's to say, before a retry sends one.
#[tokio::test]
async fn a_replay_that_goes_another_way_waits_for_a_person_where_a_call_is_open() {
    let source = "name: again\nsteps:\n  - id: work\n    plugin: worker\n    retry: { attempts: 2, delay: 1s }\n";
    let world = World::new(source);
    let lives = Arc::new(AtomicUsize::new(0));
    world.scripts.set("worker", move |_, calls| {
        let name = if lives.fetch_add(1, Ordering::SeqCst) == 0 { "a" } else { "b" };
        async move { call(&calls, TELL, name).await }
    });
    world.service.lock().unwrap().hanging.push((TELL.into(), "a".into()));
    let run = dying(async {
        let process = world.process().await;
        let (run, nudge) = (process.start(&world).await, Nudge::default());
        tokio::select! {
            driven = process.runner.drive(&run, &nudge) => panic!("{driven:?}"),
            () = until(|| async { process.kinds(&run).await.contains(&"call.intent".to_string()) }) => run.clone(),
        }
    });
    let process = world.process().await;
    process.runner.drive(&run, &Nudge::default()).await.unwrap();
    let kinds = process.kinds(&run).await;
    assert_eq!(kinds.last().map(String::as_str), Some("step.suspended"), "{kinds:?}");
    assert_eq!(world.service.lock().unwrap().count("b"), 0, "nothing is sent before a person has looked");

    process.scheduler.begin(process.runner.clone()).await.unwrap();
    let call = format!("{run}/work/1/1");
    process.runner.settle(&run, &call, "olivia", Verdict::Done, "saw it").await.unwrap();
    let ended = ["succeeded".to_owned(), "failed".to_owned()];
    until(|| async {
        world.clock.advance(Duration::from_secs(5));
        ended.contains(&process.status(&run).await)
    })
    .await;
    let kinds = process.kinds(&run).await;
    assert_eq!(process.status(&run).await, "succeeded", "{kinds:?}");
    let place = |kind: &str| kinds.iter().position(|found| found == kind).unwrap();
    assert!(place("review.settled") < place("step.failed"), "{kinds:?}");
    assert_eq!(world.service.lock().unwrap().count("b"), 1);
}

/// Says when the guest that holds it is gone.
struct Guest(Arc<AtomicBool>);

impl Drop for Guest {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

#[tokio::test]
async fn nothing_is_sent_again_for_a_guest_that_was_stopped() {
    let world = World::new("name: busy\nsteps:\n  - id: work\n    plugin: worker\n");
    let gone = Arc::new(AtomicBool::new(false));
    let told = gone.clone();
    world.scripts.set("worker", move |_, calls| {
        let guest = Guest(told.clone());
        async move {
            let answer = call(&calls, PUT, "a").await;
            drop(guest);
            answer
        }
    });
    world.service.lock().unwrap().throttled = vec!["a".into()];
    let process = world.process().await;
    process.scheduler.begin(process.runner.clone()).await.unwrap();
    let run = process.start(&world).await;
    until(|| async { process.kinds(&run).await.contains(&"call.settled".to_string()) }).await;
    process.runner.cancel(&run, "alice", None).await.unwrap();
    until(|| async { gone.load(Ordering::SeqCst) }).await;
    until(|| async {
        world.clock.advance(Duration::from_millis(200));
        process.status(&run).await == "cancelled"
    })
    .await;
    assert_eq!(world.service.lock().unwrap().count("a"), 0);
    let kinds = process.kinds(&run).await;
    assert_eq!(kinds.iter().filter(|kind| *kind == "call.intent").count(), 1, "{kinds:?}");
}

#[tokio::test]
async fn a_repeated_delivery_is_known_without_a_rule_and_a_run_by_hand_takes_no_key() {
    let world = world("name: plain\non:\n  - event: { source: [test] }\nsteps:\n  - id: work\n    plugin: worker\n");
    let process = world.process().await;
    let event = Some(json!({ "id": "e-1", "source": "test" }));
    process.start_by_hand(&world, event.clone()).await;
    let Started::New(first) = process.start_with(&world, event.clone()).await else { panic!("it is the first") };
    assert_eq!(process.start_with(&world, event).await, Started::Repeated(first));
}

#[tokio::test]
async fn a_value_keeps_no_order_but_the_ledgers() {
    let world = World::new("name: order\nsteps:\n  - id: work\n    plugin: worker\n    with: { b: 1, a: 2 }\n");
    world.scripts.set("worker", |input, _| async move { Ok(json!({ "input": input.to_string() })) });
    let process = world.process().await;
    let run = process.start(&world).await;
    process.runner.drive(&run, &Nudge::default()).await.unwrap();
    let records = process.records(&run).await;
    let output =
        records.iter().find(|record| record.entry.kind == "step.succeeded").unwrap().payload("output").unwrap();
    assert_eq!(output, json!({ "input": "{\"a\":2,\"b\":1}" }), "live as on replay");
}
