//! Changes of Quell's own that start runs: a chain of them ends.

use cases::case;
use ledger::{Draft, Fence, Summary};
use serde_json::{Value, json};

use super::clock::StillClock;
use super::server::{ACCOUNT, Folder, REGION, Server, told};

const WORKFLOW: &str = "
name: close
on:
  - event: { detail-type: [AWS API Call via CloudTrail], detail: { eventName: [RevokeSecurityGroupIngress] } }
steps:
  - id: ask
    approval: { title: Sure?, approvers: [\"group:leads\"] }
";

const NOW: &str = "2026-03-01T07:00:00Z";

/// A run that announced the call `action` at the time of `NOW`, and was itself started so far down a chain.
async fn caller(server: &Server, run: &str, action: &str, region: &str, depth: u32) {
    let time = NOW.parse::<jiff::Timestamp>().unwrap().as_millisecond();
    let mut started = json!({ "run": run, "account": ACCOUNT, "region": region, "started-by": "bob" });
    if depth > 0 {
        started["caused-by"] = json!({ "runs": ["r-0"], "depth": depth });
    }
    let touches = json!([{ "action": action, "resource": "arn:aws:ec2:::x" }]);
    let intent = Draft::new("call.intent", time, "host", json!({ "touches": touches }));
    let entries = vec![Draft::new("run.started", time, "host", started), intent];
    let summary = Summary {
        run: run.into(),
        workflow: "other".into(),
        status: "succeeded".into(),
        wake: None,
        started: time,
        ended: Some(time),
        started_by: "alice".into(),
        dedupe: None,
        parked: None,
        waits: ledger::Waits::default(),
    };
    server.installation.ledger.append(run, Fence::New(None), entries, Some(summary)).await.unwrap();
}

fn event(id: &str, agent: &str, time: &str) -> Value {
    json!({
        "version": "0", "id": id, "source": "aws.ec2", "detail-type": "AWS API Call via CloudTrail", "account": ACCOUNT,
        "region": REGION, "time": time, "resources": [], "detail": {
            "eventSource": "ec2.amazonaws.com", "eventName": "RevokeSecurityGroupIngress", "eventTime": time,
            "userAgent": agent,
        },
    })
}

/// What the event led to: how far down the chain the run is that it started, or why there is none.
async fn taken(server: &Server, event: &Value) -> String {
    let answer = server.post("/v1/events", &server.person).json(event).send().await.unwrap();
    let status = answer.status();
    let answer: Value = answer.json().await.unwrap();
    let Some(run) = answer["runs"][0]["run"].as_str() else {
        return format!("{status} {}", answer["detail"].as_str().unwrap_or_default());
    };
    let started = server.see(&format!("/v1/ledger?run={run}&kind=run.started")).await;
    started["entries"][0]["data"]["caused-by"]["depth"].to_string()
}

#[tokio::test]
async fn a_chain_of_changes_of_its_own_ends() {
    let server = Server::at(&Folder::new(), StillClock::at(NOW)).await;
    let put = server.put("/v1/workflows/close", &server.admin).header("content-type", "application/yaml");
    assert_eq!(told(put.body(WORKFLOW)).await.0, 200);
    let ours = "[aws-sdk-rust/1.3 os/linux app/quell]";
    let revoke = "ec2:RevokeSecurityGroupIngress";

    case("E28", "a change that somebody else made", "null", taken(&server, &event("e-0", "aws-cli/2", NOW)).await);
    caller(&server, "r-1", revoke, REGION, 0).await;
    case("E28", "a change that a run of Quell's made", "1", taken(&server, &event("e-1", ours, NOW)).await);
    caller(&server, "r-2", revoke, REGION, 2).await;
    // Of other calls, of another region, or of another time: none of them made this change.
    caller(&server, "r-3", "ec2:CreateTags", REGION, 9).await;
    caller(&server, "r-4", revoke, "us-east-1", 9).await;
    case(
        "E28",
        "a change that a run made that such a change started",
        "3",
        taken(&server, &event("e-2", ours, NOW)).await,
    );
    let later = "2026-03-01T09:00:00Z";
    assert_eq!(taken(&server, &event("e-3", ours, later)).await, "1");

    caller(&server, "r-5", revoke, REGION, 3).await;
    let refused = taken(&server, &event("e-4", ours, NOW)).await;
    case("E28", "the fourth in a row", "422 Unprocessable Entity", refused.split(" workflow").next().unwrap());
    assert!(refused.contains("this looks like a loop, and is not followed"), "{refused}");
    let recorded = server.see("/v1/ledger?kind=event.refused").await;
    case("E28", "the same, in the ledger", "e-4", recorded["entries"][0]["data"]["id"].as_str().unwrap());
    // Whoever is not Quell is not mistaken for it.
    assert_eq!(taken(&server, &event("e-5", "aws-cli/2", NOW)).await, "null");
}
