//! Runs, approvals and the ledger.

use serde_json::{Value, json};

use super::server::{ACCOUNT, REGION, Server, is, told};

const WORKFLOW: &str = r#"
name: ask
steps:
  - id: sure
    approval: { title: "Go on?", approvers: ["group:security-leads"] }
  - parallel:
      branches:
        - id: left
          if: false
          approval: { title: "Left?", approvers: ["group:security-leads"] }
        - id: right
          if: false
          approval: { title: "Right?", approvers: ["group:security-leads"] }
"#;

pub async fn start(server: &Server) -> String {
    let put = server.put("/v1/workflows/ask", &server.admin).header("content-type", "application/yaml").body(WORKFLOW);
    assert_eq!(told(put).await, (200, String::new()));
    let start = server.post("/v1/workflows/ask/runs", &server.person);
    let started = start.json(&json!({ "account": ACCOUNT, "region": REGION })).send().await.unwrap();
    assert_eq!(started.status(), 202);
    let started: Value = started.json().await.unwrap();
    assert_eq!(started["repeated"], false);
    started["run"].as_str().unwrap().into()
}

/// The run as soon as it has this status.
pub async fn once(server: &Server, run: &str, status: &str) -> Value {
    loop {
        let seen = server.see(&format!("/v1/runs/{run}")).await;
        if seen["status"] == status {
            return seen;
        }
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn an_approval_is_given_once_by_whom_it_needs() {
    let server = Server::start().await;
    let (bob, carol) =
        (server.token("bob", &["security-leads"]).await, server.token("carol", &["security-leads"]).await);
    let starter = server.token("alice", &["security-leads"]).await;
    let outsider = server.token("dave", &["developers"]).await;
    let run = start(&server).await;
    let waiting = once(&server, &run, "waiting").await;
    assert_eq!(
        (&waiting["approvals"][0]["step"], &waiting["approvals"][0]["title"]),
        (&json!("sure"), &json!("Go on?"))
    );

    let path = format!("/v1/runs/{run}/approvals/sure");
    let decide = |token: &str, decision: &str| {
        told(server.post(&path, token).json(&json!({ "decision": decision, "reason": "looks right" })))
    };
    is(&decide(&starter, "approve").await, 403, "self-approval");
    is(&decide(&outsider, "approve").await, 403, "not-an-approver");
    is(&decide(&bob, "maybe").await, 422, "body-invalid");
    is(&decide(&bob, "approve").await, 200, "");
    is(&decide(&bob, "approve").await, 200, "");
    is(&decide(&bob, "refuse").await, 409, "decided-otherwise");
    is(&decide(&carol, "refuse").await, 409, "already-decided");
    let early = server.post(&format!("/v1/runs/{run}/approvals/left"), &bob).json(&json!({ "decision": "approve" }));
    is(&told(early).await, 409, "not-waiting");

    once(&server, &run, "succeeded").await;
    let decided = server.see(&format!("/v1/ledger?run={run}&kind=approval.decided")).await;
    assert_eq!(decided["entries"].as_array().unwrap().len(), 1);
    assert_eq!(
        (&decided["entries"][0]["actor"], &decided["entries"][0]["data"]["reason"]),
        (&json!("user:bob"), &json!("looks right"))
    );
    let cancel = server.post(&format!("/v1/runs/{run}/cancel"), &server.admin).json(&json!({}));
    is(&told(cancel).await, 409, "conflict");
}

#[tokio::test]
async fn a_run_shows_its_steps_as_the_document_has_them() {
    let server = Server::start().await;
    let run = start(&server).await;
    let waiting = once(&server, &run, "waiting").await;
    let steps: Vec<_> = waiting["steps"]
        .as_array()
        .unwrap()
        .iter()
        .map(|step| {
            let text = |name: &str| step[name].as_str().unwrap_or("-").to_string();
            format!("{} {} {} in {} {}", text("path"), text("kind"), text("status"), text("parent"), step["branch"])
        })
        .collect();
    assert_eq!(
        steps,
        [
            "sure approval waiting in - null",
            "steps.1 parallel pending in - null",
            "left approval pending in steps.1 0",
            "right approval pending in steps.1 1",
        ]
    );
    assert_eq!((&waiting["by"], &waiting["reviews"]), (&json!("alice"), &json!([])));
}

#[tokio::test]
async fn a_run_is_resumed_and_cancelled_until_it_has_ended() {
    let server = Server::start().await;
    let run = start(&server).await;
    once(&server, &run, "waiting").await;
    let operator = server.token_with("oscar", &["operate"]).await;
    let resume = || server.post(&format!("/v1/runs/{run}/resume"), &operator);
    assert_eq!(told(resume()).await.0, 204);
    let cancel = server.post(&format!("/v1/runs/{run}/cancel"), &operator).json(&json!({ "reason": "a drill" }));
    assert_eq!(told(cancel).await.0, 204);
    let ended = once(&server, &run, "cancelled").await;
    assert_eq!((&ended["cancelled"]["by"], &ended["cancelled"]["reason"]), (&json!("oscar"), &json!("a drill")));
    is(&told(resume()).await, 409, "conflict");
}

#[tokio::test]
async fn runs_are_listed_in_pages() {
    let server = Server::start().await;
    let mut runs = vec![];
    for _ in 0..3 {
        runs.insert(0, start(&server).await);
    }
    let page = server.see("/v1/runs?workflow=ask&limit=2").await;
    let listed = |page: &Value| -> Vec<String> {
        page["runs"].as_array().unwrap().iter().map(|run| run["run"].as_str().unwrap().into()).collect()
    };
    assert_eq!(listed(&page), runs[..2]);
    let rest = server.see(&format!("/v1/runs?workflow=ask&limit=2&before={}", page["next"].as_str().unwrap())).await;
    assert_eq!((listed(&rest), &rest["next"]), (runs[2..].to_vec(), &Value::Null));
    assert_eq!(listed(&server.see("/v1/runs?status=failed").await), Vec::<String>::new());
    for query in ["status=lost", "limit=1000000000", "limit=-1", "colour=red", "limit=1&limit=2"] {
        is(&told(server.get(&format!("/v1/runs?{query}"), Some(&server.person))).await, 422, "query-invalid");
    }
}

#[tokio::test]
async fn the_ledger_is_read_in_pages_and_by_time() {
    let server = Server::start().await;
    let run = start(&server).await;
    once(&server, &run, "waiting").await;
    let all = server.see("/v1/ledger").await;
    let (mut paged, mut after) = (vec![], 0);
    loop {
        let page = server.see(&format!("/v1/ledger?limit=2&after={after}")).await;
        paged.extend(page["entries"].as_array().unwrap().clone());
        let Some(next) = page["next"].as_i64() else { break };
        after = next;
    }
    assert_eq!(json!(paged), all["entries"]);
    let started = server.see(&format!("/v1/ledger?run={run}&kind=run.started")).await["entries"][0].clone();
    assert_eq!((&started["sequence"], &started["payloads"]["inputs"]["json"]), (&json!(1), &json!({})));
    let time = started["time"].as_str().unwrap();
    let count = |page: Value| page["entries"].as_array().unwrap().len();
    assert_eq!(count(server.see(&format!("/v1/ledger?run={run}&kind=run.started&since={time}")).await), 1);
    assert_eq!(count(server.see(&format!("/v1/ledger?run={run}&kind=run.started&until={time}")).await), 0);
    is(&told(server.get("/v1/ledger?since=yesterday", Some(&server.person))).await, 422, "query-invalid");
}

#[tokio::test]
async fn a_workflow_and_a_run_are_drawn() {
    let server = Server::start().await;
    let run = start(&server).await;
    once(&server, &run, "waiting").await;
    for path in ["/v1/workflows/ask/picture".to_owned(), format!("/v1/runs/{run}/picture")] {
        let answer = server.get(&path, Some(&server.person)).send().await.unwrap();
        assert_eq!(
            (answer.status().as_u16(), &answer.headers()["content-type"]),
            (200, &"image/svg+xml".parse().unwrap())
        );
        let policy = answer.headers()["content-security-policy"].to_str().unwrap().to_owned();
        assert!(
            policy.starts_with("default-src 'none'; style-src 'sha256-") && policy.ends_with("sandbox"),
            "{policy}"
        );
        let picture = answer.text().await.unwrap();
        assert!(picture.contains("APPROVAL") && picture.contains(">Go on?</text>"), "{picture}");
        assert_eq!(picture.contains(">waiting</text>"), path.contains("runs"), "only a run has states");

        let answer = server.get(&format!("{path}?format=mermaid"), Some(&server.person)).send().await.unwrap();
        assert_eq!(answer.headers()["content-security-policy"], "default-src 'none'; frame-ancestors 'none'");
        assert!(answer.text().await.unwrap().starts_with("flowchart TD\n"));
        is(&told(server.get(&format!("{path}?format=png"), Some(&server.person))).await, 422, "query-invalid");
    }
    is(&told(server.get("/v1/workflows/other/picture", Some(&server.person))).await, 404, "not-found");
}
