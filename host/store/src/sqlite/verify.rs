//! Verification of a ledger on disk, while it is in use or not: `ledger::Verifier` is given what is there, and what
//! only the database knows is checked here: the file as a whole, payloads against their hashes and against what names them,
//! the projection against the entries.

use std::collections::{HashMap, HashSet};
use std::path::Path;

use ledger::{Entry, Hash, Head, PAYLOAD_REMOVED, Place, Report, Verifier, VerifyingKey};
use sqlx::sqlite::SqliteRow;
use sqlx::{AssertSqlSafe, Connection as _, Row as _, SqliteConnection};

use super::connect::{self, DATABASE_FILE};
use super::folder::HEADS_FILE;
use super::projection::{self, Chains, Difference};
use super::rows::{self, integer};
use crate::chain::Chain;
use crate::key::{self, KEY_FILE};
use crate::{OpenError, Projector, heads};

/// How many rows are in memory at once.
const PAGE: u64 = 512;

/// The same for blocks, which list a thousand entries each when there is much to do.
const BLOCK_PAGE: u64 = 64;

/// The same for payloads, which can be large.
const PAYLOAD_PAGE: u64 = 16;

/// Verifies the ledger in the folder (or database file) `path`. Opens it read-only, needs no lock, and leaves it as it is.
///
/// `key` is the installation's verifying key; without one, that of the `ledger.key` beside the database is taken, which
/// proves nothing against somebody who could exchange that too. `extra` are heads from elsewhere; those in the heads
/// file are always checked. `projector` makes summaries of entries, with which those that are kept are compared; without one
/// they are not.
pub async fn verify(
    path: &Path,
    key: Option<VerifyingKey>,
    extra: &[Head],
    projector: Option<&mut dyn Projector>,
) -> Result<Report, OpenError> {
    std::fs::metadata(path).map_err(OpenError::file(path))?;
    let path = if path.is_dir() { path.join(DATABASE_FILE) } else { path.to_owned() };
    let dir = path.parent().map(Path::to_owned).unwrap_or_default();
    let key = match key {
        Some(key) => key,
        None => key::load(&dir)?.ok_or_else(|| OpenError::KeyMissing { path: dir.join(KEY_FILE) })?.verifying(),
    };
    // Before the database: a head that is written from now on may be of a block that is not seen any more.
    let mut exported = heads::read(&dir.join(HEADS_FILE))?;
    exported.extend_from_slice(extra);
    let db = connect::verifier(&path).await?;
    let verification = Verification {
        db,
        verifier: Verifier::new(key, &exported),
        chains: Chains::new(),
        damaged: HashMap::new(),
        removed: HashSet::new(),
        gone: HashSet::new(),
    };
    verification.run(projector).await.map_err(OpenError::database(&path))
}

struct Verification {
    db: SqliteConnection,
    verifier: Verifier,
    chains: Chains,
    /// What is wrong with payloads, by the hash that they are kept under or should be.
    damaged: HashMap<Hash, &'static str>,
    /// The payloads that entries say were removed.
    removed: HashSet<Hash>,
    /// Those of them that are named and not kept.
    gone: HashSet<Hash>,
}

impl Verification {
    async fn run(mut self, projector: Option<&mut dyn Projector>) -> Result<Report, sqlx::Error> {
        // One moment for all that is read.
        sqlx::query("BEGIN").execute(&mut self.db).await?;
        self.file().await?;
        self.payloads().await?;
        self.removed().await?;
        self.chains().await?;
        self.projection(projector).await?;
        self.db.close().await?;
        let mut report = self.verifier.finish();
        report.removed = self.gone.len() as u64;
        Ok(report)
    }

    /// SQLite's own check: pages, and indexes against their tables.
    async fn file(&mut self) -> Result<(), sqlx::Error> {
        let found: Vec<String> = sqlx::query_scalar("PRAGMA integrity_check").fetch_all(&mut self.db).await?;
        for what in found.into_iter().filter(|what| what != "ok") {
            self.verifier.fault(&Place::Database, what);
        }
        Ok(())
    }

