//! What is sent, and what each answer means.

use std::sync::Arc;

use capability::{Effect, FaultKind};
use cases::case;
use https::{Reply, Server};
use operations::{Http, RootsError};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::{Kept, SEND, headers, operation, refused, request, send};
use crate::wit::Contract;

/// Sends a `post` without secrets to a server that gives this reply.
async fn answered(reply: Reply) -> Result<Value, capability::Fault> {
    let server = Server::start([reply]).await;
    let answer = send(&server, &Kept::default(), &request("post", &server.url("127.0.0.1", "/x"), json!({}))).await;
    assert_eq!((server.requests().len(), server.connections()), (1, 1), "one request, over one connection");
    answer
}

#[tokio::test]
async fn each_method_is_sent_as_it_is() {
    for (method, effect, action) in [
        ("get", Effect::Read, "http:Get"),
        ("head", Effect::Read, "http:Head"),
        ("post", Effect::Write, "http:Post"),
        ("put", Effect::Write, "http:Put"),
        ("patch", Effect::Write, "http:Patch"),
        ("delete", Effect::Write, "http:Delete"),
    ] {
        let server = Server::start([Reply::new(200, "", if method == "head" { "" } else { "done" })]).await;
        let url = server.url("127.0.0.1", "/a/../b?c=d");
        let arguments = request(method, &url, json!({}));
        let operation = operation(&arguments).await.unwrap();
        assert_eq!((operation.effect(), operation.touches().len()), (effect, 1));
        assert_eq!(operation.touches()[0].action, action);
        assert_eq!(operation.touches()[0].resource, server.url("127.0.0.1", "/b?c=d"));
        assert!(operation.spec().actions().any(|stated| stated == action), "{action}");

        let answer = send(&server, &Kept::default(), &arguments).await.unwrap();
        assert_eq!(answer["status"], 200);
        let requests = server.requests();
        assert_eq!(requests[0].line, format!("{} /b?c=d HTTP/1.1", method.to_uppercase()));
    }
}

#[tokio::test]
async fn headers_and_body_are_sent_and_the_answer_is_given_whole() {
    let server = Server::start([Reply::new(201, "X-Id: 7\r\nX-Id: 8\r\n", "{\"ok\":true}")]).await;
    let url = server.url("127.0.0.1", "/x");
    let given = headers(&[("Content-Type", "application/json"), ("X-Two", "a"), ("x-two", "b c")]);
    let arguments = request("post", &url, json!({ "headers": given, "body": { "text": "{\"a\":\"\u{e4}\"}" } }));
    let answer = send(&server, &Kept::default(), &arguments).await.unwrap();
    Contract::load().check_output(SEND, &answer);
    assert_eq!((&answer["status"], &answer["body"]), (&json!(201), &json!({ "text": "{\"ok\":true}" })));
    let given: Vec<&Value> =
        answer["headers"].as_array().unwrap().iter().filter(|header| header["name"] == "x-id").collect();
    assert_eq!(given, [&json!({ "name": "x-id", "value": "7" }), &json!({ "name": "x-id", "value": "8" })]);

    let requests = server.requests();
    let sent = &requests[0];
    assert_eq!(sent.text(), "{\"a\":\"\u{e4}\"}");
    assert_eq!(sent.header("content-type"), Some("application/json"));
    let twice: Vec<&str> =
        sent.headers.iter().filter(|(name, _)| name == "x-two").map(|(_, value)| value.as_str()).collect();
    assert_eq!(twice, ["a", "b c"]);
    assert_eq!(sent.header("accept-encoding"), Some("identity"));
    assert_eq!(sent.header("user-agent"), Some(concat!("quell/", env!("CARGO_PKG_VERSION"))));
    assert_eq!(sent.header("host"), Some(format!("127.0.0.1:{}", server.port).as_str()));
}

