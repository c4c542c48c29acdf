//! Whether a connection waits for its client, and since when: for a request, for the rest of its body, for its answer to be
//! read. That a client takes or gives a few bytes now and then changes nothing.

use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};

use axum::body::{Bytes, HttpBody};
use hyper::body::{Frame, Incoming, SizeHint};
use tokio::time::Instant;

/// Since when a connection waits for its client.
#[derive(Clone, Debug)]
pub struct ClientWait(Arc<Mutex<State>>);

#[derive(Debug)]
struct State {
    /// Since when it waits, if it does.
    since: Option<Instant>,
    /// The number of the request that is being answered, or of the next one.
    request: u64,
}

impl ClientWait {
    /// It waits from now on, for its first request.
    pub fn begin() -> ClientWait {
        ClientWait(Arc::new(Mutex::new(State { since: Some(Instant::now()), request: 0 })))
    }

    /// A request is here: the host has work. Gives the number of the request.
    pub fn request(&self) -> u64 {
        let mut state = self.lock();
        state.since = None;
        state.request
    }

    /// The answer is made: from now on the client may read it, and ask for more.
    pub fn answered(&self) {
        let mut state = self.lock();
        state.since = Some(Instant::now());
        state.request += 1;
    }

    /// Since when it waits, if it does.
    pub fn since(&self) -> Option<Instant> {
        self.lock().since
    }

    /// Whether the body of the request with this number is waited for. One that is answered has no body any more.
    fn body(&self, request: u64, is_waited_for: bool) {
        let mut state = self.lock();
        if state.request != request {
            return;
        }
        state.since = is_waited_for.then(|| state.since.unwrap_or_else(Instant::now));
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The body of a request. While what is there of it is read, the connection waits for its client.
pub struct ArrivingBody {
    body: Incoming,
    wait: ClientWait,
    request: u64,
}

impl ArrivingBody {
    /// The body of the request with this number, of the connection that `wait` is about.
    pub fn new(body: Incoming, wait: ClientWait, request: u64) -> ArrivingBody {
        ArrivingBody { body, wait, request }
    }
}

impl HttpBody for ArrivingBody {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        // Not ended by each part that arrives: a body that comes by the byte is waited for from its beginning on.
        self.wait.body(self.request, true);
        let frame = ready!(Pin::new(&mut self.body).poll_frame(context));
        if self.body.is_end_stream() || !matches!(frame, Some(Ok(_))) {
            self.wait.body(self.request, false);
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// Whoever reads no further does not wait any more.
impl Drop for ArrivingBody {
    fn drop(&mut self) {
        self.wait.body(self.request, false);
    }
}
