//! `/v1/workflows`.

use axum::extract::{Path, Request, State};
use axum::{Extension, Json};

use super::{Answer, By, Installed, body};
use crate::wire::{CheckedWorkflow, Workflow, WorkflowInfo, Workflows, YAML};

/// What a workflow may come as. Older tools know the second name only.
const MEDIA: &[&str] = &[YAML, "text/yaml"];

/// Store a workflow
///
/// Runs that are under way keep the one that they started with.
#[utoipa::path(
    put, path = "/v1/workflows/{name}", operation_id = "put-workflow", tag = "workflows",
    params(("name" = String, Path, description = "The name that the document gives itself.")),
    request_body(content = String, content_type = "application/yaml", description = "The document, at most 256 KiB."),
    responses((status = 200, description = "It is stored.", body = WorkflowInfo))
)]
pub async fn put(
    State(installation): Installed,
    Extension(by): By,
    Path(name): Path<String>,
    request: Request,
) -> Answer<Json<WorkflowInfo>> {
    let source = body::text(request, MEDIA).await?;
    let stored = installation.put_workflow(&name, &source, &by).await?;
    Ok(Json(WorkflowInfo::from(stored.as_ref())))
}

/// List the workflows
#[utoipa::path(
    get, path = "/v1/workflows", operation_id = "list-workflows", tag = "workflows",
    responses((status = 200, description = "The newest of each name.", body = Workflows))
)]
pub async fn list(State(installation): Installed) -> Json<Workflows> {
    let known = installation.known.read();
    Json(Workflows { workflows: known.workflows().map(|stored| stored.as_ref().into()).collect() })
}

/// Read a workflow
#[utoipa::path(
    get, path = "/v1/workflows/{name}", operation_id = "get-workflow", tag = "workflows",
    params(("name" = String, Path, description = "Its name.")),
    responses((status = 200, description = "The newest of this name.", body = Workflow))
)]
pub async fn get(State(installation): Installed, Path(name): Path<String>) -> Answer<Json<Workflow>> {
    Ok(Json(Workflow::from(installation.workflow(&name)?.as_ref())))
}

/// Check a workflow
///
/// Tells all problems at once, against the plugins that there are. Nothing is stored.
#[utoipa::path(
    post, path = "/v1/workflow-check", operation_id = "check-workflow", tag = "workflows",
    request_body(content = String, content_type = "application/yaml", description = "The document, at most 256 KiB."),
    responses((status = 200, description = "It has no problems.", body = CheckedWorkflow))
)]
pub async fn check(State(installation): Installed, request: Request) -> Answer<Json<CheckedWorkflow>> {
    let source = body::text(request, MEDIA).await?;
    Ok(Json(CheckedWorkflow::from(&installation.check_workflow("workflow.yaml", &source)?)))
}
