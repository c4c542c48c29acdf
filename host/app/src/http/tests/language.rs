//! The language on a real server: what a run keeps, blocks that repeat and call, and going on behind a failure.

use cases::case;
use serde_json::{Value, json};

use super::component::echo;
use super::running::once;
use super::server::{ACCOUNT, REGION, Server, is, told};

async fn push(server: &Server, name: &str, source: &str) {
    let put = server.put(&format!("/v1/workflows/{name}"), &server.admin).header("content-type", "application/yaml");
    assert_eq!(told(put.body(source.to_owned())).await, (200, String::new()), "{source}");
}

async fn upload(server: &Server, version: &str) -> String {
    let upload = server.post("/v1/plugins", &server.admin).header("content-type", "application/wasm");
    let answer = upload.body(echo(version, "echo!")).send().await.unwrap();
    assert!(answer.status().is_success(), "{}", answer.text().await.unwrap());
    answer.json::<Value>().await.unwrap()["digest"].as_str().unwrap().to_owned()
}

async fn start(server: &Server, name: &str, inputs: Value) -> String {
    let start = server.post(&format!("/v1/workflows/{name}/runs"), &server.person);
    let start = start.json(&json!({ "account": ACCOUNT, "region": REGION, "inputs": inputs }));
    let started = start.send().await.unwrap();
    assert_eq!(started.status(), 202);
    started.json::<Value>().await.unwrap()["run"].as_str().unwrap().into()
}

async fn approve(server: &Server, run: &str, step: &str, token: &str) {
    let path = format!("/v1/runs/{run}/approvals/{step}");
    is(&told(server.post(&path, token).json(&json!({ "decision": "approve" }))).await, 200, "");
}

#[tokio::test]
async fn a_run_keeps_the_workflows_and_plugins_that_it_started_with() {
    let server = Server::start().await;
    let bob = server.token("bob", &["leads"]).await;
    let old = upload(&server, "1.0.0").await;
    let callee = |what: &str| {
        format!(
            "name: inner\nsteps: [{{ id: e, plugin: echo, with: {{ inner: {what} }} }}]\noutput: ${{{{ steps.e.output }}}}\n"
        )
    };
    let caller = |what: &str| {
        format!(
            "name: outer\nsteps:\n  - {{ id: ask, approval: {{ title: t, approvers: ['group:leads'] }} }}\n  \
             - {{ id: c, call: {{ workflow: inner }} }}\n  - {{ id: e, plugin: echo, with: {{ outer: {what} }} }}\n\
             output: ['${{{{ steps.c.output.inner }}}}', '${{{{ steps.e.output.outer }}}}']\n"
        )
    };
    push(&server, "inner", &callee("first")).await;
    push(&server, "outer", &caller("first")).await;
    let run = start(&server, "outer", Value::Null).await;
    let waiting = once(&server, &run, "waiting").await;
    case("E22", "a workflow names its plugin by name", json!({ "echo": old }), &waiting["plugins"]);

    // All of it is changed while the run waits.
    let new = upload(&server, "2.0.0").await;
    push(&server, "inner", &callee("second")).await;
    push(&server, "outer", &caller("second")).await;
    approve(&server, &run, "ask", &bob).await;
    let ended = once(&server, &run, "succeeded").await;
    case(
        "E23",
        "workflow, called workflow and plugin are changed while a run waits",
        json!(["first", "first"]),
        &ended["output"],
    );
    assert_eq!((&ended["plugins"], &ended["workflow-digest"]), (&json!({ "echo": old }), &waiting["workflow-digest"]));

    let run = start(&server, "outer", Value::Null).await;
    let waiting = once(&server, &run, "waiting").await;
    assert_eq!(waiting["plugins"], json!({ "echo": new }));
    approve(&server, &run, "ask", &bob).await;
    let ended = once(&server, &run, "succeeded").await;
    case("E23", "the next run", json!(["second", "second"]), &ended["output"]);
}

