//! Connections: how many, of one address and in all, and how long each may wait for its client. `axum::serve` can set none
//! of it, and hyper's own time limit for headers is off unless it is given a timer.
//!
//! A connection is always accepted. Where there are too many, the one that has waited longest for its client is closed:
//! clients that send nothing, or never read their answers, keep nobody else out. Requests that are under way are bounded
//! to fewer than there are connections, so that there always is one to close: those with a token in `requests`, those that wait
//! for something without one where they wait (`installation/readiness.rs`, `installation/topics/chains.rs`).

mod client_wait;
mod places;
mod stream;

use std::convert::Infallible;
use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use hyper::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1::Builder;
use hyper::service::{Service as _, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};

use client_wait::{ArrivingBody, ClientWait};
use places::{ConnectionPlace, ConnectionPlaces};
use stream::ClientStream;

use super::client_address::ClientAddress;

/// How many bytes the headers of a request may have, the address included.
const HEADER_BYTES: usize = 32 << 10;
/// How many headers a request may have.
const MAX_HEADERS: usize = 64;
/// How long to wait when a connection cannot be accepted: most often the process has too many open files.
const AGAIN: Duration = Duration::from_millis(100);

/// What connections may take up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConnectionLimits {
    /// How many there are at once.
    pub connections: usize,
    /// How many of one address, or of one network of the size /64 with IPv6.
    pub connections_per_address: usize,
    /// How long the headers of a request may take to arrive, also on a connection that is kept alive.
    pub header_time: Duration,
    /// How long a client may take none of an answer.
    pub write_time: Duration,
}

impl Default for ConnectionLimits {
    fn default() -> ConnectionLimits {
        ConnectionLimits {
            connections: 1_024,
            // More than there are requests under way, so that a proxy, which is one address, is never shut out.
            connections_per_address: 768,
            header_time: Duration::from_secs(10),
            write_time: Duration::from_secs(20),
        }
    }
}

/// Serves connections until `stop`, then at most `patience` longer to finish the requests that are under way.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    limits: ConnectionLimits,
    stop: impl Future<Output = ()>,
    patience: Duration,
) {
    let mut server = Builder::new();
    server.timer(TokioTimer::new()).header_read_timeout(limits.header_time);
    server.max_header_size(HEADER_BYTES).max_headers(MAX_HEADERS);
    let (places, graceful) = (ConnectionPlaces::new(limits), GracefulShutdown::new());
    let mut stop = std::pin::pin!(stop);
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = &mut stop => break,
        };
        match accepted {
            Ok((stream, address)) => connect(stream, address, &router, limits, &server, &graceful, &places),
            Err(error) => {
                tracing::warn!(%error, "a connection cannot be accepted");
                tokio::time::sleep(AGAIN).await;
            }
        }
    }
    drop(listener);
    if tokio::time::timeout(patience, graceful.shutdown()).await.is_err() {
        tracing::warn!("requests that were under way were cut off");
    }
}

/// Serves one connection, in a task of its own.
fn connect(
    stream: TcpStream,
    address: SocketAddr,
    router: &Router,
    limits: ConnectionLimits,
    server: &Builder,
    graceful: &GracefulShutdown,
    places: &ConnectionPlaces,
) {
    let (client, wait) = (ClientAddress(address.ip()), ClientWait::begin());
    let Some(ConnectionPlace { held, mut closed }) = places.take(client, wait.clone()) else {
        tracing::debug!("a connection is refused: all of its address are busy with requests");
        return;
    };
    let router = TowerToHyperService::new(router.clone());
    let service = service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(client);
        let (router, wait) = (router.clone(), wait.clone());
        async move {
            let number = wait.request();
            let answer = router.call(request.map(|body| ArrivingBody::new(body, wait.clone(), number))).await;
            wait.answered();
            let Ok(answer) = answer;
            Ok::<_, Infallible>(answer)
        }
    });
    let stream = TokioIo::new(ClientStream::new(stream, limits.write_time));
    let connection = graceful.watch(server.serve_connection(stream, service));
    tokio::spawn(async move {
        let _held = held;
        tokio::select! {
            ended = connection => if let Err(error) = ended {
                tracing::debug!(%error, "a connection broke");
            },
            _ = &mut closed => tracing::debug!("a connection that waited for its client made room for another"),
        }
    });
}
