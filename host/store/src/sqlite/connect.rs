//! Connections: what is set on each, and what a file must be before anything is written to it.

use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::time::Duration;

use log::LevelFilter;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _, SqliteConnection};

use super::{Options, shutdown};
use crate::OpenError;

/// The database, in the folder of the ledger.
pub const DATABASE_FILE: &str = "ledger.db";

/// `Quel` in ASCII, in the header of the file (<https://sqlite.org/pragma.html#pragma_application_id>).
const APPLICATION: i64 = 0x5175_656c;

/// The version of the tables, in the header as well.
const SCHEMA: i64 = 4;

/// The tables and indexes: what is written for ever, what is made of it, and how it is found.
const FACTS: &str = include_str!("facts.sql");
pub(super) const PROJECTIONS: &str = include_str!("projections.sql");
const INDEXES: &str = include_str!("indexes.sql");

/// Earlier ones can lose a commit in WAL mode (<https://sqlite.org/wal.html#walresetbug>).
const SQLITE: (u32, u32, u32) = (3, 51, 3);

/// What the header of a file says.
#[derive(Debug, PartialEq)]
enum Identity {
    /// Nothing was written to it yet.
    Empty,
    /// It is a ledger of this version.
    Ledger,
    /// It is a ledger of an earlier version: what it says is the same, and what is made of it is not.
    Earlier,
}

/// Opens the database for writing: made when missing. Where it was not closed in order, it is checked as a whole: a crash of
/// the machine may have damaged any page.
pub(super) async fn writer(path: &Path, options: &Options) -> Result<SqliteConnection, OpenError> {
    match identified(path, options).await? {
        (Identity::Earlier, _) => Err(OpenError::OlderSchema { path: path.to_owned() }),
        (Identity::Empty, mut db) => {
            create(&mut db).await.map_err(OpenError::database(path))?;
            Ok(db)
        }
        (Identity::Ledger, mut db) => {
            if !shutdown::is_clean(&mut db).await.map_err(OpenError::database(path))? {
                tracing::warn!("the ledger was not closed in order: the whole database is checked");
                quick_check(&mut db, path).await?;
            }
            Ok(db)
        }
    }
}

/// Opens the database for making its projections anew, whatever version it is of. It is checked as a whole.
pub(super) async fn rebuilder(path: &Path) -> Result<SqliteConnection, OpenError> {
    std::fs::metadata(path).map_err(OpenError::file(path))?;
    match identified(path, &Options::default()).await? {
        (Identity::Empty, _) => Err(OpenError::Foreign { path: path.to_owned(), what: "it is empty".into() }),
        (Identity::Earlier | Identity::Ledger, mut db) => {
            quick_check(&mut db, path).await?;
            Ok(db)
        }
    }
}

/// Opens the database for writing, once it is known what it is.
async fn identified(path: &Path, options: &Options) -> Result<(Identity, SqliteConnection), OpenError> {
    let failed = || OpenError::database(path);
    // SQLite gives its other files the mode of this one. An empty file is an empty database.
    let mut file = std::fs::OpenOptions::new();
    file.write(true).create(true).truncate(false).mode(0o600).open(path).map_err(OpenError::file(path))?;
    // First without any setting that writes: the file may be somebody else's.
    let mut db = settings(path, options).connect().await.map_err(failed())?;
    check_sqlite(&version(&mut db).await.map_err(failed())?)?;
    let identity = identify(&mut db, path).await?;
    db.close().await.map_err(failed())?;
    let durable = settings(path, options).journal_mode(SqliteJournalMode::Wal).synchronous(SqliteSynchronous::Full);
    Ok((identity, durable.connect().await.map_err(failed())?))
}

/// Opens the database for verification, which must be a ledger.
pub(super) async fn verifier(path: &Path) -> Result<SqliteConnection, OpenError> {
    std::fs::metadata(path).map_err(OpenError::file(path))?;
    let mut db = readers(path, &Options::default()).connect().await.map_err(OpenError::database(path))?;
    match identify(&mut db, path).await? {
        Identity::Ledger => Ok(db),
        Identity::Empty => Err(OpenError::Foreign { path: path.to_owned(), what: "it is empty".into() }),
        Identity::Earlier => Err(OpenError::OlderSchema { path: path.to_owned() }),
    }
}

/// What connections that only read are opened with.
pub(super) fn readers(path: &Path, options: &Options) -> SqliteConnectOptions {
    settings(path, options).read_only(true)
}

fn settings(path: &Path, options: &Options) -> SqliteConnectOptions {
    // A statement is logged without its arguments, which may be personal.
    SqliteConnectOptions::new()
        .filename(path)
        .foreign_keys(true)
        .pragma("trusted_schema", "OFF")
        .busy_timeout(options.busy_timeout)
        .log_statements(LevelFilter::Trace)
        .log_slow_statements(LevelFilter::Off, Duration::MAX)
}