#[tokio::test]
async fn bytes_go_both_ways_in_base64() {
    let server = Server::start([Reply::new(200, "", [0xff, 0xfe, 0])]).await;
    let more = json!({ "headers": headers(&[("user-agent", "mine/1")]), "body": { "base64": "AP+A" } });
    let arguments = request("put", &server.url("127.0.0.1", "/x"), more);
    let answer = send(&server, &Kept::default(), &arguments).await.unwrap();
    assert_eq!(answer["body"], json!({ "base64": "//4A" }));
    let requests = server.requests();
    assert_eq!(requests[0].body, [0, 0xff, 0x80]);
    assert_eq!(requests[0].header("user-agent"), Some("mine/1"));
}

/// The methods, bodies and settlements of the WIT, and no others.
#[tokio::test]
async fn every_case_of_the_contract_is_read() {
    let contract = Contract::load();
    let others = contract.with_other_cases(SEND);
    assert!(others.len() > 8, "{others:?}");
    for arguments in [contract.arguments(SEND)].into_iter().chain(others).chain(contract.without_options(SEND)) {
        assert_eq!(operation(&arguments).await.map(|_| ()), Ok(()), "{arguments}");
    }
    for arguments in contract.wrong_arguments(SEND) {
        assert_eq!(operation(&arguments).await.map(|_| ()).unwrap_err().kind, FaultKind::Invalid, "{arguments}");
    }
}

#[tokio::test]
async fn arguments_that_cannot_be_right_are_refused() {
    let url = "https://h.test/x";
    let key = |name: &str| json!({ "idempotency": { "key": name } });
    let lookup = |url: &str, found: &str| json!({ "idempotency": { "lookup": { "url": url, "found": found } } });
    for arguments in [
        json!({}),
        json!({ "request": {} }),
        request("trace", url, json!({})),
        request("POST", url, json!({})),
        request("post", "http://h.test/x", json!({})),
        request("post", "https://u:p@h.test/x", json!({})),
        request("post", "https://h.test/x#y", json!({})),
        request("post", "https://h.test/x/..;y/z", json!({})),
        request("post", "https://h.test/x/%2e.%3By/z", json!({})),
        request("post", "https://h.test/x%2f..;%2fz", json!({})),
        request("post", url, lookup("https://h.test/x/.;/z", "/x")),
        request("post", url, json!({ "headers": headers(&[("host", "evil.test")]) })),
        request("post", url, json!({ "headers": headers(&[("x", "a\r\nb: c")]) })),
        request("post", url, json!({ "headers": headers(&[("${secret:a}", "x")]) })),
        request("post", url, json!({ "body": { "base64": "A" } })),
        request("post", url, json!({ "body": { "base64": "${secret:a}" } })),
        request("post", url, json!({ "body": { "text": "${secret:A}" } })),
        request("post", url, json!({ "body": { "text": "x".repeat((256 << 10) + 1) } })),
        request("post", url, json!({ "body": { "text": "x", "base64": "AA==" } })),
        request("post", url, key("content-length")),
        request("post", url, key("x-http-method-override")),
        request("post", url, key("a b")),
        request("post", url, json!({ "headers": headers(&[("X-Key", "1")]), "idempotency": { "key": "x-key" } })),
        request("post", url, lookup("http://h.test/y", "/x")),
        request("post", url, lookup("https://h.test/y", "x")),
        request("post", url, json!({ "idempotency": { "review": { "x": 1 } } })),
        request("post", url, json!({ "idempotency": { "once": {} } })),
        request(
            "post",
            url,
            json!({ "body": { "text": (0..17).map(|n| format!("${{secret:s{n}}}")).collect::<String>() } }),
        ),
    ] {
        let refused = operation(&arguments).await.map(|_| ()).unwrap_err();
        assert_eq!(refused.kind, FaultKind::Invalid, "{arguments:.200}");
        assert!(!refused.unknown);
    }
}

