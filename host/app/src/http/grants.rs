//! `/v1/plugins/{plugin}/grant`: what one plugin may do, as the IAM policy document that was put, byte for byte; what was
//! granted before, and carrying a grant over to another version.

use axum::extract::{Path, Request, State};
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use axum::{Extension, Json};
use serde::Deserialize;
use utoipa::IntoParams;

use super::body::Body;
use super::parameters::{Query, entity_tags};
use super::{Answer, By, Installed, body};
use crate::installation::{Error, Seen};
use crate::wire::{CarryOver, CarryOverGrant, GrantChange, GrantHistory, PutGrant};

/// Grant a policy to a plugin
///
/// It holds from the next call on, for this digest and no other. A name alone takes `If-Match` with the digest that is meant, so that a
/// version which was uploaded meanwhile is granted nothing. An action or a condition key that is misspelt is refused; one that is
/// not known, and what the policy leaves out of what the plugin imports, is told.
#[utoipa::path(
    put, path = "/v1/plugins/{plugin}/grant", operation_id = "put-grant", tag = "grants",
    params(
        ("plugin" = String, Path, description = "Its digest, `name@version`, or with `If-Match` its name for the newest version."),
        ("If-Match" = Option<String>, Header, description = "The digest, in quotes."),
    ),
    request_body(
        content = serde_json::Value, content_type = "application/json", description = "An IAM policy document."
    ),
    responses((status = 200, description = "It is granted.", body = PutGrant))
)]
pub async fn put(
    State(installation): Installed,
    Extension(by): By,
    Path(plugin): Path<String>,
    request: Request,
) -> Answer<Json<PutGrant>> {
    let expected = entity_tags(request.headers(), "send the plugin's digest, with quotes around it")?;
    let policy = body::json_text(request).await?;
    let put = installation.put_grant(&plugin, expected.as_deref(), &policy, &by).await?;
    let plugin = put.plugin.as_ref();
    let in_use = installation.known.read().is_in_use(plugin);
    let name = plugin.uploaded.name.clone();
    Ok(Json(PutGrant { name, version: plugin.into(), in_use, warnings: put.warnings }))
}

/// Read a plugin's grant
#[utoipa::path(
    get, path = "/v1/plugins/{plugin}/grant", operation_id = "get-grant", tag = "grants",
    params(("plugin" = String, Path, description = "Its digest, or its name for the newest version.")),
    responses((status = 200, description = "The policy as it was put.", body = serde_json::Value))
)]
pub async fn get(State(installation): Installed, Path(plugin): Path<String>) -> Answer<impl IntoResponse> {
    let plugin = installation.plugin(&plugin)?;
    let known = installation.known.read();
    if let Some(unreadable) = known.unreadable_grant(&plugin.uploaded.digest) {
        let what = format!("the grant of plugin `{}`", plugin.uploaded.name);
        return Err(Error::unreadable_policy(&what, unreadable).into());
    }
    let policy = known.grant(&plugin.uploaded.digest).map(|policy| policy.source().to_owned());
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

/// Read the history of a plugin's grant
#[utoipa::path(
    get, path = "/v1/plugins/{plugin}/grants", operation_id = "list-grants", tag = "grants",
    params(("plugin" = String, Path, description = "Its digest, or its name for the newest version.")),
    responses((status = 200, description = "Everything that was ever granted to it.", body = GrantHistory))
)]
pub async fn history(State(installation): Installed, Path(plugin): Path<String>) -> Answer<Json<GrantHistory>> {
    let digest = installation.plugin(&plugin)?.uploaded.digest.clone();
    let changes = installation.known.read().grant_history(&digest).iter().map(GrantChange::from).collect();
    Ok(Json(GrantHistory { digest, changes }))
}

/// Which version's grant is meant.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct From {
    /// The digest or the version that has the grant; without it, the newest of the same name that has one.
    from: Option<String>,
}

/// See what carrying a grant over would mean
///
/// A new version starts without a grant. This is what it imports that the version with the grant did not, and what the
/// grant would let it do at once.
#[utoipa::path(
    get, path = "/v1/plugins/{plugin}/grant/carry-over", operation_id = "get-carry-over", tag = "grants",
    params(From, ("plugin" = String, Path, description = "The version that is to have it: a digest, or a name.")),
    responses((status = 200, description = "The difference.", body = CarryOver))
)]
pub async fn difference(
    State(installation): Installed,
    Path(plugin): Path<String>,
    Query(From { from }): Query<From>,
) -> Answer<Json<CarryOver>> {
    Ok(Json(installation.difference(&plugin, from.as_deref())?.into()))
}

/// Carry a grant over
///
/// The version that is named gets the grant of another one. Whoever decides names all imports that are new: that is how
/// they say that they saw them.
#[utoipa::path(
    post, path = "/v1/plugins/{plugin}/grant/carry-over", operation_id = "carry-over-grant", tag = "grants",
    params(("plugin" = String, Path, description = "The version that is to have it: a digest, or a name.")),
    request_body = CarryOverGrant,
    responses((status = 204, description = "It is granted."))
)]
pub async fn carry_over(
    State(installation): Installed,
    Extension(by): By,
    Path(plugin): Path<String>,
    Body(CarryOverGrant { from, to, policy, new_imports }): Body<CarryOverGrant>,
) -> Answer<StatusCode> {
    let seen = Seen { from, to, policy, new_imports };
    installation.carry_over(&plugin, seen, &by).await?;
    Ok(StatusCode::NO_CONTENT)
}
