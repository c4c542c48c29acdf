//! `/v1/plugins/{plugin}/limits`: what one plugin may use up.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::{Extension, Json};
use sandbox::LimitsChange;
use serde_json::json;

use super::body::Body;
use super::{Answer, By, Installed};
use crate::wire::Limits;

/// Read a plugin's limits
#[utoipa::path(
    get, path = "/v1/plugins/{plugin}/limits", operation_id = "get-limits", tag = "plugins",
    params(("plugin" = String, Path, description = "Its digest, or its name for the newest version.")),
    responses((status = 200, description = "What it may use up.", body = Limits))
)]
pub async fn get(State(installation): Installed, Path(plugin): Path<String>) -> Answer<Json<Limits>> {
    let told = installation.limits(&plugin)?;
    let all = |limits: &sandbox::Limits| json!(LimitsChange::from(limits));
    let set = told.set.unwrap_or_else(|| json!({}));
    Ok(Json(Limits { limits: all(&told.limits), set, maximum: all(&sandbox::Limits::MAX) }))
}

/// Set a plugin's limits
///
/// What is not given is as for every plugin; without anything, all of it is. It holds from the next invocation on, for this
/// digest and no other.
#[utoipa::path(
    put, path = "/v1/plugins/{plugin}/limits", operation_id = "set-limits", tag = "plugins",
    params(("plugin" = String, Path, description = "Its digest, or its name for the newest version.")),
    request_body(content = serde_json::Value, description = "Limits by their names, as they are read."),
    responses((status = 204, description = "They are set."))
)]
pub async fn set(
    State(installation): Installed,
    Extension(by): By,
    Path(plugin): Path<String>,
    Body(change): Body<LimitsChange>,
) -> Answer<StatusCode> {
    installation.set_limits(&plugin, &change, &by).await?;
    Ok(StatusCode::NO_CONTENT)
}
