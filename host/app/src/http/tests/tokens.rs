//! Tokens: made with what they may do, listed, expired, revoked; and what narrow ones reach.

use cases::case;
use serde_json::{Value, json};

use super::clock::StillClock;
use super::server::{ACCOUNT, Folder, REGION, Server, is, told};

const NOW: &str = "2026-03-01T12:00:00Z";
const LATER: &str = "2026-03-01T13:00:00Z";

/// A workflow that waits for a person.
const ASK: &str = "name: NAME\non: [{ manual: true }]\nsteps:\n  - id: ask\n    approval: { title: Go on?, approvers: [\"group:leads\"] }\n";

async fn push(server: &Server, name: &str) {
    let put = server.put(&format!("/v1/workflows/{name}"), &server.admin).header("content-type", "application/yaml");
    let put = told(put.body(ASK.replace("NAME", name))).await;
    assert!([200, 201].contains(&put.0), "{put:?}");
}

async fn start(server: &Server, name: &str, token: &str) -> (u16, String, Value) {
    let start = server.post(&format!("/v1/workflows/{name}/runs"), token);
    let answer = start.json(&json!({ "account": ACCOUNT, "region": REGION })).send().await.unwrap();
    let status = answer.status().as_u16();
    let body: Value = answer.json().await.unwrap();
    (status, body["code"].as_str().unwrap_or_default().to_owned(), body)
}

fn event(account: &str) -> Value {
    json!({
        "version": "0", "id": format!("e-{account}"), "source": "custom", "detail-type": "Nothing", "account": account,
        "region": REGION, "time": "2026-03-01T11:59:00Z", "resources": [], "detail": {}
    })
}

#[tokio::test]
async fn a_token_is_shown_once_and_counts_until_it_is_revoked() {
    let server = Server::at(&Folder::new(), StillClock::at(NOW)).await;
    let terms = json!({
        "name": "bob", "scopes": ["read", "start:contain"], "groups": ["security-leads"], "expires": LATER
    });
    let made = server.post("/v1/tokens", &server.admin).json(&terms).send().await.unwrap();
    assert_eq!(made.status(), 201);
    let made: Value = made.json().await.unwrap();
    let (id, token) = (made["id"].as_str().unwrap(), made["token"].as_str().unwrap().to_string());
    let me: Value = server.get("/v1/whoami", Some(&token)).send().await.unwrap().json().await.unwrap();
    let expected = json!({
        "name": "bob", "groups": ["security-leads"], "token": id, "scopes": ["read", "start:contain"], "expires": LATER
    });
    assert_eq!(me, expected);

    let listed = server.see("/v1/tokens").await;
    let admin = server.admin.split('_').nth(1).unwrap();
    let expected = json!({
        "id": id, "name": "bob", "scopes": ["read", "start:contain"], "scopes-from-groups": false,
        "groups": ["security-leads"], "created": NOW, "created-by": "user:admin", "created-with": admin,
        "expires": LATER, "expired": false
    });
    let tokens = listed["tokens"].as_array().unwrap();
    assert_eq!(tokens.iter().find(|token| token["id"] == id), Some(&expected), "{listed}");
    let secret = token.rsplit('_').next().unwrap();
    let told_of = listed.to_string() + &server.see("/v1/ledger?run=system").await.to_string();
    let seen = if told_of.contains(secret) { "the token" } else { "ids" };
    case("D31", "the list of tokens, and the ledger", "ids", seen);

    assert_eq!(told(server.delete(&format!("/v1/tokens/{id}"), &server.admin)).await.0, 204);
    let after = told(server.get("/v1/whoami", Some(&token))).await;
    case("D12", "the next request after the token was revoked", "401 bad-token", format!("{} {}", after.0, after.1));
}

#[tokio::test]
async fn an_expired_token_is_refused_and_says_so_only_to_its_owner() {
    let clock = StillClock::at(NOW);
    let server = Server::at(&Folder::new(), clock.clone()).await;
    let later = LATER.parse::<jiff::Timestamp>().unwrap().as_millisecond();
    let token = server.token_until("bob", &["read", "admin"], later).await;
    let look = |token: &str| server.request(reqwest::Method::GET, "/v1/runs", Some(token));
    clock.set("2026-03-01T12:59:59.999Z");
    assert_eq!(told(look(&token)).await.0, 200);
    clock.set(LATER);
    let after = told(look(&token)).await;
    case("D13", "a token at the moment at which it expires", "401 token-expired", format!("{} {}", after.0, after.1));
    is(&told(look(&format!("{token}x"))).await, 401, "bad-token");
    let id = token.split('_').nth(1).unwrap();
    let listed = server.see("/v1/tokens").await;
    let listed = listed["tokens"].as_array().unwrap().iter().find(|token| token["id"] == id).unwrap();
    assert_eq!(listed["expired"], true);
    // An administrator whose time is over is none that is left.
    let admin = server.admin.split('_').nth(1).unwrap();
    is(&told(server.delete(&format!("/v1/tokens/{admin}"), &server.admin)).await, 409, "conflict");
    assert_eq!(told(server.delete(&format!("/v1/tokens/{id}"), &server.admin)).await.0, 204);
}