async fn version(db: &mut SqliteConnection) -> Result<String, sqlx::Error> {
    sqlx::query_scalar("SELECT sqlite_version()").fetch_one(db).await
}

fn check_sqlite(found: &str) -> Result<(), OpenError> {
    let mut numbers = found.split('.').map(|number| number.parse().unwrap_or(0));
    let mut next = || numbers.next().unwrap_or(0);
    if (next(), next(), next()) >= SQLITE { Ok(()) } else { Err(OpenError::SqliteTooOld { found: found.into() }) }
}

async fn identify(db: &mut SqliteConnection, path: &Path) -> Result<Identity, OpenError> {
    let sql = "SELECT application_id, user_version, (SELECT count(*) FROM sqlite_schema)
               FROM pragma_application_id, pragma_user_version";
    let (application, schema, tables): (i64, i64, i64) =
        sqlx::query_as(sql).fetch_one(db).await.map_err(OpenError::database(path))?;
    match (application, schema, tables) {
        (0, 0, 0) => Ok(Identity::Empty),
        (APPLICATION, SCHEMA, _) => Ok(Identity::Ledger),
        (APPLICATION, 1.., _) if schema < SCHEMA => Ok(Identity::Earlier),
        (APPLICATION, found, _) if found > SCHEMA => {
            Err(OpenError::NewerSchema { path: path.to_owned(), found, known: SCHEMA })
        }
        _ => Err(OpenError::Foreign { path: path.to_owned(), what: "it is another program's database".into() }),
    }
}

async fn create(db: &mut SqliteConnection) -> Result<(), sqlx::Error> {
    let mut whole = db.begin_with("BEGIN IMMEDIATE").await?;
    for part in [FACTS, shutdown::TABLE, PROJECTIONS, INDEXES] {
        sqlx::raw_sql(part).execute(&mut *whole).await?;
    }
    let header = format!("PRAGMA application_id = {APPLICATION}; PRAGMA user_version = {SCHEMA}");
    sqlx::raw_sql(AssertSqlSafe(header)).execute(&mut *whole).await?;
    whole.commit().await
}

/// Puts new tables of projections in the place of those that there are, of whatever version, empty and without indexes, in
/// the transaction that is open.
pub(super) async fn replace_projections(db: &mut SqliteConnection) -> Result<(), sqlx::Error> {
    let indexes = "SELECT 'DROP INDEX ' || name FROM sqlite_schema WHERE type = 'index' AND sql IS NOT NULL";
    let indexes: Vec<String> = sqlx::query_scalar(indexes).fetch_all(&mut *db).await?;
    for drop in indexes {
        sqlx::raw_sql(AssertSqlSafe(drop)).execute(&mut *db).await?;
    }
    sqlx::raw_sql("DROP TABLE main.runs").execute(&mut *db).await?;
    sqlx::raw_sql(AssertSqlSafe(PROJECTIONS.replace("CREATE TABLE ", "CREATE TABLE main."))).execute(&mut *db).await?;
    Ok(())
}

/// What follows once the tables are filled: indexes, and everything else that this version has.
pub(super) async fn finish_projections(db: &mut SqliteConnection) -> Result<(), sqlx::Error> {
    sqlx::raw_sql(AssertSqlSafe(INDEXES.replace("CREATE INDEX ", "CREATE INDEX main."))).execute(&mut *db).await?;
    sqlx::raw_sql("DROP TABLE IF EXISTS shutdown").execute(&mut *db).await?;
    sqlx::raw_sql(shutdown::TABLE).execute(&mut *db).await?;
    sqlx::raw_sql(AssertSqlSafe(format!("PRAGMA user_version = {SCHEMA}"))).execute(&mut *db).await.map(drop)
}

async fn quick_check(db: &mut SqliteConnection, path: &Path) -> Result<(), OpenError> {
    let found: Vec<String> =
        sqlx::query_scalar("PRAGMA quick_check(5)").fetch_all(db).await.map_err(OpenError::database(path))?;
    if found == ["ok"] {
        return Ok(());
    }
    Err(OpenError::Damaged { path: path.to_owned(), what: found.join("; ") })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn old_versions_of_sqlite_are_refused() {
        let check = |found: &str, good: bool| assert_eq!(check_sqlite(found).is_ok(), good, "{found}");
        check("3.51.3", true);
        check("3.52.0", true);
        check("4.0", true);
        check("3.51.2", false);
        check("3.9.9", false);
        check("", false);
    }
}
