//! What is there after the process ended, in order or not.

use std::path::Path;
use std::time::{Duration, Instant};

use ledger::{Fence, Filter, Ledger as _, LedgerError};
use store::{HEADS_FILE, OpenError, Options, Store};

use crate::{Ledger, draft, faults, open, quiet};

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap()
}

async fn count(store: &Store) -> usize {
    store.query(&Filter { limit: 1_000, ..Filter::default() }).await.unwrap().len()
}

/// The runtime goes away with the writer in it, as when the process dies: nothing is drained, exported or closed.
#[test]
fn what_was_answered_survives_a_crash() {
    let dir = tempfile::tempdir().unwrap();
    for round in 1..=3 {
        let crashing = runtime();
        crashing.block_on(async {
            let store = open(dir.path()).await;
            let run = format!("run-{round}");
            store.append(&run, Fence::New(None), vec![draft("run.started")], None).await.unwrap();
            std::mem::forget(store);
        });
        crashing.shutdown_background();
        wait_for_lock(dir.path());
        let whole = runtime();
        whole.block_on(async {
            let store = open(dir.path()).await;
            assert_eq!(count(&store).await, round);
            store.close().await;
            assert_eq!(faults(dir.path()).await, Vec::<String>::new());
        });
    }
}

/// A process that dies gives the lock back before anybody else runs; a runtime that is shut down does a little later.
fn wait_for_lock(dir: &Path) {
    let file = std::fs::File::open(dir.join("ledger.lock")).unwrap();
    file.lock().unwrap();
}

#[tokio::test]
async fn a_closed_ledger_takes_nothing_and_lets_go() {
    let ledger = Ledger::new().await;
    ledger.begin("r").await;
    ledger.store.close().await;
    ledger.store.close().await;
    let late = ledger.store.append("r", Fence::Open, vec![draft("note.late")], None).await;
    assert!(matches!(late, Err(LedgerError::Storage(_))), "{late:?}");
    assert!(matches!(ledger.store.read("r", 0).await, Err(LedgerError::Storage(_))));
    let again = open(ledger.dir.path()).await;
    assert_eq!(count(&again).await, 1);
    again.close().await;
}

/// What was queued before the end is written before it.
#[tokio::test]
async fn closing_drains_the_queue() {
    let ledger = Ledger::new().await;
    ledger.begin("r").await;
    let note = || ledger.store.append("r", Fence::Open, vec![draft("note.x")], None);
    // Polled in this order: the notes are queued when the end comes.
    let (a, b, c, ()) = tokio::join!(biased; note(), note(), note(), ledger.store.close());
    assert!(a.is_ok() && b.is_ok() && c.is_ok(), "{a:?} {b:?} {c:?}");
    let again = open(ledger.dir.path()).await;
    assert_eq!(count(&again).await, 4);
    again.close().await;
}

/// G12: one process at a time.
#[tokio::test]
async fn a_second_process_is_refused() {
    let ledger = Ledger::new().await;
    let second = Store::open(ledger.dir.path(), quiet()).await.err().unwrap();
    assert!(matches!(second, OpenError::InUse { .. }), "{second}");
    assert!(second.to_string().contains("is in use by another Quell process"), "{second}");
    ledger.begin("r").await;
    ledger.close().await;
}

/// The newest block is written down while the ledger is in use, not only at its end.
#[tokio::test]
async fn the_newest_head_is_outside_the_database() {
    let dir = tempfile::tempdir().unwrap();
    let often = Options { heads_every: Duration::ZERO, ..Options::default() };
    let store = Store::open(dir.path(), often).await.unwrap();
    store.append("r", Fence::New(None), vec![draft("run.started")], None).await.unwrap();
    store.append("r", Fence::Open, vec![draft("note.x")], None).await.unwrap();
    let deadline = Instant::now() + Duration::from_secs(20);
    let path = dir.path().join(HEADS_FILE);
    while !std::fs::read_to_string(&path).is_ok_and(|text| text.contains(r#""number":2"#)) {
        assert!(Instant::now() < deadline, "no head was written");
        tokio::task::yield_now().await;
    }
    let text = std::fs::read_to_string(&path).unwrap();
    assert_eq!(text.lines().count(), 1);
    assert!(text.contains(store.writer()), "{text}");
    store.close().await;
}

/// A server goes on writing while somebody verifies, or takes a copy to verify elsewhere.
#[tokio::test]
async fn a_ledger_in_use_can_be_verified() {
    let ledger = Ledger::new().await;
    ledger.begin("r").await;
    let report = store::verify(ledger.dir.path(), Some(ledger.store.verifying_key()), &[], None).await.unwrap();
    assert_eq!((report.entries, report.runs, report.blocks, report.faults), (1, 1, 1, vec![]));
    assert_eq!(report.heads[0].writer, ledger.store.writer());
    ledger.add("r", "note.x").await;
    let report = store::verify(&ledger.dir.path().join(store::DATABASE_FILE), None, &[], None).await.unwrap();
    assert_eq!((report.entries, report.faults), (2, vec![]));

    let copy = tempfile::tempdir().unwrap();
    for file in [store::DATABASE_FILE, "ledger.db-wal", store::KEY_FILE] {
        std::fs::copy(ledger.dir.path().join(file), copy.path().join(file)).unwrap();
    }
    let report = store::verify(copy.path(), None, &[], None).await.unwrap();
    assert_eq!((report.entries, report.faults), (2, vec![]));
    ledger.close().await;
}
