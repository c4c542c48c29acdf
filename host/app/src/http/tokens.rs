//! `/v1/tokens`.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::{Extension, Json};

use super::body::Body;
use super::{Answer, By, Installed};
use crate::wire::{CreateToken, CreatedToken, Token, Tokens};

/// Make a token
#[utoipa::path(
    post, path = "/v1/tokens", operation_id = "create-token", tag = "tokens",
    request_body = CreateToken,
    responses((status = 201, description = "The token, which is shown only now.", body = CreatedToken))
)]
pub async fn create(
    State(installation): Installed,
    Extension(by): By,
    Body(CreateToken { name, groups }): Body<CreateToken>,
) -> Answer<(StatusCode, Json<CreatedToken>)> {
    let new = installation.create_token(&name, groups, &by.actor()).await?;
    Ok((StatusCode::CREATED, Json(new.into())))
}

/// List the tokens
#[utoipa::path(
    get, path = "/v1/tokens", operation_id = "list-tokens", tag = "tokens",
    responses((status = 200, description = "All that count.", body = Tokens))
)]
pub async fn list(State(installation): Installed) -> Json<Tokens> {
    Json(Tokens { tokens: installation.known.read().tokens().map(Token::from).collect() })
}

/// Revoke a token
///
/// It counts no more from the next request on.
#[utoipa::path(
    delete, path = "/v1/tokens/{id}", operation_id = "revoke-token", tag = "tokens",
    params(("id" = String, Path, description = "The token's id.")),
    responses((status = 204, description = "It counts no more."))
)]
pub async fn revoke(State(installation): Installed, Extension(by): By, Path(id): Path<String>) -> Answer<StatusCode> {
    installation.revoke_token(&id, &by).await?;
    Ok(StatusCode::NO_CONTENT)
}
