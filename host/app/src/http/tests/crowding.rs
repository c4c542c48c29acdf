//! Many clients that hold what they have: connections that they do not read from or write to, requests that they leave.

use std::future::pending;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::body::Bytes;
use axum::middleware::from_fn_with_state;
use axum::routing::{get, post};
use axum::{Extension, Router};
use registry::TokenScopes;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::time::{Instant, timeout};

use crate::http::connections::{ConnectionLimits, serve};
use crate::http::requests::{MAX_REQUESTS_OF_ONE, RequestPlaces, with_token};
use crate::installation::Person;

/// Few connections, and none that ends by its time.
const LIMITS: ConnectionLimits = ConnectionLimits {
    connections: 24,
    connections_per_address: 16,
    header_time: Duration::from_secs(3600),
    write_time: Duration::from_secs(3600),
};
/// More than any buffer between two sockets has.
const LARGE: usize = 16 << 20;
/// Nothing here takes so long unless it never comes.
const NEVER: Duration = Duration::from_secs(20);

async fn served(router: Router, limits: ConnectionLimits) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(serve(listener, router, limits, pending(), Duration::ZERO));
    address
}

async fn sending(address: SocketAddr, request: &str) -> TcpStream {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    stream
}

/// The status of the answer to a request on a connection of its own.
async fn status(address: SocketAddr, path: &str) -> String {
    let ask = async {
        let mut stream = sending(address, &format!("GET {path} HTTP/1.1\r\nhost: x\r\n\r\n")).await;
        let mut head = [0; 12];
        stream.read_exact(&mut head).await.map(|_| String::from_utf8(head[9..].to_vec()).unwrap())
    };
    match timeout(NEVER, ask).await {
        Ok(Ok(status)) => status,
        Ok(Err(error)) => error.to_string(),
        Err(_) => "never".into(),
    }
}

#[tokio::test]
async fn who_holds_connections_keeps_nobody_out() {
    let router = Router::new()
        .route("/healthz", get(|| async { "well" }))
        .route("/large", get(|| async { vec![b'x'; LARGE] }))
        .route("/body", post(|body: Bytes| async move { body.len().to_string() }));
    let never_read = "GET /large HTTP/1.1\r\nhost: x\r\n\r\n".repeat(4);
    for (what, request) in [
        ("never reads", never_read.as_str()),
        ("says nothing", ""),
        ("never ends its headers", "GET / HTTP/1.1\r\nhost: x\r\n"),
        ("never ends its body", "POST /body HTTP/1.1\r\nhost: x\r\ncontent-length: 1000\r\n\r\nx"),
        ("keeps its connection", "GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n"),
    ] {
        let address = served(router.clone(), LIMITS).await;
        let mut held = vec![];
        for _ in 0..2 * LIMITS.connections {
            held.push(sending(address, request).await);
        }
        assert_eq!(status(address, "/healthz").await, "200", "a client that {what}");
    }
}

/// Time is paused: it goes on by itself as soon as everyone waits.
#[tokio::test(start_paused = true)]
async fn who_does_not_read_an_answer_is_hung_up_on() {
    let router = Router::new().route("/large", get(|| async { vec![b'x'; LARGE] }));
    let limits = ConnectionLimits::default();
    let address = served(router, limits).await;
    let mut stream = sending(address, "GET /large HTTP/1.1\r\nhost: x\r\n\r\n").await;
    let began = Instant::now();
    // Writing does not show that nothing is read, and fails when the other side is gone.
    while stream.write_all(b"x").await.is_ok() {
        tokio::time::sleep(Duration::from_secs(1)).await;
        assert!(began.elapsed() < 3 * limits.write_time, "nobody hangs up");
    }
    assert!(began.elapsed() >= limits.write_time, "{:?}", began.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_connection_without_a_request_ends() {
    let router = Router::new().route("/", get(|| async { "done" }));
    let limits = ConnectionLimits::default();
    let address = served(router, limits).await;
    let mut stream = sending(address, "GET / HTTP/1.1\r\nhost: x\r\n\r\n").await;
    let began = Instant::now();
    let mut answer = vec![];
    stream.read_to_end(&mut answer).await.unwrap();
    assert!(answer.ends_with(b"done"), "{}", String::from_utf8_lossy(&answer));
    assert!((limits.header_time..3 * limits.header_time).contains(&began.elapsed()), "{:?}", began.elapsed());
}

#[tokio::test]
async fn a_request_counts_until_it_ends_also_when_its_client_hangs_up() {
    let (begun, go_on) = (Arc::new(AtomicUsize::new(0)), Arc::new(Semaphore::new(0)));
    let (counted, waited) = (begun.clone(), go_on.clone());
    let work = move || async move {
        counted.fetch_add(1, Ordering::SeqCst);
        drop(waited.acquire().await);
        "done"
    };
    let person = Person {
        name: "alice".into(),
        groups: [].into(),
        token: "1".into(),
        scopes: TokenScopes::default(),
        makers: Default::default(),
        expires: None,
    };
    let router = Router::new()
        .route("/", get(work))
        .route_layer(from_fn_with_state(RequestPlaces::default(), with_token))
        .layer(Extension(person))
        .route("/healthz", get(|| async { "well" }));
    let address = served(router, ConnectionLimits::default()).await;
    for _ in 0..2 {
        let mut held = vec![];
        for _ in 0..MAX_REQUESTS_OF_ONE {
            held.push(sending(address, "GET / HTTP/1.1\r\nhost: x\r\n\r\n").await);
        }
        let all = async {
            while begun.load(Ordering::SeqCst) < MAX_REQUESTS_OF_ONE {
                tokio::task::yield_now().await;
            }
        };
        timeout(NEVER, all).await.unwrap();
        // All of them hang up.
        drop(held);
    }
    assert_eq!((status(address, "/").await.as_str(), begun.load(Ordering::SeqCst)), ("429", MAX_REQUESTS_OF_ONE));
    assert_eq!(status(address, "/healthz").await, "200");
    go_on.add_permits(MAX_REQUESTS_OF_ONE);
    let free = async { while status(address, "/").await != "200" {} };
    timeout(NEVER, free).await.unwrap();
}
