//! A commit as SQL: one script from `BEGIN` to `COMMIT`, in which one statement fills each table.
//!
//! The connection has a thread of its own, and to go there and back costs as much as some ten rows do: so everything
//! goes at once.

use std::collections::HashMap;

use ledger::{Block, Entry, Hash, PAYLOAD_REMOVED, Summary};
use sqlx::query_builder::Separated;
use sqlx::{QueryBuilder, Sqlite, SqliteConnection};

use super::commit::Commit;
use super::rows::{self, integer};
use crate::chain::Chain;

/// How many rows one statement fills at most. SQLite allows 32,766 parameters, and a run has some 15.
const ROWS: usize = 1_000;

/// Scripts with so few entries are kept prepared: there are few of them, and most commits are such.
const PREPARED: usize = 4;

type Columns<'a> = Separated<'a, Sqlite, &'static str>;

/// Writes `commit`, which `block` lists, and returns once it is on disk. After an error the transaction may be open.
pub(super) async fn write(db: &mut SqliteConnection, commit: Commit, block: Option<Block>) -> Result<(), sqlx::Error> {
    let Commit { entries, payloads, chains, summaries, .. } = commit;
    let mut script = Script { db, sql: QueryBuilder::new("BEGIN IMMEDIATE; "), keep: entries.len() <= PREPARED };
    let removed: Vec<Hash> = entries.iter().flat_map(|(_, entry)| removed_payloads(entry)).collect();
    script.entries(entries).await?;
    script.payloads(payloads).await?;
    script.removed(&removed);
    script.runs(chains, summaries).await?;
    script.block(block).await?;
    script.sql.push("COMMIT");
    script.send().await
}

/// Writes what entries come to, of runs that have no row yet, in the transaction that is open.
pub(super) async fn project(
    db: &mut SqliteConnection,
    chains: HashMap<String, Chain>,
    summaries: HashMap<String, Summary>,
) -> Result<(), sqlx::Error> {
    let mut script = Script { db, sql: QueryBuilder::new(""), keep: false };
    script.runs(chains, summaries).await?;
    script.send().await
}

struct Script<'a> {
    db: &'a mut SqliteConnection,
    sql: QueryBuilder<Sqlite>,
    keep: bool,
}

