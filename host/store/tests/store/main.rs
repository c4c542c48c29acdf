//! The store through its port, on real files: what it promises, across restarts, and what its verification finds.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test that cannot go on has failed"
)]

mod appends;
mod fences;
mod parking;
mod plans;
mod reads;
mod rebuilding;
mod refusals;
mod restarts;
mod rewriting;
mod shutdowns;
mod tampering;

use std::path::Path;
use std::time::Duration;

use ledger::{Draft, Fence, Ledger as _, Record, Summary, Waits};
use serde_json::json;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions as _, SqliteConnection};
use store::{Options, Projected, Projector, Store};
use tempfile::TempDir;

/// A ledger in a folder that goes away with it.
struct Ledger {
    dir: TempDir,
    store: Store,
}

impl Ledger {
    async fn new() -> Ledger {
        let dir = tempfile::tempdir().unwrap();
        let store = open(dir.path()).await;
        Ledger { dir, store }
    }

    /// Closes it in order and leaves the folder.
    async fn close(self) -> TempDir {
        self.store.close().await;
        self.dir
    }

    /// Begins a run with one entry.
    async fn begin(&self, run: &str) {
        let summary = summary(run, 1);
        self.store.append(run, Fence::New(None), vec![draft("run.started")], Some(summary)).await.unwrap();
    }

    /// Appends one entry of `kind`.
    async fn add(&self, run: &str, kind: &'static str) {
        self.store.append(run, Fence::Open, vec![draft(kind)], None).await.unwrap();
    }
}

/// Opens a ledger that writes heads at its end only.
async fn open(dir: &Path) -> Store {
    Store::open(dir, quiet()).await.unwrap()
}

fn quiet() -> Options {
    Options { heads_every: Duration::from_secs(3600), ..Options::default() }
}

fn draft(kind: &'static str) -> Draft {
    Draft::new(kind, 1_000, "host", json!({ "kind": kind }))
}

fn summary(run: &str, started: i64) -> Summary {
    Summary {
        run: run.into(),
        workflow: "contain".into(),
        status: "running".into(),
        wake: None,
        started,
        ended: None,
        started_by: "user:alice".into(),
        dedupe: None,
        parked: None,
        waits: Waits::default(),
    }
}

/// Makes the summaries that the tests append: each run is as `summary` has it.
#[derive(Default)]
struct Summarising {
    run: String,
    kinds: Vec<String>,
}

impl Projector for Summarising {
    fn without(&self) -> &'static [&'static str] {
        &[]
    }

    fn begin(&mut self, run: &str) {
        *self = Summarising { run: run.into(), kinds: vec![] };
    }

    fn follow(&mut self, record: &Record) {
        self.kinds.push(record.entry.kind.clone());
    }

    fn end(&mut self) -> Projected {
        let summary = Box::new(summary(&self.run, 1));
        match self.kinds.first().map(String::as_str) {
            Some("run.started") => Projected::Run(summary),
            Some("run.odd") => Projected::Unreadable { why: "it is odd".into(), summary: Some(summary) },
            _ => Projected::Nothing,
        }
    }
}

/// A connection that may do anything, as somebody with access to the file has it.
async fn raw(dir: &Path) -> SqliteConnection {
    let path = dir.join(store::DATABASE_FILE);
    SqliteConnectOptions::new().filename(path).disable_statement_logging().connect().await.unwrap()
}

/// Executes statements that the triggers would refuse.
async fn tamper(dir: &Path, statements: &str) {
    let mut db = raw(dir).await;
    let triggers: Vec<String> =
        sqlx::query_scalar("SELECT 'DROP TRIGGER ' || name FROM sqlite_schema WHERE type = 'trigger'")
            .fetch_all(&mut db)
            .await
            .unwrap();
    for drop in triggers {
        sqlx::raw_sql(sqlx::AssertSqlSafe(drop)).execute(&mut db).await.unwrap();
    }
    sqlx::raw_sql(sqlx::AssertSqlSafe(statements)).execute(&mut db).await.unwrap();
    sqlx::Connection::close(db).await.unwrap();
}

/// What the verification of the ledger in `dir` finds.
async fn faults(dir: &Path) -> Vec<String> {
    let report = store::verify(dir, None, &[], None).await.unwrap();
    report.faults.iter().map(ToString::to_string).collect()
}
