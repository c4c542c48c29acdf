//! Verification of a ledger on disk, while it is in use or not: `ledger::Verifier` is given what is there, and what
//! only the database knows is checked here: payloads against their hashes, the projection against the entries.

use std::collections::HashMap;
use std::path::Path;

use ledger::{Hash, Head, Place, Report, Verifier, VerifyingKey};
use sqlx::sqlite::SqliteRow;
use sqlx::{AssertSqlSafe, Connection as _, Row as _, SqliteConnection};

use super::connect::{self, DATABASE_FILE};
use super::folder::HEADS_FILE;
use super::rows::{self, integer};
use crate::chain::Chain;
use crate::key::{self, KEY_FILE};
use crate::{OpenError, heads};

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
/// file are always checked.
pub async fn verify(path: &Path, key: Option<VerifyingKey>, extra: &[Head]) -> Result<Report, OpenError> {
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
    let verification = Verification { db, verifier: Verifier::new(key, &exported), chains: HashMap::new() };
    verification.run().await.map_err(OpenError::database(&path))
}

struct Verification {
    db: SqliteConnection,
    verifier: Verifier,
    chains: HashMap<String, Chain>,
}

impl Verification {
    async fn run(mut self) -> Result<Report, sqlx::Error> {
        // One moment for all that is read.
        sqlx::query("BEGIN").execute(&mut self.db).await?;
        self.chains().await?;
        self.payloads().await?;
        self.projection().await?;
        let removed = self.removed().await?;
        self.db.close().await?;
        let mut report = self.verifier.finish();
        report.removed = removed;
        Ok(report)
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
                for row in &entries {
                    position = row.try_get("position")?;
                    self.entry(row, position);
                }
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

    fn entry(&mut self, row: &SqliteRow, position: i64) {
        match rows::entry(row) {
            Ok(entry) => {
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
                    let what = "has a payload that was changed: its hash does not match";
                    self.blame_for_payload(named, what).await?;
                    let what = "has a payload that was put under another hash";
                    self.blame_for_payload(found.bytes().to_vec(), what).await?;
                }
            }
        }
    }

    async fn blame_for_payload(&mut self, hash: Vec<u8>, what: &str) -> Result<(), sqlx::Error> {
        let sql = "SELECT run, sequence FROM entries WHERE instr(content, lower(hex(?1))) > 0 ORDER BY position";
        let entries: Vec<(String, u64)> = sqlx::query_as(sql).bind(hash).fetch_all(&mut self.db).await?;
        for (run, sequence) in entries {
            self.verifier.fault(&Place::Entry { run, sequence }, what);
        }
        Ok(())
    }

    async fn projection(&mut self) -> Result<(), sqlx::Error> {
        let sql = format!("SELECT run, {} FROM runs WHERE run > ?1 ORDER BY run LIMIT ?2", rows::CHAIN);
        let mut chains = std::mem::take(&mut self.chains);
        let mut after = String::new();
        loop {
            let query = sqlx::query(AssertSqlSafe(sql.as_str())).bind(&after).bind(integer(PAGE));
            let page = query.fetch_all(&mut self.db).await?;
            if page.is_empty() {
                break;
            }
            for row in page {
                let run: String = row.try_get("run")?;
                let place = Place::Run { run: run.clone() };
                match (rows::chain(&row), chains.remove(&run)) {
                    (Err(error), _) => self.verifier.fault(&place, unreadable(&error)),
                    (Ok(_), None) => self.verifier.fault(&place, "is of a run without entries"),
                    (Ok(kept), Some(end)) => {
                        for what in differences(&kept, &end) {
                            self.verifier.fault(&place, what);
                        }
                    }
                }
                after = run;
            }
        }
        for run in chains.into_keys() {
            self.verifier.fault(&Place::Run { run }, "is missing");
        }
        Ok(())
    }

    /// How many payloads the entries name that are not kept.
    async fn removed(&mut self) -> Result<u64, sqlx::Error> {
        let sql = "SELECT count(DISTINCT named.value)
             FROM entries, json_each(CASE WHEN json_valid(content) THEN content ELSE '{}' END, '$.payloads') AS named
             WHERE NOT EXISTS (SELECT 1 FROM payloads WHERE hash = unhex(named.value))";
        sqlx::query_scalar(sql).fetch_one(&mut self.db).await
    }
}

fn differences(kept: &Chain, end: &Chain) -> Vec<String> {
    let mut found = vec![];
    let mut compare = |what: &str, kept: &dyn ToString, end: &dyn ToString| {
        let (kept, end) = (kept.to_string(), end.to_string());
        if kept != end {
            found.push(format!("has {what} {kept}, and the entries say {end}"));
        }
    };
    compare("epoch", &kept.epoch, &end.epoch);
    compare("last entry", &kept.last, &end.last);
    compare("last hash", &kept.hash, &end.hash);
    compare("last move", &kept.moved, &end.moved);
    found
}

fn unreadable(error: &sqlx::Error) -> String {
    format!("cannot be read: {error}")
}
