//! What can be read, while the writer writes: each answer is of one moment.

use std::collections::{BTreeMap, HashMap, HashSet};

use ledger::{EVENTS, Epoch, Hash, LedgerError, Millis, Record, SYSTEM, Summary};
use sqlx::sqlite::SqliteRow;
use sqlx::{AssertSqlSafe, QueryBuilder, Row as _, Sqlite, SqliteConnection, SqliteExecutor, SqlitePool};

use super::rows::{self, integer};

/// Why a read failed.
pub(super) fn storage(error: sqlx::Error) -> LedgerError {
    LedgerError::Storage(error.to_string())
}

/// [`ledger::Ledger::epoch`].
pub(super) async fn epoch(db: impl SqliteExecutor<'_>, run: &str) -> Result<Epoch, LedgerError> {
    let epoch = sqlx::query_scalar("SELECT epoch FROM runs WHERE run = ?1").bind(run);
    epoch.fetch_optional(db).await.map_err(storage)?.ok_or_else(|| LedgerError::NoRun { run: run.to_owned() })
}

/// [`ledger::Ledger::read`].
pub(super) async fn read(db: &SqlitePool, run: &str, after: u64) -> Result<Vec<Record>, LedgerError> {
    read_where(db, run, after, "").await
}

/// [`ledger::Ledger::read_without_calls`].
pub(super) async fn read_without_calls(db: &SqlitePool, run: &str, after: u64) -> Result<Vec<Record>, LedgerError> {
    // All that begins with `call.` sorts between that and the same with the character behind the dot.
    read_where(db, run, after, "AND NOT (kind >= 'call.' AND kind < 'call/')").await
}

async fn read_where(db: &SqlitePool, run: &str, after: u64, also: &str) -> Result<Vec<Record>, LedgerError> {
    let mut moment = db.begin().await.map_err(storage)?;
    let sql = format!("SELECT {} FROM entries WHERE run = ?1 AND sequence > ?2 {also} ORDER BY sequence", rows::ENTRY);
    let found = sqlx::query(AssertSqlSafe(sql)).bind(run).bind(integer(after)).fetch_all(&mut *moment);
    let found = found.await.map_err(storage)?;
    if found.is_empty() && ![SYSTEM, EVENTS].contains(&run) {
        epoch(&mut *moment, run).await?;
    }
    let records = records(&mut moment, found, &[]).await?;
    moment.rollback().await.map_err(storage)?;
    Ok(records.into_iter().map(|(_, record)| record).collect())
}

/// [`ledger::Ledger::read_calls`].
pub(super) async fn read_calls(db: &SqlitePool, run: &str, prefix: &str) -> Result<Vec<Record>, LedgerError> {
    let mut moment = db.begin().await.map_err(storage)?;
    // No text that begins with the prefix is behind the last character there is. The run is in its calls' keys: to look for
    // it by its own index would be to read all of it.
    let sql = format!(
        "SELECT {} FROM entries WHERE call >= ?1 AND call < ?1 || char(1114111) AND +run = ?2 ORDER BY position",
        rows::ENTRY
    );
    let found =
        sqlx::query(AssertSqlSafe(sql)).bind(prefix).bind(run).fetch_all(&mut *moment).await.map_err(storage)?;
    if found.is_empty() {
        epoch(&mut *moment, run).await?;
    }
    let records = records(&mut moment, found, &[]).await?;
    moment.rollback().await.map_err(storage)?;
    Ok(records.into_iter().map(|(_, record)| record).collect())
}

/// [`ledger::Ledger::payload`].
pub(super) async fn payload(db: &SqlitePool, hash: &Hash) -> Result<Option<Vec<u8>>, LedgerError> {
    let body = sqlx::query_scalar("SELECT body FROM payloads WHERE hash = ?1").bind(hash.bytes().to_vec());
    body.fetch_optional(db).await.map_err(storage)
}

/// [`ledger::Ledger::payload_sizes`]. SQLite knows the length of a value without reading it.
pub(super) async fn payload_sizes(db: &SqlitePool, hashes: &[Hash]) -> Result<BTreeMap<Hash, u64>, LedgerError> {
    let list = serde_json::json!(hashes).to_string();
    let sql = "SELECT hash, length(body) AS bytes FROM payloads WHERE hash IN (SELECT unhex(value) FROM json_each(?1))";
    let found = sqlx::query(sql).bind(list).fetch_all(db).await.map_err(storage)?;
    let pair = |row: &SqliteRow| Ok((rows::hash(row, "hash")?, row.try_get("bytes")?));
    found.iter().map(pair).collect::<Result<_, sqlx::Error>>().map_err(storage)
}

/// [`ledger::Ledger::summary`].
pub(super) async fn summary(db: impl SqliteExecutor<'_>, run: &str) -> Result<Option<Summary>, LedgerError> {
    let sql =
        format!("SELECT run, {}, {} FROM runs WHERE run = ?1 AND workflow IS NOT NULL", rows::SUMMARY, rows::PARKED_BY);
    let row = sqlx::query(AssertSqlSafe(sql)).bind(run).fetch_optional(db).await.map_err(storage)?;
    row.map(|row| rows::summary(&row)).transpose().map_err(storage)
}

