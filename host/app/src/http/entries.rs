//! `/v1/ledger`: the entries of all runs.

use axum::extract::State;
use axum::{Extension, Json};
use ledger::{Filter, SYSTEM};
use registry::ScopeKind;

use super::parameters::{Query, limit};
use super::{Answer, By, Installed};
use crate::installation::{Error, Person};
use crate::wire::{Entries, Entry, EntryQuery};

/// Query the ledger
///
/// The `system` chain, which is the installation's own, is for the scopes `audit` and `admin`; all others are for `read` and
/// `audit`. Entries that a token may not see are left out.
#[utoipa::path(
    get, path = "/v1/ledger", operation_id = "query-ledger", tag = "ledger",
    params(EntryQuery),
    responses((status = 200, description = "The oldest first.", body = Entries))
)]
pub async fn query(
    State(installation): Installed,
    Extension(by): By,
    Query(query): Query<EntryQuery>,
) -> Answer<Json<Entries>> {
    let limit = limit(query.limit)?;
    let filter = visible(query.filter(limit), &by)?;
    let records = installation.ledger.query(&filter).await?;
    let full = records.len() >= limit as usize;
    let next = records.last().filter(|_| full).map(|(position, _)| *position);
    Ok(Json(Entries {
        entries: records.into_iter().map(|(position, record)| Entry::of(position, record)).collect(),
        next,
    }))
}

/// The same, without the entries that a token may not see. A chain that it may not see, asked for by name, is refused.
fn visible(mut filter: Filter, by: &Person) -> Result<Filter, Error> {
    let has = |kind| by.scopes.has(kind) || by.scopes.has(ScopeKind::Audit);
    let needed = match (has(ScopeKind::Read), has(ScopeKind::Admin), filter.run.as_deref()) {
        (true, true, _) => return Ok(filter),
        (true, false, Some(SYSTEM)) => ScopeKind::Admin,
        (false, _, Some(run)) if run != SYSTEM => ScopeKind::Read,
        (true, false, _) => {
            filter.without_run = Some(SYSTEM);
            return Ok(filter);
        }
        (false, _, _) => {
            filter.run = Some(SYSTEM.into());
            return Ok(filter);
        }
    };
    Err(by.lacks(&[needed.name().into(), ScopeKind::Audit.name().into()]))
}
