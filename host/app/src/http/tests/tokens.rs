//! Tokens: made with what they may do, listed, expired, revoked; and what narrow ones reach.

use cases::case;
use serde_json::{Value, json};

use super::clock::StillClock;
use super::server::{ACCOUNT, Folder, REGION, Server, is, told};
use crate::installation::recover_token;

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
        "expires": LATER, "expired": false, "last-used": NOW
    });
    let tokens = listed["tokens"].as_array().unwrap();
    assert_eq!(tokens.iter().find(|token| token["id"] == id), Some(&expected), "{listed}");
    // `quell_<id>_<secret>`, and a secret may have `_` in it.
    let secret = token.splitn(3, '_').nth(2).unwrap();
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
        is(
            &told(server.post("/v1/runs/r-00000000000070008000000000000000/resume", &token)).await,
            403,
            "scope-missing",
        );
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

/// What a wrong token is told, from this address.
async fn tried(server: &Server, from: u8, token: &str) -> (u16, Option<u64>) {
    let request = server.request(reqwest::Method::GET, "/v1/whoami", Some(token)).build().unwrap();
    let answer = server.from([127, 0, 2, from], request).await;
    let wait = answer.headers().get("retry-after").map(|wait| wait.to_str().unwrap().parse().unwrap());
    (answer.status().as_u16(), wait)
}

#[tokio::test]
async fn who_tries_wrong_tokens_has_to_wait_and_those_beside_them_do_not() {
    let clock = StillClock::at(NOW);
    let server = Server::at(&Folder::new(), clock.clone()).await;
    let wrong = format!("{}x", server.admin);
    let mut told = vec![];
    for _ in 0..105 {
        told.push(tried(&server, 1, &wrong).await);
    }
    let refused = told.iter().position(|(status, _)| *status == 429);
    case("D29", "wrong tokens from one address: how many are looked at", 100, refused.unwrap_or(told.len()));
    assert!(
        told[..100].iter().all(|told| *told == (401, None)) && told[100..].iter().all(|told| *told == (429, Some(60)))
    );
    let good = tried(&server, 1, &server.admin).await.0;
    case("D29", "a good token from the same address, meanwhile", 200, good);
    case("D29", "a wrong token from another address", 401, tried(&server, 2, &wrong).await.0);
    clock.set("2026-03-01T12:01:00Z");
    case("D29", "a wrong token from the first address, a minute later", 401, tried(&server, 1, &wrong).await.0);
}

#[tokio::test]
async fn a_start_that_would_cancel_another_run_takes_operate() {
    let server = Server::start().await;
    let document =
        ASK.replace("NAME", "one").replace("steps:", "concurrency: { runs: 1, beyond: cancel-oldest }\nsteps:");
    let put = server.put("/v1/workflows/one", &server.admin).header("content-type", "application/yaml");
    assert_eq!(told(put.body(document)).await.0, 200);
    let deploy = server.token_with("deploy", &["start:one"]).await;
    let (status, _, first) = start(&server, "one", &server.person).await;
    assert_eq!(status, 202);
    let first = format!("/v1/runs/{}", first["run"].as_str().unwrap());
    let (status, code, refused) = start(&server, "one", &deploy).await;
    assert_eq!((status, code.as_str()), (403, "forbidden"), "{refused}");
    assert!(refused["detail"].as_str().unwrap().contains("would cancel the oldest"), "{refused}");
    assert_ne!(server.see(&first).await["status"], "cancelled");
    let operator = server.token_with("oscar", &["start:one", "operate"]).await;
    assert_eq!(start(&server, "one", &operator).await.0, 202);
    loop {
        if server.see(&first).await["status"] == "cancelled" {
            break;
        }
        tokio::task::yield_now().await;
    }
}

