//! The API as those who use it see it: a real installation behind a real listener.

mod access;
mod access_page;
mod checking;
mod clock;
mod component;
mod connections;
mod crowding;
mod delivering;
mod hearing;
mod installing;
mod keeping;
mod language;
mod intake;
mod looping;
mod parking;
mod reviewing;
mod running;
mod scheduling;
mod sending;
mod signing;
mod starting;
mod telling;
mod tokens;
mod unreadable;
mod uploading;
mod versions;
mod server;

use reqwest::Method;
use serde_json::json;

use super::document::document;
use server::{ACCOUNT, Server};

/// The document that clients are made from. A difference is a change of the API: may it be made within version 1?
#[test]
fn the_openapi_document() {
    insta::assert_snapshot!(document().to_pretty_json().unwrap());
}

/// What people see when they make a mistake.
#[tokio::test]
async fn problems() {
    let server = Server::start().await;
    let mut seen = String::new();
    let mistakes = [
        server.get("/v1/runs/r-1", None),
        server.get("/v1/runs/r-1", Some(&server.admin)),
        server.get("/v1/runs?limit=0&colour=red", Some(&server.admin)),
        server.request(Method::DELETE, "/v1/tokens/0", Some(&server.person)),
        server.post("/v1/tokens", &server.admin).json(&json!({ "name": "eve", "role": "root" })),
        server.post("/v1/tokens", &server.admin).header("content-type", "application/json").body("{\n  \"name\": ,\n}"),
        server.post("/v1/tokens", &server.admin).body("name=eve"),
        server.put("/v1/guardrail", &server.admin).json(&json!({
            "Version": "2012-10-17",
            "Statement": [{ "Effect": "Alow", "Action": "ec2:*", "Resources": "*" }]
        })),
        server
            .put("/v1/workflows/contain", &server.admin)
            .header("content-type", "application/yaml")
            .body("name: contain\nstep:\n  - id: ask\n"),
        server.post("/v1/events", &server.person).json(&json!({ "account": ACCOUNT })),
    ];
    for mistake in mistakes {
        let answer = mistake.send().await.unwrap();
        assert_eq!(answer.headers()["content-type"], crate::wire::PROBLEM);
        let problem: serde_json::Value = answer.json().await.unwrap();
        seen.push_str(&format!("{}\n\n", serde_json::to_string_pretty(&problem).unwrap()));
    }
    insta::assert_snapshot!(seen);
}
