//! `/v1/secrets`: set and removed, never read.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::{Extension, Json};

use super::body::ConfidentialBody;
use super::{Answer, By, Installed};
use crate::wire::{Secret, Secrets, SetSecret};

/// Set a secret
#[utoipa::path(
    put, path = "/v1/secrets/{name}", operation_id = "set-secret", tag = "secrets",
    params(("name" = String, Path, description = "Its name: all that workflows and plugins ever see.")),
    request_body = SetSecret,
    responses((status = 204, description = "It is set."))
)]
pub async fn set(
    State(installation): Installed,
    Extension(by): By,
    Path(name): Path<String>,
    ConfidentialBody(SetSecret { value, hosts }): ConfidentialBody<SetSecret>,
) -> Answer<StatusCode> {
    installation.set_secret(&name, &hosts, &value, &by).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// List the secrets
#[utoipa::path(
    get, path = "/v1/secrets", operation_id = "list-secrets", tag = "secrets",
    responses((status = 200, description = "All of them, without their values.", body = Secrets))
)]
pub async fn list(State(installation): Installed) -> Json<Secrets> {
    Json(Secrets { secrets: installation.known.read().secrets().map(Secret::from).collect() })
}

/// Remove a secret
#[utoipa::path(
    delete, path = "/v1/secrets/{name}", operation_id = "remove-secret", tag = "secrets",
    params(("name" = String, Path, description = "Its name.")),
    responses((status = 204, description = "It is removed."))
)]
pub async fn remove(State(installation): Installed, Extension(by): By, Path(name): Path<String>) -> Answer<StatusCode> {
    installation.remove_secret(&name, &by).await?;
    Ok(StatusCode::NO_CONTENT)
}
