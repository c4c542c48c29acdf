//! `/v1/plugins/{plugin}/grant`: what one plugin may do, as the IAM policy document that was put, byte for byte.

use axum::Extension;
use axum::extract::{Path, Request, State};
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;

use super::{Answer, By, Installed, body};
use crate::installation::Error;

/// Grant a policy to a plugin
///
/// It holds from the next call on, for this digest and no other.
#[utoipa::path(
    put, path = "/v1/plugins/{plugin}/grant", operation_id = "put-grant", tag = "grants",
    params(("plugin" = String, Path, description = "Its digest, or its name for the newest version.")),
    request_body(
        content = serde_json::Value, content_type = "application/json", description = "An IAM policy document."
    ),
    responses((status = 204, description = "It is granted."))
)]
pub async fn put(
    State(installation): Installed,
    Extension(by): By,
    Path(plugin): Path<String>,
    request: Request,
) -> Answer<StatusCode> {
    let policy = body::json_text(request).await?;
    installation.put_grant(&plugin, &policy, &by).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Read a plugin's grant
#[utoipa::path(
    get, path = "/v1/plugins/{plugin}/grant", operation_id = "get-grant", tag = "grants",
    params(("plugin" = String, Path, description = "Its digest, or its name for the newest version.")),
    responses((status = 200, description = "The policy as it was put.", body = serde_json::Value))
)]
pub async fn get(State(installation): Installed, Path(plugin): Path<String>) -> Answer<impl IntoResponse> {
    let plugin = installation.plugin(&plugin)?;
    let policy = installation.known.read().grant(&plugin.uploaded.digest).map(|policy| policy.source().to_owned());
    let missing = || Error::NotFound { what: "grant of plugin", name: plugin.uploaded.name.clone() };
    Ok(([(CONTENT_TYPE, "application/json")], policy.ok_or_else(missing)?))
}

/// Take a plugin's grant back
///
/// It holds from the next call on.
#[utoipa::path(
    delete, path = "/v1/plugins/{plugin}/grant", operation_id = "revoke-grant", tag = "grants",
    params(("plugin" = String, Path, description = "Its digest, or its name for the newest version.")),
    responses((status = 204, description = "The plugin may do nothing any more."))
)]
pub async fn revoke(
    State(installation): Installed,
    Extension(by): By,
    Path(plugin): Path<String>,
) -> Answer<StatusCode> {
    installation.revoke_grant(&plugin, &by).await?;
    Ok(StatusCode::NO_CONTENT)
}