    /// Blocks, and behind each page of them as many entries as it lists, so that neither waits long for the other.
    async fn chains(&mut self) -> Result<(), sqlx::Error> {
        let mut block = (String::new(), i64::MIN);
        let mut position = i64::MIN;
        loop {
            let blocks = self.block_page(&block).await?;
            let mut listed = 0;
            for row in &blocks {
                block = (row.try_get("writer")?, row.try_get("number")?);
                listed += self.block(row, &block);
            }
            let mut wanted = if blocks.is_empty() { u64::MAX } else { listed };
            while wanted > 0 {
                let entries = self.entry_page(position, wanted.min(PAGE)).await?;
                if entries.is_empty() {
                    break;
                }
                wanted = wanted.saturating_sub(entries.len() as u64);
                let mut named = vec![];
                for row in &entries {
                    position = row.try_get("position")?;
                    self.entry(row, position, &mut named);
                }
                self.named(named).await?;
            }
            if blocks.is_empty() {
                return Ok(());
            }
        }
    }

    async fn block_page(&mut self, (writer, number): &(String, i64)) -> Result<Vec<SqliteRow>, sqlx::Error> {
        let sql = format!(
            "SELECT {} FROM blocks WHERE (writer, number) > (?1, ?2) ORDER BY writer, number LIMIT ?3",
            rows::BLOCK
        );
        sqlx::query(AssertSqlSafe(sql))
            .bind(writer)
            .bind(number)
            .bind(integer(BLOCK_PAGE))
            .fetch_all(&mut self.db)
            .await
    }

    async fn entry_page(&mut self, after: i64, limit: u64) -> Result<Vec<SqliteRow>, sqlx::Error> {
        let sql = format!("SELECT {} FROM entries WHERE position > ?1 ORDER BY position LIMIT ?2", rows::ENTRY);
        sqlx::query(AssertSqlSafe(sql)).bind(after).bind(integer(limit)).fetch_all(&mut self.db).await
    }

    /// Returns how many entries the block lists.
    fn block(&mut self, row: &SqliteRow, (writer, number): &(String, i64)) -> u64 {
        match rows::block(row) {
            Ok(block) => {
                self.verifier.block(&block);
                block.items.lines().count() as u64
            }
            Err(error) => {
                let number = u64::try_from(*number).unwrap_or(0);
                self.verifier.fault(&Place::Block { writer: writer.clone(), number }, unreadable(&error));
                0
            }
        }
    }

    /// Adds the payloads that the entry names to `named`.
    fn entry(&mut self, row: &SqliteRow, position: i64, named: &mut Vec<(Place, Hash)>) {
        match rows::entry(row) {
            Ok(entry) => {
                named.extend(payloads_of(&entry));
                self.verifier.entry(position, &entry);
                self.chains.entry(entry.run.clone()).or_insert(Chain::EMPTY).advance(&entry);
            }
            Err(error) => {
                let place = match (row.try_get("run"), row.try_get("sequence")) {
                    (Ok(run), Ok(sequence)) => Place::Entry { run, sequence },
                    _ => Place::Position { position },
                };
                self.verifier.fault(&place, unreadable(&error));
            }
        }
    }

    async fn payloads(&mut self) -> Result<(), sqlx::Error> {
        let sql = "SELECT rowid, hash, body FROM payloads WHERE rowid > ?1 ORDER BY rowid LIMIT ?2";
        let mut after = i64::MIN;
        loop {
            let page = sqlx::query(sql).bind(after).bind(integer(PAYLOAD_PAGE)).fetch_all(&mut self.db).await?;
            if page.is_empty() {
                return Ok(());
            }
            for row in page {
                after = row.try_get("rowid")?;
                let found = Hash::of(row.try_get("body")?);
                let named: Vec<u8> = row.try_get("hash")?;
                if named != found.bytes() {
                    self.damaged.insert(found, "has a payload that was put under another hash");
                    if let Ok(named) = <[u8; 32]>::try_from(named) {
                        let what = "has a payload that was changed: its hash does not match";
                        self.damaged.insert(Hash::from_bytes(named), what);
                    }
                }
            }
        }
    }