impl Script<'_> {
    async fn entries(&mut self, entries: Vec<(i64, Entry)>) -> Result<(), sqlx::Error> {
        let insert = format!("INSERT INTO entries ({}) ", rows::ENTRY);
        let columns = |mut row: Columns<'_>, (position, entry): (i64, Entry)| {
            row.push_bind(position);
            row.push_bind(entry.run);
            row.push_bind(integer(entry.sequence));
            row.push_bind(entry.kind);
            row.push_bind(entry.call);
            row.push_bind(entry.time);
            row.push_bind(entry.actor);
            row.push_bind(entry.content);
            row.push_bind(blob(&entry.previous));
            row.push_bind(blob(&entry.hash));
        };
        self.fill(&insert, entries, columns, "").await
    }

    async fn payloads(&mut self, payloads: impl IntoIterator<Item = (Hash, Vec<u8>)>) -> Result<(), sqlx::Error> {
        let columns = |mut row: Columns<'_>, (hash, body): (Hash, Vec<u8>)| {
            row.push_bind(blob(&hash));
            row.push_bind(body);
        };
        // What is there already is the same, unless the disk changed it.
        let repair = " ON CONFLICT (hash) DO UPDATE SET body = excluded.body WHERE body <> excluded.body";
        self.fill("INSERT INTO payloads (hash, body) ", payloads, columns, repair).await
    }

    /// What an entry says is removed is removed with it.
    fn removed(&mut self, removed: &[Hash]) {
        if !removed.is_empty() {
            self.sql.push("DELETE FROM payloads WHERE hash IN (SELECT unhex(value) FROM json_each(");
            self.sql.push_bind(serde_json::json!(removed).to_string());
            self.sql.push(")); ");
        }
    }

    async fn runs(
        &mut self,
        mut chains: HashMap<String, Chain>,
        summaries: HashMap<String, Summary>,
    ) -> Result<(), sqlx::Error> {
        let summarised: Vec<_> =
            summaries.into_iter().filter_map(|(run, summary)| Some((chains.remove_entry(&run)?, summary))).collect();
        let insert = format!("INSERT INTO runs (run, {}) ", rows::CHAIN);
        let columns = |mut row: Columns<'_>, (run, chain)| push_chain(&mut row, run, &chain);
        self.fill(&insert, chains, columns, &put(&[rows::CHAIN])).await?;

        let insert = format!("INSERT INTO runs (run, {}, {}) ", rows::CHAIN, rows::SUMMARY);
        let columns = |mut row: Columns<'_>, ((run, chain), summary)| {
            push_chain(&mut row, run, &chain);
            push_summary(&mut row, summary);
        };
        self.fill(&insert, summarised, columns, &put(&[rows::CHAIN, rows::SUMMARY])).await
    }

    async fn block(&mut self, block: Option<Block>) -> Result<(), sqlx::Error> {
        let insert = format!("INSERT INTO blocks ({}) ", rows::BLOCK);
        let columns = |mut row: Columns<'_>, block: Block| {
            row.push_bind(block.writer);
            row.push_bind(integer(block.number));
            row.push_bind(block.time);
            row.push_bind(blob(&block.previous));
            row.push_bind(block.items);
            row.push_bind(blob(&block.hash));
            row.push_bind(block.signature.to_vec());
        };
        self.fill(&insert, block, columns, "").await
    }

    /// Adds `<insert> VALUES … <conflict>` for all `rows`; what does not fit into one statement is sent before.
    async fn fill<T>(
        &mut self,
        insert: &str,
        rows: impl IntoIterator<Item = T>,
        mut columns: impl FnMut(Columns<'_>, T),
        conflict: &str,
    ) -> Result<(), sqlx::Error> {
        let mut rows = rows.into_iter().peekable();
        while rows.peek().is_some() {
            self.sql.push(insert);
            self.sql.push_values(rows.by_ref().take(ROWS), &mut columns);
            self.sql.push(conflict);
            self.sql.push("; ");
            if rows.peek().is_some() {
                self.send().await?;
            }
        }
        Ok(())
    }

    async fn send(&mut self) -> Result<(), sqlx::Error> {
        let mut sql = std::mem::take(&mut self.sql);
        sql.build().persistent(self.keep).execute(&mut *self.db).await?;
        Ok(())
    }
}

/// What replaces these columns of a run that is there.
fn put(columns: &[&str]) -> String {
    let columns = columns.iter().flat_map(|columns| columns.split(", "));
    let set: Vec<String> = columns.map(|column| format!("{column} = excluded.{column}")).collect();
    format!("ON CONFLICT (run) DO UPDATE SET {}", set.join(", "))
}

fn removed_payloads(entry: &Entry) -> Vec<Hash> {
    if entry.kind == PAYLOAD_REMOVED { entry.removed_payloads() } else { vec![] }
}

fn push_chain(row: &mut Columns<'_>, run: String, chain: &Chain) {
    row.push_bind(run);
    row.push_bind(integer(chain.epoch));
    row.push_bind(integer(chain.last));
    row.push_bind(blob(&chain.hash));
    row.push_bind(integer(chain.moved));
    row.push_bind(chain.parked.map(integer));
    row.push_bind(chain.parked_since);
}

fn push_summary(row: &mut Columns<'_>, summary: Summary) {
    row.push_bind(summary.workflow);
    row.push_bind(summary.status);
    row.push_bind(summary.wake);
    row.push_bind(summary.started);
    row.push_bind(summary.ended);
    row.push_bind(summary.started_by);
    row.push_bind(summary.dedupe);
    row.push_bind(summary.waits.since().and_then(|_| serde_json::to_string(&summary.waits).ok()));
    row.push_bind(summary.waits.since());
}

fn blob(hash: &Hash) -> Vec<u8> {
    hash.bytes().to_vec()
}
