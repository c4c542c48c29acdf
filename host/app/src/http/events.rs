//! `/v1/events`: events in EventBridge's envelope.

use axum::extract::State;
use axum::http::StatusCode;
use axum::{Extension, Json};
use serde_json::Value;

use super::body::{Body, EVENT};
use super::{Answer, By, Installed};
use crate::installation::Source;
use crate::wire::TakenEvent;

/// Give an event
///
/// Every workflow that it is for runs; one that `dedupe` knows starts nothing new.
#[utoipa::path(
    post, path = "/v1/events", operation_id = "take-event", tag = "events",
    request_body(
        content = Value, content_type = "application/json",
        description = "An event in EventBridge's envelope, at most 1 MiB."
    ),
    responses((status = 202, description = "It and its runs are on disk.", body = TakenEvent))
)]
pub async fn take(
    State(installation): Installed,
    Extension(by): By,
    Body(event): Body<Value, EVENT>,
) -> Answer<(StatusCode, Json<TakenEvent>)> {
    let intake = installation.event(event, Source::person(&by)).await?;
    Ok((StatusCode::ACCEPTED, Json(intake.into())))
}
