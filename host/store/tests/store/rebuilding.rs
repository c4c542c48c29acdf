//! What is kept of the entries beside them is made anew from them, whatever became of it. What entries mean is not known
//! here: that the summaries are the right ones is tested where they are.

use std::path::Path;

use ledger::{Fence, Ledger as _, SYSTEM};
use store::OpenError;
use tempfile::TempDir;

use crate::{Ledger, Summarising, draft, open, raw, summary, tamper};

async fn ledger() -> TempDir {
    let ledger = Ledger::new().await;
    ledger.begin("r").await;
    ledger.begin("s").await;
    ledger.store.append("odd", Fence::New(None), vec![draft("run.odd")], Some(summary("odd", 7))).await.unwrap();
    ledger.store.append(SYSTEM, Fence::Open, vec![draft("grant.put")], None).await.unwrap();
    ledger.store.claim("r", "host", 5).await.unwrap();
    ledger.close().await
}

async fn faults(dir: &Path) -> Vec<String> {
    let report = store::verify(dir, None, &[], Some(&mut Summarising::default())).await.unwrap();
    report.faults.iter().map(ToString::to_string).collect()
}

async fn rows(dir: &Path) -> Vec<String> {
    let mut db = raw(dir).await;
    let columns: Vec<String> =
        sqlx::query_scalar("SELECT name FROM pragma_table_info('runs')").fetch_all(&mut db).await.unwrap();
    let quoted: Vec<String> = columns.iter().map(|column| format!("quote({column})")).collect();
    let sql = format!("SELECT concat_ws(' ', {}) FROM runs ORDER BY run", quoted.join(", "));
    let rows = sqlx::query_scalar(sqlx::AssertSqlSafe(sql)).fetch_all(&mut db).await.unwrap();
    sqlx::Connection::close(db).await.unwrap();
    rows
}

const ODD: &str = "the history of run `odd`: cannot be followed: it is odd";

#[tokio::test]
async fn lost_rows_and_strange_ones_are_found_and_mended() {
    let dir = ledger().await;
    assert_eq!(faults(dir.path()).await, [ODD]);
    let before = rows(dir.path()).await;
    tamper(dir.path(), "DELETE FROM runs WHERE run = 'r'; UPDATE runs SET run = 'x' WHERE run = 's'").await;
    let lost = [
        "the projection of run `r`: is missing",
        "the projection of run `s`: is missing",
        "the projection of run `x`: is of a run without entries",
    ];
    assert_eq!(faults(dir.path()).await, [&lost[..], &[ODD]].concat());

    let rebuilt = store::rebuild(dir.path(), &mut Summarising::default()).await.unwrap();
    assert_eq!(rebuilt.runs, 4);
    // Of a run that cannot be followed is kept what its projector says, whatever was kept before.
    let odd = "the projection of run `odd`: has `started` 7, and the entries say 1";
    let mut changes = rebuilt.changes.clone();
    changes.sort();
    let mut expected = [&lost[..], &[odd]].concat();
    expected.sort_unstable();
    assert_eq!(
        (changes, rebuilt.unreadable),
        (expected.iter().map(ToString::to_string).collect(), vec![ODD.to_owned()])
    );
    assert_eq!(faults(dir.path()).await, [ODD]);
    let odd = |row: &&String| !row.starts_with("'odd'");
    let (before, after) = (before, rows(dir.path()).await);
    assert_eq!(before.iter().filter(odd).collect::<Vec<_>>(), after.iter().filter(odd).collect::<Vec<_>>());

    let again = store::rebuild(dir.path(), &mut Summarising::default()).await.unwrap();
    assert_eq!(again.changes, Vec::<String>::new());
}

#[tokio::test]
async fn a_ledger_in_use_is_not_rebuilt() {
    let ledger = Ledger::new().await;
    ledger.begin("r").await;
    let error = store::rebuild(ledger.dir.path(), &mut Summarising::default()).await.unwrap_err();
    assert!(matches!(error, OpenError::InUse { .. }), "{error}");
    ledger.close().await;
}

#[tokio::test]
async fn what_is_no_ledger_is_not_rebuilt() {
    let dir = tempfile::tempdir().unwrap();
    let error = store::rebuild(dir.path(), &mut Summarising::default()).await.unwrap_err();
    assert!(matches!(error, OpenError::File { .. }), "{error}");
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0, "something was made in the folder");
}

/// The first version has other columns and indexes, and does not say how it was closed. Its entries are the same.
#[tokio::test]
async fn a_ledger_of_an_earlier_version_is_brought_up_to_date() {
    let dir = ledger().await;
    let (before, schema_before) = (rows(dir.path()).await, schema(dir.path()).await);
    let first = "DROP TABLE shutdown; ALTER TABLE runs RENAME TO newer;
        CREATE TABLE runs (run TEXT NOT NULL PRIMARY KEY, epoch INTEGER NOT NULL, last_sequence INTEGER NOT NULL,
            last_hash BLOB NOT NULL, moved INTEGER NOT NULL, workflow TEXT, status TEXT, wake INTEGER, started INTEGER,
            ended INTEGER, started_by TEXT, dedupe TEXT) STRICT, WITHOUT ROWID;
        INSERT INTO runs SELECT run, epoch, last_sequence, last_hash, moved, workflow, status, wake, started, ended,
            started_by, dedupe FROM newer;
        DROP TABLE newer; DROP INDEX entries_time; CREATE INDEX entries_time ON entries (time);
        CREATE INDEX runs_started ON runs (started, run);
        CREATE INDEX runs_under_way ON runs (workflow, started, run) WHERE ended IS NULL AND workflow IS NOT NULL;
        PRAGMA user_version = 1";
    let mut db = raw(dir.path()).await;
    sqlx::raw_sql(first).execute(&mut db).await.unwrap();
    sqlx::Connection::close(db).await.unwrap();
    let error = store::verify(dir.path(), None, &[], None).await.unwrap_err();
    assert!(matches!(error, OpenError::OlderSchema { .. }), "{error}");
    let error = store::Store::open(dir.path(), crate::quiet()).await.err().unwrap();
    assert!(matches!(error, OpenError::OlderSchema { .. }), "{error}");

    store::rebuild(dir.path(), &mut Summarising::default()).await.unwrap();
    assert_eq!(schema(dir.path()).await, schema_before);
    assert_eq!(rows(dir.path()).await.len(), before.len());
    assert_eq!(faults(dir.path()).await, [ODD]);
    open(dir.path()).await.close().await;
}

/// Names and texts of the schema, without the schema's own name in them and white space.
async fn schema(dir: &Path) -> Vec<(String, String)> {
    let mut db = raw(dir).await;
    let sql = "SELECT name, coalesce(replace(replace(replace(sql, 'main.', ''), ' ', ''), char(10), ''), '')
        FROM sqlite_schema ORDER BY name";
    let schema = sqlx::query_as(sql).fetch_all(&mut db).await.unwrap();
    sqlx::Connection::close(db).await.unwrap();
    schema
}
