//! A run's summary, made of its entries alone, also where these do not tell all.

#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "where a test cannot go on, it has failed")]

mod world;

use std::sync::Arc;

use ledger::{Awaited, Ledger as _, Millis, Record, Summary};
use runner::{ProjectedRun, RunProjection, Workflows};
use workflow::Workflow;
use world::{World, until};

const NAP: &str = "name: nap\nsteps:\n  - id: nap\n    wait: { for: 1h }\n";

/// An installation that lost its workflows.
struct Nothing;

impl Workflows for Nothing {
    fn by_digest(&self, _: &str) -> Option<Arc<Workflow>> {
        None
    }
}

/// A run that sleeps, or was cancelled then: its world, what it has on record, its summary.
async fn nap(cancelled: bool) -> (World, Vec<Record>, Summary) {
    let world = World::new(NAP);
    let process = world.process().await;
    process.scheduler.begin(process.runner.clone()).await.unwrap();
    let run = process.start(&world).await;
    until(async || process.status(&run).await == "waiting").await;
    if cancelled {
        process.runner.cancel(&run, "olivia", None).await.unwrap();
        until(async || process.status(&run).await == "cancelled").await;
    }
    let (records, summary) = (process.records(&run).await, process.store.summary(&run).await.unwrap().unwrap());
    process.store.close().await;
    (world, records, summary)
}

fn project(records: &[Record], workflows: &dyn Workflows) -> ProjectedRun {
    let mut projection = RunProjection::default();
    records.iter().for_each(|record| projection.follow(record));
    projection.end(workflows).unwrap()
}

/// What is said of a run that cannot be followed. It is shown as one that a person has to look at, and driven at once.
fn unreadable(projected: ProjectedRun, run: &Summary) -> String {
    let ProjectedRun::Unreadable { why, summary } = projected else { panic!("{projected:?}") };
    let [wait] = summary.waits.named.as_slice() else { panic!("{summary:?}") };
    assert_eq!((wait.what, wait.about.as_ref()), (Awaited::Resume, Some(&why)));
    let kept = (&summary.run, &summary.workflow, &summary.started_by, summary.started, summary.ended);
    assert_eq!(kept, (&run.run, &run.workflow, &run.started_by, run.started, None));
    assert_eq!((&summary.status, summary.wake), (&run.status, Some(Millis::MIN)));
    why
}

#[tokio::test]
async fn what_a_live_run_came_to_is_made_of_all_that_it_has() {
    let (world, mut records, summary) = nap(false).await;
    assert_eq!(project(&records, world.rules.as_ref()), ProjectedRun::Followed(summary.clone()));
    assert_eq!(summary.waits.named[0].what, Awaited::Timer);

    let why = unreadable(project(&records, &Nothing), &summary);
    assert!(why.contains("needs the workflow with the digest"), "{why}");

    let mut twice = records.clone();
    twice.extend(records.iter().rfind(|record| record.entry.kind == "step.wait-started").cloned());
    let why = unreadable(project(&twice, world.rules.as_ref()), &summary);
    assert!(why.contains("cannot follow: `nap` is waiting and cannot become begun"), "{why}");

    records[0].payloads.insert("inputs".into(), None);
    let why = unreadable(project(&records, world.rules.as_ref()), &summary);
    assert_eq!(why, "the payload `inputs` of entry 1 is not kept");
}

/// Retention may remove the payloads of a run that has ended, and nobody needs its workflow.
#[tokio::test]
async fn what_an_ended_run_came_to_needs_no_payload_and_no_workflow() {
    let (_world, mut records, summary) = nap(true).await;
    for payload in records.iter_mut().flat_map(|record| record.payloads.values_mut()) {
        *payload = None;
    }
    assert_eq!(project(&records, &Nothing), ProjectedRun::Followed(summary));
}

/// One that waits for a place takes none, also where nobody can say any more what it would do.
#[tokio::test]
async fn an_unreadable_run_that_waits_for_a_place_still_does() {
    let world = World::new(&NAP.replace("steps:", "concurrency: { runs: 1, beyond: wait }\nsteps:"));
    let process = world.process().await;
    process.start(&world).await;
    let queued = process.start(&world).await;
    let records = process.records(&queued).await;
    let summary = process.store.summary(&queued).await.unwrap().unwrap();
    assert_eq!(summary.status, "queued");
    unreadable(project(&records, &Nothing), &summary);
    let mut odd = records.clone();
    odd.extend(records.last().cloned());
    unreadable(project(&odd, world.rules.as_ref()), &summary);
}
