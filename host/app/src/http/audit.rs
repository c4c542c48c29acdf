//! `/v1/audit`: what each plugin may do and did.

use audit::Report;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};

use super::parameters::Query;
use super::{Answer, Failure, Installed};
use crate::wire::{AuditFormat, AuditQuery, Moment};

/// Audit the capabilities of plugins
///
/// For each plugin, function and action: whether it is imported, on what it is granted and by which statement, how often it
/// was used, when last and on what, how often it was denied and why. As it is now, or as it stood at any moment of the past.
#[utoipa::path(
    get, path = "/v1/audit/capabilities", operation_id = "audit-capabilities", tag = "audit",
    params(AuditQuery),
    responses((status = 200, description = "The report.", content(
        (serde_json::Value = "application/json"), (String = "text/csv"), (String = "text/markdown")
    )))
)]
pub async fn capabilities(
    State(installation): Installed,
    Query(AuditQuery { plugin, at, format }): Query<AuditQuery>,
) -> Answer<Response> {
    let at = at.map(|at| at.parse::<Moment>()).transpose();
    let at = at.map_err(|wrong| Failure::new(StatusCode::UNPROCESSABLE_ENTITY, "query-invalid", wrong))?;
    let at = at.map(|Moment(time)| time.as_millisecond());
    let report: Report = installation.audit(plugin.as_deref(), at).await?;
    Ok(match format {
        AuditFormat::Json => Json(report).into_response(),
        AuditFormat::Csv => ([(CONTENT_TYPE, "text/csv; charset=utf-8")], report.csv()).into_response(),
        AuditFormat::Markdown => ([(CONTENT_TYPE, "text/markdown; charset=utf-8")], report.markdown()).into_response(),
    })
}
