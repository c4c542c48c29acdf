//! Events.

use serde_json::{Value, json};

use super::server::{ACCOUNT, REGION, Server, is, told};

const WORKFLOW: &str = r#"
name: answer
on:
  - event: { source: [aws.guardduty] }
dedupe: { key: "${{ event.detail.id }}", window: 1h }
steps:
  - id: ask
    approval: { title: "Go on?", approvers: ["group:security-leads"] }
"#;

fn event(source: &str, account: &str) -> Value {
    json!({
        "version": "0", "id": "e-1", "source": source, "detail-type": "GuardDuty Finding", "account": account,
        "region": REGION, "time": "2026-01-01T00:00:00Z", "resources": [], "detail": { "id": "f-1" },
    })
}

#[tokio::test]
async fn an_event_starts_what_it_is_for_once() {
    let server = Server::start().await;
    let put = server.put("/v1/workflows/answer", &server.admin).header("content-type", "application/yaml");
    assert_eq!(told(put.body(WORKFLOW)).await.0, 200);
    let post = async |event: Value| {
        let answer = server.post("/v1/events", &server.person).json(&event).send().await.unwrap();
        assert_eq!(answer.status(), 202);
        answer.json::<Value>().await.unwrap()
    };
    let first = post(event("aws.guardduty", ACCOUNT)).await;
    assert_eq!((&first["runs"][0]["workflow"], &first["runs"][0]["repeated"]), (&json!("answer"), &json!(false)));
    let again = post(event("aws.guardduty", ACCOUNT)).await;
    assert_eq!((&again["runs"][0]["run"], &again["runs"][0]["repeated"]), (&first["runs"][0]["run"], &json!(true)));
    assert_eq!(post(event("aws.config", ACCOUNT)).await, json!({ "runs": [] }));

    let run = server.see(&format!("/v1/runs/{}", first["runs"][0]["run"].as_str().unwrap())).await;
    assert_eq!((&run["event"]["id"], &run["account"]), (&json!("e-1"), &json!(ACCOUNT)));
    assert_eq!(server.see("/v1/runs").await["runs"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn what_is_no_event_of_ours_is_refused() {
    let server = Server::start().await;
    let post =
        |body: String| server.post("/v1/events", &server.person).header("content-type", "application/json").body(body);
    is(&told(post(event("aws.guardduty", "210987654321").to_string())).await, 403, "forbidden");
    is(&told(post("[]".into())).await, 422, "invalid");
    is(&told(post(json!({ "Records": [] }).to_string())).await, 422, "invalid");
    is(&told(post(format!("{}{}", "[".repeat(200), "]".repeat(200)))).await, 400, "not-json");
    is(&told(post("{\"id\": 1e400}".into())).await, 400, "not-json");
    is(&told(post(format!("\"{}\"", "a".repeat(1 << 20)))).await, 413, "body-too-large");
    let refused = server.see("/v1/ledger?kind=event.refused").await;
    assert_eq!(refused["entries"].as_array().unwrap().len(), 3, "{refused}");
    // Whoever looks into it finds the event: whoever sent it may have forgotten it.
    let kept = &refused["entries"][0]["payloads"]["event"]["json"];
    assert_eq!(*kept, event("aws.guardduty", "210987654321"));
}
