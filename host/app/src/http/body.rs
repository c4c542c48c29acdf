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

/// As [`Body`], of what no answer may repeat: errors say where something is wrong, and nothing of what is there, names of
/// fields included.
pub struct ConfidentialBody<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for ConfidentialBody<T> {
    type Rejection = Failure;

    async fn from_request(request: Request, _: &S) -> Answer<ConfidentialBody<T>> {
        let bytes = read(request, JSON, SMALL).await?;
        serde_json::from_slice(&bytes).map(ConfidentialBody).map_err(|error| {
            let (line, column) = (error.line(), error.column());
            let what = if error.is_data() { "the body is not what this takes" } else { "the body is not JSON" };
            wrong(&error, format!("{what}, from line {line} column {column} on"))
                .help("what is there is not repeated, as it is confidential; `GET /v1/openapi.json` has the form")
        })
    }
}

fn not_this(error: &serde_json::Error) -> Failure {
    wrong(error, without_value(&error.to_string()))
}

fn wrong(error: &serde_json::Error, message: String) -> Failure {
    let (status, code) = match error.classify() {
        Category::Data => (StatusCode::UNPROCESSABLE_ENTITY, "body-invalid"),
        Category::Syntax | Category::Eof | Category::Io => (StatusCode::BAD_REQUEST, "not-json"),
    };
    let fault = Fault { message: message.clone(), line: error.line(), column: error.column(), ..Fault::default() };
    Failure::new(status, code, message).at(fault)
}

/// The message of a parser without the value that it found: `invalid type: integer, expected a string at …`. Whoever sent it
/// has it, and it may be one that should not have been sent.
fn without_value(message: &str) -> String {
    let found =
        ["invalid type: ", "invalid value: "].iter().find_map(|start| Some((start, message.split_once(start)?)));
    let Some((start, (before, rest))) = found else { return message.into() };
    // What is expected has no value in it, so that the last place counts.
    let (Some(value), Some(expected)) = (rest.find(['`', '"']), rest.rfind(", expected ")) else {
        return message.into();
    };
    match (rest.get(..value), rest.get(expected..)) {
        (Some(kind), Some(expected)) if value < rest.len() - expected.len() => {
            format!("{before}{start}{}{expected}", kind.trim_end())
        }
        _ => message.into(),
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_do_not_repeat_values() {
        #[derive(Debug, serde::Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Given {
            #[expect(dead_code, reason = "it is only read")]
            text: String,
            #[expect(dead_code, reason = "it is only read")]
            number: Option<u8>,
        }
        for (body, expected) in [
            (r#"{"text": 12345}"#, "invalid type: integer, expected a string at line 1 column 14"),
            (r#"{"text": 1.5}"#, "invalid type: floating point, expected a string at line 1 column 12"),
            (r#"{"text": true}"#, "invalid type: boolean, expected a string at line 1 column 13"),
            (r#"{"text": null}"#, "invalid type: null, expected a string at line 1 column 13"),
            (r#"{"text": []}"#, "invalid type: sequence, expected a string at line 1 column 9"),
            (r#"{"text": "a", "number": 999}"#, "invalid value: integer, expected u8 at line 1 column 27"),
            (
                r#"{"text": "a", "number": "b`, expected \"c\", expected d"}"#,
                "invalid type: string, expected u8 at line 1 column 56",
            ),
            (r#"{"txt": "a"}"#, "unknown field `txt`, expected `text` or `number` at line 1 column 6"),
            ("{", "EOF while parsing an object at line 1 column 1"),
        ] {
            let error = serde_json::from_str::<Given>(body).unwrap_err();
            assert_eq!(without_value(&error.to_string()), expected, "{body}");
        }
    }
}
