//! Reviews: a run is laid into the ledger as a crash leaves it whose call nothing can settle.

use ledger::{Draft, Fence, Summary};
use serde_json::{Value, json};

use super::component::echo;
use super::running::{once, start};
use super::server::{ACCOUNT, REGION, Server, is, told};

const WORKFLOW: &str = "name: say\nsteps:\n  - id: say\n    plugin: echo\n";
const RUN: &str = "r-0199a3b2c4d57e8f9a0b1c2d3e4f5a6b";
const CALL: &str = "r-0199a3b2c4d57e8f9a0b1c2d3e4f5a6b/say/1/1";
const FUNCTION: &str = "quell:sns/topics@0.1.0#publish";

/// A run that waits for a person's word on a call.
async fn suspend(server: &Server) {
    let upload = server.post("/v1/plugins", &server.admin).header("content-type", "application/wasm");
    assert_eq!(told(upload.body(echo("1.0.0", "Echo."))).await.0, 201);
    let put = server.put("/v1/workflows/say", &server.admin).header("content-type", "application/yaml").body(WORKFLOW);
    let workflow: Value = put.send().await.unwrap().json().await.unwrap();
    let plugin = server.see("/v1/plugins/echo").await;
    let entry = |kind, data| Draft::new(kind, 1, "host", data);
    let entries = vec![
        entry(
            "run.started",
            json!({
                "run": RUN, "workflow": "say", "workflow-digest": workflow["digest"], "account": ACCOUNT, "region": REGION,
                "started-by": "alice", "plugins": { "echo": plugin["digest"] }, "has-event": false,
            }),
        )
        .with("inputs", &json!({})),
        entry("step.started", json!({ "step": "say", "attempt": 1 })).with("input", &json!({})),
        entry("call.intent", json!({ "function": FUNCTION, "arguments": ledger::Hash::of(b"").to_string() }))
            .about(CALL)
            .with("arguments", &json!({ "message": "hello" })),
        entry("call.unknown", json!({ "function": FUNCTION, "code": "timeout", "message": "no answer came" })).about(CALL),
        entry("step.suspended", json!({ "step": "say", "attempt": 1 })).about(CALL),
    ];
    let summary = Summary {
        run: RUN.into(),
        workflow: "say".into(),
        status: "waiting".into(),
        wake: None,
        started: 1,
        ended: None,
        started_by: "alice".into(),
        dedupe: None,
        parked: None,
        waits: ledger::Waits::default(),
    };
    server.installation.ledger.append(RUN, Fence::New(None), entries, Some(summary)).await.unwrap();
}

#[tokio::test]
async fn a_person_tells_what_became_of_a_call() {
    let server = Server::start().await;
    suspend(&server).await;
    let pending = json!({
        "run": RUN, "workflow": "say", "account": ACCOUNT, "region": REGION, "step": "say", "attempt": 1, "call": CALL,
        "function": FUNCTION, "arguments": { "message": "hello" }, "message": "no answer came",
    });
    assert_eq!(server.see("/v1/reviews").await, json!({ "reviews": [pending] }));
    assert_eq!(server.see(&format!("/v1/runs/{RUN}")).await["reviews"][0]["call"], CALL);

    let body = json!({ "call": CALL, "verdict": "give-up", "reason": "the topic is gone" });
    let operator = server.token_with("oscar", &["operate"]).await;
    let settle = || server.post(&format!("/v1/runs/{RUN}/reviews"), &operator).json(&body);
    assert_eq!(told(settle()).await.0, 204);
    let ended = once(&server, RUN, "failed").await;
    assert_eq!(ended["steps"][0]["error"]["code"], "gave-up");
    assert_eq!(server.see("/v1/reviews").await, json!({ "reviews": [] }));
    is(&told(settle()).await, 409, "conflict");
}

#[tokio::test]
async fn nothing_is_reviewed_that_does_not_wait() {
    let server = Server::start().await;
    let run = start(&server).await;
    assert_eq!(server.see("/v1/reviews").await, json!({ "reviews": [] }));
    let settle = |reason: &str| {
        let body = json!({ "call": format!("{run}/sure/1/1"), "verdict": "not-done", "reason": reason });
        told(server.post(&format!("/v1/runs/{run}/reviews"), &server.admin).json(&body))
    };
    is(&settle(" ").await, 422, "invalid");
    is(&settle("CloudTrail has it not").await, 409, "conflict");
}
