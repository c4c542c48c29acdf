//! Documents and events that are hard to check: each is answered, and everybody else is, too.

use serde_json::{Value, json};
use tokio::task::JoinSet;

use super::server::{ACCOUNT, REGION, Server, is, told};

const YAML: &str = "application/yaml";

/// Documents that mean harm, with the answer to each.
fn documents() -> Vec<(String, u16)> {
    let circle = "name: w\nvars: { a: \"${{ vars.a }}\" }\nsteps: [{ id: s, if: \"${{ vars.a }}\", plugin: p }]\n";
    let next = |n: usize| json!({ "$ref": format!("#/$defs/a{n}") });
    let mut definitions = json!({ "a30": { "type": "string" }, "c": { "anyOf": [{ "$ref": "#/$defs/c" }] } });
    for n in 0..30 {
        definitions[format!("a{n}")] = json!({ "allOf": [next(n + 1), next(n + 1)] });
    }
    let input = |default: Value| {
        let properties = json!({ "a": next(0), "c": { "$ref": "#/$defs/c" } });
        let input = json!({ "type": "object", "default": default, "properties": properties, "$defs": definitions });
        let steps =
            json!([{ "id": "s", "if": "${{ inputs.i.c }}", "approval": { "title": "t", "approvers": ["group:g"] } }]);
        json!({ "name": "w", "inputs": { "i": input }, "steps": steps }).to_string()
    };
    let names: Value = (0..5_000).map(|n| (format!("known{n:04}"), json!(1))).collect::<serde_json::Map<_, _>>().into();
    let unknown: String = (0..5_000).map(|n| format!("${{{{ vars.other{n} }}}} ")).collect();
    let suggestions =
        json!({ "name": "w", "vars": names, "steps": [{ "id": "s", "plugin": "p", "with": { "a": unknown } }] });
    vec![
        (circle.to_owned(), 422),
        (input(json!({ "a": "x" })), 422),
        (input(json!({})), 422),
        (suggestions.to_string(), 422),
    ]
}

#[tokio::test]
async fn hostile_documents_are_answered_and_so_is_everybody_else() {
    let server = Server::start().await;
    for (document, status) in documents() {
        let check =
            server.post("/v1/workflow-check", &server.admin).header("content-type", YAML).body(document.clone());
        is(&told(check).await, status, "workflow-invalid");
        let put = server.put("/v1/workflows/w", &server.admin).header("content-type", YAML).body(document);
        is(&told(put).await, status, "workflow-invalid");
    }
    // Many at once wait for their turn, or are told to come again.
    let mut checks = JoinSet::new();
    for (document, _) in (0..2).flat_map(|_| documents()) {
        let check = server.post("/v1/workflow-check", &server.admin).header("content-type", YAML).body(document);
        checks.spawn(told(check));
    }
    while !checks.is_empty() {
        is(&told(server.get("/healthz", None)).await, 200, "");
        let (status, code) = checks.join_next().await.unwrap().unwrap();
        assert!([(422, "workflow-invalid"), (429, "busy")].contains(&(status, code.as_str())), "{status} {code}");
    }
}

#[tokio::test]
async fn inputs_that_are_too_much_work_are_refused() {
    let server = Server::start().await;
    let node =
        json!({ "allOf": [{ "properties": { "a": { "$ref": "#" } } }, { "properties": { "a": { "$ref": "#" } } }] });
    let mut input = node.clone();
    input["type"] = json!("object");
    let approval = json!({ "title": "t", "approvers": ["group:g"] });
    let document = json!({ "name": "w", "inputs": { "i": input }, "steps": [{ "id": "s", "approval": approval }] });
    let put = server.put("/v1/workflows/w", &server.admin).header("content-type", YAML).body(document.to_string());
    is(&told(put).await, 200, "");
    let start = |depth: usize| {
        let given = (0..depth).fold(json!({}), |inner, _| json!({ "a": inner }));
        let start = json!({ "account": ACCOUNT, "region": REGION, "inputs": { "i": given } });
        server.post("/v1/workflows/w/runs", &server.person).json(&start)
    };
    is(&told(start(5)).await, 202, "");
    is(&told(start(40)).await, 422, "invalid");
}

#[tokio::test]
async fn an_event_that_would_be_copied_too_often_is_refused_and_recorded() {
    let server = Server::start().await;
    let trigger = json!({ "event": { "detail": { "findings": { "State": ["NEW"] } } }, "split": "detail.findings" });
    let approval = json!({ "title": "t", "approvers": ["group:g"] });
    let document = json!({ "name": "w", "on": [trigger], "steps": [{ "id": "s", "approval": approval }] });
    let put = server.put("/v1/workflows/w", &server.admin).header("content-type", YAML).body(document.to_string());
    is(&told(put).await, 200, "");
    let event = |id: &str, new: usize| {
        let findings: Vec<Value> = (0..100).map(|n| json!({ "State": if n < new { "NEW" } else { "OLD" } })).collect();
        let detail = json!({ "around": "x".repeat(900_000), "findings": findings });
        let event = json!({
            "id": id, "source": "s", "detail-type": "t", "account": ACCOUNT, "region": REGION, "time": "2026-01-01T00:00:00Z",
            "detail": detail,
        });
        server.post("/v1/events", &server.person).json(&event)
    };
    is(&told(event("e-1", 100)).await, 422, "invalid");
    let refused = server.see("/v1/ledger?kind=event.refused").await;
    let why = refused["entries"][0]["data"].to_string();
    assert!(why.contains("what is around them is too large to be copied for each"), "{why}");
    is(&told(event("e-2", 1)).await, 202, "");
}
