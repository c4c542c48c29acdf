//! When the whole database is checked at the start: after a crash, and not after every stop.

use std::fs;
use std::path::Path;

use ledger::{Fence, Ledger as _};
use store::{DATABASE_FILE, OpenError, Store};
use tempfile::TempDir;

use crate::{Ledger, draft, faults, open, quiet, raw};

/// SQLite's pages, in bytes.
const PAGE: usize = 4096;

/// A ledger with so many notes of one run that a start reads none of the pages in the middle.
async fn ledger() -> Ledger {
    let ledger = Ledger::new().await;
    ledger.begin("r").await;
    let notes = (0..500).map(|_| draft("note.x")).collect();
    ledger.store.append("r", Fence::Open, notes, None).await.unwrap();
    ledger
}

/// Damages a page in the middle of the entries.
async fn damage(dir: &Path) {
    let mut db = raw(dir).await;
    let leaves = "SELECT pageno FROM dbstat WHERE name = 'entries' AND pagetype = 'leaf' ORDER BY pageno";
    let leaves: Vec<i64> = sqlx::query_scalar(leaves).fetch_all(&mut db).await.unwrap();
    sqlx::Connection::close(db).await.unwrap();
    let start = (leaves[leaves.len() / 2] as usize - 1) * PAGE;
    let path = dir.join(DATABASE_FILE);
    let mut bytes = fs::read(&path).unwrap();
    bytes[start..start + PAGE].fill(0xa5);
    fs::write(&path, bytes).unwrap();
}

/// The folder of a ledger as a crash leaves it: what was committed is in the database, and nobody closed it.
async fn crashed() -> TempDir {
    let ledger = ledger().await;
    let mut db = raw(ledger.dir.path()).await;
    sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)").execute(&mut db).await.unwrap();
    sqlx::Connection::close(db).await.unwrap();
    let copy = tempfile::tempdir().unwrap();
    for file in fs::read_dir(ledger.dir.path()).unwrap() {
        let file = file.unwrap();
        fs::copy(file.path(), copy.path().join(file.file_name())).unwrap();
    }
    ledger.close().await;
    copy
}

/// F20: a crash of the machine may damage any page, so all of them are looked at.
#[tokio::test]
async fn a_start_behind_a_crash_checks_every_page() {
    let dir = crashed().await;
    damage(dir.path()).await;
    let error = Store::open(dir.path(), quiet()).await.err().expect("it was opened");
    assert!(matches!(error, OpenError::Damaged { .. }), "{error}");
}

#[tokio::test]
async fn a_crash_is_over_once_the_database_was_checked_and_closed() {
    let dir = crashed().await;
    open(dir.path()).await.close().await;
    damage(dir.path()).await;
    open(dir.path()).await.close().await;
}

/// A start does not read the whole database: a page that it does not need may be anything. Verification does.
#[tokio::test]
async fn a_start_behind_an_orderly_stop_reads_what_it_needs() {
    let dir = ledger().await.close().await;
    assert_eq!(faults(dir.path()).await, Vec::<String>::new());
    damage(dir.path()).await;
    open(dir.path()).await.close().await;
    let error = store::verify(dir.path(), None, &[], None).await;
    let found = match error {
        Ok(report) => report.faults.iter().map(ToString::to_string).collect(),
        Err(error) => vec![error.to_string()],
    };
    assert!(!found.is_empty(), "the damaged page was not found");
}
