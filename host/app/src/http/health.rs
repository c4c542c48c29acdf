//! `/healthz`.

use axum::Json;

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
