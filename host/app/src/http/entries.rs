//! `/v1/ledger`: the entries of all runs.

use std::collections::{BTreeMap, BTreeSet};

use axum::extract::State;
use axum::{Extension, Json};
use ledger::{Filter, Hash, Ledger, LedgerError, Record, SYSTEM};
use registry::ScopeKind;

use super::parameters::{Query, limit};
use super::{Answer, By, Installed};
use crate::installation::{Error, Person};
use crate::wire::{Entries, Entry, EntryQuery, Payload};

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
    let mut shown = ShownPayloads::of(installation.ledger.as_ref(), &records).await?;
    let mut entries = Vec::with_capacity(records.len());
    for (position, record) in records {
        let payloads = shown.payloads(installation.ledger.as_ref(), &record).await?;
        entries.push(Entry::of(position, record, payloads));
    }
    Ok(Json(Entries { entries, next }))
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

/// Larger payloads are told by their size and their hash, so that a page of entries stays a page.
const MAX_PAYLOAD_BYTES: u64 = 64 << 10;
/// How many bytes of payloads a page has; what is behind them is told likewise.
const MAX_PAGE_BYTES: u64 = 4 << 20;

/// The payloads of one page. Only what is shown is read from the disk.
struct ShownPayloads {
    sizes: BTreeMap<Hash, u64>,
    left: u64,
}

impl ShownPayloads {
    async fn of(ledger: &dyn Ledger, records: &[(i64, Record)]) -> Result<ShownPayloads, LedgerError> {
        let mut hashes = BTreeSet::new();
        for (_, record) in records {
            hashes.extend(record.entry.open()?.1.into_values());
        }
        let hashes: Vec<Hash> = hashes.into_iter().collect();
        Ok(ShownPayloads { sizes: ledger.payload_sizes(&hashes).await?, left: MAX_PAGE_BYTES })
    }

    async fn payloads(
        &mut self,
        ledger: &dyn Ledger,
        record: &Record,
    ) -> Result<BTreeMap<String, Payload>, LedgerError> {
        let mut payloads = BTreeMap::new();
        for (name, hash) in record.entry.open()?.1 {
            let size = self.sizes.get(&hash).copied();
            let mut json = None;
            if let Some(size) = size.filter(|size| *size <= MAX_PAYLOAD_BYTES.min(self.left)) {
                self.left -= size;
                let body = ledger.payload(&hash).await?;
                json = body.and_then(|body| serde_json::from_slice(&body).ok());
            }
            payloads.insert(name, Payload { hash: hash.to_string(), size, json });
        }
        Ok(payloads)
    }
}

#[cfg(test)]
mod tests {
    use ledger::{Draft, EVENTS, Fence};
    use serde_json::{Value, json};

    use super::*;
    use crate::installation::counting::CountingLedger;

    #[tokio::test]
    async fn a_page_reads_no_more_than_it_shows() {
        let ledger = CountingLedger::new().await;
        // Each of another content: a large one, and more small ones than a page shows.
        let body = |number: usize, bytes: usize| json!(format!("{number:05}{}", "x".repeat(bytes)));
        let draft = |payload: Value| Draft::new("event.unmatched", 0, "host", Value::Null).with("event", &payload);
        let mut drafts = vec![draft(body(0, 8 << 20))];
        drafts.extend((1..=100).map(|number| draft(body(number, 60_000))));
        ledger.append(EVENTS, Fence::Open, drafts, None).await.unwrap();
        let filter = Filter { run: Some(EVENTS.into()), limit: 500, without: &["*"], ..Filter::default() };
        let records = ledger.query(&filter).await.unwrap();
        let mut shown = ShownPayloads::of(&ledger, &records).await.unwrap();
        let mut payloads = vec![];
        for (_, record) in &records {
            payloads.push(shown.payloads(&ledger, record).await.unwrap().remove("event").unwrap());
        }
        let with_content = payloads.iter().filter(|payload| payload.json.is_some()).count();
        assert_eq!((payloads.len(), with_content), (101, (4 << 20) / 60_007));
        assert_eq!((payloads[0].size, &payloads[0].json), (Some((8 << 20) + 7), &None));
        assert_eq!((payloads[100].size, payloads[1].json.clone()), (Some(60_007), Some(body(1, 60_000))));
        assert!(ledger.payload_bytes() <= 4 << 20, "{}", ledger.payload_bytes());
    }
}