/// Each status is an answer but those that say that nothing was answered.
#[tokio::test]
async fn statuses_are_answers_unless_the_service_failed() {
    for status in [200, 204, 304, 400, 401, 403, 404, 409, 410, 418, 499] {
        assert_eq!(answered(Reply::new(status, "", "")).await.unwrap()["status"], status);
    }
    let after = "retry-after: 7\r\n";
    for (status, headers, kind, unknown) in [
        (429, "", FaultKind::Throttled, false),
        (429, after, FaultKind::Throttled, false),
        (503, after, FaultKind::Unavailable, true),
        (503, "", FaultKind::Unavailable, true),
        (500, "", FaultKind::Unavailable, true),
        (500, after, FaultKind::Unavailable, true),
        (502, "", FaultKind::Unavailable, true),
        (504, "", FaultKind::Unavailable, true),
        (599, "", FaultKind::Unavailable, true),
    ] {
        let answer = answered(Reply::new(status, headers, "for a reason")).await;
        refused(answer, kind, &format!("http-{status}"), unknown);
    }
}

/// A read that is to come again changes nothing; of a write nobody knows who answered that.
#[tokio::test]
async fn a_service_that_is_busy_is_asked_again_by_reads() {
    let busy = || Reply::new(503, "retry-after: 7\r\n", "");
    for (method, kind, unknown) in [
        ("get", FaultKind::Throttled, false),
        ("put", FaultKind::Unavailable, true),
        ("patch", FaultKind::Unavailable, true),
        ("delete", FaultKind::Unavailable, true),
    ] {
        let server = Server::start([busy()]).await;
        let arguments = request(method, &server.url("127.0.0.1", "/x"), json!({}));
        refused(send(&server, &Kept::default(), &arguments).await, kind, "http-503", unknown);
    }
}

/// What a service gives for the credentials of a request is one itself: neither the plugin nor the ledger has it.
#[tokio::test]
async fn credentials_in_the_headers_of_an_answer_are_left_out() {
    let head = "Set-Cookie: JSESSIONID=canary\r\nset-cookie: b=canary\r\nSet-Cookie2: c=canary\r\n\
                Authentication-Info: nextnonce=\"canary\"\r\nProxy-Authentication-Info: canary\r\n\
                WWW-Authenticate: Basic realm=\"x\"\r\nx-id: 7\r\n";
    for status in [200, 401] {
        let answer = answered(Reply::new(status, head, "")).await.unwrap();
        assert!(!answer.to_string().contains("canary"), "{answer}");
        let names: Vec<&str> =
            answer["headers"].as_array().unwrap().iter().map(|header| header["name"].as_str().unwrap()).collect();
        assert!(names.contains(&"www-authenticate") && names.contains(&"x-id"), "{names:?}");
    }
}

/// I26: wherever a redirect leads to, nobody goes there. Whoever asked is told where it would have gone.
#[tokio::test]
async fn i26_redirects_are_not_followed() {
    let other = Server::start([]).await;
    let there = other.url("127.0.0.1", "/taken");
    for location in ["http://169.254.169.254/latest/meta-data/", "https://localhost/", "/elsewhere", there.as_str()] {
        for status in [301, 302, 303, 307, 308] {
            let answer = answered(Reply::new(status, &format!("location: {location}\r\n"), "")).await.unwrap();
            let headers = answer["headers"].as_array().unwrap();
            let told = headers.iter().find(|header| header["name"] == "location").unwrap();
            assert_eq!(told["value"], location);
            if status == 302 && location.starts_with("http://169") {
                let seen = format!("{} with its location, {} requests", answer["status"], 1);
                case("I26", "a redirect to 169.254.169.254", "302 with its location, 1 requests", seen);
            }
        }
    }
    assert_eq!(other.connections(), 0);
    case("I26", "a redirect to another host", "0 connections", format!("{} connections", other.connections()));
}

/// I05, I07: what broke off may have been carried out.
#[tokio::test]
async fn replies_that_break_off_are_unknown() {
    let bytes = |text: &str| Reply::Bytes(text.as_bytes().to_vec());
    for (reply, code) in [
        (bytes(""), "no-reply"),
        (bytes("HTTP/1.1 200"), "no-reply"),
        (bytes("no HTTP at all\r\n\r\n"), "no-reply"),
        (bytes("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf"), "unreadable-reply"),
        (bytes("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nha"), "unreadable-reply"),
        (bytes("HTTP/1.1 400 No\r\ncontent-length: 100\r\n\r\nhalf"), "unreadable-reply"),
    ] {
        refused(answered(reply).await, FaultKind::Unavailable, code, true);
    }
}

