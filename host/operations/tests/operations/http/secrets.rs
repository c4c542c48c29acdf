//! Secrets: where they are put, where they do not go, and what is not told of them.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use capability::FaultKind;
use cases::case;
use https::{Reply, Server};
use serde_json::{Value, json};

use super::{Kept, headers, operation, refused, request, send};

const VALUE: &str = "canary-of-the-secret";

#[tokio::test]
async fn a_secret_stands_in_path_headers_and_body() {
    let server = Server::start([Reply::new(200, "", "ok"), Reply::new(200, "", "ok")]).await;
    let awkward = "a\"b\\c\u{e4}\nd";
    let kept = Kept(BTreeMap::from([
        ("hook", (vec!["other.test", "127.0.0.1"], "T0/B0/xyz".into())),
        ("basic", (vec!["127.0.0.1"], "dXNlcjpwYXNz".into())),
        ("awkward", (vec!["127.0.0.1"], awkward.into())),
    ]));
    let url = server.url("127.0.0.1", "/services/${secret:hook}/${secret:hook}?q=1");
    for (kind, expected) in [
        ("application/json", json!({ "text": awkward, "again": awkward }).to_string()),
        ("text/plain", format!("{{\"text\":\"{awkward}\",\"again\":\"{awkward}\"}}")),
    ] {
        let more = json!({
            "headers": headers(&[("authorization", "Basic ${secret:basic}"), ("content-type", kind)]),
            "body": { "text": "{\"text\":\"${secret:awkward}\",\"again\":\"${secret:awkward}\"}" },
        });
        let arguments = request("post", &url, more);
        send(&server, &kept, &arguments).await.unwrap();
        let requests = server.requests();
        let sent = requests.last().unwrap();
        assert_eq!(sent.line, "POST /services/T0/B0/xyz/T0/B0/xyz?q=1 HTTP/1.1");
        assert_eq!(sent.header("authorization"), Some("Basic dXNlcjpwYXNz"));
        assert_eq!(sent.text(), expected);

        // What a grant is compared with, and what the ledger has, are names.
        let operation = operation(&arguments).await.unwrap();
        let touches: Vec<(String, String)> =
            operation.touches().into_iter().map(|touch| (touch.action, touch.resource)).collect();
        let name = |name: &str| ("secret:Use".to_owned(), name.to_owned());
        assert_eq!(touches, [("http:Post".into(), url.clone()), name("awkward"), name("basic"), name("hook")]);
        let places = ["url", "header", "body"].map(str::to_owned).to_vec();
        assert_eq!(operation.arguments(), [("secret-in", places)]);
    }
}

#[tokio::test]
async fn a_secret_goes_only_to_its_hosts() {
    let server = Server::start([Reply::new(200, "", "")]).await;
    let kept = Kept(BTreeMap::from([("token", (vec!["hooks.test", "127.0.0.1.test"], VALUE.into()))]));
    let url = server.url("127.0.0.1", "/x");
    for more in [
        json!({ "headers": headers(&[("x", "${secret:token}")]) }),
        json!({ "body": { "text": "${secret:token}" } }),
        json!({ "url": server.url("127.0.0.1", "/${secret:token}") }),
    ] {
        let answer = send(&server, &kept, &request("post", &url, more)).await;
        let message = refused(answer, FaultKind::AccessDenied, "secret-host", false);
        assert!(message.contains("hooks.test") && !message.contains(VALUE), "{message}");
    }
    let unknown = request("post", &url, json!({ "body": { "text": "${secret:missing}" } }));
    let message = refused(send(&server, &kept, &unknown).await, FaultKind::NotFound, "unknown-secret", false);
    assert!(message.contains("`quell secret set missing --host 127.0.0.1`"), "{message}");
    assert_eq!(server.connections(), 0);
}

#[tokio::test]
async fn a_value_that_does_not_fit_is_not_sent_and_not_told() {
    let server = Server::start([]).await;
    let url = server.url("127.0.0.1", "/x");
    let path = server.url("127.0.0.1", "/a/${secret:token}");
    let header = json!({ "headers": headers(&[("x", "${secret:token}")]) });
    for (value, arguments) in [
        ("../../canary", request("post", &path, json!({}))),
        ("canary?x=y", request("post", &path, json!({}))),
        ("canary#x", request("post", &path, json!({}))),
        ("canary%2fx", request("post", &path, json!({}))),
        ("canary x", request("post", &path, json!({}))),
        ("canary\r\nx: y", request("post", &url, header.clone())),
        ("canary\n", request("post", &url, header.clone())),
        ("canary\u{e4}", request("post", &url, header)),
    ] {
        let answer = send(&server, &Kept::one("token", value), &arguments).await;
        let message = refused(answer, FaultKind::Invalid, "unfit-secret", false);
        assert!(message.contains("`token`") && !message.contains("canary"), "{message}");
    }
    let many = json!({ "body": { "text": "${secret:token}".repeat(1000) } });
    let answer = send(&server, &Kept::one("token", &"canary".repeat(1000)), &request("post", &url, many)).await;
    refused(answer, FaultKind::Invalid, "invalid-arguments", false);
    assert_eq!(server.connections(), 0);
}

