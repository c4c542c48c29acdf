//! `/healthz` and `/readyz`: whether the process serves, and whether it can do its work.

use axum::Json;
use axum::extract::State;

use super::{Answer, Installed};
use crate::wire::Health;

/// Whether Quell serves
#[utoipa::path(
    get, path = "/healthz", operation_id = "health", tag = "api",
    security(()),
    responses((status = 200, description = "It does.", body = Health))
)]
pub async fn healthz() -> Json<Health> {
    Json(Health { ok: true })
}

/// Whether Quell can take work
///
/// It can when the ledger takes commits, which is tried every five seconds at most.
#[utoipa::path(
    get, path = "/readyz", operation_id = "readiness", tag = "api",
    security(()),
    responses((status = 200, description = "It can.", body = Health))
)]
pub async fn readyz(State(installation): Installed) -> Answer<Json<Health>> {
    installation.ready().await?;
    Ok(Json(Health { ok: true }))
}
