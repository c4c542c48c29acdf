//! What a reply means: an answer for the plugin, a fault, or that nobody knows what was done; and what of it is withheld.

use capability::{Effect, Fault, FaultKind};
use reqwest::header::{CONTENT_ENCODING, HeaderMap, RETRY_AFTER, TRANSFER_ENCODING};
use reqwest::{Response, StatusCode};
use serde::Serialize;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::address::PrivateAddress;
use super::request::BODY;
use super::secret::Values;
use super::withheld;
use crate::fault::{causes, message};

/// How many bytes the headers of a reply may have, names and values together.
const HEADERS: usize = 32 << 10;

/// Headers that nobody is given: what a service hands out in them is a credential, such as the session of a request that was
/// authenticated with a secret, or speaks of one (RFC 6265; RFC 2965; RFC 9110, section 11).
const CREDENTIALS: [&str; 4] = ["set-cookie", "set-cookie2", "authentication-info", "proxy-authentication-info"];

/// What the function answers.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Reply {
    /// The status code.
    pub status: u16,
    headers: Vec<Field>,
    /// What was answered.
    pub body: Body,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
struct Field {
    name: String,
    value: String,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Body {
    Text(String),
    Base64(String),
}

impl Reply {
    /// What stands in for an answer that nobody has: a person decided that the request was carried out.
    pub fn presumed() -> Reply {
        Reply { status: 200, headers: vec![], body: Body::Text(String::new()) }
    }

    /// Reads a reply to a message with this effect that went to `host` with these secrets in it.
    pub async fn read(response: Response, effect: Effect, host: &str, values: &Values) -> Result<Reply, Fault> {
        let status = response.status();
        if let Some(fault) = refusal(status, response.headers(), effect, host) {
            return Err(fault);
        }
        let has_secrets = values.all().next().is_some();
        if has_secrets && is_encoded(response.headers()) {
            let what = "is encoded, though it was asked not to be, so that it cannot be looked through for secrets";
            return Err(unusable("secret-in-reply", status, host, what));
        }
        let head = response.headers().clone();
        let length: usize = head.iter().map(|(name, value)| name.as_str().len() + value.len()).sum();
        if length > HEADERS {
            return Err(unusable(
                "reply-too-large",
                status,
                host,
                &format!("has more than {HEADERS} bytes of headers"),
            ));
        }
        let Some(body) = body(response).await? else {
            return Err(unusable("reply-too-large", status, host, &format!("has more than {BODY} bytes")));
        };
        if has_secrets && (withheld::holds(&lines(&head), values.all()) || withheld::holds(&body, values.all())) {
            return Err(unusable("secret-in-reply", status, host, "holds the value of a secret, and is withheld"));
        }
        let field = |(name, value): (&reqwest::header::HeaderName, &reqwest::header::HeaderValue)| Field {
            name: name.to_string(),
            value: String::from_utf8_lossy(value.as_bytes()).into_owned(),
        };
        let body =
            String::from_utf8(body).map_or_else(|error| Body::Base64(STANDARD.encode(error.as_bytes())), Body::Text);
        let given = head.iter().filter(|(name, _)| !CREDENTIALS.contains(&name.as_str()));
        Ok(Reply { status: status.as_u16(), headers: given.map(field).collect(), body })
    }

    /// Whether the service did what it was asked.
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }
}

/// No reply came. What is in the chain of causes tells whether anything was sent.
pub(crate) fn undelivered(error: reqwest::Error, host: &str, values: &Values) -> Fault {
    let error = error.without_url();
    if let Some(private) = causes(&error).find_map(|cause| cause.downcast_ref::<PrivateAddress>()) {
        return refused(private);
    }
    let reasons: Vec<String> = causes(&error).map(ToString::to_string).collect();
    let text = message(&format!("`{host}`: {}", reasons.join(": ")));
    // What an error says of a request is not ours to know.
    let text = if withheld::holds(text.as_bytes(), values.all()) { format!("`{host}` did not answer") } else { text };
    match error {
        error if error.is_connect() => Fault::known(FaultKind::Unavailable, "no-connection", text),
        error if error.is_builder() => Fault::known(FaultKind::Invalid, "unsendable-request", text),
        error if error.is_timeout() => Fault::unknown("time-out", text),
        error if error.is_body() || error.is_decode() => Fault::unknown("unreadable-reply", text),
        _ => Fault::unknown("no-reply", text),
    }
}

/// The fault of an address that may not be reached.
pub(crate) fn refused(private: &PrivateAddress) -> Fault {
    Fault::known(FaultKind::AccessDenied, "private-address", private.to_string())
}

/// What is no answer: the service was too busy, or failed. Only 429 (RFC 6585) says for certain that nothing was done: a
/// proxy also answers 503 for a service that has the request already.
fn refusal(status: StatusCode, headers: &HeaderMap, effect: Effect, host: &str) -> Option<Fault> {
    let may_come_again = effect == Effect::Read && headers.contains_key(RETRY_AFTER);
    let code = format!("http-{}", status.as_u16());
    let said = |more: &str| message(&format!("`{host}` answered {status}{more}"));
    match status.as_u16() {
        429 | 503 if status == StatusCode::TOO_MANY_REQUESTS || may_come_again => {
            Some(Fault::known(FaultKind::Throttled, code, said(", and asks to be left alone for a while")))
        }
        500.. => Some(Fault::unknown(code, said(""))),
        _ => None,
    }
}

/// The fault of an answer that the plugin cannot be given. The request was answered, so that what became of it is known.
fn unusable(code: &str, status: StatusCode, host: &str, what: &str) -> Fault {
    Fault::known(FaultKind::Other, code, format!("the answer of `{host}`, {status}, {what}"))
}

/// Whether the body is compressed or the like.
fn is_encoded(headers: &HeaderMap) -> bool {
    let is_plain = |value: &str| value.split(',').all(|coding| matches!(coding.trim(), "" | "identity" | "chunked"));
    [CONTENT_ENCODING, TRANSFER_ENCODING]
        .iter()
        .flat_map(|name| headers.get_all(name))
        .any(|value| !value.to_str().is_ok_and(|value| is_plain(&value.to_ascii_lowercase())))
}

/// The headers as one text.
fn lines(headers: &HeaderMap) -> Vec<u8> {
    headers
        .iter()
        .flat_map(|(name, value)| [name.as_str().as_bytes(), b":", value.as_bytes(), b"\n"].concat())
        .collect()
}

/// The body, read piece by piece; `None` when there is too much of it.
async fn body(mut response: Response) -> Result<Option<Vec<u8>>, Fault> {
    let mut body = vec![];
    loop {
        match response.chunk().await {
            Ok(Some(chunk)) if body.len() + chunk.len() <= BODY => body.extend_from_slice(&chunk),
            Ok(Some(_)) => return Ok(None),
            Ok(None) => return Ok(Some(body)),
            Err(error) if error.is_timeout() => {
                return Err(Fault::unknown("time-out", "the answer did not end in time"));
            }
            Err(_) => return Err(Fault::unknown("unreadable-reply", "the answer broke off")),
        }
    }
}
