//! Who may do what: every route with every scope, and with tokens that do not count. The table here is written by hand, so
//! that a change of the routing table is a change of two.

use std::collections::{BTreeMap, BTreeSet};

use cases::case;
use reqwest::Method;
use serde_json::{Value, json};
use utoipa::openapi::PathItem;

use super::clock::StillClock;
use super::server::{Folder, Server, told};
use crate::http::access::Access;
use crate::http::document::document;
use crate::http::table;

/// Who may use a route.
#[derive(Clone, Copy, PartialEq)]
enum Opened {
    Public,
    AnyToken,
    Scopes(&'static [&'static str]),
}

use Opened::{AnyToken, Public, Scopes};

/// Method, path, who may use it, and the status for those, on an empty installation and without a body.
const ROUTES: &[(&str, &str, Opened, u16)] = &[
    ("GET", "/healthz", Public, 200),
    ("GET", "/readyz", Public, 200),
    ("GET", "/v1/openapi.json", Public, 200),
    ("GET", "/v1/whoami", AnyToken, 200),
    ("GET", "/v1/plugins", Scopes(&["read"]), 200),
    ("POST", "/v1/plugins", Scopes(&["author"]), 415),
    ("GET", "/v1/plugins/{plugin}", Scopes(&["read"]), 404),
    ("GET", "/v1/plugins/{plugin}/use", Scopes(&["read"]), 404),
    ("PUT", "/v1/plugins/{plugin}/use", Scopes(&["admin"]), 404),
    ("DELETE", "/v1/plugins/{plugin}/use", Scopes(&["admin"]), 404),
    ("GET", "/v1/plugins/{plugin}/grant", Scopes(&["read"]), 404),
    ("PUT", "/v1/plugins/{plugin}/grant", Scopes(&["admin"]), 415),
    ("DELETE", "/v1/plugins/{plugin}/grant", Scopes(&["admin"]), 404),
    ("GET", "/v1/plugins/{plugin}/grants", Scopes(&["read"]), 404),
    ("GET", "/v1/plugins/{plugin}/grant/carry-over", Scopes(&["read"]), 404),
    ("POST", "/v1/plugins/{plugin}/grant/carry-over", Scopes(&["admin"]), 415),
    ("GET", "/v1/plugins/{plugin}/limits", Scopes(&["read"]), 404),
    ("PUT", "/v1/plugins/{plugin}/limits", Scopes(&["admin"]), 415),
    ("GET", "/v1/audit/capabilities", Scopes(&["read", "audit"]), 200),
    ("GET", "/v1/guardrail", Scopes(&["read"]), 404),
    ("PUT", "/v1/guardrail", Scopes(&["admin"]), 415),
    ("DELETE", "/v1/guardrail", Scopes(&["admin"]), 404),
    ("GET", "/v1/workflows", Scopes(&["read"]), 200),
    ("POST", "/v1/workflow-check", Scopes(&["author"]), 415),
    ("GET", "/v1/workflows/{name}", Scopes(&["read"]), 404),
    ("PUT", "/v1/workflows/{name}", Scopes(&["author"]), 415),
    ("GET", "/v1/workflows/{name}/picture", Scopes(&["read"]), 404),
    ("POST", "/v1/workflows/{name}/runs", Scopes(&["start"]), 415),
    ("GET", "/v1/runs", Scopes(&["read"]), 200),
    ("GET", "/v1/runs/{run}", Scopes(&["read", "start"]), 404),
    ("GET", "/v1/runs/{run}/picture", Scopes(&["read"]), 404),
    ("POST", "/v1/runs/{run}/cancel", Scopes(&["operate"]), 415),
    ("POST", "/v1/runs/{run}/resume", Scopes(&["operate"]), 404),
    ("POST", "/v1/runs/{run}/retry", Scopes(&["operate"]), 404),
    ("POST", "/v1/runs/{run}/approvals/{step}", Scopes(&["read"]), 415),
    ("POST", "/v1/workflows/{name}/disable", Scopes(&["operate", "author"]), 415),
    ("POST", "/v1/workflows/{name}/enable", Scopes(&["operate", "author"]), 415),
    ("GET", "/v1/waiting", Scopes(&["read"]), 200),
    ("GET", "/v1/reviews", Scopes(&["read"]), 200),
    ("POST", "/v1/runs/{run}/reviews", Scopes(&["operate"]), 415),
    ("POST", "/v1/events", Scopes(&["events"]), 415),
    ("POST", "/v1/sns", Public, 415),
    ("GET", "/v1/ledger", Scopes(&["read", "admin", "audit"]), 200),
    ("POST", "/v1/tokens", Scopes(&["admin"]), 415),
    ("GET", "/v1/tokens", Scopes(&["admin", "audit"]), 200),
    ("DELETE", "/v1/tokens/{id}", Scopes(&["admin"]), 404),
    ("GET", "/v1/secrets", Scopes(&["admin", "audit"]), 200),
    ("PUT", "/v1/secrets/{name}", Scopes(&["admin"]), 415),
    ("DELETE", "/v1/secrets/{name}", Scopes(&["admin"]), 404),
];