#[tokio::test]
async fn replies_are_bounded() {
    let whole = "x".repeat(256 << 10);
    assert_eq!(answered(Reply::new(200, "", &whole)).await.unwrap()["body"]["text"], whole);
    let more = format!("{whole}x");
    let message = refused(answered(Reply::new(200, "", &more)).await, FaultKind::Other, "reply-too-large", false);
    assert!(message.contains("200 OK"), "{message}");
    let chunked =
        format!("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n{:x}\r\n{more}\r\n0\r\n\r\n", more.len());
    refused(answered(Reply::Bytes(chunked.into_bytes())).await, FaultKind::Other, "reply-too-large", false);
    let header = format!("x-long: {}\r\n", "y".repeat(33 << 10));
    refused(answered(Reply::new(200, &header, "")).await, FaultKind::Other, "reply-too-large", false);
    let many: String = (0..200).map(|n| format!("x-{n}: y\r\n")).collect();
    refused(answered(Reply::new(200, &many, "")).await, FaultKind::Unavailable, "no-reply", true);
}

/// I23, I24: without a connection over TLS to who it should be, nothing was sent.
#[tokio::test]
async fn without_a_connection_nothing_was_sent() {
    let server = Server::start([]).await;
    let other = Server::start([]).await;
    let elsewhere = request("post", &other.url("127.0.0.1", "/x"), json!({}));
    refused(send(&server, &Kept::default(), &elsewhere).await, FaultKind::Unavailable, "no-connection", false);

    let misnamed = Server::named(&["other.test"], []).await;
    let arguments = request("post", &misnamed.url("127.0.0.1", "/x"), json!({}));
    refused(send(&misnamed, &Kept::default(), &arguments).await, FaultKind::Unavailable, "no-connection", false);

    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://{}/x", listener.local_addr().unwrap());
    drop(listener);
    let arguments = request("post", &url, json!({}));
    let message =
        refused(send(&server, &Kept::default(), &arguments).await, FaultKind::Unavailable, "no-connection", false);
    assert!(message.starts_with("`127.0.0.1`: "), "{message}");
    for server in [server, other, misnamed] {
        assert!(server.requests().is_empty());
    }
}

/// Time passes by itself while everything waits, so that nobody has to.
#[tokio::test(start_paused = true)]
async fn a_server_that_never_does_tls_is_given_up() {
    let server = Server::start([]).await;
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let arguments = request("post", &format!("https://{}/x", silent.local_addr().unwrap()), json!({}));
    let started = tokio::time::Instant::now();
    refused(send(&server, &Kept::default(), &arguments).await, FaultKind::Unavailable, "no-connection", false);
    assert_eq!(started.elapsed().as_secs(), 3);
}

#[tokio::test]
async fn an_answer_that_never_comes_is_unknown() {
    let server = Arc::new(Server::start([Reply::Never]).await);
    let arguments = request("post", &server.url("127.0.0.1", "/x"), json!({}));
    let asked = server.clone();
    let sent = tokio::spawn(async move { send(&asked, &Kept::default(), &arguments).await });
    while server.requests().is_empty() {
        tokio::task::yield_now().await;
    }
    tokio::time::pause();
    refused(sent.await.unwrap(), FaultKind::Unavailable, "time-out", true);
}

#[test]
fn authorities_that_are_none_are_refused() {
    let trusting = |pem: &str| Http::default().trusting(pem.as_bytes()).map(|_| ());
    assert_eq!(trusting(""), Err(RootsError::None));
    assert_eq!(trusting("no certificate"), Err(RootsError::None));
    let broken = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    assert!(matches!(trusting(broken), Err(RootsError::Unreadable(_))));
    let cut = "-----BEGIN CERTIFICATE-----\nAAAA\n";
    assert!(trusting(cut).is_err());
}
