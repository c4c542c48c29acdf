//! `/v1/openapi.json`: the OpenAPI 3.1 document, made from the routes.

use std::sync::LazyLock;

use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{ContentBuilder, OpenApi, PathItem, Ref, ResponseBuilder};
use utoipa::{Modify, OpenApi as _};

use super::{Routes, routes};
use crate::wire::{PROBLEM, Problem};

/// What the document says besides the routes.
#[derive(utoipa::OpenApi)]
#[openapi(
    info(
        title = "Quell",
        description = "Runs security remediations on AWS. Every error is a problem document (RFC 9457) with a `code` that \
            never changes."
    ),
    components(schemas(Problem)),
    security(("token" = [])),
    modifiers(&Token)
)]
struct Frame;

/// What is said of tokens. The requirement of each operation names the scope that the token must have.
const TOKEN: &str =
    "`quell token create` makes one. Where an operation lists several requirements, one of them is enough.";

/// How a request says whose it is.
struct Token;

impl Modify for Token {
    fn modify(&self, document: &mut OpenApi) {
        let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).description(Some(TOKEN));
        let components = document.components.get_or_insert_default();
        components.add_security_scheme("token", SecurityScheme::Http(bearer.build()));
    }
}

static DOCUMENT: LazyLock<String> = LazyLock::new(|| document().to_json().unwrap_or_default());

/// The document.
pub fn document() -> OpenApi {
    let (public, people) = routes();
    let mut document = Routes::with_openapi(Frame::openapi()).merge(public).merge(people).into_openapi();
    document.paths.paths.values_mut().for_each(add_problem);
    document
}

/// Says of every operation that its errors are problems.
fn add_problem(item: &mut PathItem) {
    let content = ContentBuilder::new().schema(Some(Ref::from_schema_name("Problem"))).build();
    let response = ResponseBuilder::new().description("What went wrong.").content(PROBLEM, content).build();
    let PathItem { get, put, post, delete, .. } = item;
    for operation in [get, put, post, delete].into_iter().flatten() {
        operation.responses.responses.insert("default".into(), response.clone().into());
    }
}

/// This document
#[utoipa::path(
    get, path = "/v1/openapi.json", operation_id = "openapi", tag = "api",
    security(()),
    responses((status = 200, description = "OpenAPI 3.1.", body = serde_json::Value))
)]
pub async fn openapi() -> impl IntoResponse {
    ([(CONTENT_TYPE, "application/json")], DOCUMENT.as_str())
}
