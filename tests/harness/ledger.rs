//! The ledger's file, read beside the host: what is on disk, whatever the host says or whether it runs.

use std::path::Path;

use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions as _, Connection as _, SqliteConnection, SqlitePool};

/// Writes whose last entry is their intent: announced behind a position, and neither carried out nor settled.
const OPEN: &str = "SELECT i.call FROM entries i WHERE i.kind = 'call.intent' AND i.position > ? AND NOT EXISTS (
    SELECT 1 FROM entries e WHERE e.run = i.run AND e.call = i.call AND e.position > i.position
    AND e.kind IN ('call.outcome', 'call.unknown', 'call.settled'))";

/// A ledger that only whoever has this could write to.
pub struct Held(SqliteConnection);

impl Held {
    /// Lets the others write again.
    pub async fn let_go(self) {
        self.0.close().await.expect("a file can be closed");
    }
}

/// The file, open for reading.
pub struct LedgerFile(SqlitePool);

impl LedgerFile {
    /// Opens the ledger of a data folder.
    pub async fn open(data: &Path) -> LedgerFile {
        let options = SqliteConnectOptions::new().filename(data.join("ledger.db")).read_only(true);
        LedgerFile(SqlitePool::connect_with(options).await.expect("the ledger can be read"))
    }

    /// Keeps everybody else from writing to the ledger of a data folder, as a disk does that hangs, until it is let go.
    pub async fn hold(data: &Path) -> Held {
        let options = SqliteConnectOptions::new().filename(data.join("ledger.db"));
        let mut file = options.connect().await.expect("the ledger can be opened");
        sqlx::query("BEGIN IMMEDIATE").execute(&mut file).await.expect("nobody else holds it");
        Held(file)
    }

    /// Changes the last byte of the payload with this digest, as a failing disk or somebody with access to it would.
    pub async fn damage(data: &Path, digest: &str) {
        let options = SqliteConnectOptions::new().filename(data.join("ledger.db"));
        let pool = SqlitePool::connect_with(options).await.expect("the ledger can be opened");
        let changed = sqlx::query(
            "UPDATE payloads SET body = CAST(substr(body, 1, length(body) - 1) || x'ff' AS BLOB) WHERE lower(hex(hash)) = ?",
        );
        let changed = changed.bind(digest).execute(&pool).await.expect("the ledger can be changed");
        assert_eq!(changed.rows_affected(), 1, "there is no payload `{digest}`");
        pool.close().await;
    }

    /// Lets go of the file.
    pub async fn close(self) {
        self.0.close().await;
    }

    /// The position of the newest entry.
    pub async fn position(&self) -> i64 {
        let newest = sqlx::query_scalar("SELECT coalesce(max(position), 0) FROM entries");
        newest.fetch_one(&self.0).await.expect("the ledger can be read")
    }

    /// The writes that were announced behind `position` and whose outcome is not known.
    pub async fn open_intents(&self, position: i64) -> Vec<String> {
        sqlx::query_scalar(OPEN).bind(position).fetch_all(&self.0).await.expect("the ledger can be read")
    }

    /// How many calls of the step's first attempt were answered.
    pub async fn answers(&self, step: &str) -> i64 {
        let count = sqlx::query_scalar(
            "SELECT count(*) FROM entries WHERE call LIKE '%/' || ? || '/1/%' AND kind IN ('call.read', 'call.outcome')",
        );
        count.bind(step).fetch_one(&self.0).await.expect("the ledger can be read")
    }

    /// How many entries are of this kind.
    pub async fn entries_of_kind(&self, kind: &str) -> i64 {
        let count = sqlx::query_scalar("SELECT count(*) FROM entries WHERE kind = ?").bind(kind);
        count.fetch_one(&self.0).await.expect("the ledger can be read")
    }

    /// How many runs have this status.
    pub async fn runs(&self, status: &str) -> i64 {
        let count = sqlx::query_scalar("SELECT count(*) FROM runs WHERE status = ?").bind(status);
        count.fetch_one(&self.0).await.expect("the ledger can be read")
    }
}