    /// What entries say was removed.
    async fn removed(&mut self) -> Result<(), sqlx::Error> {
        let sql =
            format!("SELECT {} FROM entries WHERE kind = ?1 AND position > ?2 ORDER BY position LIMIT ?3", rows::ENTRY);
        let mut after = i64::MIN;
        loop {
            let query = sqlx::query(AssertSqlSafe(sql.as_str())).bind(PAYLOAD_REMOVED).bind(after).bind(integer(PAGE));
            let page = query.fetch_all(&mut self.db).await?;
            if page.is_empty() {
                return Ok(());
            }
            for row in page {
                after = row.try_get("position")?;
                // One that cannot be read is found with all other entries.
                if let Ok(entry) = rows::entry(&row) {
                    self.removed.extend(entry.removed_payloads());
                }
            }
        }
    }

    /// Checks payloads that entries name: each must be kept, and be the right one, or an entry must say that it was removed.
    async fn named(&mut self, named: Vec<(Place, Hash)>) -> Result<(), sqlx::Error> {
        let hashes: HashSet<Hash> = named.iter().map(|(_, hash)| *hash).collect();
        let sql = "SELECT hash FROM payloads WHERE hash IN (SELECT unhex(value) FROM json_each(?1))";
        let kept = sqlx::query(sql).bind(serde_json::json!(hashes).to_string()).fetch_all(&mut self.db).await?;
        let kept: HashSet<Hash> = kept.iter().filter_map(|row| rows::hash(row, "hash").ok()).collect();
        for (place, hash) in named {
            match self.damaged.get(&hash) {
                Some(what) => self.verifier.fault(&place, *what),
                None if kept.contains(&hash) => {}
                None if self.removed.contains(&hash) => {
                    self.gone.insert(hash);
                }
                None => {
                    self.verifier.fault(&place, "has a payload that is missing, and that no entry says was removed")
                }
            }
        }
        Ok(())
    }

    /// What is kept of the entries against what they come to, column by column.
    async fn projection(&mut self, projector: Option<&mut dyn Projector>) -> Result<(), sqlx::Error> {
        let summaries = projector.is_some();
        let unreadable = projection::make(&mut self.db, &self.chains, projector).await?;
        for (run, why) in &unreadable {
            let place = Place::History { run: run.clone() };
            self.verifier.fault(&place, format!("cannot be followed: {why}"));
        }
        let mut fault = |run: &str, what: String| self.verifier.fault(&Place::Run { run: run.to_owned() }, what);
        projection::compare(&mut self.db, |run, difference| match difference {
            Difference::Unfounded => fault(run, "is of a run without entries".into()),
            Difference::Missing => fault(run, "is missing".into()),
            // What an unreadable run comes to is a guess, and what is kept of it may be right.
            Difference::Columns(columns) => columns
                .iter()
                .filter(|change| change.is_of_chain() || (summaries && !unreadable.contains_key(run)))
                .for_each(|change| fault(run, change.to_string())),
        })
        .await
    }
}

/// The payloads that an entry names. One that cannot be opened names none, and is not what was written in any case.
fn payloads_of(entry: &Entry) -> Vec<(Place, Hash)> {
    let place = Place::Entry { run: entry.run.clone(), sequence: entry.sequence };
    let hashes = entry.open().map(|(_, hashes)| hashes).unwrap_or_default();
    hashes.into_values().map(|hash| (place.clone(), hash)).collect()
}

fn unreadable(error: &sqlx::Error) -> String {
    format!("cannot be read: {error}")
}
