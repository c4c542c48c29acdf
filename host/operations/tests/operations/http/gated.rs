//! Requests through the real gate, under real grants: what is allowed, and what then is reached.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use capability::{Attempt, Caller, Clock, Effective, Gate, Journal, Limits, Passed, Policies, TokenKey};
use grant::Policy;
use https::{Reply, Server};
use ledger::{Draft, LedgerError, Millis};
use serde_json::{Value, json};

use super::{Kept, SEND, headers, operations, request};
use crate::scope;

/// The policies, the ledger and the clock around a gate.
struct Around {
    policies: Effective,
    kept: Mutex<Vec<Draft>>,
    now: Mutex<Millis>,
}

impl Policies for Around {
    fn effective(&self, _: &str) -> Effective {
        self.policies.clone()
    }
}

#[async_trait]
impl Journal for Around {
    fn note(&self, draft: Draft) {
        self.kept.lock().unwrap().push(draft);
    }

    async fn commit(&self, drafts: Vec<Draft>) -> Result<(), LedgerError> {
        self.kept.lock().unwrap().extend(drafts);
        Ok(())
    }

    async fn confirm(&self) -> Result<(), LedgerError> {
        Ok(())
    }
}

#[async_trait]
impl Clock for Around {
    fn now(&self) -> Millis {
        *self.now.lock().unwrap()
    }

    async fn until(&self, time: Millis) {
        let mut now = self.now.lock().unwrap();
        *now = time.max(*now);
    }
}

fn policy(name: &str, statements: Value) -> Policy {
    let document = json!({ "Version": "2012-10-17", "Statement": statements }).to_string();
    Policy::load(name, &document).unwrap_or_else(|error| panic!("{error}"))
}

fn allow(action: &str, resource: &str) -> Value {
    json!({ "Effect": "Allow", "Action": action, "Resource": resource })
}

/// Makes a call; gives its answer, or the whole of how it ended, and the ledger.
async fn pass(
    server: &Server,
    kept: &Kept,
    policies: Effective,
    arguments: &Value,
) -> (Result<Value, Passed>, Vec<Draft>) {
    let around = Arc::new(Around { policies, kept: Mutex::default(), now: Mutex::new(1_800_000_000_000) });
    let catalog = Arc::new(operations(server, kept));
    let gate = Gate::new(catalog, around.clone(), around.clone(), TokenKey::new([1; 32]), Limits::default());
    let caller = Caller {
        run: "r-1".into(),
        workflow: "w".into(),
        step: "s".into(),
        attempt: 1,
        started: 1_800_000_000_000,
        scope: scope(),
        digest: "abc".into(),
        repeat_unknown: false,
    };
    let attempt = Arc::new(Attempt::new(caller, around.clone(), BTreeMap::new()));
    let passed = Arc::new(gate).pass(&attempt, SEND, arguments).await;
    attempt.quiesce().await;
    let kept = around.kept.lock().unwrap().clone();
    match passed {
        Passed::Answer(answer) => (Ok(answer), kept),
        other => (Err(other), kept),
    }
}

/// The same under a grant, and perhaps a guardrail: the status, or the kind and code of the error.
async fn under(server: &Server, kept: &Kept, grant: Value, guardrail: Option<Value>, arguments: &Value) -> String {
    let guardrails = guardrail.map(|statements| policy("guardrail", statements)).into_iter().collect();
    let policies = Effective { guardrails, grants: [policy("grant", grant)].into() };
    let answer = pass(server, kept, policies, arguments).await.0.unwrap();
    match answer["err"].as_object().and_then(|cases| cases.iter().next()) {
        None => answer["ok"]["status"].to_string(),
        Some((case, detail)) => format!("{case} {}", detail["code"].as_str().unwrap()),
    }
}

fn any() -> Reply {
    Reply::new(200, "", "")
}

