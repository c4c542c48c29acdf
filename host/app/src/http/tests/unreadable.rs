//! Documents that were stored by an earlier Quell and that this one refuses: the server starts, they are shown with their
//! problems, and only their use fails.

use cases::case;
use grant::Policy;
use ledger::{Draft, Fence, SYSTEM};
use serde_json::{Value, json};

use super::component;
use super::server::{ACCOUNT, Folder, REGION, Server, told};
use crate::installation::SystemClock;

/// A document that no Quell takes any more.
const OLD: &str = "name: old\nsteps:\n  - id: ask\n    approve: { title: Sure? }\n";
const NEW: &str = "name: old\nsteps:\n  - id: ask\n    approval: { title: Sure?, approvers: [\"group:leads\"] }\n";

async fn append(server: &Server, draft: Draft) {
    server.installation.ledger.append(SYSTEM, Fence::Open, vec![draft], None).await.unwrap();
}

/// The answer to a request, whatever it is.
async fn answer(request: reqwest::RequestBuilder) -> (u16, Value) {
    let answer = request.send().await.unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap_or_default())
}

#[tokio::test]
async fn a_workflow_that_a_stricter_check_refuses_fails_only_where_it_is_used() {
    let folder = Folder::new();
    let server = Server::at(&folder, SystemClock).await;
    let old = Draft::new("workflow.put", 1, "user:ann", json!({ "name": "old", "digest": "d-1" }));
    append(&server, old.with_bytes("source", OLD.into())).await;
    server.stop().await;
    let server = Server::at(&folder, SystemClock).await;

    let listed = server.see("/v1/workflows").await["workflows"][0].clone();
    assert_eq!((&listed["name"], &listed["digest"], &listed["by"]), (&json!("old"), &json!("d-1"), &json!("user:ann")));
    let problems = listed["unreadable"].as_str().unwrap();
    case(
        "F18",
        "a workflow that was stored under looser rules, in the list",
        true,
        problems.contains("a step needs one of `plugin`"),
    );
    assert_eq!(server.see("/v1/workflows/old").await["source"], OLD, "it can be mended");

    let start = json!({ "account": ACCOUNT, "region": REGION });
    let (status, refused) = answer(server.post("/v1/workflows/old/runs", &server.person).json(&start)).await;
    case("F18", "a start of it", "409 conflict", format!("{status} {}", refused["code"].as_str().unwrap()));
    assert!(refused["detail"].as_str().unwrap().contains("a step needs one of `plugin`"), "{refused:#}");
    // Whether an event is for it, nobody can tell: that is on record, and not passed over.
    let event = json!({
        "version": "0", "id": "e-1", "source": "aws.guardduty", "detail-type": "GuardDuty Finding", "account": ACCOUNT,
        "region": REGION, "time": "2026-01-01T00:00:00Z", "resources": [], "detail": {},
    });
    assert_eq!(told(server.post("/v1/events", &server.person).json(&event)).await.0, 409);
    let refusals = server.see("/v1/ledger?run=events&kind=event.refused").await;
    assert!(refusals["entries"][0].to_string().contains("workflow `old`"), "{refusals:#}");
    let disable = server.post("/v1/workflows/old/disable", &server.admin).json(&json!({}));
    assert_eq!(told(disable).await.0, 204);
    assert_eq!(told(server.post("/v1/events", &server.person).json(&event)).await.0, 202, "it is for nobody now");

    let put =
        |body| server.put("/v1/workflows/old", &server.admin).header("content-type", "application/yaml").body(body);
    assert_eq!(told(put(NEW).header("if-match", "\"d-2\"")).await.0, 412);
    assert_eq!(told(put(NEW).header("if-match", "\"d-1\"")).await.0, 200);
    assert_eq!(server.see("/v1/workflows").await["workflows"][0]["unreadable"], Value::Null);
}

#[tokio::test]
async fn a_policy_that_a_stricter_check_refuses_allows_nothing() {
    let folder = Folder::new();
    let server = Server::at(&folder, SystemClock).await;
    let bytes = component::echo("1.0.0", "hello");
    let upload = server.post("/v1/plugins", &server.admin).header("content-type", "application/wasm").body(bytes);
    let plugin = upload.send().await.unwrap().json::<Value>().await.unwrap();
    let (name, digest) = (plugin["name"].as_str().unwrap(), plugin["digest"].as_str().unwrap());
    let all = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}"#;
    assert_eq!(
        told(
            server
                .put(&format!("/v1/plugins/{digest}/grant"), &server.admin)
                .header("content-type", "application/json")
                .body(all)
        )
        .await
        .0,
        200
    );
    // Both stand where others stood that can be read, and those do not come back.
    let old = r#"{"Version":"2008-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}"#;
    let put = Draft::new("grant.put", 1, "user:ann", json!({ "digest": digest, "policy": "grant" }));
    append(&server, put.with_bytes("policy", old.into())).await;
    let guardrail = Policy::load("guardrail", all).unwrap();
    append(&server, registry::guardrail_put(&guardrail, 1, "user:ann")).await;
    append(&server, Draft::new("guardrail.put", 1, "user:ann", json!({})).with_bytes("policy", old.into())).await;
    server.stop().await;
    let server = Server::at(&folder, SystemClock).await;

    let (guardrails, grants) = server.installation.known.read().effective(digest);
    let deciders: Vec<String> = guardrails.iter().chain(grants.iter()).map(decided).collect();
    let denied = format!(
        "denied by `CannotBeReadByThisQuell` in `guardrail`, denied by `CannotBeReadByThisQuell` in `grant:{}`",
        &digest[..12]
    );
    case("C21", "a guardrail and a grant that cannot be read any more", denied, deciders.join(", "));

    for path in ["/v1/guardrail".to_owned(), format!("/v1/plugins/{name}/grant")] {
        let (status, problem) = answer(server.get(&path, Some(&server.admin))).await;
        assert_eq!(status, 409, "{problem:#}");
        assert!(problem["detail"].as_str().unwrap().contains("2008-10-17"), "{problem:#}");
    }
    let history = server.see(&format!("/v1/plugins/{name}/grants")).await["changes"].clone();
    assert!(history[1]["unreadable"].as_str().unwrap().contains("2008-10-17"), "{history:#}");
    assert_eq!(told(server.delete("/v1/guardrail", &server.admin)).await.0, 204);
    assert_eq!(told(server.delete(&format!("/v1/plugins/{name}/grant"), &server.admin)).await.0, 204);
    let (guardrails, grants) = server.installation.known.read().effective(digest);
    assert!(guardrails.is_empty() && grants.is_empty());
}

/// What a policy alone decides on a call.
fn decided(policy: &Policy) -> String {
    let request =
        grant::Request { action: "ec2:StopInstances", resource: "arn:aws:ec2:::x", context: &Default::default() };
    match grant::decide(&[], std::slice::from_ref(policy), &request) {
        grant::Decision::ExplicitDeny(by) => format!("denied by `{}` in `{}`", by.statement, by.policy),
        other => format!("{other:?}"),
    }
}
