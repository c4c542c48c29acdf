//! Plugins, grants, the guardrail, workflows, tokens and secrets.

use cases::case;
use jiff::{Timestamp, ToSpan as _};
use serde_json::{Value, json};

use super::component::{echo, encode, module};
use super::running::once;
use super::server::{ACCOUNT, REGION, Server, is, told};

const POLICY: &str = r#"{
  "Version": "2012-10-17",
  "Statement": [{ "Effect": "Allow", "Action": "ec2:DescribeInstances", "Resource": "*" }]
}"#;

const WORKFLOW: &str = "name: say\nsteps:\n  - id: say\n    plugin: echo\n    with: { a: 1 }\n";

fn upload(server: &Server, component: Vec<u8>) -> reqwest::RequestBuilder {
    server.post("/v1/plugins", &server.admin).header("content-type", "application/wasm").body(component)
}

#[tokio::test]
async fn a_plugin_is_stored_once_and_never_changed() {
    let server = Server::start().await;
    let component = echo("1.0.0", "Echo.");
    let first = upload(&server, component.clone()).send().await.unwrap();
    assert_eq!(first.status(), 201);
    let plugin: Value = first.json().await.unwrap();
    assert_eq!(
        (&plugin["name"], &plugin["version"], &plugin["granted"]),
        (&json!("echo"), &json!("1.0.0"), &json!(false))
    );
    assert_eq!((&plugin["imports"], &plugin["by"]), (&json!([]), &json!("user:admin")));

    let again = upload(&server, component).send().await.unwrap();
    assert_eq!(again.status(), 200);
    assert_eq!(again.json::<Value>().await.unwrap(), plugin);
    is(&told(upload(&server, echo("1.0.0", "Other"))).await, 409, "conflict");
    assert_eq!(told(upload(&server, echo("1.0.1", "Echo."))).await.0, 201);

    let by_digest = server.see(&format!("/v1/plugins/{}", plugin["digest"].as_str().unwrap())).await;
    assert_eq!((&by_digest["version"], &by_digest["latest"]), (&json!("1.0.0"), &json!(false)));
    assert_eq!(server.see("/v1/plugins/echo").await["version"], "1.0.1");
    assert_eq!(server.see("/v1/plugins").await["plugins"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn what_is_no_plugin_is_refused_and_the_refusal_recorded() {
    let server = Server::start().await;
    let refused: [(&[u8], u16, &str); 5] = [
        (b"", 400, "empty"),
        (b"PK\x03\x04", 415, "archive-refused"),
        (b"\0asm\x01\0\0\0", 422, "core-module-not-component"),
        (b"\x7fELF", 422, "precompiled-refused"),
        (b"(component)", 422, "text-refused"),
    ];
    for (bytes, status, code) in refused {
        is(&told(upload(&server, bytes.to_vec())).await, status, code);
    }
    let form = server.post("/v1/plugins", &server.admin).header("content-type", "multipart/form-data; boundary=x");
    is(&told(form.body("--x--")).await, 415, "media-type");
    assert_eq!(server.see("/v1/plugins").await, json!({ "plugins": [] }));
    let entries = server.see("/v1/ledger?run=system&kind=plugin.").await;
    let codes: Vec<_> =
        entries["entries"].as_array().unwrap().iter().map(|entry| entry["data"]["code"].clone()).collect();
    assert_eq!(codes, refused.map(|(.., code)| json!(code)));
}

#[tokio::test]
async fn policies_are_kept_by_the_byte() {
    let server = Server::start().await;
    assert_eq!(told(upload(&server, echo("1.0.0", "Echo."))).await.0, 201);
    for (path, stored) in [("/v1/plugins/echo@1.0.0/grant", 200), ("/v1/guardrail", 204)] {
        let put = |policy: &'static str| {
            server.put(path, &server.admin).header("content-type", "application/json").body(policy)
        };
        is(&told(put("{ \"Statement\": [] }")).await, 422, "policy-invalid");
        is(&told(server.get(path, Some(&server.person))).await, 404, "not-found");
        assert_eq!(told(put(POLICY)).await.0, stored);
        let read = server.get(path, Some(&server.person)).send().await.unwrap();
        assert_eq!(read.headers()["content-type"], "application/json");
        assert_eq!(read.text().await.unwrap(), POLICY);
    }
    assert_eq!(server.see("/v1/plugins/echo").await["granted"], true);
    for path in ["/v1/plugins/echo/grant", "/v1/guardrail"] {
        assert_eq!(told(server.delete(path, &server.admin)).await.0, 204);
        is(&told(server.delete(path, &server.admin)).await, 404, "not-found");
    }
    assert_eq!(server.see("/v1/plugins/echo").await["granted"], false);
}

#[tokio::test]
async fn a_workflow_is_checked_before_it_is_stored() {
    let server = Server::start().await;
    let put =
        |path: &str| server.put(path, &server.admin).header("content-type", "text/yaml; charset=utf-8").body(WORKFLOW);
    let check =
        || server.post("/v1/workflow-check", &server.admin).header("content-type", "application/yaml").body(WORKFLOW);
    is(&told(put("/v1/workflows/say")).await, 422, "workflow-invalid");
    let problem: Value = check().send().await.unwrap().json().await.unwrap();
    assert_eq!((&problem["problems"][0]["line"], &problem["problems"][0]["column"]), (&json!(4), &json!(13)));
    assert!(problem["text"].as_str().unwrap().contains("plugin: echo"), "{problem}");

    assert_eq!(told(upload(&server, echo("1.0.0", "Echo."))).await.0, 201);
    let checked: Value = check().send().await.unwrap().json().await.unwrap();
    is(&told(server.get("/v1/workflows/say", Some(&server.person))).await, 404, "not-found");
    is(&told(put("/v1/workflows/other")).await, 422, "invalid");
    assert_eq!(told(put("/v1/workflows/say")).await.0, 200);
    let stored = server.see("/v1/workflows/say").await;
    assert_eq!((&stored["source"], &stored["digest"]), (&json!(WORKFLOW), &checked["digest"]));
    assert_eq!(server.see("/v1/workflows").await["workflows"][0]["plugins"], json!(["echo"]));
}

#[tokio::test]
async fn a_secret_is_never_read() {
    let server = Server::start().await;
    let value = "T0000/B0000/hidden";
    let set = server.put("/v1/secrets/slack", &server.admin);
    let set = set.json(&json!({ "value": value, "hosts": ["hooks.slack.com"] }));
    assert_eq!(told(set).await.0, 204);
    let listed = server.see("/v1/secrets").await;
    assert_eq!(
        (&listed["secrets"][0]["name"], &listed["secrets"][0]["hosts"]),
        (&json!("slack"), &json!(["hooks.slack.com"]))
    );
    let entries = server.see("/v1/ledger?run=system&kind=secret.set").await;
    assert_eq!(entries["entries"][0]["data"]["name"], "slack");
    assert!(!format!("{listed}{entries}").contains("hidden"));
    assert_eq!(told(server.delete("/v1/secrets/slack", &server.admin)).await.0, 204);
    assert_eq!(server.see("/v1/secrets").await, json!({ "secrets": [] }));
}

/// The same plugin, in a version that also asks for its surroundings.
fn asking(version: &str) -> Vec<u8> {
    let import = r#"(module (import "quell:plugin/context@0.1.0" "get" (func $get (param i32)))"#;
    encode(&module(version, "Asks.", "(func (call $get (i32.const 0)))").replacen("(module", import, 1))
}

#[tokio::test]
async fn m04_a_grant_is_carried_over_with_the_difference_in_view() {
    let server = Server::start().await;
    assert_eq!(told(upload(&server, echo("1.0.0", "Echo."))).await.0, 201);
    let grant = || server.put("/v1/plugins/echo@1.0.0/grant", &server.admin).header("content-type", "application/json");
    assert_eq!(told(grant().body(POLICY)).await.0, 200);
    let old = server.see("/v1/plugins/echo").await["digest"].as_str().unwrap().to_owned();
    is(&told(server.get("/v1/plugins/echo/grant/carry-over", Some(&server.admin))).await, 404, "not-found");

    let uploaded: Value = upload(&server, asking("1.1.0")).send().await.unwrap().json().await.unwrap();
    case("M04", "a new version is uploaded", "granted: false", format!("granted: {}", uploaded["granted"]));
    let new_import = json!({ "function": "quell:plugin/context@0.1.0#get", "new": true });
    assert_eq!(uploaded["imports"], json!([new_import]));
    let difference = server.see("/v1/plugins/echo/grant/carry-over").await;
    let seen = difference["new-imports"][0]["function"].as_str().unwrap_or("nothing");
    case("M04", "what it imports that the granted version did not", "quell:plugin/context@0.1.0#get", seen);
    assert_eq!((&difference["from"]["version"], &difference["to"]["version"]), (&json!("1.0.0"), &json!("1.1.0")));
    assert_eq!(difference["policy"], serde_json::from_str::<Value>(POLICY).unwrap());

    let carry = |seen: Value| {
        let policy = serde_json::from_str::<Value>(POLICY).unwrap();
        let decision = json!({ "from": old, "to": uploaded["digest"], "policy": policy, "new-imports": seen });
        server.post("/v1/plugins/echo/grant/carry-over", &server.admin).json(&decision)
    };
    let unseen = told(carry(json!([]))).await;
    case("M04", "carried over by who did not see that", "409 conflict", format!("{} {}", unseen.0, unseen.1));
    assert_eq!(server.see("/v1/plugins/echo").await["granted"], false);
    let other = json!({ "from": old, "to": old, "policy": {}, "new-imports": ["quell:plugin/context@0.1.0#get"] });
    let other = server.post("/v1/plugins/echo/grant/carry-over", &server.admin).json(&other);
    is(&told(other).await, 409, "conflict");
    let seen = told(carry(json!(["quell:plugin/context@0.1.0#get"]))).await;
    case("M04", "carried over by who did", "204", seen.0);
    assert_eq!(server.see("/v1/plugins/echo").await["granted"], true);

    assert_eq!(told(server.delete(&format!("/v1/plugins/{old}/grant"), &server.admin)).await.0, 204);
    let history = server.see(&format!("/v1/plugins/{old}/grants")).await;
    let changes = history["changes"].as_array().unwrap();
    assert_eq!((changes.len(), &changes[0]["by"]), (2, &json!("user:admin")));
    assert!(changes[0]["policy"].is_object() && changes[1].get("policy").is_none(), "{history}");
}

#[tokio::test]
async fn the_limits_of_a_plugin_are_lowered_freely_and_raised_to_their_maxima() {
    let server = Server::start().await;
    assert_eq!(told(upload(&server, echo("1.0.0", "Echo."))).await.0, 201);
    let set = |limits: Value| server.put("/v1/plugins/echo/limits", &server.admin).json(&limits);
    assert_eq!(server.see("/v1/plugins/echo/limits").await["set"], json!({}));
    assert_eq!(told(set(json!({ "input-bytes": 16, "memory-bytes": 256 << 20 }))).await.0, 204);
    let limits = server.see("/v1/plugins/echo/limits").await;
    assert_eq!((&limits["limits"]["input-bytes"], &limits["set"]["input-bytes"]), (&json!(16), &json!(16)));
    is(&told(set(json!({ "memory-bytes": (256 << 20) + 1 }))).await, 422, "invalid");
    is(&told(set(json!({ "fuel": 0 }))).await, 422, "invalid");
    is(&told(set(json!({ "memory": 1 }))).await, 422, "body-invalid");
    assert_eq!(server.see("/v1/plugins/echo/limits").await, limits, "what is refused changes nothing");

    // They hold for the next run: the input has more than 16 bytes.
    let workflow = WORKFLOW.replace("a: 1", "a: abcdefghijklmnop");
    let stored = server.put("/v1/workflows/say", &server.admin).header("content-type", "text/yaml").body(workflow);
    assert_eq!(told(stored).await.0, 200);
    let ended = async |status: &str| {
        let start = json!({ "account": ACCOUNT, "region": REGION, "inputs": {} });
        let started = server.post("/v1/workflows/say/runs", &server.person).json(&start).send().await.unwrap();
        let started: Value = started.json().await.unwrap();
        once(&server, started["run"].as_str().unwrap(), status).await
    };
    assert_eq!(ended("failed").await["error"]["code"], "input-limit");
    assert_eq!(told(set(json!({}))).await.0, 204);
    ended("succeeded").await;
    assert_eq!(server.see("/v1/plugins/echo/limits").await["set"], json!({}));
}

#[tokio::test]
async fn the_audit_is_for_now_and_for_any_past_moment() {
    let server = Server::start().await;
    let uploaded: Value = upload(&server, echo("1.0.0", "Echo.")).send().await.unwrap().json().await.unwrap();
    let uploaded: Timestamp = uploaded["time"].as_str().unwrap().parse().unwrap();
    let before = uploaded - 1.millisecond();
    let policy = POLICY.replace("ec2:DescribeInstances", "iam:PassRole");
    let grant = server.put("/v1/plugins/echo@1.0.0/grant", &server.admin).header("content-type", "application/json");
    assert_eq!(told(grant.body(policy)).await.0, 200);
    let now = server.see("/v1/audit/capabilities").await;
    assert_eq!(now["rows"][0]["findings"], json!(["not-imported", "dangerous", "dangerous-not-marked"]), "{now}");
    let then = server.see(&format!("/v1/audit/capabilities?at={before}")).await;
    assert_eq!(then["rows"], json!([]));
    for (format, media, part) in [
        ("csv", "text/csv; charset=utf-8", ",,iam:PassRole,"),
        ("markdown", "text/markdown; charset=utf-8", "| echo | 1.0.0 |"),
    ] {
        let answer = server.get(&format!("/v1/audit/capabilities?format={format}"), Some(&server.person));
        let answer = answer.send().await.unwrap();
        assert_eq!(answer.headers()["content-type"], media);
        assert!(answer.text().await.unwrap().contains(part));
    }
    is(&told(server.get("/v1/audit/capabilities?at=yesterday", Some(&server.person))).await, 422, "query-invalid");
    is(&told(server.get("/v1/audit/capabilities?at=2999-01-01", Some(&server.person))).await, 422, "invalid");
    is(&told(server.get("/v1/audit/capabilities?plugin=nobody", Some(&server.person))).await, 404, "not-found");
    is(&told(server.get("/v1/audit/capabilities?format=pdf", Some(&server.person))).await, 422, "query-invalid");
}
