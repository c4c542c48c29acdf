//! Runs that cannot be driven, or read at all: shown as such, resumed by people, and no reason not to start.

use cases::case;
use ledger::{Draft, Fence, run_parked};
use serde_json::{Value, json};

use super::server::{ACCOUNT, Folder, REGION, Server, told};
use crate::installation::SystemClock;

const ASKS: &str = "
name: ask
steps:
  - id: ask
    approval: { title: Sure?, approvers: [\"group:leads\"], expires: 4h }
";
const ONE: &str = "
name: one
concurrency: { runs: 1, beyond: wait }
steps:
  - id: ask
    approval: { title: Sure?, approvers: [\"group:leads\"], expires: 4h }
";

async fn put(server: &Server, name: &str, source: &'static str) {
    let put = server.put(&format!("/v1/workflows/{name}"), &server.admin).header("content-type", "application/yaml");
    assert_eq!(told(put.body(source)).await.0, 200);
}

async fn start(server: &Server, workflow: &str) -> String {
    let start = json!({ "account": ACCOUNT, "region": REGION });
    let answer =
        server.post(&format!("/v1/workflows/{workflow}/runs"), &server.person).json(&start).send().await.unwrap();
    assert_eq!(answer.status(), 202);
    answer.json::<Value>().await.unwrap()["run"].as_str().unwrap().to_owned()
}

/// Waits until a run is as `status` says.
async fn reach(server: &Server, run: &str, status: &str) {
    let wait = async {
        while server.see(&format!("/v1/runs/{run}")).await["status"] != status {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(30), wait).await.unwrap();
}

/// Adds what a newer Quell, or a disk that fails, may have left in a run's chain.
async fn append(server: &Server, run: &str, draft: Draft) {
    server.installation.ledger.append(run, Fence::Open, vec![draft], None).await.unwrap();
}

#[tokio::test]
async fn a_run_that_cannot_be_read_is_shown_as_far_as_it_can_be_and_resumed_by_an_operator() {
    let folder = Folder::new();
    let server = Server::at(&folder, SystemClock).await;
    put(&server, "ask", ASKS).await;
    let run = start(&server, "ask").await;
    reach(&server, &run, "waiting").await;
    append(&server, &run, Draft::new("step.reshaped", 1, "host", json!({ "step": "ask" }))).await;
    let waiting = server.see("/v1/waiting").await;
    // The list reads no entries: it is what the run's summary said last, until whoever drives the run parks it.
    case(
        "G08",
        "what a run is listed to wait for that has an entry of an unknown kind, before it is parked",
        "approval",
        waiting["waiting"][0]["for"].as_str().unwrap(),
    );
    append(&server, &run, run_parked("entry 5 is of an unknown kind", 5, 1_700_000_000_000)).await;

    let listed = server.see("/v1/runs").await["runs"][0]["parked"].clone();
    let parked = json!({ "since": "2023-11-14T22:13:20Z", "why": "entry 5 is of an unknown kind" });
    case("F11", "a parked run in the list", &parked, listed);
    let shown = server.see(&format!("/v1/runs/{run}")).await;
    assert_eq!(shown["parked"], parked);
    assert_eq!(shown["steps"][0]["status"], "waiting", "what was before that entry is shown");
    let unreadable = shown["unreadable"].as_str().unwrap();
    case("G08", "what is said of the entry", true, unreadable.contains("its kind `step.reshaped` is not known here"));
    let mut waiting = server.see("/v1/waiting").await["waiting"].clone();
    assert_eq!(waiting[0]["run"].take(), json!(run), "the id is another one each time, and the page of cases the same");
    let resume = json!([{ "run": null, "workflow": "ask", "for": "resume", "since": "2023-11-14T22:13:20Z",
        "about": "entry 5 is of an unknown kind" }]);
    case("F11", "a parked run among what waits", resume, waiting);

    server.stop().await;
    let server = Server::at(&folder, SystemClock).await;
    assert_eq!(server.see("/v1/runs").await["runs"][0]["parked"], parked, "it stays so");
    let operator = server.token_with("olga", &["operate"]).await;
    let resume = |token: &str| server.post(&format!("/v1/runs/{run}/resume"), token);
    assert_eq!(told(resume(&server.person)).await.0, 403);
    assert_eq!(told(resume(&operator)).await.0, 204);
    let entries = server.see(&format!("/v1/ledger?run={run}&kind=drive.resumed")).await;
    assert_eq!(entries["entries"][0]["actor"], "user:olga");
}

#[tokio::test]
async fn a_queued_run_that_cannot_be_read_stops_neither_its_workflow_nor_the_start() {
    let folder = Folder::new();
    let server = Server::at(&folder, SystemClock).await;
    put(&server, "one", ONE).await;
    let mut runs = vec![];
    for _ in 0..3 {
        runs.push(start(&server, "one").await);
    }
    reach(&server, &runs[0], "waiting").await;
    append(&server, &runs[1], Draft::new("step.succeeded", 1, "host", json!({ "step": "ask" }))).await;
    server.stop().await;
    // What `begin` fails with, keeps the server from starting.
    let server = Server::at(&folder, SystemClock).await;
    let cancel = server.post(&format!("/v1/runs/{}/cancel", runs[0]), &server.admin).json(&json!({}));
    assert_eq!(told(cancel).await.0, 204);
    reach(&server, &runs[2], "waiting").await;
    let shown = server.see(&format!("/v1/runs/{}", runs[1])).await;
    assert_eq!(shown["status"], "queued");
    assert!(shown["parked"]["why"].as_str().unwrap().contains("its field `attempt` cannot be read"), "{shown:#}");
}