#[tokio::test]
async fn what_is_called_must_be_there_and_take_what_it_is_given() {
    let server = Server::start().await;
    upload(&server, "1.0.0").await;
    let put = |source: &'static str| {
        let put = server.put("/v1/workflows/outer", &server.admin).header("content-type", "application/yaml");
        async move { put.body(source).send().await.unwrap().json::<Value>().await.unwrap() }
    };
    let told = put("name: outer\nsteps: [{ id: c, call: { workflow: inner } }]\n").await;
    assert_eq!(told["problems"][0]["message"], "unknown workflow `inner`");
    push(&server, "inner", "name: inner\ninputs: { id: { type: string } }\nsteps: [{ id: e, plugin: echo }]\n").await;
    let told = put("name: outer\nsteps: [{ id: c, call: { workflow: inner, inputs: { ids: x } } }]\n").await;
    let messages: Vec<&str> =
        told["problems"].as_array().unwrap().iter().filter_map(|one| one["message"].as_str()).collect();
    assert_eq!(messages, ["workflow `inner` needs the input `id`", "workflow `inner` has no input `ids`"]);
}

#[tokio::test]
async fn each_item_has_steps_of_its_own_and_is_decided_on_its_own() {
    let server = Server::start().await;
    let bob = server.token("bob", &["leads"]).await;
    upload(&server, "1.0.0").await;
    push(
        &server,
        "sweep",
        "name: sweep\ninputs: { names: { type: array, items: { type: string } } }\nsteps:\n  - id: all\n    each:\n      \
         in: ${{ inputs.names }}\n      as: name\n      concurrency: 2\n      steps:\n        \
         - { id: ask, approval: { title: 'close ${{ name }}?', approvers: ['group:leads'] } }\n        \
         - { id: e, plugin: echo, with: { name: '${{ name }}' } }\n\
         output: ${{ steps.all.output.results | map(attribute='e.output.name') }}\n",
    )
    .await;
    let run = start(&server, "sweep", json!({ "names": ["a", "b"] })).await;
    let waiting = once(&server, &run, "waiting").await;
    let titles: Vec<&Value> =
        waiting["approvals"].as_array().unwrap().iter().map(|approval| &approval["title"]).collect();
    assert_eq!(titles, ["close a?", "close b?"]);
    approve(&server, &run, "all[1].ask", &bob).await;
    approve(&server, &run, "all%5B0%5D.ask", &bob).await;
    let ended = once(&server, &run, "succeeded").await;
    assert_eq!(ended["output"], json!(["a", "b"]));
    let steps = ended["steps"].as_array().unwrap();
    let step = steps.iter().find(|step| step["path"] == "all[1].e").unwrap();
    assert_eq!(
        (&step["parent"], &step["label"], &step["status"]),
        (&json!("all"), &json!("item 2"), &json!("succeeded"))
    );
    let wrong = server.post("/v1/workflows/sweep/runs", &server.person);
    let wrong = wrong.json(&json!({ "account": ACCOUNT, "region": REGION, "inputs": { "names": ["a", 1] } }));
    let wrong = wrong.send().await.unwrap().json::<Value>().await.unwrap();
    assert_eq!(wrong["detail"], "input `names[1]`: it is not of type \"string\"");
}

#[tokio::test]
async fn a_failed_run_goes_on_from_the_step_that_failed() {
    let server = Server::start().await;
    let operator = server.token_with("oscar", &["operate"]).await;
    upload(&server, "1.0.0").await;
    push(
        &server,
        "twice",
        "name: twice\nsteps:\n  - { id: a, plugin: echo, with: { n: 1 } }\n  - { id: b, plugin: echo, with: { n: '${{ event.n }}' } }\n",
    )
    .await;
    let run = start(&server, "twice", Value::Null).await;
    once(&server, &run, "failed").await;
    let retry = || server.post(&format!("/v1/runs/{run}/retry"), &operator);
    is(&told(server.post(&format!("/v1/runs/{run}/retry"), &server.person)).await, 403, "scope-missing");
    assert_eq!(told(retry()).await.0, 204);
    let again = loop {
        let seen = once(&server, &run, "failed").await;
        if seen["steps"][1]["attempt"] == 2 {
            break seen;
        }
    };
    assert_eq!((&again["steps"][0]["attempt"], &again["steps"][0]["status"]), (&json!(1), &json!("succeeded")));
    let entries = server.see(&format!("/v1/ledger?run={run}&kind=run.retried")).await;
    assert_eq!(
        (&entries["entries"][0]["actor"], &entries["entries"][0]["data"]["again"]),
        (&json!("user:oscar"), &json!(["b"]))
    );
    let started = server.see(&format!("/v1/ledger?run={run}&kind=step.started")).await;
    assert_eq!(started["entries"].as_array().unwrap().len(), 1, "what has succeeded does not run again");
}
