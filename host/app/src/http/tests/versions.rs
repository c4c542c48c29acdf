//! Which version of a plugin new runs take, and to which one a grant is put.

use reqwest::RequestBuilder;
use reqwest::header::IF_MATCH;
use serde_json::{Value, json};

use super::component::echo;
use super::running::once;
use super::server::{ACCOUNT, REGION, Server, is, told};

const WORKFLOW: &str = "name: say\nsteps:\n  - id: say\n    plugin: echo\n    with: { a: 1 }\n";

async fn upload(server: &Server, version: &str) -> String {
    let upload = server.post("/v1/plugins", &server.admin).header("content-type", "application/wasm");
    let uploaded: Value = upload.body(echo(version, "Echo.")).send().await.unwrap().json().await.unwrap();
    uploaded["digest"].as_str().unwrap().to_owned()
}

fn policy(action: &str) -> Value {
    json!({ "Version": "2012-10-17", "Statement": [{ "Effect": "Allow", "Action": action, "Resource": "*" }] })
}

fn grant(server: &Server, reference: &str, action: &str) -> RequestBuilder {
    server.put(&format!("/v1/plugins/{reference}/grant"), &server.admin).json(&policy(action))
}

async fn answer(request: RequestBuilder) -> Value {
    let answer = request.send().await.unwrap();
    assert_eq!(answer.status(), 200, "{}", answer.text().await.unwrap());
    answer.json().await.unwrap()
}

/// The digest that a new run takes.
async fn taken(server: &Server) -> String {
    let start = json!({ "account": ACCOUNT, "region": REGION });
    let started = server.post("/v1/workflows/say/runs", &server.person).json(&start).send().await.unwrap();
    let started: Value = started.json().await.unwrap();
    let run = once(server, started["run"].as_str().unwrap(), "succeeded").await;
    run["plugins"]["echo"].as_str().unwrap().to_owned()
}

async fn with_workflow() -> (Server, String) {
    let server = Server::start().await;
    let first = upload(&server, "1.0.0").await;
    let stored = server.put("/v1/workflows/say", &server.admin).header("content-type", "application/yaml");
    assert_eq!(told(stored.body(WORKFLOW)).await.0, 200);
    (server, first)
}

#[tokio::test]
async fn an_upload_alone_changes_nothing_that_runs() {
    let (server, first) = with_workflow().await;
    assert_eq!(taken(&server).await, first, "no version has a grant, so it is the newest");
    answer(grant(&server, "echo@1.0.0", "ec2:DescribeInstances")).await;
    let second = upload(&server, "1.1.0").await;
    assert_eq!(taken(&server).await, first, "the newest version that has a grant");
    assert_eq!(answer(grant(&server, &second, "ec2:DescribeInstances")).await["in-use"], true);
    assert_eq!(taken(&server).await, second);

    let choose = |reference: &str| server.put(&format!("/v1/plugins/{reference}/use"), &server.admin);
    is(&told(choose("echo")).await, 422, "invalid");
    is(&told(choose("echo@2.0.0")).await, 404, "not-found");
    is(&told(server.put("/v1/plugins/echo@1.0.0/use", &server.person)).await, 403, "scope-missing");
    let used = answer(choose("echo@1.0.0")).await;
    assert_eq!((&used["in-use"]["digest"], &used["chosen"]), (&json!(first), &json!(true)));
    assert_eq!(upload(&server, "1.0.0").await, first, "the same bytes again");
    upload(&server, "1.2.0").await;
    assert_eq!(taken(&server).await, first, "what is chosen holds until another is");
    let listed = server.see("/v1/plugins").await;
    let in_use = listed["plugins"].as_array().unwrap().iter().filter(|plugin| plugin["in-use"] == true);
    assert_eq!(in_use.map(|plugin| &plugin["version"]).collect::<Vec<_>>(), ["1.0.0"]);

    let released = answer(server.delete("/v1/plugins/echo/use", &server.admin)).await;
    assert_eq!((&released["in-use"]["digest"], &released["chosen"]), (&json!(second), &json!(false)));
    is(&told(server.delete("/v1/plugins/echo/use", &server.admin)).await, 404, "not-found");
    assert_eq!(taken(&server).await, second);
    // The version before it has a grant as well, so it is the one that new runs take when this one has none any more.
    assert_eq!(released["granted"], true);
    assert_eq!(told(server.delete(&format!("/v1/plugins/{second}/grant"), &server.admin)).await.0, 204);
    let history = server.see("/v1/plugins/echo/use").await;
    assert_eq!((&history["in-use"]["digest"], &history["granted"]), (&json!(first), &json!(true)));
    assert_eq!(answer(choose("echo@1.2.0")).await["granted"], false);
    assert_eq!(told(server.delete("/v1/plugins/echo/use", &server.admin)).await.0, 200);
    let history = server.see("/v1/plugins/echo/use").await;
    let choices = history["choices"].as_array().unwrap();
    assert_eq!((&choices[0]["version"]["version"], &choices[0]["by"]), (&json!("1.0.0"), &json!("user:admin")));
    assert!(choices.len() == 4 && choices[1].get("version").is_none(), "{history}");
    let entries = server.see("/v1/ledger?run=system&kind=plugin.chosen").await;
    assert_eq!(entries["entries"][0]["data"], json!({ "name": "echo", "digest": first }));
}

