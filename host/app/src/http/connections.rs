//! Connections: how many, and how long one may take to say what it wants. `axum::serve` can set neither, and hyper's own
//! time limit for headers is off unless it is given a timer.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1::Builder;
use hyper::service::{Service as _, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;

use super::wrong_tokens::ClientAddress;

/// How many connections are served at once; the others wait to be accepted.
const MAX_CONNECTIONS: usize = 1_024;
/// How long the headers of a request may take to arrive, also on a connection that is kept alive.
const HEADER_TIME: Duration = Duration::from_secs(10);
/// How many bytes the headers of a request may have, the address included.
const HEADER_BYTES: usize = 32 << 10;
/// How many headers a request may have.
const MAX_HEADERS: usize = 64;
/// How long to wait when a connection cannot be accepted: most often the process has too many open files.
const AGAIN: Duration = Duration::from_millis(100);

/// Serves connections until `stop`, then at most `patience` longer to finish the requests that are under way.
pub async fn serve(listener: TcpListener, router: Router, stop: impl Future<Output = ()>, patience: Duration) {
    let mut server = Builder::new();
    server.timer(TokioTimer::new()).header_read_timeout(HEADER_TIME);
    server.max_header_size(HEADER_BYTES).max_headers(MAX_HEADERS);
    let (places, graceful) = (Arc::new(Semaphore::new(MAX_CONNECTIONS)), GracefulShutdown::new());
    let service = TowerToHyperService::new(router);
    let mut stop = std::pin::pin!(stop);
    loop {
        let accepted = async {
            let place = places.clone().acquire_owned().await;
            (place, listener.accept().await)
        };
        let (place, stream) = tokio::select! {
            accepted = accepted => accepted,
            () = &mut stop => break,
        };
        let (stream, address) = match stream {
            Ok(accepted) => accepted,
            Err(error) => {
                tracing::warn!(%error, "a connection cannot be accepted");
                tokio::time::sleep(AGAIN).await;
                continue;
            }
        };
        let service = service.clone();
        let service = service_fn(move |mut request: Request<Incoming>| {
            request.extensions_mut().insert(ClientAddress(address.ip()));
            service.call(request)
        });
        let connection = graceful.watch(server.serve_connection(TokioIo::new(stream), service));
        tokio::spawn(async move {
            let _place = place;
            if let Err(error) = connection.await {
                tracing::debug!(%error, "a connection broke");
            }
        });
    }
    drop(listener);
    if tokio::time::timeout(patience, graceful.shutdown()).await.is_err() {
        tracing::warn!("requests that were under way were cut off");
    }
}
