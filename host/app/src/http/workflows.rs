//! `/v1/workflows`.

use axum::extract::{Path, Request, State};
use axum::http::header::{ETAG, IF_MATCH, IF_NONE_MATCH};
use axum::http::{HeaderMap, HeaderName, StatusCode};
use axum::{Extension, Json};

use super::body::Body;
use super::{Answer, By, Failure, Installed, body};
use crate::installation::Precondition;
use crate::wire::{CheckedWorkflow, SwitchWorkflow, Workflow, WorkflowInfo, Workflows, YAML};

/// What a workflow may come as. Older tools know the second name only.
const MEDIA: &[&str] = &[YAML, "text/yaml"];

/// Store a workflow
///
/// Runs that are under way keep the one that they started with. With `If-Match`, it is stored only if the one that is there
/// has this entity tag (its digest), and with `If-None-Match: *` only if there is none: else the answer is 412.
#[utoipa::path(
    put, path = "/v1/workflows/{name}", operation_id = "put-workflow", tag = "workflows",
    params(
        ("name" = String, Path, description = "The name that the document gives itself."),
        ("If-Match" = Option<String>, Header, description = "The entity tag of the one that is to be replaced, or `*`."),
        ("If-None-Match" = Option<String>, Header, description = "`*`: there must be none."),
    ),
    request_body(content = String, content_type = "application/yaml", description = "The document, at most 256 KiB."),
    responses((status = 200, description = "It is stored.", body = WorkflowInfo))
)]
pub async fn put(
    State(installation): Installed,
    Extension(by): By,
    Path(name): Path<String>,
    request: Request,
) -> Answer<([(HeaderName, String); 1], Json<WorkflowInfo>)> {
    let precondition = precondition(request.headers())?;
    let source = body::text(request, MEDIA).await?;
    let stored = installation.put_workflow(&name, &source, &precondition, &by).await?;
    let info = WorkflowInfo::of(&stored, &installation.known.read());
    Ok((tag(&info), Json(info)))
}

/// What a request says must hold. Entity tags are compared strongly, as RFC 9110 has it for `If-Match`.
fn precondition(headers: &HeaderMap) -> Answer<Precondition> {
    let given = |name: HeaderName| {
        let values: Vec<_> = headers.get_all(name).iter().map(|value| value.to_str().unwrap_or("?")).collect();
        (!values.is_empty()).then(|| values.join(","))
    };
    let wrong = |detail: &str| Failure::new(StatusCode::BAD_REQUEST, "precondition-invalid", detail);
    match (given(IF_MATCH), given(IF_NONE_MATCH)) {
        (None, None) => Ok(Precondition::None),
        (Some(_), Some(_)) => Err(wrong("`If-Match` and `If-None-Match` cannot both hold")),
        (None, Some(tags)) if tags.trim() == "*" => Ok(Precondition::Absent),
        (None, Some(_)) => Err(wrong("`If-None-Match` can only be `*` here")),
        (Some(tags), None) if tags.trim() == "*" => Ok(Precondition::Is(None)),
        (Some(tags), None) => {
            let tag = |tag: &str| Some(tag.trim().strip_prefix('"')?.strip_suffix('"')?.to_owned());
            let tags: Option<Vec<String>> = tags.split(',').map(tag).collect();
            let help = "send the `ETag` that came with the workflow, with its quotes";
            tags.map(|tags| Precondition::Is(Some(tags)))
                .ok_or_else(|| wrong("`If-Match` is no list of strong entity tags").help(help))
        }
    }
}

/// The entity tag of a workflow: its digest says all.
fn tag(info: &WorkflowInfo) -> [(HeaderName, String); 1] {
    [(ETAG, format!("\"{}\"", info.digest))]
}

/// List the workflows
#[utoipa::path(
    get, path = "/v1/workflows", operation_id = "list-workflows", tag = "workflows",
    responses((status = 200, description = "The newest of each name.", body = Workflows))
)]
pub async fn list(State(installation): Installed) -> Json<Workflows> {
    let known = installation.known.read();
    let readable = known.workflows().map(|stored| WorkflowInfo::of(stored, &known));
    let unreadable = known.unreadable_workflows().map(|stored| WorkflowInfo::unreadable(stored, &known));
    let mut workflows: Vec<WorkflowInfo> = readable.chain(unreadable).collect();
    workflows.sort_by(|a, b| a.name.cmp(&b.name));
    Json(Workflows { workflows })
}

/// Read a workflow
#[utoipa::path(
    get, path = "/v1/workflows/{name}", operation_id = "get-workflow", tag = "workflows",
    params(("name" = String, Path, description = "Its name.")),
    responses((status = 200, description = "The newest of this name.", body = Workflow))
)]
pub async fn get(
    State(installation): Installed,
    Path(name): Path<String>,
) -> Answer<([(HeaderName, String); 1], Json<Workflow>)> {
    if let Some(unreadable) = installation.known.read().unreadable_workflow(&name) {
        // So that it can be mended.
        let info = WorkflowInfo::unreadable(unreadable, &installation.known.read());
        return Ok((tag(&info), Json(Workflow { info, source: unreadable.source.clone().unwrap_or_default() })));
    }
    let stored = installation.workflow(&name)?;
    let info = WorkflowInfo::of(&stored, &installation.known.read());
    Ok((tag(&info), Json(Workflow { info, source: stored.source.clone() })))
}

/// Disable a workflow
///
/// Nothing starts it any more: no event, no schedule, no person. Runs under way go on. Events that are for it are recorded.
#[utoipa::path(
    post, path = "/v1/workflows/{name}/disable", operation_id = "disable-workflow", tag = "workflows",
    params(("name" = String, Path, description = "Its name.")),
    request_body = SwitchWorkflow,
    responses((status = 204, description = "Nothing starts it. Again changes nothing."))
)]
pub async fn disable(
    State(installation): Installed,
    Extension(by): By,
    Path(name): Path<String>,
    Body(SwitchWorkflow { reason }): Body<SwitchWorkflow>,
) -> Answer<StatusCode> {
    installation.switch_workflow(&name, true, reason.as_deref(), &by).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Enable a workflow
///
/// What would have started it in between is not made up for.
#[utoipa::path(
    post, path = "/v1/workflows/{name}/enable", operation_id = "enable-workflow", tag = "workflows",
    params(("name" = String, Path, description = "Its name.")),
    request_body = SwitchWorkflow,
    responses((status = 204, description = "It may be started. Again changes nothing."))
)]
pub async fn enable(
    State(installation): Installed,
    Extension(by): By,
    Path(name): Path<String>,
    Body(SwitchWorkflow { reason }): Body<SwitchWorkflow>,
) -> Answer<StatusCode> {
    installation.switch_workflow(&name, false, reason.as_deref(), &by).await?;
    Ok(StatusCode::NO_CONTENT)
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
    Ok(Json(CheckedWorkflow::from(&installation.check_workflow("workflow.yaml", &source).await?)))
}
