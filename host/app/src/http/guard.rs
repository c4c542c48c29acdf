//! What holds for every request, whatever its route: nothing encoded, the headers of every answer, one line
//! of log. And the answers where there is no route.

use axum::Router;
use axum::extract::Request;
use axum::http::header::{
    CACHE_CONTROL, CONTENT_ENCODING, CONTENT_SECURITY_POLICY, HeaderName, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderValue, StatusCode};
use axum::middleware::{Next, from_fn};
use axum::response::Response;
use tower_http::set_header::SetResponseHeaderLayer;
use tower_http::trace::{DefaultOnFailure, DefaultOnResponse, TraceLayer};
use tracing::Level;

use super::{Answer, Failure};

/// The headers of every answer: it is no page, no cache keeps it, and nobody frames it or guesses what it is. A picture,
/// which is a page, has a policy of its own.
const HEADERS: [(HeaderName, HeaderValue); 4] = [
    (X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (CACHE_CONTROL, HeaderValue::from_static("no-store")),
    (CONTENT_SECURITY_POLICY, HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'")),
    (REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
];

/// Puts the guard around all routes. The last layer is the first that a request meets.
pub fn around<S: Clone + Send + Sync + 'static>(router: Router<S>) -> Router<S> {
    let router = router.layer(from_fn(refuse_encoded));
    let trace = TraceLayer::new_for_http()
        .make_span_with(|request: &Request| {
            // The path without the query, which may hold anything.
            tracing::info_span!("request", method = %request.method(), path = request.uri().path())
        })
        .on_response(DefaultOnResponse::new().level(Level::INFO))
        .on_failure(DefaultOnFailure::new().level(Level::WARN));
    let headers = HEADERS.into_iter().map(|(name, value)| SetResponseHeaderLayer::if_not_present(name, value));
    headers.fold(router.layer(trace), |router, header| router.layer(header))
}

/// The answer where there is no route.
pub async fn no_such_route() -> Failure {
    Failure::new(StatusCode::NOT_FOUND, "no-such-route", "there is no such route")
        .help("`GET /v1/openapi.json` lists all of them")
}

/// The answer where the route has no such method. The router adds `Allow`.
pub async fn no_such_method() -> Failure {
    Failure::new(StatusCode::METHOD_NOT_ALLOWED, "no-such-method", "this route does not have that method")
        .help("the header `Allow` lists those that it has")
}

/// Encoded bodies are refused: a small one could become a large one.
async fn refuse_encoded(request: Request, next: Next) -> Answer<Response> {
    if request.headers().contains_key(CONTENT_ENCODING) {
        let detail = "bodies with a `Content-Encoding` are not taken";
        return Err(Failure::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "encoded", detail).help("send the body as it is"));
    }
    Ok(next.run(request).await)
}