#[tokio::test]
async fn a_grant_is_put_for_the_version_that_was_meant() {
    let (server, first) = with_workflow().await;
    is(&told(grant(&server, "echo", "ec2:*")).await, 428, "precondition-required");
    let tag = |digest: &str| format!("\"{digest}\"");
    let put = answer(grant(&server, "echo", "ec2:*").header(IF_MATCH, tag(&first))).await;
    assert_eq!(put["version"], json!({ "version": "1.0.0", "digest": first }));
    let second = upload(&server, "1.1.0").await;
    is(&told(grant(&server, "echo", "ec2:*").header(IF_MATCH, tag(&first))).await, 412, "changed");
    is(&told(grant(&server, "echo", "ec2:*").header(IF_MATCH, &first)).await, 400, "precondition-invalid");
    is(&told(grant(&server, &second, "ec2:*").header(IF_MATCH, tag(&first))).await, 412, "changed");
    assert_eq!(server.see(&format!("/v1/plugins/{second}")).await["granted"], false);
    assert_eq!(answer(grant(&server, &first, "sns:*")).await["version"]["digest"], json!(first));
}

#[tokio::test]
async fn words_that_mean_nothing_are_told_and_misspelt_ones_refused() {
    let (server, _) = with_workflow().await;
    let refused = grant(&server, "echo@1.0.0", "ec2:RevokeSecurityGroupsEgress").send().await.unwrap();
    assert_eq!(refused.status(), 422);
    let problem: Value = refused.json().await.unwrap();
    assert_eq!(problem["code"], "policy-invalid");
    assert!(problem["text"].as_str().unwrap().contains("did you mean `ec2:RevokeSecurityGroupEgress`?"), "{problem}");
    assert_eq!(server.see("/v1/plugins/echo").await["granted"], false);
    let guardrail = server.put("/v1/guardrail", &server.admin).json(&json!({
        "Version": "2012-10-17",
        "Statement": [
            { "Effect": "Allow", "Action": "*", "Resource": "*" },
            { "Effect": "Deny", "Action": "*", "Resource": "*", "Condition": { "StringEquals": { "quell:Wokflow": "x" } } }
        ],
    }));
    is(&told(guardrail).await, 422, "policy-invalid");
    let put = answer(grant(&server, "echo@1.0.0", "glacier:*")).await;
    assert_eq!(put["warnings"], json!(["line 1, column 66: the actions of `glacier` are not known to Quell"]), "{put}");
}
