//! What happens when the process dies in the middle of a step: recorded calls are answered from the ledger and never
//! sent again, open ones are settled, and a plugin that goes another way is stopped before it does anything.

#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "where a test cannot go on, it has failed")]

mod world;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use cases::case;
use runner::{DriveError, Nudge};
use serde_json::json;
use tokio::sync::Notify;
use workflow::Verdict;
use world::{GET, PUT, Process, TELL, World, call, until};

const ONE_STEP: &str = "
name: one-step
steps:
  - id: act
    plugin: worker
";

/// The lives of a guest: the first one ends in the middle.
#[derive(Clone, Default)]
struct Lives {
    begun: Arc<AtomicUsize>,
    end: Arc<Notify>,
}

struct Life {
    is_first: bool,
    end: Arc<Notify>,
}

impl Lives {
    fn begin(&self) -> Life {
        Life { is_first: self.begun.fetch_add(1, Ordering::SeqCst) == 0, end: self.end.clone() }
    }

    fn count(&self) -> usize {
        self.begun.load(Ordering::SeqCst)
    }
}

impl Life {
    /// The point to be killed at: nothing follows.
    async fn end(&self) {
        self.end.notify_one();
        std::future::pending().await
    }
}

/// Drives until the guest is at the point to be killed at, then drops everything.
async fn kill_at(process: Process, run: &str, lives: &Lives) {
    let drive = async { process.runner.drive(run, &Nudge::default()).await };
    tokio::select! {
        () = lives.end.notified() => {}
        result = drive => panic!("it was to be killed, and ended: {result:?}"),
    }
}

#[tokio::test]
async fn the_first_three_calls_are_never_sent_again() {
    let world = World::new(ONE_STEP);
    let lives = Lives::default();
    let lived = lives.clone();
    world.scripts.set("worker", move |_, calls| {
        let life = lived.begin();
        async move {
            for (function, name) in [(PUT, "a"), (GET, "b"), (PUT, "c"), (PUT, "d"), (PUT, "e")] {
                if life.is_first && name == "d" {
                    life.end().await;
                }
                assert_eq!(call(&calls, function, name).await?, json!({ "ok": { "name": name } }));
            }
            Ok(json!({ "done": true }))
        }
    });
    let process = world.process().await;
    let run = process.start(&world).await;
    kill_at(process, &run, &lives).await;
    assert_eq!(world.service.lock().unwrap().requests.len(), 3);

    let process = world.process().await;
    process.runner.drive(&run, &Nudge::default()).await.unwrap();
    assert_eq!(process.status(&run).await, "succeeded");
    assert_eq!(lives.count(), 2, "the guest ran again");
    let service = world.service.lock().unwrap();
    assert_eq!(["a", "b", "c", "d", "e"].map(|name| service.count(name)), [1; 5]);
}

#[tokio::test]
async fn calls_that_differ_on_replay_fail_the_step_and_send_nothing() {
    let world = World::new(ONE_STEP);
    let lives = Lives::default();
    let lived = lives.clone();
    world.scripts.set("worker", move |_, calls| {
        let life = lived.begin();
        async move {
            call(&calls, PUT, "a").await?;
            call(&calls, PUT, if life.is_first { "b" } else { "other" }).await?;
            if life.is_first {
                life.end().await;
            }
            Ok(json!({}))
        }
    });
    let process = world.process().await;
    let run = process.start(&world).await;
    kill_at(process, &run, &lives).await;
    let process = world.process().await;
    process.runner.drive(&run, &Nudge::default()).await.unwrap();
    assert_eq!(process.status(&run).await, "failed");
    let records = process.records(&run).await;
    let failed = records.iter().find(|record| record.entry.kind == "step.failed").unwrap();
    let code = failed.payload("error").unwrap()["code"].as_str().unwrap().to_owned();
    case("B25", "a plugin that makes another call when it is replayed", "nondeterministic", code);
    let sent = world.service.lock().unwrap().count("other");
    case("B25", "the other call", "0 sent", format!("{sent} sent"));
}

#[tokio::test]
async fn a_guest_that_ends_before_its_recorded_calls_is_nondeterministic() {
    let world = World::new(ONE_STEP);
    let lives = Lives::default();
    let lived = lives.clone();
    world.scripts.set("worker", move |_, calls| {
        let life = lived.begin();
        async move {
            if life.is_first {
                call(&calls, PUT, "a").await?;
                life.end().await;
            }
            Ok(json!({}))
        }
    });
    let process = world.process().await;
    let run = process.start(&world).await;
    kill_at(process, &run, &lives).await;
    let process = world.process().await;
    process.runner.drive(&run, &Nudge::default()).await.unwrap();
    assert_eq!(process.status(&run).await, "failed");
}

#[tokio::test]
async fn an_unanswered_write_that_shows_in_the_state_is_not_sent_again() {
    let world = World::new(ONE_STEP);
    world.scripts.set("worker", |_, calls| async move { call(&calls, PUT, "a").await });
    world.service.lock().unwrap().silent.push((PUT.into(), "a".into()));
    let process = world.process().await;
    let run = process.start(&world).await;
    process.runner.drive(&run, &Nudge::default()).await.unwrap();
    assert_eq!(process.status(&run).await, "succeeded");
    assert_eq!(world.service.lock().unwrap().count("a"), 1);
    let kinds = process.kinds(&run).await;
    let calls: Vec<_> = kinds.iter().filter(|kind| kind.starts_with("call.")).map(String::as_str).collect();
    assert_eq!(calls, ["call.intent", "call.unknown", "call.host-read", "call.settled"]);
}