/// H02: a second token is no second person.
#[tokio::test]
async fn a_token_of_ones_own_making_decides_nothing() {
    let server = Server::start().await;
    push(&server, "ask").await;
    let make = async |by: &str, name: &str| {
        let terms = json!({ "name": name, "scopes": ["read", "start:*", "admin"], "groups": ["leads"] });
        let made = server.post("/v1/tokens", by).json(&terms).send().await.unwrap().json::<Value>().await.unwrap();
        made["token"].as_str().unwrap().to_owned()
    };
    let bob = make(&server.admin, "bob").await;
    let puppet = make(&bob, "robert").await;
    let grandchild = make(&puppet, "roberta").await;
    let alice = make(&server.admin, "lea").await;
    let (_, _, started) = start(&server, "ask", &bob).await;
    let run = started["run"].as_str().unwrap();
    let decide = async |token: &str| {
        let post = server.post(&format!("/v1/runs/{run}/approvals/ask"), token);
        loop {
            let told = told(post.try_clone().unwrap().json(&json!({ "decision": "approve" }))).await;
            if told.1 != "not-waiting" {
                return format!("{} {}", told.0, told.1);
            }
            tokio::task::yield_now().await;
        }
    };
    case("H02", "a token that the starter made", "403 self-approval", decide(&puppet).await);
    case("H02", "a token made with a token that the starter made", "403 self-approval", decide(&grandchild).await);
    // Revoking the one in between hides nothing.
    let id = puppet.split('_').nth(1).unwrap();
    assert_eq!(told(server.delete(&format!("/v1/tokens/{id}"), &server.admin)).await.0, 204);
    case("H02", "the same, when the one in between was revoked", "403 self-approval", decide(&grandchild).await);
    case("H02", "somebody else, whose token the same administrator made", "200 ", decide(&alice).await);
    let decided = server.see(&format!("/v1/ledger?run={run}&kind=approval.decided")).await;
    let admin = server.admin.split('_').nth(1).unwrap();
    let with = &decided["entries"][0]["data"]["with"];
    assert_eq!(with["token"], alice.split('_').nth(1).unwrap(), "{decided}");
    assert_eq!(with["made-by"], json!([{ "name": "admin", "token": admin }]));
}

#[tokio::test]
async fn whoever_has_the_folder_replaces_the_first_token() {
    let folder = Folder::new();
    let server = Server::at(&folder, StillClock::at(NOW)).await;
    let terms = json!({ "name": "bob", "scopes": ["read"] });
    let made =
        server.post("/v1/tokens", &server.admin).json(&terms).send().await.unwrap().json::<Value>().await.unwrap();
    let bob = made["token"].as_str().unwrap().to_owned();
    let (old, shown) = (server.admin.clone(), std::cell::RefCell::new(String::new()));
    let show = |text: &str, _: &str| {
        shown.replace(text.to_owned());
        Ok(())
    };
    let refused = recover_token(&folder.data(), "admin", show).await.unwrap_err().to_string();
    assert!(refused.contains("is in use by another Quell process"), "{refused}");
    assert_eq!(*shown.borrow(), "", "nothing is shown of what was not made");
    server.stop().await;
    recover_token(&folder.data(), "admin", show).await.unwrap();

    let server = Server::at(&folder, StillClock::at(NOW)).await;
    let new = shown.borrow().clone();
    is(&told(server.get("/v1/whoami", Some(&old))).await, 401, "bad-token");
    assert_eq!(told(server.get("/v1/whoami", Some(&bob))).await.0, 200);
    assert_eq!(told(server.get("/v1/tokens", Some(&new))).await.0, 200);
    let entries = server.see("/v1/ledger?run=system&kind=token.recovered").await;
    let [entry] = entries["entries"].as_array().unwrap().as_slice() else { panic!("{entries}") };
    assert_eq!((&entry["actor"], &entry["data"]["name"]), (&json!("host"), &json!("admin")));
    let replaced = entry["data"]["replaces"].as_array().unwrap();
    assert!(replaced.contains(&json!(old.split('_').nth(1).unwrap())), "{entry}");
    assert!(!entries.to_string().contains(new.splitn(3, '_').nth(2).unwrap()));

    let empty = tempfile::tempdir().unwrap();
    let none = recover_token(empty.path(), "admin", show).await.unwrap_err().to_string();
    assert!(none.contains("there is no ledger in"), "{none}");
    assert_eq!(std::fs::read_dir(empty.path()).unwrap().count(), 0, "nothing is made there");
}
