//! What stands in the address: names in the path, checked for all routes at once, and the query.

use axum::extract::rejection::{QueryRejection, RawPathParamsRejection};
use axum::extract::{FromRequestParts, RawPathParams, Request};
use axum::http::header::IF_MATCH;
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode};
use axum::middleware::Next;
use axum::response::Response;
use serde::de::DeserializeOwned;

use super::{Answer, Failure};

/// No name is longer: a digest has 64 characters, a step's path may have several ids of 64 each.
const MAX_NAME: usize = 512;
/// How many items a list has when the request does not say.
const DEFAULT_LIMIT: u32 = 100;
/// How many items a list has at most.
const MAX_LIMIT: u32 = 500;

/// What a field of a query must be, whichever route it is of.
const LIMIT: (&str, &str) = ("limit", "a whole number from 1 to 500");
const FIELDS: [(&str, &str); 4] = [
    LIMIT,
    ("after", "a whole number from 0 to 9223372036854775807: the `next` of the page before"),
    ("since", TIME),
    ("until", TIME),
];
const TIME: &str = "a time in RFC 3339, such as `2026-03-01T12:00:00Z`";

/// Refuses names that no resource can have, before anything looks for them.
pub async fn check_path(
    parameters: Result<RawPathParams, RawPathParamsRejection>,
    request: Request,
    next: Next,
) -> Answer<Response> {
    match &parameters {
        Ok(parameters) => parameters.iter().try_for_each(|(name, value)| check_name(name, value))?,
        Err(RawPathParamsRejection::MissingPathParams(_)) => {}
        Err(_) => return Err(name_invalid("a name in the path is not UTF-8".into())),
    }
    Ok(next.run(request).await)
}

fn check_name(name: &str, value: &str) -> Answer<()> {
    if name == "run" {
        return check_run(value);
    }
    // What a step's path and a version of a plugin have besides.
    let of = |name| match name {
        "step" => "/[]",
        "plugin" => "@",
        _ => "",
    };
    let allowed = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c) || of(name).contains(c);
    let is_name = value.len() <= MAX_NAME && value.chars().all(allowed);
    if is_name && value.starts_with(|c: char| c.is_ascii_alphanumeric()) {
        return Ok(());
    }
    Err(name_invalid(format!("{value:.64?} is no name of a {name}")))
}

/// Refuses what is no run, before anything reads it: the installation's own chains above all, which any token could name and
/// which are long.
pub fn check_run(run: &str) -> Answer<()> {
    if runner::is_run_id(run) {
        return Ok(());
    }
    Err(Failure::new(StatusCode::NOT_FOUND, "not-found", format!("there is no run `{run:.64}`")))
}

fn name_invalid(detail: String) -> Failure {
    Failure::new(StatusCode::UNPROCESSABLE_ENTITY, "name-invalid", detail)
        .help("names are letters, digits, `-`, `_` and `.`, and begin with a letter or digit")
}

/// The entity tags of `If-Match`; `None` when it is not sent. They are compared strongly (RFC 9110).
pub fn entity_tags(headers: &HeaderMap, help: &str) -> Answer<Option<Vec<String>>> {
    let values: Vec<_> = headers.get_all(IF_MATCH).iter().map(|value| value.to_str().unwrap_or("?")).collect();
    if values.is_empty() {
        return Ok(None);
    }
    let tag = |tag: &str| Some(tag.trim().strip_prefix('"')?.strip_suffix('"')?.to_owned());
    let tags: Option<Vec<String>> = values.join(",").split(',').map(tag).collect();
    let wrong = "`If-Match` is no list of strong entity tags";
    tags.map(Some).ok_or_else(|| Failure::new(StatusCode::BAD_REQUEST, "precondition-invalid", wrong).help(help))
}

/// The query of a request. Fields that are not known are refused.
pub struct Query<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Query<T> {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Answer<Query<T>> {
        let query = axum::extract::Query::from_request_parts(parts, state).await;
        let query = query.map_err(|rejection: QueryRejection| {
            invalid(told(parts.uri.query().unwrap_or_default(), &why(&rejection)))
        })?;
        Ok(Query(query.0))
    }
}

/// The number of items that a list is to have.
pub fn limit(given: Option<u32>) -> Answer<u32> {
    match given {
        None => Ok(DEFAULT_LIMIT),
        Some(limit @ 1..=MAX_LIMIT) => Ok(limit),
        Some(limit) => Err(invalid(format!("`limit` is `{limit}`, and must be {}", LIMIT.1))),
    }
}

