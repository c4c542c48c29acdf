//! Who may use a route: what the routing table says of each, and the check of it. What a scope means is decided in
//! `registry`; where a scope reaches only a part of what a route gives, the handler gives that part.

use axum::extract::rejection::RawPathParamsRejection;
use axum::extract::{RawPathParams, Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::Response;
use registry::ScopeKind;
use utoipa::openapi::{PathItem, SecurityRequirement};
use utoipa_axum::router::UtoipaMethodRouter;

use super::{Answer, By, Shared};

/// Who may use a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Anyone, without a token.
    Public,
    /// Whoever has a token that counts.
    Token,
    /// Whoever has a token with one of these scopes.
    Scopes(&'static [RouteScope]),
}

/// A scope that opens a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RouteScope {
    /// The kind of scope.
    pub kind: ScopeKind,
    /// What it opens of the route: all of it, or a part.
    pub part: Option<RoutePart>,
}

/// The part of a route that a scope opens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RoutePart {
    /// For the workflow that the scope names.
    Workflow,
    /// For events of the account that the scope names.
    Account,
    /// For runs that were started with the same token.
    OwnRuns,
    /// For all entries but those of the installation's own chain.
    AllButSystem,
    /// For the entries of the installation's own chain.
    System,
}

/// For the page of access.
#[cfg(test)]
impl RoutePart {
    /// All of them.
    pub const ALL: [RoutePart; 5] =
        [RoutePart::Workflow, RoutePart::Account, RoutePart::OwnRuns, RoutePart::AllButSystem, RoutePart::System];

    /// What is opened, for people.
    pub fn text(self) -> &'static str {
        match self {
            RoutePart::Workflow => "for the workflow that the scope names; another one is `403`",
            RoutePart::Account => "for events of the account that the scope names; another one's are `403`",
            RoutePart::OwnRuns => "for runs that were started with this very token; others are `404`",
            RoutePart::AllButSystem => "for all entries but those of the `system` chain",
            RoutePart::System => "for the entries of the `system` chain",
        }
    }
}

const fn all_of(kind: ScopeKind) -> RouteScope {
    RouteScope { kind, part: None }
}

const fn part_of(kind: ScopeKind, part: RoutePart) -> RouteScope {
    RouteScope { kind, part: Some(part) }
}

/// Who may look.
pub const READ: Access = Access::Scopes(&[all_of(ScopeKind::Read)]);
/// Who may look at a run.
pub const READ_RUN: Access = Access::Scopes(&[all_of(ScopeKind::Read), part_of(ScopeKind::Start, RoutePart::OwnRuns)]);
/// Who may look at what was granted and used.
pub const READ_OR_AUDIT: Access = Access::Scopes(&[all_of(ScopeKind::Read), all_of(ScopeKind::Audit)]);
/// Who may look at entries.
pub const LEDGER: Access = Access::Scopes(&[
    part_of(ScopeKind::Read, RoutePart::AllButSystem),
    part_of(ScopeKind::Admin, RoutePart::System),
    all_of(ScopeKind::Audit),
]);
/// Who may start a run.
pub const START: Access = Access::Scopes(&[part_of(ScopeKind::Start, RoutePart::Workflow)]);
/// Who may send an event.
pub const EVENTS: Access = Access::Scopes(&[part_of(ScopeKind::Events, RoutePart::Account)]);
/// Who may change how runs go on.
pub const OPERATE: Access = Access::Scopes(&[all_of(ScopeKind::Operate)]);
/// Who may stop a workflow from starting, and let it again.
pub const OPERATE_OR_AUTHOR: Access = Access::Scopes(&[all_of(ScopeKind::Operate), all_of(ScopeKind::Author)]);
/// Who may bring plugins and workflows.
pub const AUTHOR: Access = Access::Scopes(&[all_of(ScopeKind::Author)]);
/// Who may say what others may do.
pub const ADMIN: Access = Access::Scopes(&[all_of(ScopeKind::Admin)]);
/// Who may look at what stands around it.
pub const ADMIN_OR_AUDIT: Access = Access::Scopes(&[all_of(ScopeKind::Admin), all_of(ScopeKind::Audit)]);

impl Access {
    /// The scopes that open the route; none where none is needed.
    #[cfg(test)]
    pub fn scopes(self) -> &'static [RouteScope] {
        match self {
            Access::Scopes(scopes) => scopes,
            Access::Public | Access::Token => &[],
        }
    }

    /// Puts the check before the route, and says in its OpenAPI description what it needs.
    pub fn guard(self, (schemas, mut paths, methods): UtoipaMethodRouter<Shared>) -> UtoipaMethodRouter<Shared> {
        paths.paths.values_mut().for_each(|item| self.describe(item));
        let methods = match self {
            Access::Public | Access::Token => methods,
            Access::Scopes(scopes) => methods.route_layer(from_fn_with_state(scopes, check)),
        };
        (schemas, paths, methods)
    }

    /// Each requirement is enough: OpenAPI 3.1 lets one of a bearer token name what the token must have.
    fn describe(self, item: &mut PathItem) {
        let needs: Vec<SecurityRequirement> = match self {
            Access::Public => vec![SecurityRequirement::default()],
            Access::Token => vec![SecurityRequirement::new("token", [""; 0])],
            Access::Scopes(scopes) => {
                scopes.iter().map(|scope| SecurityRequirement::new("token", [scope.kind.form()])).collect()
            }
        };
        let PathItem { get, put, post, delete, .. } = item;
        for operation in [get, put, post, delete].into_iter().flatten() {
            operation.security = Some(needs.clone());
        }
    }
}

/// Lets those on whose token has one of the scopes.
async fn check(
    State(scopes): State<&'static [RouteScope]>,
    axum::Extension(by): By,
    parameters: Result<RawPathParams, RawPathParamsRejection>,
    request: Request,
    next: Next,
) -> Answer<Response> {
    let name =
        parameters.ok().and_then(|all| all.iter().find(|(name, _)| *name == "name").map(|(_, it)| it.to_owned()));
    let opens = |scope: &&RouteScope| match (scope.part, &name) {
        (Some(RoutePart::Workflow), Some(workflow)) => by.scopes.may_start(workflow),
        _ => by.scopes.has(scope.kind),
    };
    if scopes.iter().any(|scope| opens(&scope)) {
        return Ok(next.run(request).await);
    }
    let form = |scope: &RouteScope| match (scope.part, &name) {
        (Some(RoutePart::Workflow), Some(workflow)) => format!("start:{workflow}"),
        _ => scope.kind.form().to_owned(),
    };
    let needed: Vec<String> = scopes.iter().map(form).collect();
    Err(by.lacks(&needed).into())
}