/// A token of each kind, and a scope as it is written.
const KINDS: [(&str, &str); 7] = [
    ("read", "read"),
    ("start", "start:*"),
    ("events", "events:*"),
    ("operate", "operate"),
    ("author", "author"),
    ("admin", "admin"),
    ("audit", "audit"),
];

const METHODS: [&str; 6] = ["GET", "PUT", "POST", "DELETE", "PATCH", "OPTIONS"];

/// The methods of a path of the OpenAPI document.
fn methods(item: &PathItem) -> BTreeSet<&'static str> {
    let PathItem { get, put, post, delete, .. } = item;
    let given = [("GET", get), ("PUT", put), ("POST", post), ("DELETE", delete)];
    given.into_iter().filter_map(|(method, operation)| operation.as_ref().map(|_| method)).collect()
}

/// The methods of each path of the OpenAPI document.
fn documented() -> BTreeMap<String, BTreeSet<&'static str>> {
    document().paths.paths.into_iter().map(|(path, item)| (path, methods(&item))).collect()
}

/// The path with each parameter filled in.
fn filled(path: &str) -> String {
    let parts = path.split('/').map(|part| match part {
        "{run}" => "r-00000000000070008000000000000000",
        part if part.starts_with('{') => "nothing",
        part => part,
    });
    parts.collect::<Vec<_>>().join("/")
}

#[test]
fn the_table_has_every_route() {
    let mut table: BTreeMap<String, BTreeSet<&str>> = BTreeMap::new();
    for (method, path, ..) in ROUTES {
        table.entry(path.to_string()).or_default().insert(method);
    }
    assert_eq!(table, documented());
}

/// Clients are generated with a function for each.
#[test]
fn every_route_has_a_name_of_its_own() {
    let items = document().paths.paths.into_values();
    let operations = items.flat_map(|item| [item.get, item.put, item.post, item.delete]).flatten();
    let names: BTreeSet<_> = operations.map(|operation| operation.operation_id.unwrap()).collect();
    assert_eq!(names.len(), ROUTES.len());
}

/// What a token with nothing but this kind of scope is told.
fn expected(opened: Opened, kind: &str, status: u16) -> u16 {
    match opened {
        Scopes(kinds) if !kinds.contains(&kind) => 403,
        Public | AnyToken | Scopes(_) => status,
    }
}