/// [`ledger::Ledger::summaries`].
pub(super) async fn summaries(
    db: &SqlitePool,
    workflow: Option<&str>,
    status: Option<&str>,
    before: Option<&str>,
    limit: u32,
) -> Result<Vec<Summary>, LedgerError> {
    let mut sql = QueryBuilder::<Sqlite>::new(format!(
        "SELECT run, {}, {} FROM runs WHERE started IS NOT NULL",
        rows::SUMMARY,
        rows::PARKED_BY
    ));
    if let Some(workflow) = workflow {
        sql.push(" AND workflow = ").push_bind(workflow);
    }
    if let Some(status) = status {
        sql.push(" AND status = ").push_bind(status);
    }
    if let Some(run) = before {
        let Summary { started, .. } =
            summary(db, run).await?.ok_or_else(|| LedgerError::NoRun { run: run.to_owned() })?;
        sql.push(" AND (started, run) < (").push_bind(started).push(", ").push_bind(run).push(")");
    }
    sql.push(" ORDER BY started DESC, run DESC LIMIT ").push_bind(limit);
    let found = sql.build().fetch_all(db).await.map_err(storage)?;
    found.iter().map(rows::summary).collect::<Result<_, _>>().map_err(storage)
}

/// [`ledger::Ledger::waiting`].
pub(super) async fn waiting(
    db: &SqlitePool,
    after: Option<(Millis, &str)>,
    limit: u32,
) -> Result<Vec<Summary>, LedgerError> {
    let sql = format!(
        "SELECT run, {}, {} FROM runs WHERE coalesce(parked_since, waiting_since) IS NOT NULL
         AND coalesce(parked_since, waiting_since) >= ?1 AND (coalesce(parked_since, waiting_since) > ?1 OR run > ?2)
         ORDER BY coalesce(parked_since, waiting_since), run LIMIT ?3",
        rows::SUMMARY,
        rows::PARKED_BY
    );
    let (since, run) = after.unwrap_or((Millis::MIN, ""));
    let found = sqlx::query(AssertSqlSafe(sql)).bind(since).bind(run).bind(limit).fetch_all(db).await;
    found.map_err(storage)?.iter().map(rows::summary).collect::<Result<_, _>>().map_err(storage)
}

/// [`ledger::Ledger::due`].
pub(super) async fn due(db: &SqlitePool, now: Millis) -> Result<(Vec<String>, Option<Millis>), LedgerError> {
    let mut moment = db.begin().await.map_err(storage)?;
    let due =
        sqlx::query_scalar("SELECT run FROM runs WHERE wake <= ?1 AND parked IS NULL ORDER BY wake, run").bind(now);
    let due = due.fetch_all(&mut *moment).await.map_err(storage)?;
    let next = sqlx::query_scalar("SELECT min(wake) FROM runs WHERE wake > ?1 AND parked IS NULL").bind(now);
    let next = next.fetch_one(&mut *moment).await.map_err(storage)?;
    moment.rollback().await.map_err(storage)?;
    Ok((due, next))
}

/// Opens rows of entries, and adds their payloads, all of them in one more statement.
pub(super) async fn records(
    db: &mut SqliteConnection,
    found: Vec<SqliteRow>,
    without: &[&str],
) -> Result<Vec<(i64, Record)>, LedgerError> {
    let mut opened = Vec::with_capacity(found.len());
    let mut wanted = HashSet::new();
    for row in found {
        let position: i64 = row.try_get("position").map_err(storage)?;
        let entry = rows::entry(&row).map_err(storage)?;
        let (data, hashes) = entry.open()?;
        let loaded = |name: &str| !without.iter().any(|other| ["*", name].contains(other));
        wanted.extend(hashes.iter().filter(|(name, _)| loaded(name)).map(|(_, hash)| *hash));
        opened.push((position, entry, data, hashes));
    }
    let bodies = bodies(db, &wanted).await.map_err(storage)?;
    let mut records = Vec::with_capacity(opened.len());
    for (position, entry, data, hashes) in opened {
        let payloads = hashes.into_iter().map(|(name, hash)| (name, bodies.get(&hash).cloned())).collect();
        records.push((position, Record { entry, data, payloads }));
    }
    Ok(records)
}

/// The payloads with these hashes, as far as they are kept.
pub(super) async fn bodies(
    db: &mut SqliteConnection,
    wanted: &HashSet<Hash>,
) -> Result<HashMap<Hash, Vec<u8>>, sqlx::Error> {
    if wanted.is_empty() {
        return Ok(HashMap::new());
    }
    let list = serde_json::json!(wanted).to_string();
    let sql = "SELECT hash, body FROM payloads WHERE hash IN (SELECT unhex(value) FROM json_each(?1))";
    let found = sqlx::query(sql).bind(list).fetch_all(db).await?;
    found.iter().map(|row| Ok((rows::hash(row, "hash")?, row.try_get("body")?))).collect()
}
