//! Requests that are under way: how many at once, and carried to their end.
//!
//! A request goes on when whoever sent it went away or its time is up: what is being appended to the ledger must become
//! known to the rest of the host as well. So it is counted until it has ended, and not only while somebody waits for it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::middleware::Next;
use axum::response::Response;
use tracing::{Instrument as _, Span};

use super::{Answer, By, Failure};

/// How long a request may take, its body included. Compiling the largest upload on a busy machine is the longest.
const REQUEST_TIME: Duration = Duration::from_secs(100);
/// How many requests with a token are under way at once.
pub const MAX_REQUESTS: usize = 512;
/// How many of one person: with one token nobody keeps the others out.
pub const MAX_REQUESTS_OF_ONE: usize = 256;

/// How many requests are under way, of each person.
#[derive(Clone, Debug, Default)]
pub struct RequestPlaces(Arc<Mutex<HashMap<String, usize>>>);

/// The place of one request, until it is dropped.
struct RequestPlace {
    places: RequestPlaces,
    person: String,
}

impl RequestPlaces {
    fn take(&self, person: &str) -> Answer<RequestPlace> {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let of_this = counts.get(person).copied().unwrap_or_default();
        if of_this >= MAX_REQUESTS_OF_ONE {
            return Err(busy(format!("{MAX_REQUESTS_OF_ONE} requests of `{person}` are under way already")));
        }
        if counts.values().sum::<usize>() >= MAX_REQUESTS {
            return Err(busy(format!("{MAX_REQUESTS} requests are under way already")));
        }
        counts.insert(person.to_owned(), of_this + 1);
        Ok(RequestPlace { places: self.clone(), person: person.to_owned() })
    }
}

impl Drop for RequestPlace {
    fn drop(&mut self) {
        let mut counts = self.places.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = counts.get_mut(&self.person) {
            *count -= 1;
            if *count == 0 {
                counts.remove(&self.person);
            }
        }
    }
}

fn busy(detail: String) -> Failure {
    Failure::new(StatusCode::TOO_MANY_REQUESTS, "busy", detail).help("try again in a few seconds")
}

/// Carries a request with a token to its end, in a place of its own.
pub async fn with_token(
    State(places): State<RequestPlaces>,
    axum::Extension(by): By,
    request: Request,
    next: Next,
) -> Answer<Response> {
    let place = places.take(&by.name)?;
    let request = next.run(request);
    carried(async move {
        let _place = place;
        Ok(request.await)
    })
    .await
}

/// Carries `work` to its end, whoever waits for it.
pub async fn carried<T: Send + 'static>(work: impl Future<Output = Answer<T>> + Send + 'static) -> Answer<T> {
    let task = tokio::spawn(work.instrument(Span::current()));
    match tokio::time::timeout(REQUEST_TIME, task).await {
        Ok(Ok(answer)) => answer,
        // What panicked has been written to the log by the panic itself.
        Ok(Err(_)) => Err(Failure::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", "this is a bug of Quell")
            .help("report it, with what the server's log says")),
        Err(_) => Err(Failure::unavailable("this took too long; it may still be done")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_bounded_for_one_person_and_for_all() {
        let places = RequestPlaces::default();
        let take = |person: &str, count: usize| (0..count).map(|_| places.take(person).unwrap()).collect::<Vec<_>>();
        let of_alice = take("alice", MAX_REQUESTS_OF_ONE);
        assert!(places.take("alice").is_err());
        let of_bob = take("bob", MAX_REQUESTS - MAX_REQUESTS_OF_ONE);
        assert!(places.take("carol").is_err());
        drop(of_alice);
        assert!(places.take("carol").is_ok());
        drop(of_bob);
        assert!(places.0.lock().unwrap().is_empty());
    }
}