#[tokio::test]
async fn a_write_without_a_trace_is_sent_again_once_its_absence_can_be_believed() {
    let world = World::new(ONE_STEP);
    world.scripts.set("worker", |_, calls| async move { call(&calls, PUT, "a").await });
    world.service.lock().unwrap().lost.push((PUT.into(), "a".into()));
    let process = world.process().await;
    let run = process.start(&world).await;
    let nudge = Nudge::default();
    let drive = process.runner.drive(&run, &nudge);
    let early = async {
        until(|| async { process.kinds(&run).await.contains(&"call.unknown".to_string()) }).await;
        assert_eq!(world.service.lock().unwrap().count("a"), 0, "not before the absence can be believed");
        world.clock.advance(Duration::from_secs(31));
    };
    let (driven, ()) = tokio::join!(drive, early);
    driven.unwrap();
    assert_eq!(process.status(&run).await, "succeeded");
    assert_eq!(world.service.lock().unwrap().count("a"), 1);
}

#[tokio::test]
async fn what_nobody_can_tell_waits_for_a_person() {
    let world = World::new(ONE_STEP);
    world.scripts.set("worker", |_, calls| async move { call(&calls, TELL, "a").await });
    world.service.lock().unwrap().silent.push((TELL.into(), "a".into()));
    for (verdict, status, sent) in
        [(Verdict::Done, "succeeded", 1), (Verdict::NotDone, "succeeded", 2), (Verdict::GiveUp, "failed", 1)]
    {
        *world.service.lock().unwrap() = world::Service::default();
        world.service.lock().unwrap().silent.push((TELL.into(), "a".into()));
        let process = world.process().await;
        let run = process.start(&world).await;
        process.runner.drive(&run, &Nudge::default()).await.unwrap();
        assert_eq!(process.status(&run).await, "waiting");
        drop(process);

        let process = world.process().await;
        let call = format!("{run}/act/1/1");
        let wrong = process.runner.settle(&run, "r/act/1/9", "olivia", verdict, "saw it").await;
        assert!(wrong.is_err());
        process.runner.settle(&run, &call, "olivia", verdict, "saw it").await.unwrap();
        process.runner.drive(&run, &Nudge::default()).await.unwrap();
        assert_eq!(process.status(&run).await, status, "{verdict:?}");
        assert_eq!(world.service.lock().unwrap().count("a"), sent, "{verdict:?}");
    }
}

#[tokio::test]
async fn on_unknown_repeat_sends_again_without_asking() {
    let world = World::new(&ONE_STEP.replace("plugin: worker", "plugin: worker\n    on-unknown: repeat"));
    world.scripts.set("worker", |_, calls| async move { call(&calls, TELL, "a").await });
    world.service.lock().unwrap().silent.push((TELL.into(), "a".into()));
    let process = world.process().await;
    let run = process.start(&world).await;
    process.runner.drive(&run, &Nudge::default()).await.unwrap();
    assert_eq!(process.status(&run).await, "succeeded");
    assert_eq!(world.service.lock().unwrap().count("a"), 2);
}

#[tokio::test]
async fn a_driver_that_was_superseded_writes_and_sends_nothing_more() {
    let world = World::new(ONE_STEP);
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
    let run = process.start(&world).await;
    let nudge = Nudge::default();
    let zombie = process.runner.drive(&run, &nudge);
    let other = async {
        reached.notified().await;
        process.runner.ledger.claim(&run, "host", 0).await.unwrap();
        go.notify_one();
    };
    let (driven, ()) = tokio::join!(zombie, other);
    assert!(matches!(driven.unwrap_err(), DriveError::Superseded { .. }));
    assert_eq!(world.service.lock().unwrap().count("b"), 0);
    let kinds = process.kinds(&run).await;
    assert_eq!(kinds.last().unwrap(), "drive.claimed", "{kinds:?}");
}

#[tokio::test]
async fn a_revoked_grant_holds_for_the_next_call_and_denials_are_replayed() {
    let world = World::new(ONE_STEP);
    let lives = Lives::default();
    let lived = lives.clone();
    world.scripts.set("worker", move |_, calls| {
        let life = lived.begin();
        async move {
            let denied = call(&calls, PUT, "a").await?;
            call(&calls, GET, "b").await?;
            if life.is_first {
                life.end().await;
            }
            Ok(denied)
        }
    });
    *world.rules.policy.lock().unwrap() = None;
    let process = world.process().await;
    let run = process.start(&world).await;
    kill_at(process, &run, &lives).await;
    let process = world.process().await;
    process.runner.drive(&run, &Nudge::default()).await.unwrap();
    let records = process.records(&run).await;
    let denied: Vec<_> = records.iter().filter(|record| record.entry.kind == "call.denied").collect();
    assert_eq!(denied.len(), 2);
    assert_eq!(denied[0].data["reason"], "not-granted");
    assert!(world.service.lock().unwrap().requests.is_empty());
}

#[tokio::test]
async fn a_throttled_write_is_sent_again_until_it_is_taken() {
    let world = World::new(ONE_STEP);
    world.scripts.set("worker", |_, calls| async move { call(&calls, PUT, "a").await });
    world.service.lock().unwrap().throttled = vec!["a".into(); 2];
    let process = world.process().await;
    let run = process.start(&world).await;
    let nudge = Nudge::default();
    let drive = process.runner.drive(&run, &nudge);
    let time = async {
        until(|| async {
            world.clock.advance(Duration::from_millis(200));
            process.status(&run).await == "succeeded"
        })
        .await;
    };
    let (driven, ()) = tokio::join!(drive, time);
    driven.unwrap();
    let kinds = process.kinds(&run).await;
    assert_eq!(kinds.iter().filter(|kind| *kind == "call.intent").count(), 3, "{kinds:?}");
    assert_eq!(world.service.lock().unwrap().count("a"), 1);
}