/// The whole table: every route by every kind of token, and by none, a wrong, an expired and a revoked one.
#[tokio::test]
async fn every_route_lets_in_whom_it_should_and_nobody_else() {
    let clock = StillClock::at("2026-03-01T12:00:00Z");
    let server = Server::at(&Folder::new(), clock.clone()).await;
    let soon = "2026-03-01T12:00:01Z".parse::<jiff::Timestamp>().unwrap().as_millisecond();
    let expired = server.token_until("eve", &["read", "admin"], soon).await;
    let revoked = server.token_with("mallory", &["read", "admin"]).await;
    let id = revoked.split('_').nth(1).unwrap();
    assert_eq!(told(server.delete(&format!("/v1/tokens/{id}"), &server.admin)).await.0, 204);
    clock.set("2026-03-01T12:00:01Z");
    let mut tokens = vec![];
    for (kind, scope) in KINDS {
        tokens.push((kind, server.token_with(kind, &[scope]).await));
    }
    let mut cells = 0;
    for (method, path, opened, status) in ROUTES {
        let request = |token: Option<&str>| server.request(method.parse().unwrap(), &filled(path), token);
        // Each from an address of its own, so that none is told that there were too many.
        let wrong = format!("{}x", server.admin);
        for (last, token) in [(2, None), (3, Some(&wrong)), (4, Some(&expired)), (5, Some(&revoked))] {
            let from = server.from([127, 0, 1, last], request(token.map(String::as_str)).build().unwrap());
            let answer = from.await;
            let status = if *opened == Public { *status } else { 401 };
            assert_eq!(answer.status(), status, "{method} {path} with {token:?}");
            assert_eq!(answer.headers().contains_key("www-authenticate"), status == 401, "{method} {path}");
            cells += 1;
        }
        for (kind, token) in &tokens {
            let answer = request(Some(token)).send().await.unwrap();
            let expected = expected(*opened, kind, *status);
            assert_eq!(answer.status(), expected, "{method} {path} with `{kind}`");
            assert_eq!(answer.headers()["cache-control"], "no-store");
            assert_eq!(answer.headers()["x-content-type-options"], "nosniff");
            assert!(!answer.headers().contains_key("access-control-allow-origin"));
            if expected == 403 {
                let problem: Value = answer.json().await.unwrap();
                assert_eq!(problem["code"], "scope-missing", "{method} {path} with `{kind}`");
            }
            cells += 1;
        }
        let answer = request(Some(&server.admin)).send().await.unwrap();
        assert_eq!(answer.status(), *status, "{method} {path} with all scopes");
    }
    assert_eq!(cells, ROUTES.len() * (4 + KINDS.len()));
    case("D01", "every route, every scope and four tokens that do not count", "as in the table", "as in the table");
}

/// What the routing table says is what this table says, and what the OpenAPI document says.
#[test]
fn the_routing_table_and_the_document_say_the_same() {
    for (method, path, opened, _) in ROUTES {
        let mut kinds: Vec<&str> = vec![];
        for (access, (_, paths, _)) in table() {
            let item = paths.paths.get(*path);
            if item.is_some_and(|item| methods(item).contains(method)) {
                kinds = access.scopes().iter().map(|scope| scope.kind.name()).collect();
                let kind = match access {
                    Access::Public => *opened == Public,
                    Access::Token => *opened == AnyToken,
                    Access::Scopes(_) => matches!(opened, Scopes(_)),
                };
                assert!(kind, "{method} {path}");
            }
        }
        let mut here = if let Scopes(kinds) = opened { kinds.to_vec() } else { vec![] };
        here.sort_unstable();
        kinds.sort_unstable();
        assert_eq!(kinds, here, "{method} {path}");
        let document = serde_json::to_value(document()).unwrap();
        let operation = &document["paths"][path][method.to_lowercase()];
        let needs = operation["security"].as_array().unwrap();
        let mut needs: Vec<&str> =
            needs.iter().filter_map(|need| need["token"][0].as_str()?.split(':').next()).collect();
        needs.sort_unstable();
        assert_eq!(needs, here, "{method} {path}");
    }
}

#[tokio::test]
async fn a_head_is_let_in_like_a_get() {
    let server = Server::start().await;
    let reader = server.token_with("reader", &["read"]).await;
    for (_, path, opened, status) in ROUTES.iter().filter(|(method, ..)| *method == "GET") {
        let without = if *opened == Public { *status } else { 401 };
        for (token, expected) in [(None, without), (Some(reader.as_str()), expected(*opened, "read", *status))] {
            let answer = server.request(Method::HEAD, &filled(path), token).send().await.unwrap();
            assert_eq!(answer.status(), expected, "{path}");
        }
    }
}

