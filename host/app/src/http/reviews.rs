//! `/v1/reviews`: writes whose outcome only a person can tell.

use std::collections::BTreeSet;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::{Extension, Json};
use ledger::Filter;

use super::body::Body;
use super::{Answer, By, Installed};
use crate::installation::Installation;
use crate::wire::{PendingReview, Reviews, RunStatus, Settle};

/// How many entries are read at once.
const PAGE: u32 = 500;

/// List the reviews of all runs
#[utoipa::path(
    get, path = "/v1/reviews", operation_id = "list-reviews", tag = "reviews",
    responses((status = 200, description = "The oldest first.", body = Reviews))
)]
pub async fn list(State(installation): Installed) -> Answer<Json<Reviews>> {
    let mut reviews = vec![];
    for run in suspended(&installation).await? {
        let summary = installation.ledger.summary(&run).await?;
        let status = summary.and_then(|summary| RunStatus::named(&summary.status));
        if status.is_some_and(|status| !status.is_final()) {
            reviews.extend(PendingReview::all(&installation.run(&run).await?));
        }
    }
    Ok(Json(Reviews { reviews }))
}

/// The runs in which a step was ever suspended: few, unlike those that wait.
async fn suspended(installation: &Installation) -> Answer<BTreeSet<String>> {
    let mut runs = BTreeSet::new();
    let mut filter = Filter { kind: Some("step.suspended".into()), limit: PAGE, ..Filter::default() };
    loop {
        let page = installation.ledger.query(&filter).await?;
        let Some((position, _)) = page.last() else { return Ok(runs) };
        filter.after = Some(*position);
        runs.extend(page.into_iter().map(|(_, record)| record.entry.run));
    }
}

/// Tell what became of a write
///
/// Nothing but your word decides it: a write that is said not to be done is sent again.
#[utoipa::path(
    post, path = "/v1/runs/{run}/reviews", operation_id = "settle-review", tag = "reviews",
    params(("run" = String, Path, description = "The run.")),
    request_body = Settle,
    responses((status = 204, description = "The run goes on with it."))
)]
pub async fn settle(
    State(installation): Installed,
    Extension(by): By,
    Path(run): Path<String>,
    Body(Settle { call, verdict, reason }): Body<Settle>,
) -> Answer<StatusCode> {
    installation.settle(&run, &call, verdict.into(), &reason, &by).await?;
    Ok(StatusCode::NO_CONTENT)
}
