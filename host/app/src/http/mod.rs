//! The API over HTTP. [`table`] is its table of contents: every route, and the scopes that open it. What a route does is in the
//! file of its resource and, behind that, in `installation`; what stands on the wire is in `wire`.
//!
//! A request passes `guard` (for every request), then `auth`, `parameters`, `requests` and `access` (for every route that is not
//! public), then the handler. Every error is a problem document: see [`failure`].

mod access;
mod auth;
mod body;
mod client_address;
pub mod connections;
mod document;
mod failure;
mod guard;
mod parameters;
mod problems;
pub mod requests;
mod wrong_tokens;

mod approvals;
mod audit;
mod entries;
mod events;
mod grants;
mod guardrail;
mod health;
mod limits;
mod pictures;
mod plugins;
mod reviews;
mod runs;
mod secrets;
mod sns;
mod tokens;
mod waiting;
mod whoami;
mod workflows;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use axum::Router;
use axum::middleware::{from_fn, from_fn_with_state};
use utoipa_axum::router::{OpenApiRouter, UtoipaMethodRouter};
use utoipa_axum::routes;

use crate::installation::Installation;
use access::{
    ADMIN, ADMIN_OR_AUDIT, AUTHOR, Access, EVENTS, LEDGER, OPERATE, OPERATE_OR_AUTHOR, READ, READ_OR_AUDIT, READ_RUN,
    START,
};
use failure::Failure;

/// What a handler gives.
type Answer<T> = Result<T, Failure>;
/// What a handler is given of the installation.
type Shared = Arc<Installation>;
/// The same, as an argument.
type Installed = axum::extract::State<Shared>;
/// Whose token came with the request.
type By = axum::Extension<crate::installation::Person>;
type Routes = OpenApiRouter<Shared>;

/// Every route, and who may use it. Routes of one path with different access stand on lines of their own.
fn table() -> Vec<(Access, UtoipaMethodRouter<Shared>)> {
    vec![
        (Access::Public, routes!(health::healthz)),
        (Access::Public, routes!(health::readyz)),
        (Access::Public, routes!(document::openapi)),
        (Access::Public, routes!(sns::take)),
        (Access::Token, routes!(whoami::whoami)),
        (READ, routes!(plugins::list)),
        (AUTHOR, routes!(plugins::upload)),
        (READ, routes!(plugins::get)),
        (READ, routes!(plugins::get_use)),
        (ADMIN, routes!(plugins::choose, plugins::unchoose)),
        (READ, routes!(limits::get)),
        (ADMIN, routes!(limits::set)),
        (READ, routes!(grants::get)),
        (ADMIN, routes!(grants::put, grants::revoke)),
        (READ, routes!(grants::history)),
        (READ, routes!(grants::difference)),
        (ADMIN, routes!(grants::carry_over)),
        (READ, routes!(guardrail::get)),
        (ADMIN, routes!(guardrail::put, guardrail::remove)),
        (READ, routes!(workflows::list)),
        (READ, routes!(workflows::get)),
        (AUTHOR, routes!(workflows::put)),
        (AUTHOR, routes!(workflows::check)),
        (OPERATE_OR_AUTHOR, routes!(workflows::disable)),
        (OPERATE_OR_AUTHOR, routes!(workflows::enable)),
        (READ, routes!(pictures::of_workflow)),
        (START, routes!(runs::start)),
        (READ, routes!(runs::list)),
        (READ_RUN, routes!(runs::get)),
        (READ, routes!(pictures::of_run)),
        (OPERATE, routes!(runs::cancel)),
        (OPERATE, routes!(runs::retry)),
        (OPERATE, routes!(runs::resume)),
        // Who may decide is said by the workflow, which names groups and people; to see the question takes this.
        (READ, routes!(approvals::decide)),
        (READ, routes!(reviews::list)),
        (OPERATE, routes!(reviews::settle)),
        (READ, routes!(waiting::list)),
        (EVENTS, routes!(events::take)),
        (LEDGER, routes!(entries::query)),
        (READ_OR_AUDIT, routes!(audit::capabilities)),
        (ADMIN_OR_AUDIT, routes!(tokens::list)),
        (ADMIN, routes!(tokens::create)),
        (ADMIN, routes!(tokens::revoke)),
        (ADMIN_OR_AUDIT, routes!(secrets::list)),
        (ADMIN, routes!(secrets::set, secrets::remove)),
    ]
}

/// The routes that need no token, and those that do, each behind the check of its scopes.
fn routes() -> (Routes, Routes) {
    table().into_iter().fold((Routes::new(), Routes::new()), |(public, people), (access, route)| {
        let route = access.guard(route);
        match access {
            Access::Public => (public.routes(route), people),
            Access::Token | Access::Scopes(_) => (public, people.routes(route)),
        }
    })
}

/// The API of `installation`.
pub fn router(installation: Arc<Installation>) -> Router {
    let (public, people) = routes();
    let people = people
        .route_layer(from_fn_with_state(requests::RequestPlaces::default(), requests::with_token))
        .route_layer(from_fn(parameters::check_path))
        .route_layer(from_fn_with_state((installation.clone(), Arc::default()), auth::authenticate));
    let (router, _) = public.merge(people).split_for_parts();
    let router = router.fallback(guard::no_such_route).method_not_allowed_fallback(guard::no_such_method);
    guard::around(router).with_state(installation)
}
