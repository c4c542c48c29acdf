//! Runs that are parked: by the kinds of their entries alone, whatever their summaries say.

use cases::case;
use ledger::{Fence, Ledger as _, LedgerError, Room, Summary, run_parked, run_resumed};
use serde_json::json;

use crate::{Ledger, draft, faults, summary, tamper};

const WHY: &str = "entry 2 cannot be read";

fn due_at_once(run: &str) -> Summary {
    Summary { wake: Some(0), ..summary(run, 1) }
}

async fn park(ledger: &Ledger, run: &str) {
    ledger.store.append(run, Fence::Open, vec![run_parked(WHY, 5, 2_000)], None).await.unwrap();
}

async fn is_due(ledger: &Ledger, run: &str) -> bool {
    ledger.store.due(10).await.unwrap().0.contains(&run.to_owned())
}

#[tokio::test]
async fn a_parked_run_is_not_due_until_it_is_resumed_or_claimed() {
    let ledger = Ledger::new().await;
    ledger.store.append("r", Fence::New(None), vec![draft("run.started")], Some(due_at_once("r"))).await.unwrap();
    for resumed in [true, false] {
        assert!(is_due(&ledger, "r").await);
        park(&ledger, "r").await;
        // A summary that somebody appends who knows nothing of it.
        ledger.store.append("r", Fence::Open, vec![draft("note.x")], Some(due_at_once("r"))).await.unwrap();
        case("F11", "whether a parked run is due", false, is_due(&ledger, "r").await);
        let parked = ledger.store.summary("r").await.unwrap().unwrap().parked.unwrap();
        assert_eq!((parked.why.as_str(), parked.since), (WHY, 2_000));
        assert_eq!(ledger.store.summaries(None, None, None, 9).await.unwrap()[0].parked, Some(parked));
        match resumed {
            true => {
                ledger.store.append("r", Fence::Open, vec![run_resumed(3_000, "user:ann")], None).await.unwrap();
            }
            false => {
                ledger.store.claim("r", "host", 3_000).await.unwrap();
            }
        }
        assert_eq!(ledger.store.summary("r").await.unwrap().unwrap(), due_at_once("r"));
    }
    assert!(is_due(&ledger, "r").await);
}

#[tokio::test]
async fn a_parked_run_takes_no_place() {
    let ledger = Ledger::new().await;
    let room = || Room { workflow: "contain".into(), key: None, runs: 1 };
    ledger.begin("a").await;
    let begin = async |run: &str| {
        let fence = Fence::NewIn { dedupe: None, room: room() };
        ledger.store.append(run, fence, vec![draft("run.started")], Some(summary(run, 1))).await.is_ok()
    };
    assert!(!begin("b").await);
    park(&ledger, "a").await;
    assert!(begin("b").await);
    assert!(!begin("c").await, "the one that is not parked does");
}

#[tokio::test]
async fn the_parking_is_verified_against_the_entries() {
    let ledger = Ledger::new().await;
    ledger.begin("a").await;
    ledger.begin("b").await;
    park(&ledger, "a").await;
    let dir = ledger.close().await;
    assert_eq!(faults(dir.path()).await, [""; 0]);
    tamper(dir.path(), "UPDATE runs SET parked = NULL WHERE run = 'a'; UPDATE runs SET parked = 1 WHERE run = 'b'")
        .await;
    let found = json!(faults(dir.path()).await).to_string();
    assert!(found.contains("has `parked` nothing, and the entries say 2"), "{found}");
    assert!(found.contains("has `parked` 1, and the entries say nothing"), "{found}");
}

/// Runs that are resumed in the same commit count for each other, whatever comes with the entries.
#[tokio::test]
async fn of_parked_runs_that_are_resumed_at_once_only_one_takes_the_one_place() {
    let ledger = Ledger::new().await;
    for run in ["a", "b"] {
        ledger.begin(run).await;
        park(&ledger, run).await;
    }
    let resume = |run| {
        let rooms = vec![Room { workflow: "contain".into(), key: None, runs: 1 }];
        ledger.store.append(run, Fence::Admit { moved: 1, rooms }, vec![run_resumed(3_000, "user:ann")], None)
    };
    // Both requests are queued before the writer, on the same thread, takes what there is.
    let (first, second) = tokio::join!(resume("a"), resume("b"));
    assert!(first.is_ok(), "{first:?}");
    assert!(matches!(second, Err(LedgerError::Full { runs: 1, .. })), "{second:?}");
}
