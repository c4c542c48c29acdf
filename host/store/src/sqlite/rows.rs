//! Rows and what they stand for: every column list of the tables is here, once.

use ledger::{Block, Entry, Hash, Parking, Signature, Summary, Waits};
use sqlx::Row as _;
use sqlx::sqlite::SqliteRow;

use crate::chain::Chain;

/// The columns that [`entry`] reads, and the position.
pub(super) const ENTRY: &str = "position, run, sequence, kind, call, time, actor, content, previous, hash";
/// The columns that [`block`] reads.
pub(super) const BLOCK: &str = "writer, number, time, previous, items, hash, signature";
/// The columns that [`chain`] reads, beside the run. Both it and [`SUMMARY`] are projections of the entries.
pub(super) const CHAIN: &str = "epoch, last_sequence, last_hash, moved, parked, parked_since";
/// The columns that [`summary`] reads, beside the run and `parked_since`.
pub(super) const SUMMARY: &str = "workflow, status, wake, started, ended, started_by, dedupe, waits, waiting_since";
/// The columns that [`summary`] reads as well: of the entry that parks the run.
pub(super) const PARKED_BY: &str = "parked_since, \
    (SELECT content FROM entries WHERE entries.run = runs.run AND entries.sequence = runs.parked) AS parked_by";

/// An entry, without its position.
pub(super) fn entry(row: &SqliteRow) -> Result<Entry, sqlx::Error> {
    Ok(Entry {
        run: row.try_get("run")?,
        sequence: row.try_get("sequence")?,
        kind: row.try_get("kind")?,
        call: row.try_get("call")?,
        time: row.try_get("time")?,
        actor: row.try_get("actor")?,
        content: row.try_get("content")?,
        previous: hash(row, "previous")?,
        hash: hash(row, "hash")?,
    })
}

/// A block.
pub(super) fn block(row: &SqliteRow) -> Result<Block, sqlx::Error> {
    Ok(Block {
        writer: row.try_get("writer")?,
        number: row.try_get("number")?,
        time: row.try_get("time")?,
        previous: hash(row, "previous")?,
        items: row.try_get("items")?,
        hash: hash(row, "hash")?,
        signature: bytes::<64>(row, "signature")? as Signature,
    })
}

/// The end of a chain, as the projection has it.
pub(super) fn chain(row: &SqliteRow) -> Result<Chain, sqlx::Error> {
    Ok(Chain {
        epoch: row.try_get("epoch")?,
        last: row.try_get("last_sequence")?,
        hash: hash(row, "last_hash")?,
        moved: row.try_get("moved")?,
        parked: row.try_get("parked")?,
        parked_since: row.try_get("parked_since")?,
    })
}

/// A run's summary.
pub(super) fn summary(row: &SqliteRow) -> Result<Summary, sqlx::Error> {
    Ok(Summary {
        run: row.try_get("run")?,
        workflow: row.try_get("workflow")?,
        status: row.try_get("status")?,
        wake: row.try_get("wake")?,
        started: row.try_get("started")?,
        ended: row.try_get("ended")?,
        started_by: row.try_get("started_by")?,
        dedupe: row.try_get("dedupe")?,
        parked: match (row.try_get("parked_since")?, row.try_get::<Option<String>, _>("parked_by")?) {
            (Some(since), Some(content)) => Some(Parking::by(since, &content)),
            _ => None,
        },
        waits: waits(row)?,
    })
}

fn waits(row: &SqliteRow) -> Result<Waits, sqlx::Error> {
    let text: Option<&str> = row.try_get("waits")?;
    let read = text.map_or(Ok(Waits::default()), serde_json::from_str);
    read.map_err(|error| sqlx::Error::ColumnDecode { index: "waits".into(), source: error.into() })
}

/// The hash in `column`.
pub(super) fn hash(row: &SqliteRow, column: &str) -> Result<Hash, sqlx::Error> {
    bytes(row, column).map(Hash::from_bytes)
}

fn bytes<const N: usize>(row: &SqliteRow, column: &str) -> Result<[u8; N], sqlx::Error> {
    let found: &[u8] = row.try_get(column)?;
    found.try_into().map_err(|_| sqlx::Error::ColumnDecode {
        index: column.into(),
        source: format!("{} bytes instead of {N}", found.len()).into(),
    })
}

/// A count as SQLite keeps it. None of ours comes near the limit.
pub(super) fn integer(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
