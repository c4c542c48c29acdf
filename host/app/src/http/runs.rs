//! `/v1/runs`, and where they come from: `/v1/workflows/{name}/runs`.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::{Extension, Json};

use super::body::{Body, EVENT};
use super::parameters::{Query, check_run, limit};
use super::{Answer, By, Installed};
use crate::wire::{Cancel, Run, RunInfo, RunQuery, Runs, StartRun, StartedRun};

/// Start a run
#[utoipa::path(
    post, path = "/v1/workflows/{name}/runs", operation_id = "start-run", tag = "runs",
    params(("name" = String, Path, description = "The workflow's name.")),
    request_body = StartRun,
    responses((status = 202, description = "It is on disk.", body = StartedRun))
)]
pub async fn start(
    State(installation): Installed,
    Extension(by): By,
    Path(name): Path<String>,
    Body(start): Body<StartRun, EVENT>,
) -> Answer<(StatusCode, Json<StartedRun>)> {
    let StartRun { account, region, inputs, event } = start;
    let started = installation.start_run(&name, event, inputs, &account, &region, &by).await?;
    Ok((StatusCode::ACCEPTED, Json(started.into())))
}

/// List runs
#[utoipa::path(
    get, path = "/v1/runs", operation_id = "list-runs", tag = "runs",
    params(RunQuery),
    responses((status = 200, description = "The newest first.", body = Runs))
)]
pub async fn list(State(installation): Installed, Query(query): Query<RunQuery>) -> Answer<Json<Runs>> {
    let limit = limit(query.limit)?;
    query.before.as_deref().map_or(Ok(()), check_run)?;
    let status = query.status.map(|status| status.name());
    let (workflow, before) = (query.workflow.as_deref(), query.before.as_deref());
    let summaries = installation.ledger.summaries(workflow, status, before, limit).await?;
    let full = summaries.len() >= limit as usize;
    let next = summaries.last().filter(|_| full).map(|summary| summary.run.clone());
    Ok(Json(Runs { runs: summaries.iter().filter_map(RunInfo::of).collect(), next }))
}

/// Look at a run
///
/// A token without the scope `read` sees the runs that were started with it.
#[utoipa::path(
    get, path = "/v1/runs/{run}", operation_id = "get-run", tag = "runs",
    params(("run" = String, Path, description = "The run.")),
    responses((status = 200, description = "The run as it is now.", body = Run))
)]
pub async fn get(State(installation): Installed, Extension(by): By, Path(run): Path<String>) -> Answer<Json<Run>> {
    Ok(Json(Run::from(&installation.run_for(&run, &by).await?)))
}

/// Cancel a run
///
/// No step starts any more, and running ones are stopped. Again changes nothing.
#[utoipa::path(
    post, path = "/v1/runs/{run}/cancel", operation_id = "cancel-run", tag = "runs",
    params(("run" = String, Path, description = "The run.")),
    request_body = Cancel,
    responses((status = 204, description = "It will end as soon as it can."))
)]
pub async fn cancel(
    State(installation): Installed,
    Extension(by): By,
    Path(run): Path<String>,
    Body(Cancel { reason }): Body<Cancel>,
) -> Answer<StatusCode> {
    installation.cancel(&run, reason, &by).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Retry a failed run from its failed step
///
/// What has succeeded stays; the step that failed begins anew, with the workflow and the plugins that the run started with.
#[utoipa::path(
    post, path = "/v1/runs/{run}/retry", operation_id = "retry-run", tag = "runs",
    params(("run" = String, Path, description = "The run: one that ended failed or timed out.")),
    responses((status = 204, description = "It goes on."))
)]
pub async fn retry(State(installation): Installed, Extension(by): By, Path(run): Path<String>) -> Answer<StatusCode> {
    installation.retry(&run, &by).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Resume a run that hangs or is parked
///
/// Whatever drives it is superseded, and it goes on from its entries. Nothing is done twice. A run is parked that could not
/// be driven several times in a row: once what was wrong is mended, this has it tried again.
#[utoipa::path(
    post, path = "/v1/runs/{run}/resume", operation_id = "resume-run", tag = "runs",
    params(("run" = String, Path, description = "The run.")),
    responses((status = 204, description = "It is driven anew."))
)]
pub async fn resume(State(installation): Installed, Extension(by): By, Path(run): Path<String>) -> Answer<StatusCode> {
    installation.resume(&run, &by).await?;
    Ok(StatusCode::NO_CONTENT)
}
