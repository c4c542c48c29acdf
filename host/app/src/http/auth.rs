//! Who asks: a bearer token (RFC 6750) in the header, and nowhere else. What a token is is decided in `registry`.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::header::{AUTHORIZATION, RETRY_AFTER};
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};

use super::client_address::ClientAddress;
use super::wrong_tokens::WrongTokens;
use super::{Answer, Failure};
use crate::installation::{Caller, Installation};

/// Lets a request on with the person whose token it has.
pub async fn authenticate(
    State((installation, wrong)): State<(Arc<Installation>, Arc<WrongTokens>)>,
    mut request: Request,
    next: Next,
) -> Answer<Response> {
    if has_token(request.uri()) {
        let detail = "a token in the address ends up in logs and histories, so it is not taken";
        let help = "send it as `Authorization: Bearer …`, and revoke this one if it is real";
        return Err(Failure::new(StatusCode::UNAUTHORIZED, "token-in-address", detail).help(help));
    }
    let token = bearer(request.headers()).ok_or_else(|| {
        Failure::new(StatusCode::UNAUTHORIZED, "no-token", "this needs a token")
            .help("send `Authorization: Bearer …`, once; `quell token create` makes tokens")
    })?;
    let person = match installation.authenticate(token) {
        Caller::Person(person) => person,
        Caller::Expired { at } => {
            let detail = format!("this token expired at {}", crate::wire::time(at));
            return Err(Failure::new(StatusCode::UNAUTHORIZED, "token-expired", detail)
                .help("`quell token create` makes another one"));
        }
        Caller::Unknown => {
            let client = request.extensions().get::<ClientAddress>().copied();
            if let Err(seconds) = wrong.tried(client, installation.known.now()) {
                return Ok(too_many(seconds));
            }
            return Err(Failure::new(StatusCode::UNAUTHORIZED, "bad-token", "this token does not count")
                .help("it may have been revoked, or belong to another installation"));
        }
    };
    request.extensions_mut().insert(person);
    Ok(next.run(request).await)
}

/// The answer to a wrong token where there were too many already.
fn too_many(seconds: u64) -> Response {
    let detail = format!("too many wrong tokens came from this address: it may try again in {seconds} s");
    let failure = Failure::new(StatusCode::TOO_MANY_REQUESTS, "too-many-wrong-tokens", detail)
        .help("a token that counts is let on all the same");
    let mut response = failure.into_response();
    response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
    response
}

/// The token of the one `Authorization` header.
fn bearer(headers: &HeaderMap) -> Option<&str> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let (Some(value), None) = (values.next(), values.next()) else { return None };
    let (scheme, token) = value.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(token.trim())
}

/// Whether the query has a token, under a name that says so or by its look.
fn has_token(uri: &Uri) -> bool {
    let query = uri.query().unwrap_or_default();
    query.split('&').any(|field| {
        let name = field.split('=').next().unwrap_or_default();
        matches!(name, "token" | "access_token") || field.contains("quell_")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_one_bearer_token_counts() {
        let given = |values: &[&str]| {
            let mut headers = HeaderMap::new();
            for value in values {
                headers.append(AUTHORIZATION, value.parse().unwrap());
            }
            bearer(&headers).map(str::to_string)
        };
        assert_eq!(given(&["Bearer a"]).as_deref(), Some("a"));
        assert_eq!(given(&["bearer  a"]).as_deref(), Some("a"));
        for wrong in [&[][..], &["Basic a"], &["a"], &["Bearer"], &["Bearer a", "Bearer a"]] {
            assert_eq!(given(wrong), None, "{wrong:?}");
        }
    }

    #[test]
    fn tokens_in_the_address_are_seen() {
        for with in ["/v1/runs?token=a", "/v1/runs?limit=1&access_token=a", "/v1/runs?before=quell_1_2"] {
            assert!(has_token(&with.parse().unwrap()), "{with}");
        }
        for without in ["/v1/runs", "/v1/runs?workflow=token", "/v1/runs?limit=1"] {
            assert!(!has_token(&without.parse().unwrap()), "{without}");
        }
    }
}
