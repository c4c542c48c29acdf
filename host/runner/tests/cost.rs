//! What a step costs does not depend on how long its run is: every append, look and read is paid for by what is going on,
//! and not by what is over.
//!
//! Counted is what is allocated while the run is driven, by the driver, the gate, the fold and the ledger together: whatever
//! is cloned, walked (a step's path is made for each that is looked at) or read is allocated. So the numbers are the same
//! on every machine, which those of a clock are not.

#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "where a test cannot go on, it has failed")]

mod world;

use std::alloc::System;
use std::sync::Arc;

use runner::{Nudge, Started};
use serde_json::{Value, json};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};
use workflow::{Surroundings, Verdict, Workflow, load};
use world::{GET, Process, TELL, World, call};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// Held by each test: what is allocated is counted over all threads.
static ALONE: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());

/// What is allocated for a step of a run.
#[derive(Clone, Copy, Debug)]
struct Cost {
    allocations: usize,
    bytes: usize,
}

impl Cost {
    /// Of each of `steps`, since `region` began.
    fn per(steps: usize, region: &Region<'_, System>) -> Cost {
        let change = region.change();
        Cost { allocations: change.allocations / steps, bytes: change.bytes_allocated / steps }
    }

    fn check(&self, what: &str, short: Cost) {
        let (long, most) = (*self, 3);
        assert!(
            long.allocations <= most * short.allocations && long.bytes <= most * short.bytes,
            "{what}: a step of a long run costs more than {most} times what one of a short run does: {short:?}, {long:?}"
        );
    }
}

/// Drives a run of the world's workflow to its end, or to where it waits.
async fn drive(world: &World, event: Option<Value>, steps: usize) -> (Process, String, Cost) {
    world.scripts.set("worker", |input, _| async move { Ok(json!({ "name": input.get("name") })) });
    let process = world.process().await;
    let Started::New(run) = process.start_with(world, event).await else { panic!("a new run") };
    let region = Region::new(ALLOCATOR);
    process.runner.drive(&run, &Nudge::default()).await.unwrap();
    let cost = Cost::per(steps, &region);
    (process, run, cost)
}

const EACH: &str = r#"
name: sweep
steps:
  - id: sweep
    each:
      in: ${{ event.items }}
      concurrency: 16
      steps:
        - { id: first, plugin: worker, with: { name: "${{ item.name }}", of: "${{ event.id }}" } }
        - { id: second, plugin: worker, if: "${{ steps.first.output.name == item.name }}", with: { name: "${{ steps.first.output.name }}" } }
        - { id: third, plugin: worker, with: { name: "${{ steps.second.output.name }}" } }
"#;

async fn each(items: usize) -> Cost {
    let items: Vec<Value> = (0..items).map(|index| json!({ "name": format!("item {index}") })).collect();
    let steps = items.len() * 3;
    let world = World::new(EACH);
    let (process, run, cost) = drive(&world, Some(json!({ "id": "e", "items": items })), steps).await;
    assert_eq!(process.status(&run).await, "succeeded");
    cost
}

#[tokio::test]
async fn an_item_of_a_long_each_costs_what_one_of_a_short_one_does() {
    let _alone = ALONE.lock().await;
    let short = each(33).await;
    each(1_000).await.check("an `each` of 1,000 items with three steps", short);
}

/// A workflow that calls another `calls` times, each time with `steps` steps one after the other.
fn called(calls: usize, steps: usize) -> World {
    let step =
        |index: usize| json!({ "id": format!("s{index}"), "plugin": "worker", "with": { "name": format!("{index}") } });
    let callee = json!({ "name": "part", "steps": (0..steps).map(step).collect::<Vec<_>>() }).to_string();
    let call = |index: usize| json!({ "id": format!("c{index}"), "call": { "workflow": "part" } });
    let caller = json!({ "name": "whole", "steps": (0..calls).map(call).collect::<Vec<_>>() }).to_string();
    let callee = Arc::new(loaded(&callee, &Surroundings::default()));
    let others = [("part".to_owned(), callee.clone())].into();
    let caller = loaded(&caller, &Surroundings { workflows: Some(&others), ..Surroundings::default() });
    let linked = caller.link(&|_| Some(callee.clone())).unwrap();
    World::of(linked, vec![callee])
}

fn loaded(source: &str, surroundings: &Surroundings<'_>) -> Workflow {
    load("test.yaml", source, surroundings).unwrap_or_else(|problems| panic!("{}", problems.render(false)))
}

async fn sequence(calls: usize, steps: usize) -> Cost {
    let world = called(calls, steps);
    let (process, run, cost) = drive(&world, None, calls * (steps + 1)).await;
    assert_eq!(process.status(&run).await, "succeeded");
    cost
}

#[tokio::test]
async fn a_step_of_a_long_sequence_costs_what_one_of_a_short_one_does() {
    let _alone = ALONE.lock().await;
    let short = sequence(2, 49).await;
    sequence(10, 999).await.check("a run of 10,000 steps in called workflows", short);
}

const SETTLED: &str = r#"
name: settled
steps:
  - id: sweep
    each:
      in: ${{ event.items }}
      concurrency: 16
      on-error: continue
      steps: [{ id: change, plugin: caller, with: { item: "${{ item }}" } }]
  - { id: last, plugin: last }
"#;

/// The bytes of what each call is given and answered.
const CALL: usize = 50_000;

/// What is allocated when a person settles the last call of a run, and the run is driven to its end, behind so many others
/// that have made calls.
async fn settle_behind(items: usize) -> usize {
    let world = World::new(SETTLED);
    world
        .scripts
        .set("caller", |_, calls| async move { call(&calls, GET, &"x".repeat(CALL)).await.map(|_| json!({})) });
    world.scripts.set("last", |_, calls| async move { call(&calls, TELL, "last").await });
    world.service.lock().unwrap().silent.push((TELL.into(), "last".into()));
    let process = world.process().await;
    let items: Vec<usize> = (0..items).collect();
    let event = json!({ "id": "e", "items": items });
    let Started::New(run) = process.start_with(&world, Some(event)).await else { panic!("a new run") };
    process.runner.drive(&run, &Nudge::default()).await.unwrap();
    assert_eq!(process.status(&run).await, "waiting");

    let region = Region::new(ALLOCATOR);
    let call = format!("{run}/last/1/1");
    process.runner.settle(&run, &call, "alice", Verdict::Done, "looked").await.unwrap();
    process.runner.drive(&run, &Nudge::default()).await.unwrap();
    let bytes = region.change().bytes_allocated;
    assert_eq!(process.status(&run).await, "succeeded");
    bytes
}

#[tokio::test]
async fn calls_of_ended_steps_are_not_read_when_a_run_goes_on() {
    let _alone = ALONE.lock().await;
    let (few, many) = (settle_behind(4).await, settle_behind(104).await);
    let each = many.saturating_sub(few) / 100;
    assert!(each < CALL, "{each} bytes for each call of {CALL} bytes that was made and answered before");
}
