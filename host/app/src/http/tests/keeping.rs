//! What is kept of events that start no run: so much a day, and not for ever.

use serde_json::{Value, json};

use super::clock::StillClock;
use super::server::{ACCOUNT, Folder, REGION, Server, told};

const NOON: &str = "2026-03-01T12:00:00Z";

const WORKFLOW: &str = "
name: NAME
on: [{ event: { source: [aws.guardduty] } }]
steps:
  - id: ask
    approval: { title: Go on?, approvers: [\"group:leads\"], expires: 4h }
";

fn event(id: &str, source: &str, account: &str) -> Value {
    json!({
        "version": "0", "id": id, "source": source, "detail-type": "Finding", "account": account, "region": REGION,
        "time": NOON, "resources": [], "detail": { "long": "x".repeat(2_000) },
    })
}

async fn entries(server: &Server, query: &str) -> Vec<Value> {
    server.see(&format!("/v1/ledger?limit=500&{query}")).await["entries"].as_array().unwrap().clone()
}

#[tokio::test]
async fn a_flood_of_events_that_start_nothing_is_kept_within_bounds() {
    let folder = Folder::with("[events]\nentries-a-day = 4\nbytes-a-day = 5000\n");
    let clock = StillClock::at(NOON);
    let server = Server::at(&folder, clock.clone()).await;
    let post = async |id: usize, source: &str, account: &str, token: &str| {
        told(server.post("/v1/events", token).json(&event(&format!("e-{id}"), source, account))).await.0
    };
    // What no workflow is for is taken, and what is refused is refused, however many there are.
    for number in 0..10 {
        assert_eq!(post(number, "aws.nothing", ACCOUNT, &server.person).await, 202);
        assert_eq!(post(number, "aws.guardduty", "210987654321", &server.person).await, 403);
    }
    let kept = entries(&server, "kind=event.&actor=user:alice").await;
    let kinds: Vec<_> = kept.iter().map(|entry| entry["kind"].as_str().unwrap()).collect();
    let (unmatched, refused, left_out) = ("event.unmatched", "event.refused", "event.left-out");
    assert_eq!(kinds, [&[unmatched, refused, unmatched, refused][..], &[left_out; 5]].concat());
    let counts: Vec<_> = kept[4..].iter().map(|entry| entry["data"]["events"].as_u64().unwrap()).collect();
    assert_eq!((counts, &kept[8]["data"]["day"]), (vec![1, 2, 4, 8, 16], &json!("2026-03-01")));
    // Two bodies fit; of the others there is what they were.
    assert_eq!(kept[0]["payloads"]["event"]["json"], event("e-0", "aws.nothing", ACCOUNT));
    assert!(kept[1]["payloads"]["event"]["json"].is_object(), "{}", kept[1]);
    for without in &kept[2..4] {
        assert_eq!(without["payloads"], json!({}));
        assert!(without["data"]["bytes"].as_u64().unwrap() > 2_000, "{without}");
        assert_eq!(without["data"]["sha256"].as_str().unwrap().len(), 64);
    }
    // Others are not concerned, and tomorrow is another day.
    assert_eq!(post(0, "aws.nothing", ACCOUNT, &server.admin).await, 202);
    assert_eq!(entries(&server, "kind=event.unmatched&actor=user:admin").await.len(), 1);
    clock.set("2026-03-02T00:00:00Z");
    assert_eq!(post(0, "aws.nothing", ACCOUNT, &server.person).await, 202);
    assert_eq!(entries(&server, "kind=event.unmatched&actor=user:alice").await.len(), 3);
}

#[tokio::test]
async fn bodies_of_old_events_are_removed_and_those_of_runs_stay() {
    let (folder, clock) = (Folder::with("[events]\ndays = 2\n"), StillClock::at(NOON));
    let server = Server::at(&folder, clock.clone()).await;
    for name in ["answer", "other"] {
        let put = server.put(&format!("/v1/workflows/{name}"), &server.admin);
        let put = put.header("content-type", "application/yaml").body(WORKFLOW.replace("NAME", name));
        assert_eq!(told(put).await.0, 200);
    }
    let disable = server.post("/v1/workflows/other/disable", &server.admin).json(&json!({ "reason": "a test" }));
    assert_eq!(told(disable).await.0, 204);
    // For one workflow that runs and one that is disabled: the same event is in a run and beside it.
    let post = |event: Value| server.post("/v1/events", &server.person).json(&event).send();
    let taken: Value = post(event("e-1", "aws.guardduty", ACCOUNT)).await.unwrap().json().await.unwrap();
    let run = taken["runs"][0]["run"].as_str().unwrap().to_owned();
    assert_eq!(taken["disabled"], json!(["other"]));
    assert_eq!(post(event("e-2", "aws.nothing", ACCOUNT)).await.unwrap().status(), 202);
    clock.set("2026-03-03T11:59:59Z");
    assert_eq!(post(event("e-3", "aws.nothing", ACCOUNT)).await.unwrap().status(), 202);
    let through = server.installation.remove_old_bodies(None).await.unwrap();
    assert_eq!(through, 0, "nothing is old enough");

    clock.set("2026-03-03T12:00:01Z");
    let through = server.installation.remove_old_bodies(None).await.unwrap();
    let kept = entries(&server, "kind=event.").await;
    let sizes: Vec<bool> = kept.iter().map(|entry| entry["payloads"]["event"].get("size").is_some()).collect();
    assert_eq!((kept.len(), sizes), (3, vec![false, false, true]));
    assert_eq!(server.see(&format!("/v1/runs/{run}")).await["event"]["id"], "e-1");
    let removals = async || entries(&server, "kind=payload.removed").await;
    assert_eq!(removals().await[0]["data"]["payloads"].as_array().unwrap().len(), 2);
    // Again, and after a restart, there is nothing more to remove.
    assert_eq!(server.installation.remove_old_bodies(Some(through)).await.unwrap(), through);
    assert_eq!(server.installation.remove_old_bodies(None).await.unwrap(), through);
    assert_eq!(removals().await.len(), 1);
    server.stop().await;
    let report = store::verify(&folder.data(), None, &[], None).await.unwrap();
    assert_eq!((report.faults, report.removed), (vec![], 2));
}
