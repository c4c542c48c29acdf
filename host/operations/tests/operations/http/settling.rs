//! What is done when the answer to a write is lost, as the request itself says.

use capability::{Catalog as _, Effect, Fault, FaultKind, Observation, Settlement};
use https::{Reply, Server};
use serde_json::{Value, json};

use super::{Kept, LOOPBACK, SEND, headers, naming, operation, operations, refused, request, send};
use crate::scope;
use crate::wit::Contract;

#[tokio::test]
async fn the_request_says_how_it_is_settled() {
    let url = "https://h.test/x";
    for (idempotency, settlement, touched) in [
        (json!({ "review": {} }), Settlement::Review, vec![]),
        (json!({ "repeatable": {} }), Settlement::Repeatable, vec![]),
        (json!({ "key": "Idempotency-Key" }), Settlement::Token, vec![]),
        (
            json!({ "lookup": { "url": "https://h.test/y?id=1", "found": "/result/0" } }),
            Settlement::Observe,
            vec![("http:Get", "https://h.test/y?id=1")],
        ),
    ] {
        let write = operation(&request("post", url, json!({ "idempotency": idempotency }))).await.unwrap();
        assert_eq!((write.settlement(), write.effect()), (settlement, Effect::Write));
        let touches = write.touches();
        let touches: Vec<(&str, &str)> =
            touches.iter().map(|touch| (touch.action.as_str(), touch.resource.as_str())).collect();
        assert_eq!(touches, [vec![("http:Post", url)], touched].concat());
        Contract::load().check_output(SEND, &write.presumed(&crate::marker()));

        // A read is repeated at will, and looks nothing up.
        let read = operation(&request("get", url, json!({ "idempotency": idempotency }))).await.unwrap();
        assert_eq!((read.effect(), read.touches().len()), (Effect::Read, 1));
    }
}

#[tokio::test]
async fn a_key_is_the_same_at_every_sending() {
    let server = Server::start([Reply::new(500, "", ""), Reply::new(200, "", ""), Reply::new(200, "", "")]).await;
    let url = server.url("127.0.0.1", "/x");
    let key = json!({ "idempotency": { "key": "Idempotency-Key" } });
    refused(
        send(&server, &Kept::default(), &request("post", &url, key.clone())).await,
        FaultKind::Unavailable,
        "http-500",
        true,
    );
    send(&server, &Kept::default(), &request("post", &url, key.clone())).await.unwrap();
    send(&server, &Kept::default(), &request("get", &url, key)).await.unwrap();
    let requests = server.requests();
    let keys: Vec<Option<&str>> = requests.iter().map(|request| request.header("idempotency-key")).collect();
    let token = crate::marker().token;
    assert_eq!(keys, [Some(token.as_str()), Some(token.as_str()), None]);
}

/// What a lookup that is answered so says of the write.
async fn observed(server: &Server, kept: &Kept, path: &str, found: &str) -> Result<Observation, Fault> {
    let more = json!({
        "headers": headers(&[("authorization", "Basic ${secret:token}"), ("content-type", "application/json")]),
        "body": { "text": "{\"correlation_id\":\"7\"}" },
        "idempotency": { "lookup": { "url": server.url("127.0.0.1", path), "found": found } },
    });
    let arguments = request("post", &server.url("127.0.0.1", "/incident"), more);
    let operation = operations(server, kept).operation(SEND, &arguments, &scope()).await.unwrap();
    operation.observe(&naming(operation.as_ref(), &[LOOPBACK])).await
}