/// A service that says what it was asked would hand the secret to the plugin.
#[tokio::test]
async fn l12_replies_that_hold_the_secret_are_withheld() {
    let percent: String = VALUE.bytes().map(|byte| format!("%{byte:02x}")).collect();
    let escaped: String = VALUE.bytes().map(|byte| format!("\\u{byte:04x}")).collect();
    let hex: String = VALUE.bytes().map(|byte| format!("{byte:02x}")).collect();
    let aligned = |before: &str| STANDARD.encode(format!("{before}{VALUE}"));
    for (what, body) in [
        ("as it is", VALUE.to_owned()),
        ("in a text", format!("you sent {VALUE}!")),
        ("in base64", aligned("")),
        ("in base64 behind 1 byte", aligned("u")),
        ("in base64 behind 2 bytes", aligned("us")),
        ("in base64 for URLs", URL_SAFE_NO_PAD.encode(VALUE)),
        ("percent-encoded", percent),
        ("in escapes of JSON", format!("{{\"echo\":\"{escaped}\"}}")),
        ("in hexadecimal digits", hex),
    ] {
        let answer = echoed(Reply::new(200, "", &body)).await;
        let seen = format!("{}, {}", answer.kind.case(), answer.code);
        case("L12", &format!("an answer that has the secret {what}"), "other, secret-in-reply", seen);
        assert!(!answer.unknown && !answer.message.contains(VALUE), "{answer}");
    }
    for reply in [
        Reply::new(200, &format!("x-echo: {VALUE}\r\n"), ""),
        Reply::new(302, &format!("location: /{VALUE}\r\n"), ""),
        Reply::new(404, "", VALUE),
        Reply::new(200, "content-encoding: gzip\r\n", "anything"),
        Reply::Bytes([b"HTTP/1.1 200 x\r\n\r\n\xff\x00", VALUE.as_bytes()].concat()),
    ] {
        let answer = echoed(reply.clone()).await;
        assert_eq!((answer.kind, answer.code.as_str()), (FaultKind::Other, "secret-in-reply"), "{reply:?}");
    }
    // A failure that has it, too: its text is nobody's.
    let answer = echoed(Reply::new(500, "", VALUE)).await;
    assert!(answer.code == "http-500" && !format!("{answer:?}").contains(VALUE), "{answer:?}");
}

async fn echoed(reply: Reply) -> capability::Fault {
    let server = Server::start([reply]).await;
    let more = json!({ "headers": headers(&[("authorization", "Bearer ${secret:token}")]) });
    let arguments = request("post", &server.url("127.0.0.1", "/x"), more);
    send(&server, &Kept::one("token", VALUE), &arguments).await.unwrap_err()
}

#[tokio::test]
async fn other_replies_are_given() {
    let server =
        Server::start([Reply::new(200, "content-encoding: gzip\r\n", VALUE), Reply::new(200, "", "fine")]).await;
    let url = server.url("127.0.0.1", "/x");
    // No secret of this host's, so that nothing can come back.
    let elsewhere = Kept(BTreeMap::from([("token", (vec!["h.test"], VALUE.into()))]));
    let without = send(&server, &elsewhere, &request("post", &url, json!({}))).await.unwrap();
    assert_eq!(without["body"]["text"], VALUE);
    let more = json!({ "body": { "text": "${secret:token}" } });
    let with: Value = send(&server, &Kept::one("token", VALUE), &request("post", &url, more)).await.unwrap();
    assert_eq!(with["body"]["text"], "fine");
}

/// What a service was told in one request, it may say in the answer to another.
#[tokio::test]
async fn a_secret_does_not_come_back_later() {
    let server = Server::start([Reply::new(200, "", "kept"), Reply::new(200, "", VALUE)]).await;
    let url = server.url("127.0.0.1", "/pastes");
    let kept = Kept::one("token", VALUE);
    send(&server, &kept, &request("post", &url, json!({ "body": { "text": "${secret:token}" } }))).await.unwrap();
    let answer = send(&server, &kept, &request("get", &url, json!({}))).await;
    refused(answer, FaultKind::Other, "secret-in-reply", false);
}

/// L06: what an error says of a request has neither its URL nor what was in it.
#[tokio::test]
async fn l06_errors_do_not_tell_the_secret() {
    let server =
        Server::start([Reply::Bytes(format!("{VALUE} {VALUE}\r\n\r\n").into_bytes()), Reply::Bytes(vec![])]).await;
    let url = server.url("127.0.0.1", "/${secret:token}");
    let gone = Server::start([]).await.url("127.0.0.1", "/${secret:token}");
    for url in [&url, &url, &gone] {
        let fault = send(&server, &Kept::one("token", VALUE), &request("post", url, json!({}))).await.unwrap_err();
        assert!(!format!("{fault:?}").contains(VALUE), "{fault:?}");
        case("L06", "a request that fails, with a secret in its URL", "unavailable", fault.kind.case());
    }
}
