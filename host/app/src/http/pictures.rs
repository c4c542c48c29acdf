//! `/v1/workflows/{name}/picture` and `/v1/runs/{run}/picture`.

use std::sync::LazyLock;

use axum::extract::{Path, State};
use axum::http::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use picture::Picture;
use sha2::{Digest as _, Sha256};

use super::parameters::Query;
use super::{Answer, Installed};
use crate::wire::{PictureFormat, PictureQuery};

/// A picture may have its own style and nothing else: names of steps are in it, and they may be anybody's.
static ONLY_ITS_STYLE: LazyLock<String> = LazyLock::new(|| {
    let style = STANDARD.encode(Sha256::digest(picture::STYLE));
    format!("default-src 'none'; style-src 'sha256-{style}'; frame-ancestors 'none'; sandbox")
});

/// Look at a workflow as a picture
#[utoipa::path(
    get, path = "/v1/workflows/{name}/picture", operation_id = "draw-workflow", tag = "workflows",
    params(("name" = String, Path, description = "Its name."), PictureQuery),
    responses((status = 200, description = "The newest of this name.", content(
        (String = "image/svg+xml"), (String = "text/plain")
    )))
)]
pub async fn of_workflow(
    State(installation): Installed,
    Path(name): Path<String>,
    Query(query): Query<PictureQuery>,
) -> Answer<Response> {
    let stored = installation.workflow(&name)?;
    let draw = move || drawn(&Picture::of(&stored.workflow), &query);
    Ok(installation.draw("drawing the workflow", draw).await?)
}

/// Look at a run as a picture
#[utoipa::path(
    get, path = "/v1/runs/{run}/picture", operation_id = "draw-run", tag = "runs",
    params(("run" = String, Path, description = "The run."), PictureQuery),
    responses((status = 200, description = "The run as it is now.", content(
        (String = "image/svg+xml"), (String = "text/plain")
    )))
)]
pub async fn of_run(
    State(installation): Installed,
    Path(run): Path<String>,
    Query(query): Query<PictureQuery>,
) -> Answer<Response> {
    let view = installation.run(&run).await?;
    let now = installation.known.now();
    let draw = move || drawn(&Picture::of_run(view.workflow.as_deref(), &view.history.run, now), &query);
    Ok(installation.draw("drawing the run", draw).await?)
}

fn drawn(picture: &Picture, query: &PictureQuery) -> Response {
    match query.format {
        PictureFormat::Svg => {
            let headers = [(CONTENT_TYPE, "image/svg+xml"), (CONTENT_SECURITY_POLICY, ONLY_ITS_STYLE.as_str())];
            (headers, picture::svg(picture)).into_response()
        }
        PictureFormat::Mermaid => {
            ([(CONTENT_TYPE, "text/plain; charset=utf-8")], picture::mermaid(picture)).into_response()
        }
    }
}