#[tokio::test]
async fn what_is_no_token_is_not_made() {
    let server = Server::at(&Folder::new(), StillClock::at(NOW)).await;
    let make = |terms: Value| told(server.post("/v1/tokens", &server.admin).json(&terms));
    for (wrong, code) in [
        (json!({ "name": "bob" }), "body-invalid"),
        (json!({ "name": "bob", "scopes": [] }), "invalid"),
        (json!({ "name": "bob", "scopes": "read" }), "body-invalid"),
        (json!({ "name": "bob", "scopes": ["reed"] }), "invalid"),
        (json!({ "name": "bob", "scopes": ["read", "*"] }), "invalid"),
        (json!({ "name": "bob", "scopes": ["events:1234"] }), "invalid"),
        (json!({ "name": "bob:x", "scopes": ["read"] }), "invalid"),
        (json!({ "name": "bob", "scopes": ["read"], "groups": ["a b"] }), "invalid"),
        (json!({ "name": "bob", "scopes": ["read"], "expires": NOW }), "invalid"),
        (json!({ "name": "bob", "scopes": ["read"], "expires": "soon" }), "body-invalid"),
        (json!({ "name": "bob", "scopes": ["read"], "admin": true }), "body-invalid"),
    ] {
        is(&make(wrong.clone()).await, 422, code);
    }
    assert_eq!(server.see("/v1/tokens").await["tokens"].as_array().unwrap().len(), 2, "the first, and alice");
}

#[tokio::test]
async fn groups_open_no_route() {
    let server = Server::start().await;
    for group in ["admins", "operators"] {
        let token = server.token("eve", &[group]).await;
        is(&told(server.get("/v1/tokens", Some(&token))).await, 403, "scope-missing");
        is(&told(server.post("/v1/runs/r-1/resume", &token)).await, 403, "scope-missing");
    }
}

#[tokio::test]
async fn a_token_to_start_one_workflow_sees_its_own_runs_and_nothing_else() {
    let server = Server::start().await;
    push(&server, "ask").await;
    push(&server, "ask-all").await;
    let token = server.token_with("deploy", &["start:ask"]).await;
    let (status, _, started) = start(&server, "ask", &token).await;
    assert_eq!(status, 202);
    for other in ["ask-all", "nothing"] {
        let (status, code, _) = start(&server, other, &token).await;
        assert_eq!((status, code.as_str()), (403, "scope-missing"), "{other}");
    }
    let own = format!("/v1/runs/{}", started["run"].as_str().unwrap());
    assert_eq!(told(server.get(&own, Some(&token))).await.0, 200);
    let (_, _, others) = start(&server, "ask", &server.person).await;
    let others = format!("/v1/runs/{}", others["run"].as_str().unwrap());
    let seen = told(server.get(&others, Some(&token))).await;
    case("D15", "a run that was started with another token", "404 not-found", format!("{} {}", seen.0, seen.1));
    is(&told(server.get("/v1/runs/system", Some(&token))).await, 404, "not-found");
    for hidden in ["/v1/runs", "/v1/waiting", "/v1/ledger", "/v1/workflows/ask", &format!("{own}/picture")] {
        is(&told(server.get(hidden, Some(&token))).await, 403, "scope-missing");
    }
    is(&told(server.post(&format!("{own}/cancel"), &token).json(&json!({}))).await, 403, "scope-missing");
}

#[tokio::test]
async fn a_token_for_events_of_one_account_brings_those_and_nothing_else() {
    let other = "210987654321";
    let folder = Folder::with(&format!(
        "[accounts.{other}]\nregions = [\"{REGION}\"]\nendpoint = \"http://127.0.0.1:9\"\n\
         test-keys = {{ access-key-id = \"id\", secret-access-key = \"key\" }}\n"
    ));
    let server = Server::at(&folder, StillClock::at(NOW)).await;
    let token = server.token_with("eventbridge", &[&format!("events:{ACCOUNT}")]).await;
    let bring = |account: &str| told(server.post("/v1/events", &token).json(&event(account)));
    assert_eq!(bring(ACCOUNT).await.0, 202);
    is(&bring(other).await, 403, "scope-missing");
    for hidden in ["/v1/runs", "/v1/ledger?run=events", "/v1/plugins", "/v1/tokens"] {
        is(&told(server.get(hidden, Some(&token))).await, 403, "scope-missing");
    }
    let refused = server.see("/v1/ledger?run=events&kind=event.refused").await;
    assert_eq!(refused["entries"].as_array().unwrap().len(), 1, "{refused}");
}

/// Lists leave out what a token may not see, page by page.
#[tokio::test]
async fn the_installations_own_chain_is_for_audit_and_admin() {
    let server = Server::start().await;
    push(&server, "ask").await;
    assert_eq!(start(&server, "ask", &server.person).await.0, 202);
    let chains = async |scope: &str, query: &str| {
        let token = server.token_with(scope, &[scope]).await;
        let (mut chains, mut after) = (std::collections::BTreeSet::new(), 0);
        loop {
            let path = format!("/v1/ledger?limit=2&after={after}{query}");
            let answer = server.get(&path, Some(&token)).send().await.unwrap();
            if answer.status() != 200 {
                return format!("{}", answer.status().as_u16());
            }
            let page: Value = answer.json().await.unwrap();
            let entries = page["entries"].as_array().unwrap();
            chains.extend(entries.iter().map(|entry| match entry["run"].as_str().unwrap() {
                "system" => "system",
                _ => "runs",
            }));
            match page["next"].as_i64() {
                Some(next) => after = next,
                None => return chains.into_iter().collect::<Vec<_>>().join(" "),
            }
        }
    };
    for (scope, query, expected) in [
        ("read", "", "runs"),
        ("read", "&kind=token.", ""),
        ("read", "&kind=run.", "runs"),
        ("read", "&run=system", "403"),
        ("admin", "", "system"),
        ("admin", "&run=system", "system"),
        ("admin", "&run=r-1", "403"),
        ("admin", "&kind=run.", ""),
        ("audit", "", "runs system"),
        ("audit", "&run=system", "system"),
    ] {
        case("D16", &format!("the ledger{query} by a token with `{scope}`"), expected, chains(scope, query).await);
    }
}
