//! What may start a workflow: by hand, disabled, two editors at once; and what is seen of runs that wait.

use cases::case;
use reqwest::header::{ETAG, IF_MATCH, IF_NONE_MATCH};
use serde_json::{Value, json};

use super::running::once;
use super::server::{ACCOUNT, REGION, Server, is, told};

fn workflow(head: &str) -> String {
    format!(
        "name: answer\n{head}\nsteps:\n  - id: ask\n    \
         approval: {{ title: Go on?, approvers: [\"group:leads\"], expires: 4h }}\n"
    )
}

const EVENTS: &str = "on: [{ event: { source: [aws.guardduty] } }]";

fn put(server: &Server, source: &str) -> reqwest::RequestBuilder {
    let put = server.put("/v1/workflows/answer", &server.admin).header("content-type", "application/yaml");
    put.body(source.to_owned())
}

fn event(id: &str) -> Value {
    json!({
        "version": "0", "id": id, "source": "aws.guardduty", "detail-type": "GuardDuty Finding", "account": ACCOUNT,
        "region": REGION, "time": "2026-01-01T00:00:00Z", "resources": [], "detail": { "id": "f-1" },
    })
}

fn start(server: &Server) -> reqwest::RequestBuilder {
    let start = server.post("/v1/workflows/answer/runs", &server.person);
    start.json(&json!({ "account": ACCOUNT, "region": REGION }))
}

async fn post(server: &Server, event: &Value) -> Value {
    let answer = server.post("/v1/events", &server.person).json(event).send().await.unwrap();
    assert_eq!(answer.status(), 202);
    answer.json().await.unwrap()
}

#[tokio::test]
async fn people_start_what_lets_them() {
    let server = Server::start().await;
    is(&told(put(&server, &workflow(EVENTS))).await, 200, "");
    let refused: Value = start(&server).send().await.unwrap().json().await.unwrap();
    assert_eq!(
        refused["detail"],
        "workflow `answer` is not started by hand: its `on` has other triggers only; add `- manual: true` to it"
    );
    is(&told(start(&server)).await, 409, "conflict");
    let both = "on: [{ event: { source: [aws.guardduty] } }, { manual: true }]";
    is(&told(put(&server, &workflow(both))).await, 200, "");
    is(&told(start(&server)).await, 202, "");
    assert_eq!(server.see("/v1/workflows/answer").await["started-by"], json!(["events", "people"]));
    is(&told(put(&server, &workflow(""))).await, 200, "");
    is(&told(start(&server)).await, 202, "");
}

#[tokio::test]
async fn nothing_starts_a_workflow_that_is_disabled() {
    let server = Server::start().await;
    is(&told(put(&server, &workflow("on: [{ event: { source: [aws.guardduty] } }, { manual: true }]"))).await, 200, "");
    let run = post(&server, &event("e-1")).await["runs"][0]["run"].as_str().unwrap().to_owned();
    let switch = |how: &str, token: &str| {
        told(server.post(&format!("/v1/workflows/answer/{how}"), token).json(&json!({ "reason": "it is broken" })))
    };
    is(&switch("disable", &server.person).await, 403, "scope-missing");
    is(&switch("disable", &server.admin).await, 204, "");
    is(&switch("disable", &server.admin).await, 204, "");

    assert_eq!(post(&server, &event("e-2")).await, json!({ "runs": [], "disabled": ["answer"] }));
    is(&told(start(&server)).await, 409, "conflict");
    let recorded = server.see("/v1/ledger?kind=event.disabled").await;
    assert_eq!(
        (&recorded["entries"][0]["data"]["workflow"], &recorded["entries"][0]["data"]["id"]),
        (&json!("answer"), &json!("e-2"))
    );
    let disabled = &server.see("/v1/workflows").await["workflows"][0]["disabled"];
    assert_eq!((&disabled["reason"], &disabled["by"]), (&json!("it is broken"), &json!("user:admin")));
    // What is under way goes on, and a new document does not enable it.
    once(&server, &run, "waiting").await;
    is(&told(put(&server, &workflow(EVENTS))).await, 200, "");
    assert_eq!(post(&server, &event("e-3")).await["disabled"], json!(["answer"]));

    is(&switch("enable", &server.admin).await, 204, "");
    assert_eq!(server.see("/v1/workflows/answer").await.get("disabled"), None);
    assert_eq!(post(&server, &event("e-4")).await["runs"].as_array().unwrap().len(), 1);
    let entries = server.see("/v1/ledger?kind=workflow.disabled").await;
    assert_eq!(entries["entries"].as_array().unwrap().len(), 1, "again changes nothing");
}