/// Each method is an action of its own, and each secret.
#[tokio::test]
async fn what_is_not_granted_is_not_sent() {
    let server = Server::start([any(), any(), any()]).await;
    let (url, kept) = (server.url("127.0.0.1", "/hooks/1"), Kept::one("token", "canary"));
    let pattern = server.url("127.0.0.1", "/hooks/*");
    let post = request("post", &url, json!({}));
    let get = request("get", &url, json!({}));
    let with_secret = request("post", &url, json!({ "headers": headers(&[("x", "${secret:token}")]) }));
    let looking = json!({ "idempotency": { "lookup": { "url": server.url("127.0.0.1", "/list"), "found": "" } } });
    let looking = request("post", &url, looking);
    let list = server.url("127.0.0.1", "/list");
    for (statements, arguments, expected) in [
        (json!([allow("http:Post", &pattern)]), &post, "200"),
        (json!([allow("http:Post", &pattern)]), &get, "access-denied implicit-deny"),
        (json!([allow("http:Get", &pattern)]), &post, "access-denied implicit-deny"),
        (json!([allow("http:Post", &server.url("127.0.0.1", "/other/*"))]), &post, "access-denied implicit-deny"),
        (json!([allow("http:Post", &pattern)]), &with_secret, "access-denied implicit-deny"),
        (
            json!([allow("http:Post", &pattern), allow("secret:Use", "other")]),
            &with_secret,
            "access-denied implicit-deny",
        ),
        (json!([allow("http:Post", &pattern), allow("secret:Use", "tok*")]), &with_secret, "200"),
        (json!([allow("http:Post", &pattern)]), &looking, "access-denied implicit-deny"),
        (json!([allow("http:Post", &pattern), allow("http:Get", &list)]), &looking, "200"),
    ] {
        let before = server.connections();
        assert_eq!(
            under(&server, &kept, statements.clone(), None, arguments).await,
            expected,
            "{statements} {arguments}"
        );
        assert_eq!(server.connections() > before, expected == "200", "{statements} {arguments}");
    }
}

/// A private address is reached where the grant names it, for what it names it, and no guardrail denies it.
#[tokio::test]
async fn a_private_address_is_named_by_the_grant() {
    let server = Server::start([any(), any(), any()]).await;
    let at = |host: &str, path: &str| server.url(host, path);
    let (post, by_name) =
        (request("post", &at("127.0.0.1", "/a/1"), json!({})), request("post", &at("localhost", "/a/1"), json!({})));
    let lookup = json!({ "idempotency": { "lookup": { "url": at("localhost", "/list"), "found": "" } } });
    let looked_up = request("post", &at("localhost", "/a/1"), lookup);
    let all = allow("http:*", "*");
    let local = allow("http:*", &at("localhost", "/*"));
    let named = allow("http:Post", &at("127.0.0.1", "/a/*"));
    let everything = allow("*", "*");
    let denied = json!({ "Effect": "Deny", "Action": "http:*", "Resource": at("127.0.0.1", "/*") });
    let on = |statement: &Value, condition: Value| {
        let mut statement = statement.clone();
        statement.as_object_mut().unwrap().insert("Condition".into(), condition);
        statement
    };
    let refused = "access-denied private-address";
    for (statements, guardrail, arguments, expected) in [
        (json!([named]), None, &post, "200"),
        (json!([all]), None, &post, refused),
        (json!([all]), None, &by_name, refused),
        (json!([local]), None, &by_name, refused),
        (json!([local, named]), None, &by_name, "200"),
        (json!([all, named]), Some(json!([everything])), &by_name, "200"),
        // Named for something else.
        (json!([all, allow("http:Get", &at("127.0.0.1", "/a/*"))]), None, &post, refused),
        (json!([local, allow("http:Post", &at("127.0.0.1", "/b/*"))]), None, &by_name, refused),
        (json!([local, allow("http:Post", "https://127.0.0.1/a/*")]), None, &by_name, refused),
        (json!([local, allow("http:Post", &at("127.0.0.2", "/a/*"))]), None, &by_name, refused),
        (json!([local, on(&named, json!({ "StringEquals": { "quell:StepId": "other" } }))]), None, &by_name, refused),
        // Named for the lookup, and not for the request.
        (json!([local, allow("http:Get", &at("127.0.0.1", "/list"))]), None, &looked_up, refused),
        // Named, and denied all the same, in whichever way it is reached.
        (json!([all, named]), Some(json!([everything, denied])), &post, "access-denied guardrail"),
        (json!([all, named]), Some(json!([everything, denied])), &by_name, refused),
        (json!([all, named, denied]), None, &by_name, refused),
    ] {
        let before = server.connections();
        let seen = under(&server, &Kept::default(), statements.clone(), guardrail.clone(), arguments).await;
        assert_eq!(seen, expected, "{statements} {guardrail:?} {arguments}");
        assert_eq!(server.connections() > before, expected == "200", "{statements} {guardrail:?} {arguments}");
    }
}