#[tokio::test]
async fn a_lookup_tells_whether_it_was_done() {
    let kept = Kept::one("token", "dXNlcjpwYXNz");
    for (body, found, done) in [
        (json!({ "result": [{ "number": "INC1" }] }), "/result/0", true),
        (json!({ "result": [{ "number": "INC1" }] }), "/result/0/number", true),
        (json!({ "result": false }), "/result", true),
        (json!({ "a/b": { "~": 0 } }), "/a~1b/~0", true),
        (json!({}), "", true),
        (json!({ "result": [] }), "/result/0", false),
        (json!({ "result": null }), "/result", false),
        (json!({}), "/result/0", false),
        (json!(null), "", false),
    ] {
        let server = Server::start([Reply::json(200, &body.to_string())]).await;
        let observation = observed(&server, &kept, "/incident?id=7", found).await.unwrap();
        match observation {
            Observation::Done(answer) => {
                assert!(done, "{body} {found}");
                Contract::load().check_output(SEND, &answer);
                let text = answer["body"]["text"].as_str().unwrap();
                assert_eq!(serde_json::from_str::<Value>(text).unwrap(), body);
            }
            Observation::Absent => assert!(!done, "{body} {found}"),
            Observation::Undecided(why) => panic!("{why}"),
        }
        let requests = server.requests();
        assert_eq!(requests[0].line, "GET /incident?id=7 HTTP/1.1");
        assert_eq!(requests[0].header("authorization"), Some("Basic dXNlcjpwYXNz"));
        assert_eq!((requests[0].header("content-type"), requests[0].body.len()), (None, 0));
    }
}

/// Whoever does not get an answer knows nothing, and does not send again.
#[tokio::test]
async fn a_lookup_that_does_not_tell_decides_nothing() {
    let kept = Kept::one("token", "dXNlcjpwYXNz");
    for (reply, code) in [
        (Reply::json(404, "{}"), "lookup-failed"),
        (Reply::json(401, "{}"), "lookup-failed"),
        (Reply::new(302, "location: /login\r\n", ""), "lookup-failed"),
        (Reply::new(500, "", ""), "http-500"),
        (Reply::new(200, "", "dXNlcjpwYXNz"), "secret-in-reply"),
    ] {
        let server = Server::start([reply.clone()]).await;
        assert_eq!(observed(&server, &kept, "/y", "/x").await.unwrap_err().code, code, "{reply:?}");
    }
    let server = Server::start([Reply::new(200, "", "<html>log in</html>"), Reply::new(200, "", [0xff])]).await;
    for _ in 0..2 {
        assert!(matches!(observed(&server, &kept, "/y", "/x").await, Ok(Observation::Undecided(_))));
    }

    // Under the same rules as the request itself: hosts of secrets, and addresses.
    let elsewhere = Kept(std::collections::BTreeMap::from([("token", (vec!["h.test"], "x".into()))]));
    assert_eq!(observed(&server, &elsewhere, "/y", "/x").await.unwrap_err().code, "secret-host");
    let lookup = json!({ "lookup": { "url": server.url("127.0.0.2", "/y"), "found": "/x" } });
    let arguments = request("post", "https://h.test/x", json!({ "idempotency": lookup }));
    let operation = operations(&server, &kept).operation(SEND, &arguments, &scope()).await.unwrap();
    assert_eq!(operation.observe(&naming(operation.as_ref(), &[LOOPBACK])).await.unwrap_err().code, "private-address");

    // What only the request was sent with does not come back here either.
    let other = Kept(std::collections::BTreeMap::from([("body", (vec!["h.test"], "canary".to_owned()))]));
    let server = Server::start([Reply::json(200, r#"{"x":"canary"}"#)]).await;
    let lookup = json!({ "lookup": { "url": server.url("127.0.0.1", "/y"), "found": "/x" } });
    let more = json!({ "body": { "text": "${secret:body}" }, "idempotency": lookup });
    let arguments = request("post", "https://h.test/x", more);
    let operation = operations(&server, &other).operation(SEND, &arguments, &scope()).await.unwrap();
    assert_eq!(operation.observe(&naming(operation.as_ref(), &[LOOPBACK])).await.unwrap_err().code, "secret-in-reply");

    let review = super::operation(&request("post", "https://h.test/x", json!({}))).await.unwrap();
    assert!(matches!(review.observe(&crate::marker()).await, Ok(Observation::Undecided(_))));
}