#[tokio::test]
async fn of_two_editors_one_is_told() {
    let server = Server::start().await;
    let (first, second, third) = (workflow(""), workflow("timeout: 1h"), workflow("timeout: 2h"));
    let created = put(&server, &first).header(IF_NONE_MATCH, "*").send().await.unwrap();
    assert_eq!(created.status(), 200);
    is(&told(put(&server, &second).header(IF_NONE_MATCH, "*")).await, 412, "changed");
    let read = server.get("/v1/workflows/answer", Some(&server.admin)).send().await.unwrap();
    let tag = read.headers()[ETAG].to_str().unwrap().to_owned();
    assert_eq!(created.headers()[ETAG], tag.as_str());

    let alice = told(put(&server, &second).header(IF_MATCH, &tag)).await;
    let bob = told(put(&server, &third).header(IF_MATCH, &tag)).await;
    case("E29", "two editors save what they read at the same time", "200 and 412 changed", {
        format!("{} and {} {}", alice.0, bob.0, bob.1)
    });
    let now = server.see("/v1/workflows/answer").await;
    assert_eq!(now["source"], json!(second), "the second editor changed nothing");
    is(&told(put(&server, &third).header(IF_MATCH, "*")).await, 200, "");
    is(&told(put(&server, &third).header(IF_MATCH, "answer")).await, 400, "precondition-invalid");
    is(&told(put(&server, &third).header(IF_MATCH, format!("W/{tag}"))).await, 400, "precondition-invalid");
    is(&told(put(&server, &third).header(IF_NONE_MATCH, &tag)).await, 400, "precondition-invalid");
    let other = server.put("/v1/workflows/other", &server.admin).header("content-type", "application/yaml");
    let missing = other.header(IF_MATCH, "*").body(first.replace("answer", "other"));
    is(&told(missing).await, 412, "changed");
}

#[tokio::test]
async fn what_runs_wait_for_is_listed() {
    let server = Server::start().await;
    let head = format!("{EVENTS}\ndedupe: {{ key: \"${{{{ event.detail.id }}}}\", window: 1h, on-update: signal }}");
    is(&told(put(&server, &workflow(&format!("{head}\nconcurrency: {{ runs: 1, beyond: wait }}")))).await, 200, "");
    let mut second = event("e-2");
    second["detail"]["id"] = json!("f-2");
    let run = |answer: Value| answer["runs"][0]["run"].as_str().unwrap().to_owned();
    let first = run(post(&server, &event("e-1")).await);
    let second = run(post(&server, &second).await);
    once(&server, &first, "waiting").await;
    let queued = once(&server, &second, "queued").await;
    assert!(queued["queued"]["since"].is_string(), "{queued}");

    let waiting = server.see("/v1/waiting").await["waiting"].clone();
    let seen: Vec<_> = waiting.as_array().unwrap().iter().map(|wait| (&wait["for"], &wait["run"])).collect();
    let (place, approval) = (json!("place"), json!("approval"));
    let (first_run, second_run) = (json!(first), json!(second));
    assert!(seen.contains(&(&place, &second_run)) && seen.contains(&(&approval, &first_run)), "{waiting}");
    let approval = waiting.as_array().unwrap().iter().find(|wait| wait["for"] == "approval").unwrap();
    assert_eq!((&approval["step"], &approval["about"]), (&json!("ask"), &json!("Go on?")));
    assert!(approval["until"].as_str() > approval["since"].as_str(), "{approval}");

    // The update is seen on the run that it is about.
    assert_eq!(post(&server, &event("e-3")).await["runs"][0]["repeated"], true);
    let updated = server.see(&format!("/v1/runs/{first}")).await;
    assert_eq!(updated["updates"][0]["event"]["id"], "e-3");

    let cancel = server.post(&format!("/v1/runs/{first}/cancel"), &server.admin).json(&json!({}));
    is(&told(cancel).await, 204, "");
    once(&server, &second, "waiting").await;
}
