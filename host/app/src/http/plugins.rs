//! `/v1/plugins`.

use axum::extract::{Path, Request, State};
use axum::http::StatusCode;
use axum::{Extension, Json};
use capability::Catalog as _;
use sandbox::MAX_UPLOAD_BYTES;

use super::{Answer, By, Installed, body};
use crate::wire::{Plugin, PluginUse, Plugins, WASM};

/// Upload a plugin
///
/// The same bytes again change nothing. A version never changes: other bytes of the same version are refused.
#[utoipa::path(
    post, path = "/v1/plugins", operation_id = "upload-plugin", tag = "plugins",
    request_body(content_type = "application/wasm", description = "The component, at most 16 MiB."),
    responses(
        (status = 201, description = "It is stored.", body = Plugin),
        (status = 200, description = "These bytes were stored before.", body = Plugin),
    )
)]
pub async fn upload(
    State(installation): Installed,
    Extension(by): By,
    request: Request,
) -> Answer<(StatusCode, Json<Plugin>)> {
    let component = body::read(request, &[WASM], MAX_UPLOAD_BYTES).await?;
    let (plugin, new) = installation.upload(component.into(), &by).await?;
    let status = if new { StatusCode::CREATED } else { StatusCode::OK };
    let specs = installation.operations.specs();
    let plugin = Plugin::of(&installation.known.read(), &plugin, &specs);
    Ok((status, Json(plugin)))
}

/// List the plugins
#[utoipa::path(
    get, path = "/v1/plugins", operation_id = "list-plugins", tag = "plugins",
    responses((status = 200, description = "All of them.", body = Plugins))
)]
pub async fn list(State(installation): Installed) -> Json<Plugins> {
    Json(Plugins::of(&installation.known.read(), &installation.operations.specs()))
}

/// Look at a plugin
#[utoipa::path(
    get, path = "/v1/plugins/{plugin}", operation_id = "get-plugin", tag = "plugins",
    params(("plugin" = String, Path, description = "Its digest, or its name for the newest version.")),
    responses((status = 200, description = "The plugin.", body = Plugin))
)]
pub async fn get(State(installation): Installed, Path(plugin): Path<String>) -> Answer<Json<Plugin>> {
    let plugin = installation.plugin(&plugin)?;
    let specs = installation.operations.specs();
    let plugin = Plugin::of(&installation.known.read(), &plugin, &specs);
    Ok(Json(plugin))
}

/// See which version new runs take
#[utoipa::path(
    get, path = "/v1/plugins/{plugin}/use", operation_id = "get-plugin-use", tag = "plugins",
    params(("plugin" = String, Path, description = "Its name.")),
    responses((status = 200, description = "The version, and every choice that was made.", body = PluginUse))
)]
pub async fn get_use(State(installation): Installed, Path(plugin): Path<String>) -> Answer<Json<PluginUse>> {
    let plugin = installation.plugin(&plugin)?;
    let known = installation.known.read();
    let used = known.version_in_use(&plugin.uploaded.name).cloned().unwrap_or(plugin);
    Ok(Json(PluginUse::of(&known, &used)))
}

/// Choose the version that new runs take
///
/// It holds until another one is chosen, whatever is uploaded or granted meanwhile. Runs that have begun keep theirs.
#[utoipa::path(
    put, path = "/v1/plugins/{plugin}/use", operation_id = "choose-plugin", tag = "plugins",
    params(("plugin" = String, Path, description = "Its digest, or `name@version`.")),
    responses((status = 200, description = "It is chosen.", body = PluginUse))
)]
pub async fn choose(
    State(installation): Installed,
    Extension(by): By,
    Path(plugin): Path<String>,
) -> Answer<Json<PluginUse>> {
    let used = installation.choose_version(&plugin, &by).await?;
    Ok(Json(PluginUse::of(&installation.known.read(), &used)))
}

/// Take the choice of a version back
///
/// New runs take the newest version that has a grant.
#[utoipa::path(
    delete, path = "/v1/plugins/{plugin}/use", operation_id = "unchoose-plugin", tag = "plugins",
    params(("plugin" = String, Path, description = "Its name.")),
    responses((status = 200, description = "No version is chosen.", body = PluginUse))
)]
pub async fn unchoose(
    State(installation): Installed,
    Extension(by): By,
    Path(plugin): Path<String>,
) -> Answer<Json<PluginUse>> {
    let used = installation.unchoose_version(&plugin, &by).await?;
    Ok(Json(PluginUse::of(&installation.known.read(), &used)))
}
