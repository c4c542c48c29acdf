//! `/v1/whoami`.

use axum::{Extension, Json};

use super::By;
use crate::wire::Whoami;

/// Whose token this is
#[utoipa::path(
    get, path = "/v1/whoami", operation_id = "whoami", tag = "api",
    responses((status = 200, description = "The person.", body = Whoami))
)]
pub async fn whoami(Extension(by): By) -> Json<Whoami> {
    Json(Whoami::from(&by))
}
