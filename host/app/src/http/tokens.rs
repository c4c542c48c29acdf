//! `/v1/tokens`.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::{Extension, Json};
use jiff::Timestamp;
use registry::{TokenScopes, TokenTerms};

use super::body::Body;
use super::{Answer, By, Installed};
use crate::installation::Error;
use crate::wire::{CreateToken, CreatedToken, Token, Tokens};

/// Make a token
///
/// What it may do is stated here and does not change: make another one to change it.
#[utoipa::path(
    post, path = "/v1/tokens", operation_id = "create-token", tag = "tokens",
    request_body = CreateToken,
    responses((status = 201, description = "The token, which is shown only now.", body = CreatedToken))
)]
pub async fn create(
    State(installation): Installed,
    Extension(by): By,
    Body(CreateToken { name, scopes, groups, expires }): Body<CreateToken>,
) -> Answer<(StatusCode, Json<CreatedToken>)> {
    let scopes = TokenScopes::parse(&scopes).map_err(|error| Error::Invalid(error.to_string()))?;
    let terms = TokenTerms { name, scopes, groups, expires: expires.map(Timestamp::as_millisecond) };
    let new = installation.create_token(terms, &by).await?;
    Ok((StatusCode::CREATED, Json(new.into())))
}

/// List the tokens
#[utoipa::path(
    get, path = "/v1/tokens", operation_id = "list-tokens", tag = "tokens",
    responses((status = 200, description = "All that were not revoked: their ids, not what they are.", body = Tokens))
)]
pub async fn list(State(installation): Installed) -> Json<Tokens> {
    Json(Tokens { tokens: installation.tokens().into_iter().map(Token::from).collect() })
}

/// Revoke a token
///
/// It does not count from the next request on.
#[utoipa::path(
    delete, path = "/v1/tokens/{id}", operation_id = "revoke-token", tag = "tokens",
    params(("id" = String, Path, description = "The token's id.")),
    responses((status = 204, description = "It does not count any more."))
)]
pub async fn revoke(State(installation): Installed, Extension(by): By, Path(id): Path<String>) -> Answer<StatusCode> {
    installation.revoke_token(&id, &by).await?;
    Ok(StatusCode::NO_CONTENT)
}
