//! Bodies: their media type, their size, counted while they arrive, and the time that they may take.

use std::time::Duration;

use axum::body::{Bytes, HttpBody as _};
use axum::extract::{DefaultBodyLimit, FromRequest, Request};
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, StatusCode};
use serde::de::DeserializeOwned;
use serde_json::error::Category;

use super::{Answer, Failure};
use crate::wire::Fault;

/// How long a body may take to arrive.
const BODY_TIME: Duration = Duration::from_secs(30);
/// The largest body where nothing else is said: a policy with all its conditions is far smaller.
pub const SMALL: usize = 256 << 10;
/// The largest body with an event in it.
pub const EVENT: usize = 1 << 20;

const JSON: &[&str] = &["application/json"];

/// Reads a body of one of the media types `media` and at most `limit` bytes.
pub async fn read(mut request: Request, media: &[&str], limit: usize) -> Answer<Bytes> {
    check_media(request.headers(), media)?;
    let too_large = || {
        Failure::new(StatusCode::PAYLOAD_TOO_LARGE, "body-too-large", format!("the body has more than {limit} bytes"))
    };
    // One that says so beforehand is not waited for.
    if request.body().size_hint().lower() > limit as u64 {
        return Err(too_large());
    }
    DefaultBodyLimit::max(limit).apply(&mut request);
    let read = tokio::time::timeout(BODY_TIME, Bytes::from_request(request, &())).await;
    let read = read.map_err(|_| {
        let detail = format!("the body did not arrive within {} s", BODY_TIME.as_secs());
        Failure::new(StatusCode::REQUEST_TIMEOUT, "body-late", detail)
    })?;
    read.map_err(|rejection| match rejection.status() {
        StatusCode::PAYLOAD_TOO_LARGE => too_large(),
        _ => Failure::new(StatusCode::BAD_REQUEST, "body-broken", "the body did not arrive whole"),
    })
}

/// Reads a body that is text.
pub async fn text(request: Request, media: &[&str]) -> Answer<String> {
    let bytes = read(request, media, SMALL).await?;
    String::from_utf8(bytes.into()).map_err(|error| {
        let detail = format!("the body is not UTF-8 from byte {} on", error.utf8_error().valid_up_to());
        Failure::new(StatusCode::BAD_REQUEST, "not-text", detail)
    })
}

/// Reads a body that is a JSON document, and gives its text.
pub async fn json_text(request: Request) -> Answer<String> {
    text(request, JSON).await
}

/// A JSON body of at most `LIMIT` bytes. The parser goes 128 levels deep at most.
pub struct Body<T, const LIMIT: usize = SMALL>(pub T);

impl<T: DeserializeOwned, S: Send + Sync, const LIMIT: usize> FromRequest<S> for Body<T, LIMIT> {
    type Rejection = Failure;

    async fn from_request(request: Request, _: &S) -> Answer<Body<T, LIMIT>> {
        let bytes = read(request, JSON, LIMIT).await?;
        serde_json::from_slice(&bytes).map(Body).map_err(|error| not_this(&error))
    }
}

fn not_this(error: &serde_json::Error) -> Failure {
    let failure = match error.classify() {
        Category::Data => Failure::new(StatusCode::UNPROCESSABLE_ENTITY, "body-invalid", error.to_string()),
        Category::Syntax | Category::Eof | Category::Io => {
            Failure::new(StatusCode::BAD_REQUEST, "not-json", error.to_string())
        }
    };
    failure.at(Fault { message: error.to_string(), line: error.line(), column: error.column(), ..Fault::default() })
}

/// A parameter of a media type may be there; the type itself must be given, so that no form of another site fits.
fn check_media(headers: &HeaderMap, media: &[&str]) -> Answer<()> {
    let mut given = headers.get_all(CONTENT_TYPE).iter();
    let value = match (given.next(), given.next()) {
        (Some(value), None) => value.to_str().unwrap_or_default(),
        _ => "",
    };
    let value = value.split(';').next().unwrap_or_default().trim();
    if media.iter().any(|media| media.eq_ignore_ascii_case(value)) {
        return Ok(());
    }
    let detail = match value {
        "" => "the body has no `Content-Type`, or several".into(),
        value => format!("{value:.64?} is no media type that is taken here"),
    };
    let help = format!("send `Content-Type: {}`", media.join("` or `"));
    Err(Failure::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "media-type", detail).help(help))
}
