//! The API over HTTP. [`table`] is its table of contents: every route, and who may use it. What a route does is in the
//! file of its resource and, behind that, in `installation`; what stands on the wire is in `wire`.
//!
//! A request passes `guard` (for every request), then `auth` and `parameters` (for every route that is not public), then
//! the handler. Every error is a problem document: see [`failure`].

mod auth;
mod body;
pub mod connections;
mod document;
mod failure;
mod guard;
mod parameters;
mod problems;

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
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::installation::Installation;
use failure::Failure;

/// What a handler gives.
type Answer<T> = Result<T, Failure>;
/// What a handler is given of the installation.
type Installed = axum::extract::State<Arc<Installation>>;
/// Whose token came with the request.
type By = axum::Extension<crate::installation::Person>;
type Routes = OpenApiRouter<Arc<Installation>>;

/// The routes, by who may use them.
struct Table {
    /// Anyone, without a token.
    public: Routes,
    /// Everyone with a token.
    people: Routes,
    /// Who may operate runs: the groups `operators` and `admins`.
    operators: Routes,
    /// Who may change the installation: the group `admins`.
    admins: Routes,
}

/// Every route.
fn table() -> Table {
    Table {
        public: Routes::new()
            .routes(routes!(health::healthz))
            .routes(routes!(document::openapi))
            .routes(routes!(sns::take)),
        people: Routes::new()
            .routes(routes!(whoami::whoami))
            .routes(routes!(plugins::list))
            .routes(routes!(plugins::get))
            .routes(routes!(limits::get))
            .routes(routes!(grants::get))
            .routes(routes!(grants::history))
            .routes(routes!(grants::difference))
            .routes(routes!(guardrail::get))
            .routes(routes!(workflows::list))
            .routes(routes!(workflows::get))
            .routes(routes!(workflows::check))
            .routes(routes!(pictures::of_workflow))
            .routes(routes!(runs::start))
            .routes(routes!(runs::list))
            .routes(routes!(runs::get))
            .routes(routes!(pictures::of_run))
            .routes(routes!(approvals::decide))
            .routes(routes!(reviews::list))
            .routes(routes!(waiting::list))
            .routes(routes!(events::take))
            .routes(routes!(entries::query))
            .routes(routes!(audit::capabilities)),
        operators: Routes::new()
            .routes(routes!(runs::cancel))
            .routes(routes!(runs::retry))
            .routes(routes!(runs::resume))
            .routes(routes!(reviews::settle)),
        admins: Routes::new()
            .routes(routes!(plugins::upload))
            .routes(routes!(limits::set))
            .routes(routes!(grants::put, grants::revoke))
            .routes(routes!(grants::carry_over))
            .routes(routes!(guardrail::put, guardrail::remove))
            .routes(routes!(workflows::put))
            .routes(routes!(workflows::disable))
            .routes(routes!(workflows::enable))
            .routes(routes!(tokens::create, tokens::list))
            .routes(routes!(tokens::revoke))
            .routes(routes!(secrets::list))
            .routes(routes!(secrets::set, secrets::remove)),
    }
}

/// The API of `installation`.
pub fn router(installation: Arc<Installation>) -> Router {
    let Table { public, people, operators, admins } = table();
    let people = people.merge(operators.route_layer(from_fn(auth::operators_only)));
    let people = people.merge(admins.route_layer(from_fn(auth::admins_only)));
    let people = people
        .route_layer(from_fn(parameters::check_path))
        .route_layer(from_fn_with_state(installation.clone(), auth::authenticate));
    let (router, _) = public.merge(people).split_for_parts();
    let router = router.fallback(guard::no_such_route).method_not_allowed_fallback(guard::no_such_method);
    guard::around(router).with_state(installation)
}
