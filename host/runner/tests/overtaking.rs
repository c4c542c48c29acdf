//! Runs that begin while somebody else finds out which are to be cancelled for newer ones. Nobody drives here but the
//! test, and what the ledger answers is held, so that everything happens in one order.

#![expect(clippy::unwrap_used, clippy::panic, clippy::expect_used, reason = "a test fails by panicking")]

mod held;
mod world;

use std::sync::Arc;
use std::time::Duration;

use held::Held;
use runner::{DriveError, Nudge, Started};
use serde_json::json;
use tokio::task::JoinHandle;
use world::{Process, World, until};

struct Scene {
    world: World,
    ledger: Arc<Held>,
    process: Process,
}

impl Scene {
    /// A workflow with two places, in which the oldest is cancelled for the newest. `first` is a step before its last.
    async fn new(first: &str) -> Scene {
        let rules = "on:\n  - event: { source: [test] }\nconcurrency: { runs: 2, beyond: cancel-oldest }";
        let source = format!("name: guarded\n{rules}\nsteps:\n{first}  - id: work\n    plugin: worker\n");
        let world = World::new(&source);
        world.scripts.set("worker", |_, _| std::future::pending());
        let mut process = world.process().await;
        let ledger = Arc::new(Held::new(process.store.clone()));
        let scheduler = Arc::new(process.scheduler.clone());
        process.runner = world.runner(ledger.clone(), Arc::new(world.clock.clone()), world.scripts.clone(), scheduler);
        Scene { world, ledger, process }
    }

    async fn start(&self, id: usize) -> String {
        self.world.clock.advance(Duration::from_millis(1));
        let event = json!({ "id": format!("e-{id}"), "source": "test" });
        match self.process.start_with(&self.world, Some(event)).await {
            Started::New(run) => run,
            Started::Repeated(run) => panic!("{id} is no repeat of {run}"),
        }
    }

    async fn is_cancelled(&self, run: &str) -> bool {
        self.process.kinds(run).await.contains(&"run.cancel-requested".to_owned())
    }

    async fn reach(&self, run: &str, status: &str) {
        until(|| async { self.process.status(run).await == status }).await;
    }
}

/// Drives the run in a task of its own until it waits or ends.
fn drive(scene: &Scene, run: &str) -> JoinHandle<Result<(), DriveError>> {
    let (runner, run) = (scene.process.runner.clone(), run.to_owned());
    tokio::spawn(async move { runner.drive(&run, &Nudge::default()).await })
}

#[tokio::test]
async fn the_oldest_is_cancelled_also_when_another_run_begins_meanwhile() {
    let scene = Scene::new("").await;
    let mut runs = vec![];
    for id in 0..3 {
        runs.push(scene.start(id).await);
    }
    assert_eq!(scene.process.status(&runs[2]).await, "queued");
    // The first ends, and is about to let the third begin, when it knows of no other.
    let (reached, let_go) = scene.ledger.hold("waiting");
    let first = drive(&scene, &runs[0]);
    reached.await.unwrap();
    assert_eq!(scene.process.status(&runs[0]).await, "cancelled");
    // The fourth sees that the third waits, which then begins.
    let (reached, let_fourth_go) = scene.ledger.hold("waiting");
    let begin_third = async {
        reached.await.unwrap();
        let_go.send(()).unwrap();
        first.await.unwrap().unwrap();
        assert_eq!(scene.process.status(&runs[2]).await, "running");
        let_fourth_go.send(()).unwrap();
    };
    let (fourth, ()) = tokio::join!(scene.start(3), begin_third);
    runs.push(fourth);
    assert!(scene.is_cancelled(&runs[1]).await, "the oldest of three makes room for the last");
    scene.process.scheduler.begin(scene.process.runner.clone()).await.unwrap();
    for (run, status) in runs.iter().zip(["cancelled", "cancelled", "running", "running"]) {
        scene.reach(run, status).await;
    }
}

#[tokio::test]
async fn a_run_that_begins_to_wait_meanwhile_counts_once() {
    let scene =
        Scene::new("  - id: approve\n    approval: { title: Go on?, approvers: [group:leads], expires: 1d }\n").await;
    let first = scene.start(0).await;
    assert_eq!(scene.process.status(&first).await, "running");
    // It is among those that run, and then among those that wait.
    let (reached, let_go) = scene.ledger.hold("running");
    let ask = async {
        reached.await.unwrap();
        drive(&scene, &first).await.unwrap().unwrap();
        assert_eq!(scene.process.status(&first).await, "waiting");
        let_go.send(()).unwrap();
    };
    let (second, ()) = tokio::join!(scene.start(1), ask);
    assert_eq!(scene.process.status(&second).await, "running");
    assert!(!scene.is_cancelled(&first).await, "there are places for both");
}
