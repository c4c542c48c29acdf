//! An approval covers retries of what stands behind it for a time, whichever process drives the run then.

#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "where a test cannot go on, it has failed")]

mod world;

use std::collections::BTreeSet;
use std::time::Duration;

use runner::{InputError, Said};
use workflow::{Decision, DecisionError};
use world::{PUT, Process, World, call, until};

const SOURCE: &str = "
name: ask-first
steps:
  - id: approve
    approval: { title: Go on?, approvers: [group:leads], expires: 1h }
  - id: work
    plugin: worker
    retry: { attempts: 2, delay: 10m }
";

async fn approve(process: &Process, run: &str, asked: Option<i64>) -> Result<(), InputError> {
    let said = Said { decision: Decision::Approve, reason: None, asked };
    process.runner.decide(run, "approve", "alice", &BTreeSet::from(["leads".to_string()]), said).await
}

async fn kinds(process: &Process, run: &str, kind: &str) -> usize {
    process.kinds(run).await.iter().filter(|other| *other == kind).count()
}

#[tokio::test]
async fn what_is_tried_again_behind_an_approval_is_sent_when_people_agree_once_more() {
    let world = World::new(SOURCE);
    world.scripts.set("worker", |_, calls| async move {
        call(&calls, PUT, "a").await?;
        Err(runner::Ended { code: "flaky".into(), message: "not yet".into() })
    });
    let sent = || world.service.lock().unwrap().count("a");
    let process = world.process().await;
    process.scheduler.begin(process.runner.clone()).await.unwrap();
    let run = process.start(&world).await;
    until(|| async { kinds(&process, &run, "approval.requested").await == 1 }).await;
    approve(&process, &run, None).await.unwrap();
    until(|| async { kinds(&process, &run, "step.retry-scheduled").await == 1 }).await;

    // The retry was due within the window, and the machine slept until it had passed.
    world.clock.advance(Duration::from_secs(3_600));
    until(|| async { kinds(&process, &run, "approval.requested").await == 2 }).await;
    assert_eq!((sent(), kinds(&process, &run, "approval.reopened").await), (1, 1));
    let stale = approve(&process, &run, None).await;
    assert!(matches!(stale, Err(InputError::Decision(DecisionError::AskedAgain { .. }))), "{stale:?}");

    let asked = process.records(&run).await.into_iter().rfind(|record| record.entry.kind == "approval.requested");
    let asked = asked.expect("it was asked").entry.time;
    approve(&process, &run, Some(asked)).await.unwrap();
    until(|| async { process.status(&run).await == "failed" }).await;
    assert_eq!(sent(), 2);

    // Within the window another person has it tried again, and whoever started it is asked for it.
    process.runner.retry(&run, "bob").await.unwrap();
    until(|| async { kinds(&process, &run, "step.retry-scheduled").await == 2 }).await;
    world.clock.advance(Duration::from_secs(600));
    until(|| async { process.status(&run).await == "failed" }).await;
    process.runner.retry(&run, "olivia").await.unwrap();
    until(|| async { kinds(&process, &run, "approval.requested").await == 3 }).await;
    assert_eq!((sent(), process.status(&run).await.as_str()), (4, "waiting"));
}
