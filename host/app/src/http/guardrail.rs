//! `/v1/guardrail`: the policy above all grants.

use axum::Extension;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;

use super::{Answer, By, Installed, body};
use crate::installation::Error;

/// Set the guardrail
///
/// It holds for the next call of every plugin.
#[utoipa::path(
    put, path = "/v1/guardrail", operation_id = "put-guardrail", tag = "grants",
    request_body(
        content = serde_json::Value, content_type = "application/json", description = "An IAM policy document."
    ),
    responses((status = 204, description = "It is set."))
)]
pub async fn put(State(installation): Installed, Extension(by): By, request: Request) -> Answer<StatusCode> {
    let policy = body::json_text(request).await?;
    installation.put_guardrail(&policy, &by).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Read the guardrail
#[utoipa::path(
    get, path = "/v1/guardrail", operation_id = "get-guardrail", tag = "grants",
    responses((status = 200, description = "The policy as it was put.", body = serde_json::Value))
)]
pub async fn get(State(installation): Installed) -> Answer<impl IntoResponse> {
    let known = installation.known.read();
    if let Some(unreadable) = known.unreadable_guardrail() {
        return Err(Error::unreadable_policy("the guardrail", unreadable).into());
    }
    let policy = known.guardrail().map(|guardrail| guardrail.policy.source().to_owned());
    let missing = || Error::NotFound { what: "policy", name: "guardrail".into() };
    Ok(([(CONTENT_TYPE, "application/json")], policy.ok_or_else(missing)?))
}

/// Remove the guardrail
///
/// Grants hold alone from the next call on.
#[utoipa::path(
    delete, path = "/v1/guardrail", operation_id = "remove-guardrail", tag = "grants",
    responses((status = 204, description = "There is none any more."))
)]
pub async fn remove(State(installation): Installed, Extension(by): By) -> Answer<StatusCode> {
    installation.remove_guardrail(&by).await?;
    Ok(StatusCode::NO_CONTENT)
}