/// What is wrong with a field, without the words of axum around it.
fn why(rejection: &QueryRejection) -> String {
    std::error::Error::source(rejection).map_or_else(|| rejection.body_text(), ToString::to_string)
}

/// What is wrong with a query, for people: `reason` begins with the field, where a value is wrong.
fn told(query: &str, reason: &str) -> String {
    let Some((field, reason)) = reason.split_once(": ").filter(|(field, _)| !field.contains([' ', '`'])) else {
        return reason.into();
    };
    if ["unknown field", "duplicate field"].iter().any(|start| reason.starts_with(start)) {
        return reason.into();
    }
    let pairs = query.split('&').map(|pair| pair.split_once('=').unwrap_or((pair, "")));
    let value = pairs.filter(|(name, _)| *name == field).map(|(_, value)| value).next_back().unwrap_or_default();
    match FIELDS.iter().find(|(name, _)| *name == field) {
        Some((_, must)) => format!("`{field}` is `{value:.64}`, and must be {must}"),
        None => format!("`{field}` is `{value:.64}`: {reason}"),
    }
}

/// That something in the query is not what it must be.
pub fn invalid(detail: String) -> Failure {
    Failure::new(StatusCode::UNPROCESSABLE_ENTITY, "query-invalid", detail)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_nothing_has_are_refused() {
        let long = "a".repeat(MAX_NAME + 1);
        let names = ["../../x", "a/b", ".", "..", "", "-a", "a\0", "é", "a b", "a;b", "a%2fb", &long];
        for name in names {
            assert!(check_name("plugin", name).is_err(), "{name}");
        }
        for (name, value) in [("plugin", "sg-revoke"), ("plugin", "1f00"), ("step", "steps.1"), ("step", "each[2]/fix")]
        {
            assert!(check_name(name, value).is_ok(), "{value}");
        }
    }

    #[tokio::test]
    async fn a_query_is_told_by_field_value_and_range() {
        use crate::wire::{EntryQuery, PictureQuery, RunQuery};
        async fn refused<T: DeserializeOwned + std::fmt::Debug>(query: &str) -> String {
            let request = axum::http::Request::builder().uri(format!("/x?{query}")).body(()).unwrap();
            let (mut parts, ()) = request.into_parts();
            match Query::<T>::from_request_parts(&mut parts, &()).await {
                Ok(Query(query)) => format!("taken: {query:?}"),
                Err(failure) => failure.problem().detail.clone(),
            }
        }
        let limit = "and must be a whole number from 1 to 500";
        for value in ["-1", "1.5", "x", "", "99999999999999999999", "%2d1"] {
            let expected = format!("`limit` is `{value}`, {limit}");
            assert_eq!(refused::<RunQuery>(&format!("limit={value}")).await, expected);
            assert_eq!(refused::<EntryQuery>(&format!("kind=call.&limit={value}")).await, expected);
        }
        let after = refused::<EntryQuery>("after=first").await;
        assert!(after.starts_with("`after` is `first`, and must be a whole number from 0 to"), "{after}");
        for field in ["since", "until"] {
            let told = refused::<EntryQuery>(&format!("{field}=yesterday")).await;
            let must = "and must be a time in RFC 3339, such as `2026-03-01T12:00:00Z`";
            assert_eq!(told, format!("`{field}` is `yesterday`, {must}"));
        }
        let status = refused::<RunQuery>("status=done").await;
        assert!(status.starts_with("`status` is `done`: unknown variant `done`, expected one of `queued`"), "{status}");
        let format = refused::<PictureQuery>("format=png").await;
        assert_eq!(format, "`format` is `png`: unknown variant `png`, expected `svg` or `mermaid`");
        let unknown = refused::<RunQuery>("colour=red").await;
        assert!(unknown.contains("unknown field `colour`, expected one of"), "{unknown}");
    }

    #[test]
    fn limits_are_limited() {
        assert_eq!(limit(None).unwrap(), DEFAULT_LIMIT);
        assert_eq!(limit(Some(MAX_LIMIT)).unwrap(), MAX_LIMIT);
        assert!(limit(Some(0)).is_err() && limit(Some(MAX_LIMIT + 1)).is_err());
    }
}
