//! What clients can do to the server that never get as far as a handler.

use std::future::{pending, ready};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::routing::get;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;

use super::server::{Server, is, told};
use crate::http::connections::{ConnectionLimits, serve};

/// Time is paused: it goes on by itself as soon as everyone waits, so the limit of ten seconds takes none.
#[tokio::test(start_paused = true)]
async fn who_never_ends_the_headers_is_hung_up_on() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(serve(listener, Router::new(), ConnectionLimits::default(), pending(), Duration::ZERO));
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(b"GET / HTTP/1.1\r\nhost: x\r\n").await.unwrap();
    let mut rest = vec![];
    stream.read_to_end(&mut rest).await.unwrap();
    assert!(rest.is_empty() || rest.starts_with(b"HTTP/1.1 408"), "{}", String::from_utf8_lossy(&rest));
}

#[tokio::test]
async fn headers_are_limited_in_number_and_size() {
    let server = Server::start().await;
    let head = |more: &str| format!("GET /healthz HTTP/1.1\r\nhost: x\r\n{more}\r\n");
    assert_eq!(server.raw(&head("")).await, 200);
    assert_eq!(server.raw(&head(&"a: b\r\n".repeat(100))).await, 431);
    assert_eq!(server.raw(&head(&format!("a: {}\r\n", "b".repeat(16 << 10)))).await, 200);
    assert!([431, 0].contains(&server.raw(&head(&format!("a: {}\r\n", "b".repeat(100 << 10)))).await));
    assert!([414, 431, 0].contains(&server.raw(&head("").replace("healthz", &"z".repeat(64 << 10))).await));
}

#[tokio::test]
async fn a_request_under_way_is_finished_after_the_stop() {
    let (begun, has_begun) = oneshot::channel();
    let (go_on, may_go_on) = oneshot::channel::<()>();
    let once = Arc::new(Mutex::new(Some((begun, may_go_on))));
    let handler = move || async move {
        let (begun, may_go_on) = once.lock().unwrap().take().unwrap();
        begun.send(()).unwrap();
        may_go_on.await.unwrap();
        "done"
    };
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = oneshot::channel::<()>();
    let router = Router::new().route("/", get(handler));
    let stopped = async { drop(stopped.await) };
    let serving = tokio::spawn(serve(listener, router, ConnectionLimits::default(), stopped, Duration::from_secs(60)));
    let asking =
        tokio::spawn(reqwest::Client::builder().no_proxy().build().unwrap().get(format!("http://{address}/")).send());
    has_begun.await.unwrap();
    stop.send(()).unwrap();
    go_on.send(()).unwrap();
    assert_eq!(asking.await.unwrap().unwrap().text().await.unwrap(), "done");
    serving.await.unwrap();
    assert!(TcpStream::connect(address).await.is_err(), "nobody listens any more");
}

#[tokio::test]
async fn a_server_that_is_stopped_accepts_nothing() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    serve(listener, Router::new(), ConnectionLimits::default(), ready(()), Duration::ZERO).await;
    assert!(TcpStream::connect(address).await.is_err());
}

#[tokio::test]
async fn bodies_are_limited_and_taken_as_they_are() {
    let server = Server::start().await;
    let (host, token) = (server.address, &server.admin);
    // The body is announced and never sent: it is refused without waiting for it.
    let announced = format!(
        "POST /v1/plugins HTTP/1.1\r\nhost: {host}\r\nauthorization: Bearer {token}\r\n\
         content-type: application/wasm\r\ncontent-length: 200000000\r\n\r\n"
    );
    assert_eq!(server.raw(&announced).await, 413);
    // Without a length, it is counted while it arrives.
    let size = 300 << 10;
    let counted = format!(
        "PUT /v1/guardrail HTTP/1.1\r\nhost: {host}\r\nauthorization: Bearer {token}\r\n\
         content-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n{size:x}\r\n{}\r\n",
        " ".repeat(size)
    );
    assert!([413, 0].contains(&server.raw(&counted).await));
    let encoded = server.post("/v1/plugins", token).header("content-type", "application/wasm");
    is(&told(encoded.header("content-encoding", "gzip").body("x")).await, 415, "encoded");
}
