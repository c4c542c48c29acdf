//! Who may do what: every route of the OpenAPI document, with every kind of token.

use std::collections::{BTreeMap, BTreeSet};

use reqwest::Method;
use utoipa::openapi::PathItem;

use super::server::{Server, told};
use crate::http::document::document;

/// Method, path, and the status for no token, a wrong one, one of a person in no group, and one of an administrator, on an
/// empty installation and without a body.
const ROUTES: &[(&str, &str, [u16; 4])] = &[
    ("GET", "/healthz", [200, 200, 200, 200]),
    ("GET", "/v1/openapi.json", [200, 200, 200, 200]),
    ("GET", "/v1/whoami", [401, 401, 200, 200]),
    ("GET", "/v1/plugins", [401, 401, 200, 200]),
    ("POST", "/v1/plugins", [401, 401, 403, 415]),
    ("GET", "/v1/plugins/{plugin}", [401, 401, 404, 404]),
    ("GET", "/v1/plugins/{plugin}/grant", [401, 401, 404, 404]),
    ("PUT", "/v1/plugins/{plugin}/grant", [401, 401, 403, 415]),
    ("DELETE", "/v1/plugins/{plugin}/grant", [401, 401, 403, 404]),
    ("GET", "/v1/plugins/{plugin}/grants", [401, 401, 404, 404]),
    ("GET", "/v1/plugins/{plugin}/grant/carry-over", [401, 401, 404, 404]),
    ("POST", "/v1/plugins/{plugin}/grant/carry-over", [401, 401, 403, 415]),
    ("GET", "/v1/plugins/{plugin}/limits", [401, 401, 404, 404]),
    ("PUT", "/v1/plugins/{plugin}/limits", [401, 401, 403, 415]),
    ("GET", "/v1/audit/capabilities", [401, 401, 200, 200]),
    ("GET", "/v1/guardrail", [401, 401, 404, 404]),
    ("PUT", "/v1/guardrail", [401, 401, 403, 415]),
    ("DELETE", "/v1/guardrail", [401, 401, 403, 404]),
    ("GET", "/v1/workflows", [401, 401, 200, 200]),
    ("POST", "/v1/workflow-check", [401, 401, 415, 415]),
    ("GET", "/v1/workflows/{name}", [401, 401, 404, 404]),
    ("PUT", "/v1/workflows/{name}", [401, 401, 403, 415]),
    ("GET", "/v1/workflows/{name}/picture", [401, 401, 404, 404]),
    ("POST", "/v1/workflows/{name}/runs", [401, 401, 415, 415]),
    ("GET", "/v1/runs", [401, 401, 200, 200]),
    ("GET", "/v1/runs/{run}", [401, 401, 404, 404]),
    ("GET", "/v1/runs/{run}/picture", [401, 401, 404, 404]),
    ("POST", "/v1/runs/{run}/cancel", [401, 401, 403, 415]),
    ("POST", "/v1/runs/{run}/resume", [401, 401, 403, 404]),
    ("POST", "/v1/runs/{run}/retry", [401, 401, 403, 404]),
    ("POST", "/v1/runs/{run}/approvals/{step}", [401, 401, 415, 415]),
    ("POST", "/v1/workflows/{name}/disable", [401, 401, 403, 415]),
    ("POST", "/v1/workflows/{name}/enable", [401, 401, 403, 415]),
    ("GET", "/v1/waiting", [401, 401, 200, 200]),
    ("GET", "/v1/reviews", [401, 401, 200, 200]),
    ("POST", "/v1/runs/{run}/reviews", [401, 401, 403, 415]),
    ("POST", "/v1/events", [401, 401, 415, 415]),
    ("POST", "/v1/sns", [415, 415, 415, 415]),
    ("GET", "/v1/ledger", [401, 401, 200, 200]),
    ("POST", "/v1/tokens", [401, 401, 403, 415]),
    ("GET", "/v1/tokens", [401, 401, 403, 200]),
    ("DELETE", "/v1/tokens/{id}", [401, 401, 403, 404]),
    ("GET", "/v1/secrets", [401, 401, 403, 200]),
    ("PUT", "/v1/secrets/{name}", [401, 401, 403, 415]),
    ("DELETE", "/v1/secrets/{name}", [401, 401, 403, 404]),
];

const METHODS: [&str; 6] = ["GET", "PUT", "POST", "DELETE", "PATCH", "OPTIONS"];

/// The methods of each path of the OpenAPI document.
fn documented() -> BTreeMap<String, BTreeSet<&'static str>> {
    let methods = |item: PathItem| {
        let PathItem { get, put, post, delete, .. } = item;
        let given = [("GET", get), ("PUT", put), ("POST", post), ("DELETE", delete)];
        given.into_iter().filter_map(|(method, operation)| operation.map(|_| method)).collect()
    };
    document().paths.paths.into_iter().map(|(path, item)| (path, methods(item))).collect()
}

/// The path with each parameter filled in.
fn filled(path: &str) -> String {
    let parts = path.split('/').map(|part| if part.starts_with('{') { "nothing" } else { part });
    parts.collect::<Vec<_>>().join("/")
}

#[test]
fn the_table_has_every_route() {
    let mut table: BTreeMap<String, BTreeSet<&str>> = BTreeMap::new();
    for (method, path, _) in ROUTES {
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

#[tokio::test]
async fn every_route_lets_in_whom_it_should() {
    let server = Server::start().await;
    let wrong = format!("{}x", server.admin);
    let tokens = [None, Some(&wrong), Some(&server.person), Some(&server.admin)];
    for (method, path, expected) in ROUTES {
        for (token, expected) in tokens.into_iter().zip(expected) {
            let request = server.request(method.parse().unwrap(), &filled(path), token.map(String::as_str));
            let answer = request.send().await.unwrap();
            assert_eq!(answer.status(), *expected, "{method} {path} with {token:?}");
            assert_eq!(answer.headers().contains_key("www-authenticate"), *expected == 401, "{method} {path}");
            assert_eq!(answer.headers()["cache-control"], "no-store");
            assert_eq!(answer.headers()["x-content-type-options"], "nosniff");
            assert!(!answer.headers().contains_key("access-control-allow-origin"));
        }
    }
}

#[tokio::test]
async fn a_head_is_let_in_like_a_get() {
    let server = Server::start().await;
    for (_, path, [without, _, person, _]) in ROUTES.iter().filter(|(method, ..)| *method == "GET") {
        for (token, expected) in [(None, without), (Some(server.person.as_str()), person)] {
            let answer = server.request(Method::HEAD, &filled(path), token).send().await.unwrap();
            assert_eq!(answer.status(), *expected, "{path}");
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
