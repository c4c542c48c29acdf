//! Uploads as a hostile client sends them: what is checked by the real program, in a process of its own.

use std::fmt::Write as _;

use cases::case;
use serde_json::Value;
use tokio::task::JoinSet;

use super::component::{echo, encode, module};
use super::server::{Server, told};

fn upload(server: &Server, component: Vec<u8>) -> reqwest::RequestBuilder {
    server.post("/v1/plugins", &server.admin).header("content-type", "application/wasm").body(component)
}

/// Status and code, as the cases have them.
fn seen((status, code): &(u16, String)) -> String {
    format!("{status} {code}").trim_end().to_owned()
}

#[tokio::test]
async fn d33_d34_what_is_sent_is_what_it_says() {
    let server = Server::start().await;
    let two = "--x\r\ncontent-disposition: form-data; name=\"a\"; filename=\"a.wasm\"\r\n\r\n\0asm\r\n--x\r\n\
               content-disposition: form-data; name=\"a\"; filename=\"../../b.wasm\"\r\n\r\n\0asm\r\n--x--\r\n";
    for (input, media, body) in [
        ("a form of two files", "multipart/form-data; boundary=x", two),
        ("a form without a boundary", "multipart/form-data", two),
        ("JSON that says it is a form", "multipart/form-data; boundary=x", "{\"files\": [\"/etc/passwd\"]}"),
        ("a component that says it is JSON", "application/json", "\0asm\x0d\0\x01\0"),
        ("a component that says nothing", "", "\0asm\x0d\0\x01\0"),
    ] {
        let request = server.post("/v1/plugins", &server.admin).header("content-type", media).body(body);
        case("D33", input, "415 media-type", seen(&told(request).await));
    }
    let tar = [&[0; 257][..], b"ustar\0", &[0; 300]].concat();
    for (input, bytes) in
        [("a zip", b"PK\x03\x04\x14\0\0\0".to_vec()), ("a gzip", b"\x1f\x8b\x08\0\0\0\0\0".to_vec()), ("a tar", tar)]
    {
        case("D34", input, "415 archive-refused", seen(&told(upload(&server, bytes)).await));
    }
    assert_eq!(server.see("/v1/plugins").await, serde_json::json!({ "plugins": [] }));
}

#[tokio::test]
async fn d35_a_version_never_changes() {
    let server = Server::start().await;
    let component = echo("1.0.0", "Echo.");
    case("D35", "a component", "201", seen(&told(upload(&server, component.clone())).await));
    case("D35", "the same bytes again", "200", seen(&told(upload(&server, component)).await));
    case(
        "D35",
        "other bytes of the same version",
        "409 conflict",
        seen(&told(upload(&server, echo("1.0.0", "Other"))).await),
    );
}

#[tokio::test]
async fn a22_a_large_body_is_refused_before_it_is_there() {
    let server = Server::start().await;
    for (input, bytes) in [("200 MiB, announced", 200 << 20), ("16 MiB and a byte, announced", (16 << 20) + 1)] {
        // Only the head is sent: whoever waits for the body waits for ever.
        let head = format!(
            "POST /v1/plugins HTTP/1.1\r\nhost: quell\r\nauthorization: Bearer {}\r\ncontent-type: application/wasm\r\n\
             content-length: {bytes}\r\n\r\n",
            server.admin
        );
        case("A22", input, "413", server.raw(&head).await);
    }
    let zeros = vec![0; (16 << 20) + 1];
    let request = server.post("/v1/plugins", &server.admin).header("content-type", "application/wasm").body(zeros);
    case("A22", "16 MiB and a byte, all of it sent", "413 body-too-large", seen(&told(request).await));
}

/// The worst that passes the cheap checks: many functions, each with much to allocate registers for.
fn worst() -> Vec<u8> {
    let mut body = String::new();
    for local in 0..200 {
        write!(
            body,
            "(local.set {} (i64.mul (local.get {}) (i64.add (local.get {local}) (i64.const {local}))))",
            local + 1,
            (local * 7) % 200,
        )
        .unwrap();
    }
    let function = format!("(func (param i64) (local {}) {body})", "i64 ".repeat(220));
    encode(&module("1.0.0", "Worst", &function.repeat(400)))
}

/// A24, and with it B26 of uploads: what others ask is answered meanwhile.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a24_many_uploads_wait_or_are_told_to_come_again() {
    let server = Server::start().await;
    let component = worst();
    let mut uploads = JoinSet::new();
    for number in 0..50u8 {
        // Other bytes each, or all but one would be known already.
        let mut component = component.clone();
        component.extend([0, 3, 1, b'n', number]);
        let request = upload(&server, component);
        uploads.spawn(async move {
            let answer = request.send().await.unwrap();
            let again = answer.headers().contains_key("retry-after");
            (answer.status().as_u16(), again)
        });
    }
    let mut answered = 0;
    let mut statuses = vec![];
    while !uploads.is_empty() {
        tokio::select! {
            Some(done) = uploads.join_next() => statuses.push(done.unwrap()),
            health = told(server.get("/healthz", None)) => {
                assert_eq!(health.0, 200);
                answered += 1;
            }
        }
    }
    assert!(answered > 0, "the API answered nothing while it was checking");
    let busy = statuses.iter().filter(|(status, again)| *status == 429 && *again).count();
    let others: Vec<_> = statuses.iter().filter(|(status, _)| ![429, 201, 409, 422].contains(status)).collect();
    assert!(others.is_empty(), "{others:?}");
    let seen =
        if busy > 0 && busy < 50 { "some 429 with Retry-After, the others answered" } else { "none told to wait" };
    case(
        "A24",
        "50 uploads of the worst legal component at once",
        "some 429 with Retry-After, the others answered",
        seen,
    );
    let after: Value = upload(&server, echo("1.0.1", "Echo.")).send().await.unwrap().json().await.unwrap();
    case("A24", "the next upload", "echo", after["name"].as_str().unwrap_or_default());
}
