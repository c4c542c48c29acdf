//! `/v1/runs/{run}/approvals`: what people decide. Who may is decided in `workflow`.

use axum::extract::{Path, State};
use axum::{Extension, Json};
use jiff::Timestamp;
use runner::Said;

use super::body::Body;
use super::{Answer, By, Installed};
use crate::wire::{Decide, Decided};

/// Decide an approval
///
/// The same decision by the same person again changes nothing. One that is late, by the wrong person, by whoever started
/// the run or may be the same person, or other than one's own before is refused; so is one about a question that has been asked again since.
#[utoipa::path(
    post, path = "/v1/runs/{run}/approvals/{step}", operation_id = "decide-approval", tag = "runs",
    params(
        ("run" = String, Path, description = "The run."),
        ("step" = String, Path, description = "The approval's path."),
    ),
    request_body = Decide,
    responses((status = 200, description = "It counts.", body = Decided))
)]
pub async fn decide(
    State(installation): Installed,
    Extension(by): By,
    Path((run, step)): Path<(String, String)>,
    Body(Decide { decision, reason, requested }): Body<Decide>,
) -> Answer<Json<Decided>> {
    let said = Said { decision: decision.into(), reason, asked: requested.map(Timestamp::as_millisecond) };
    installation.decide(&run, &step, said, &by).await?;
    Ok(Json(Decided { run, step, decision }))
}
