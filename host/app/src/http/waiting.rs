//! `/v1/waiting`: what runs wait for. It is in their summaries, so that no history is read for it.

use axum::Json;
use axum::extract::State;
use ledger::{Ledger, Millis};

use super::parameters::{self, Query, limit};
use super::{Answer, Installed};
use crate::wire::{Wait, Waiting, WaitingQuery};

/// List what runs wait for
///
/// Approvals, reviews, timers, runs that wait for their place, and those that cannot be driven.
#[utoipa::path(
    get, path = "/v1/waiting", operation_id = "list-waiting", tag = "runs",
    params(WaitingQuery),
    responses((status = 200, description = "By run, the one that waits longest first.", body = Waiting))
)]
pub async fn list(State(installation): Installed, Query(query): Query<WaitingQuery>) -> Answer<Json<Waiting>> {
    Ok(Json(page(installation.ledger.as_ref(), &query).await?))
}

async fn page(ledger: &dyn Ledger, query: &WaitingQuery) -> Answer<Waiting> {
    let limit = limit(query.limit)?;
    let after = query.after.as_deref().map(cursor).transpose()?;
    let runs = ledger.waiting(after, limit).await?;
    let last = runs.last().filter(|_| runs.len() >= limit as usize);
    let next = last.and_then(|summary| Some(format!("{}.{}", summary.waits_since()?, summary.run)));
    Ok(Waiting { waiting: runs.into_iter().flat_map(Wait::all).collect(), next })
}

/// The run that a page begins behind, and since when it waits: `<milliseconds>.<run>`.
fn cursor(after: &str) -> Answer<(Millis, &str)> {
    let parts = after.split_once('.').and_then(|(since, run)| Some((since.parse().ok()?, run)));
    parts
        .ok_or_else(|| parameters::invalid(format!("`after` is `{after:.64}`, and must be the `next` of another page")))
}

#[cfg(test)]
mod tests {
    use ledger::{Awaited, Draft, Fence, Summary, Waits};
    use serde_json::json;

    use super::*;
    use crate::installation::CountingLedger;

    /// A run that waits for `count` approvals since then.
    async fn wait(ledger: &CountingLedger, run: &str, since: Millis, count: usize) {
        let wait = |number| ledger::Wait {
            what: Awaited::Approval,
            step: Some(format!("ask[{number:03}]")),
            since,
            until: None,
            about: Some("Go on?".into()),
        };
        let summary = Summary {
            run: run.into(),
            workflow: "contain".into(),
            status: "waiting".into(),
            wake: None,
            started: 1,
            ended: None,
            started_by: "alice".into(),
            dedupe: None,
            waits: Waits::of((0..count).map(wait).collect()),
            parked: None,
        };
        let entry = Draft::new("run.started", 1, "host", json!({}));
        ledger.append(run, Fence::New(None), vec![entry], Some(summary)).await.unwrap();
    }

    /// 5,000 runs that wait would be 5,000 histories.
    #[tokio::test]
    async fn the_list_is_paged_and_reads_no_history() {
        let ledger = CountingLedger::new().await;
        for (run, since, count) in [("d", 10, 1), ("a", 20, 1), ("b", 20, 60), ("c", 5, 2), ("e", 1, 0)] {
            wait(&ledger, run, since, count).await;
        }
        let (mut after, mut pages) = (None, vec![]);
        loop {
            let Waiting { waiting, next } = page(&ledger, &WaitingQuery { after, limit: Some(2) }).await.unwrap();
            pages.push(waiting.iter().map(|wait| format!("{} {}", wait.run, wait.step.as_deref().unwrap())).collect());
            after = next;
            if after.is_none() {
                assert_eq!(waiting, []);
                break;
            }
            if pages.len() == 2 {
                assert_eq!((waiting.len(), waiting.last().unwrap().more, waiting[0].more), (51, 10, 0));
            }
        }
        let first: &Vec<String> = &pages[0];
        assert_eq!(first, &["c ask[000]", "c ask[001]", "d ask[000]"]);
        assert_eq!((pages.len(), pages[1][0].as_str(), pages[1][1].as_str()), (3, "a ask[000]", "b ask[000]"));
        assert_eq!((ledger.histories(), ledger.payload_bytes()), (0, 0));
    }

    #[tokio::test]
    async fn a_cursor_that_is_none_is_refused() {
        let ledger = CountingLedger::new().await;
        for after in ["", "r-1", "x.r-1", "."] {
            let query = WaitingQuery { after: Some(after.into()), limit: None };
            assert!(page(&ledger, &query).await.is_err(), "{after}");
        }
    }
}