/// A grant can keep secrets out of bodies, where what strangers wrote may name one.
#[tokio::test]
async fn a_grant_says_where_secrets_may_stand() {
    let server = Server::start([any()]).await;
    let kept = Kept::one("token", "canary");
    let mut uses = allow("secret:Use", "token");
    let only = json!({ "ForAllValues:StringEquals": { "quell:Arg/secret-in": ["url", "header"] } });
    uses.as_object_mut().unwrap().insert("Condition".into(), only);
    let statements = json!([allow("http:Post", &server.url("127.0.0.1", "/*")), uses]);
    let url = server.url("127.0.0.1", "/${secret:token}");
    let clean = request("post", &url, json!({ "body": { "text": "a finding" } }));
    let injected = request("post", &url, json!({ "body": { "text": "a finding named ${secret:token}" } }));
    assert_eq!(under(&server, &kept, statements.clone(), None, &clean).await, "200");
    assert_eq!(under(&server, &kept, statements, None, &injected).await, "access-denied implicit-deny");
    assert_eq!(server.requests().len(), 1);
}

/// A lost answer: the key makes it safe to send again, the lookup tells, and without either a person is asked.
#[tokio::test]
async fn a_lost_answer_is_settled_as_the_request_says() {
    let lost = || Reply::Bytes(vec![]);
    let grant = |server: &Server| {
        let statements = json!([allow("http:*", &server.url("127.0.0.1", "/*")), allow("secret:Use", "token")]);
        Effective { grants: [policy("grant", statements)].into(), ..Effective::default() }
    };
    let kept = Kept::one("token", "canary-of-the-secret");
    let call = |server: &Server, idempotency: Value| {
        let more = json!({ "headers": headers(&[("x", "${secret:token}")]), "idempotency": idempotency });
        request("post", &server.url("127.0.0.1", "/x"), more)
    };

    let server = Server::start([lost(), Reply::new(201, "", "made")]).await;
    let key = call(&server, json!({ "key": "idempotency-key" }));
    let (answer, ledger) = pass(&server, &kept, grant(&server), &key).await;
    assert_eq!(answer.unwrap()["ok"]["status"], 201);
    let requests = server.requests();
    assert_eq!(requests.len(), 2);
    assert!(requests[0].header("idempotency-key").is_some_and(|key| key.len() == 32));
    assert_eq!(requests[0], requests[1]);
    silent(&ledger);

    let server = Server::start([lost(), Reply::json(200, r#"{"result":[{"number":"INC1"}]}"#)]).await;
    let lookup = json!({ "lookup": { "url": server.url("127.0.0.1", "/list?id=7"), "found": "/result/0" } });
    let (answer, ledger) = pass(&server, &kept, grant(&server), &call(&server, lookup.clone())).await;
    assert_eq!(answer.unwrap()["ok"]["body"]["text"], r#"{"result":[{"number":"INC1"}]}"#);
    let lines: Vec<String> = server.requests().into_iter().map(|request| request.line).collect();
    assert_eq!(lines, ["POST /x HTTP/1.1", "GET /list?id=7 HTTP/1.1"]);
    silent(&ledger);

    let nothing = || Reply::json(200, r#"{"result":[]}"#);
    let server = Server::start([lost(), nothing(), nothing(), Reply::new(201, "", "made")]).await;
    let lookup = json!({ "lookup": { "url": server.url("127.0.0.1", "/list?id=7"), "found": "/result/0" } });
    let (answer, _) = pass(&server, &kept, grant(&server), &call(&server, lookup)).await;
    assert_eq!(answer.unwrap()["ok"]["status"], 201);
    assert_eq!(server.requests().len(), 4);

    let server = Server::start([lost()]).await;
    let (answer, ledger) = pass(&server, &kept, grant(&server), &call(&server, json!({ "review": {} }))).await;
    assert!(matches!(answer, Err(Passed::Suspend(_))), "{answer:?}");
    assert_eq!(server.requests().len(), 1);
    silent(&ledger);
}

/// L07: the ledger has the name of the secret, and not its value.
fn silent(ledger: &[Draft]) {
    let text = format!("{ledger:?}");
    let bytes: Vec<u8> = ledger.iter().flat_map(|draft| draft.payloads.values().flatten().copied()).collect();
    assert!(String::from_utf8_lossy(&bytes).contains("${secret:token}"));
    for text in [text.as_str(), &String::from_utf8_lossy(&bytes)] {
        assert!(!text.contains("canary-of-the-secret"), "{text}");
    }
}
