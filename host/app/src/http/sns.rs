//! `/v1/sns`: messages of Amazon SNS. No token is asked for: the message's signature is its authentication, which
//! `installation::topics` checks.

use axum::Json;
use axum::extract::{Request, State};
use axum::http::StatusCode;

use super::body::{EVENT, read};
use super::{Answer, Installed, requests};
use crate::installation::Heard;
use crate::wire::TakenEvent;

/// SNS says the former, whatever it sends.
const MEDIA: &[&str] = &["text/plain", "application/json"];

/// Give a message of SNS
///
/// For topics that the configuration lists. Their signature is checked, of version 2; a subscription is confirmed, and what
/// a notification says is taken as an event.
#[utoipa::path(
    post, path = "/v1/sns", operation_id = "take-message", tag = "events",
    security(()),
    request_body(
        content = String, content_type = "text/plain",
        description = "A message as SNS sends it without raw message delivery, at most 1 MiB."
    ),
    responses((status = 202, description = "What it says is on disk.", body = TakenEvent))
)]
pub async fn take(State(installation): Installed, request: Request) -> Answer<(StatusCode, Json<TakenEvent>)> {
    let body = read(request, MEDIA, EVENT).await?;
    // A stranger's body may take its time; only what is there takes a place.
    let heard = requests::carried(async move { Ok(installation.hear(&body).await?) }).await?;
    let taken = match heard {
        Heard::Event(intake) => intake.into(),
        Heard::Noted => TakenEvent { runs: vec![], disabled: vec![] },
    };
    Ok((StatusCode::ACCEPTED, Json(taken)))
}
