//! `/v1/ledger`: the entries of all runs.

use axum::Json;
use axum::extract::State;

use super::parameters::{Query, limit};
use super::{Answer, Installed};
use crate::wire::{Entries, Entry, EntryQuery};

/// Query the ledger
#[utoipa::path(
    get, path = "/v1/ledger", operation_id = "query-ledger", tag = "ledger",
    params(EntryQuery),
    responses((status = 200, description = "The oldest first.", body = Entries))
)]
pub async fn query(State(installation): Installed, Query(query): Query<EntryQuery>) -> Answer<Json<Entries>> {
    let limit = limit(query.limit)?;
    let records = installation.ledger.query(&query.filter(limit)).await?;
    let full = records.len() >= limit as usize;
    let next = records.last().filter(|_| full).map(|(position, _)| *position);
    Ok(Json(Entries {
        entries: records.into_iter().map(|(position, record)| Entry::of(position, record)).collect(),
        next,
    }))
}