#[tokio::test]
async fn other_methods_are_answered_with_those_that_there_are() {
    let server = Server::start().await;
    for (path, methods) in documented() {
        for method in METHODS.iter().filter(|method| !methods.contains(**method)) {
            let request = server.request(method.parse().unwrap(), &filled(&path), Some(&server.admin));
            let answer = request.send().await.unwrap();
            assert_eq!(answer.status(), 405, "{method} {path}");
            let allow: BTreeSet<_> =
                answer.headers()["allow"].to_str().unwrap().split(',').map(str::to_owned).collect();
            let allow: BTreeSet<_> = allow.iter().map(String::as_str).filter(|method| *method != "HEAD").collect();
            assert_eq!(allow, methods, "{method} {path}");
        }
    }
}

#[tokio::test]
async fn a_path_is_taken_by_the_letter() {
    let server = Server::start().await;
    let (host, token) = (server.address, &server.admin);
    for path in [
        "//v1/tokens",
        "/v1//tokens",
        "/v1/./tokens",
        "/v1/x/../tokens",
        "/v1/%2e/tokens",
        "/v1/tokens/",
        "/v1/tokens.json",
        "/v1/tokens;x=1",
        "/V1/tokens",
        "/v1%2ftokens",
        "/v1/metrics",
        "/debug/pprof",
    ] {
        let with = format!("GET {path} HTTP/1.1\r\nhost: {host}\r\nauthorization: Bearer {token}\r\n\r\n");
        assert_eq!(server.raw(&with).await, 404, "{path}");
        let without = format!("GET {path} HTTP/1.1\r\nhost: {host}\r\nx-original-url: /healthz\r\n\r\n");
        assert!([401, 404].contains(&server.raw(&without).await), "{path}");
    }
}

#[tokio::test]
async fn names_that_nothing_has_are_refused() {
    let server = Server::start().await;
    let long = "a".repeat(600);
    for name in ["..%2f..%2fx", "a%2fb", "%2e%2e", "-a", "a%00", "a%20b", "%ff", "%C3%A9", &long] {
        let (host, token) = (server.address, &server.admin);
        let request =
            format!("GET /v1/plugins/{name} HTTP/1.1\r\nhost: {host}\r\nauthorization: Bearer {token}\r\n\r\n");
        assert_eq!(server.raw(&request).await, 422, "{name}");
    }
}

#[tokio::test]
async fn a_token_in_the_address_is_refused() {
    let server = Server::start().await;
    for query in [format!("token={}", server.admin), format!("access_token={}", server.admin)] {
        let alone = told(server.get(&format!("/v1/runs?{query}"), None)).await;
        let beside = told(server.get(&format!("/v1/whoami?{query}"), Some(&server.admin))).await;
        assert_eq!((alone, beside.1.as_str()), ((401, "token-in-address".into()), "token-in-address"));
    }
}

/// The installation's own chains, which are long, are no runs to any route, whoever asks.
#[tokio::test]
async fn only_what_is_the_id_of_a_run_is_looked_for() {
    let server = Server::start().await;
    let body = json!({
        "decision": "approve", "call": "r-1/a/1/1", "verdict": "done", "reason": "x", "requested": 0,
    });
    let mut asked = 0;
    for (path, methods) in documented().into_iter().filter(|(path, _)| path.contains("{run}")) {
        for method in methods {
            for run in ["system", "events", "r-1", "R-00000000000070008000000000000000"] {
                let path = path.replace("{run}", run).replace("{step}", "ask");
                let request = server.request(method.parse().unwrap(), &path, Some(&server.admin)).json(&body);
                assert_eq!(told(request).await, (404, "not-found".into()), "{method} {path}");
                asked += 1;
            }
        }
    }
    assert!(asked > 20, "{asked}");
    for before in ["system", "events", "x"] {
        let told = told(server.get(&format!("/v1/runs?before={before}"), Some(&server.admin))).await;
        assert_eq!(told, (404, "not-found".into()), "{before}");
    }
}
