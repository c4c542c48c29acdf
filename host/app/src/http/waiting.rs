//! `/v1/waiting`: what runs wait for.

use axum::Json;
use axum::extract::State;

use super::{Answer, Installed};
use crate::wire::Waiting;

/// List what runs wait for
///
/// Approvals, reviews, timers, and runs that wait for their place.
#[utoipa::path(
    get, path = "/v1/waiting", operation_id = "list-waiting", tag = "runs",
    responses((status = 200, description = "What waits longest first.", body = Waiting))
)]
pub async fn list(State(installation): Installed) -> Answer<Json<Waiting>> {
    let waiting = installation.waiting().await?.into_iter().map(Into::into).collect();
    Ok(Json(Waiting { waiting }))
}
