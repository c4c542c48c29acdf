//! Everything that is kept of the entries beside them, made from the entries alone: to compare it with what is kept, or to
//! put it in its place.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet, VecDeque};
use std::fmt;

use ledger::{EVENTS, Entry, Hash, Record, SYSTEM};
use sqlx::sqlite::SqliteRow;
use sqlx::{AssertSqlSafe, Column as _, Row as _, SqliteConnection, TypeInfo as _, ValueRef as _};

use super::rows::{self, integer};
use super::{connect, reader, script};
use crate::chain::Chain;
use crate::{Projected, Projector};

/// How many entries, whose payloads may be large, are in memory at once.
const ENTRIES: u64 = 64;

/// How many runs are.
const RUNS: usize = 512;

/// The ends of all chains, by run.
pub(super) type Chains = BTreeMap<String, Chain>;

/// Makes the projections of all chains in the temporary schema, where `runs` stands for them until the connection is closed.
/// Gives what is wrong with the runs that cannot be followed. Without a projector there are no summaries.
pub(super) async fn make(
    db: &mut SqliteConnection,
    chains: &Chains,
    mut projector: Option<&mut dyn Projector>,
) -> Result<BTreeMap<String, String>, sqlx::Error> {
    sqlx::raw_sql(AssertSqlSafe(connect::PROJECTIONS.replace("CREATE TABLE", "CREATE TEMP TABLE")))
        .execute(&mut *db)
        .await?;
    let mut unreadable = BTreeMap::new();
    if let Some(projector) = projector.as_deref_mut()
        && let Projected::Unreadable { why, .. } = project(db, SYSTEM, projector).await?
    {
        unreadable.insert(SYSTEM.to_owned(), why);
    }
    let runs: Vec<&String> = chains.keys().collect();
    for runs in runs.chunks(RUNS) {
        let (mut ends, mut summaries) = (HashMap::new(), HashMap::new());
        for run in runs.iter().copied() {
            ends.extend(chains.get(run).map(|chain| (run.clone(), *chain)));
            let Some(projector) = projector.as_deref_mut().filter(|_| ![SYSTEM, EVENTS].contains(&run.as_str())) else {
                continue;
            };
            let summary = match project(db, run, projector).await? {
                Projected::Nothing => None,
                Projected::Run(summary) => Some(summary),
                Projected::Unreadable { why, summary } => {
                    unreadable.insert(run.clone(), why);
                    summary
                }
            };
            summaries.extend(summary.map(|summary| (run.clone(), *summary)));
        }
        script::project(db, ends, summaries).await?;
    }
    Ok(unreadable)
}

/// What one chain comes to.
async fn project(
    db: &mut SqliteConnection,
    run: &str,
    projector: &mut dyn Projector,
) -> Result<Projected, sqlx::Error> {
    let sql =
        format!("SELECT {} FROM entries WHERE run = ?1 AND sequence > ?2 ORDER BY sequence LIMIT ?3", rows::ENTRY);
    projector.begin(run);
    let mut after = i64::MIN;
    loop {
        let page = sqlx::query(AssertSqlSafe(sql.as_str())).bind(run).bind(after).bind(integer(ENTRIES));
        let page = page.fetch_all(&mut *db).await?;
        let Some(last) = page.last() else { return Ok(projector.end()) };
        after = last.try_get("sequence")?;
        let records = match records(db, &page, projector.without()).await {
            Ok(records) => records,
            Err(Unreadable::Database(error)) => return Err(error),
            Err(Unreadable::Entry(why)) => {
                projector.end();
                return Ok(Projected::Unreadable { why, summary: None });
            }
        };
        records.iter().for_each(|record| projector.follow(record));
    }
}

enum Unreadable {
    Database(sqlx::Error),
    Entry(String),
}

/// Entries with the payloads that runs follow from.
async fn records(db: &mut SqliteConnection, page: &[SqliteRow], without: &[&str]) -> Result<Vec<Record>, Unreadable> {
    let mut opened = Vec::with_capacity(page.len());
    let mut wanted = HashSet::new();
    for row in page {
        let entry = rows::entry(row).map_err(|error| Unreadable::Entry(format!("an entry cannot be read: {error}")))?;
        let (data, mut hashes) = entry.open().map_err(|malformed| Unreadable::Entry(malformed.to_string()))?;
        hashes.retain(|name, _| Entry::moves(&entry.kind) && !without.contains(&name.as_str()));
        wanted.extend(hashes.values().copied());
        opened.push((entry, data, hashes));
    }
    let bodies = reader::bodies(db, &wanted).await.map_err(Unreadable::Database)?;
    let record = |(entry, data, hashes): (Entry, _, BTreeMap<String, Hash>)| {
        let payloads = hashes.into_iter().map(|(name, hash)| (name, bodies.get(&hash).cloned())).collect();
        Record { entry, data, payloads }
    };
    Ok(opened.into_iter().map(record).collect())
}

/// What one column of one row holds.
#[derive(Clone, Debug, PartialEq)]
enum Cell {
    Null,
    Integer(i64),
    Text(String),
    Bytes(Vec<u8>),
}

impl fmt::Display for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Cell::Null => f.write_str("nothing"),
            Cell::Integer(number) => write!(f, "{number}"),
            Cell::Text(text) => write!(f, "`{text}`"),
            Cell::Bytes(bytes) => bytes.iter().try_for_each(|byte| write!(f, "{byte:02x}")),
        }
    }
}

/// A run's row, by column.
type Cells = BTreeMap<String, Cell>;

/// How what is kept of a run differs from what its entries come to.
pub(super) enum Difference {
    /// It has no entries.
    Unfounded,
    /// Nothing is kept.
    Missing,
    /// These columns differ.
    Columns(Vec<ColumnChange>),
}

/// What one column of a run's row holds, and should hold.
pub(super) struct ColumnChange {
    column: String,
    kept: Cell,
    made: Cell,
}

impl ColumnChange {
    /// Whether the end of the chain makes it, and not the run's summary.
    pub fn is_of_chain(&self) -> bool {
        rows::CHAIN.split(", ").any(|column| column == self.column)
    }
}

impl fmt::Display for ColumnChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "has `{}` {}, and the entries say {}", self.column, self.kept, self.made)
    }
}

/// Compares what is kept with what was made, in all columns that there are, and tells of each run that differs.
pub(super) async fn compare(
    db: &mut SqliteConnection,
    mut tell: impl FnMut(&str, Difference),
) -> Result<(), sqlx::Error> {
    let (mut kept, mut made) = (Rows::of("main"), Rows::of("temp"));
    loop {
        kept.fill(db).await?;
        made.fill(db).await?;
        let (ours, theirs) = (kept.run(), made.run());
        match (ours, theirs) {
            (None, None) => return Ok(()),
            (Some(run), None) => tell(run, Difference::Unfounded),
            (Some(run), Some(other)) if run < other => tell(run, Difference::Unfounded),
            (None, Some(run)) => tell(run, Difference::Missing),
            (Some(other), Some(run)) if run < other => tell(run, Difference::Missing),
            (Some(run), Some(_)) => {
                let changes = changes(kept.cells(), made.cells());
                if !changes.is_empty() {
                    tell(run, Difference::Columns(changes));
                }
            }
        }
        let (ours, theirs) = (ours.map(str::to_owned), theirs.map(str::to_owned));
        if theirs.is_none() || ours.as_ref().is_some_and(|ours| Some(ours) <= theirs.as_ref()) {
            kept.next();
        }
        if ours.is_none() || theirs.is_some_and(|theirs| Some(theirs) <= ours) {
            made.next();
        }
    }
}

/// The rows of all runs in one schema, in the order of runs.
struct Rows {
    sql: String,
    after: Option<String>,
    page: VecDeque<(String, Cells)>,
    done: bool,
}

impl Rows {
    fn of(schema: &str) -> Rows {
        let sql = format!("SELECT * FROM {schema}.runs WHERE run > ?1 ORDER BY run LIMIT ?2");
        Rows { sql, after: None, page: VecDeque::new(), done: false }
    }

    /// Reads on, when nothing is left of what was read.
    async fn fill(&mut self, db: &mut SqliteConnection) -> Result<(), sqlx::Error> {
        if !self.page.is_empty() || self.done {
            return Ok(());
        }
        let page = sqlx::query(AssertSqlSafe(self.sql.as_str()));
        let page =
            page.bind(self.after.as_deref().unwrap_or_default()).bind(integer(RUNS as u64)).fetch_all(db).await?;
        for row in &page {
            self.page.push_back((row.try_get("run")?, cells(row)?));
        }
        match self.page.back() {
            Some((run, _)) => self.after = Some(run.clone()),
            None => self.done = true,
        }
        Ok(())
    }

    fn run(&self) -> Option<&str> {
        self.page.front().map(|(run, _)| run.as_str())
    }

    fn cells(&self) -> Option<&Cells> {
        self.page.front().map(|(_, cells)| cells)
    }

    fn next(&mut self) {
        self.page.pop_front();
    }
}

/// The columns that differ. One that there is on one side only holds nothing on the other.
fn changes(kept: Option<&Cells>, made: Option<&Cells>) -> Vec<ColumnChange> {
    let (Some(kept), Some(made)) = (kept, made) else { return vec![] };
    let columns: BTreeSet<&String> = kept.keys().chain(made.keys()).collect();
    let cell = |cells: &Cells, column: &String| cells.get(column).cloned().unwrap_or(Cell::Null);
    let changes = columns.into_iter().map(|column| ColumnChange {
        column: column.clone(),
        kept: cell(kept, column),
        made: cell(made, column),
    });
    changes.filter(|change| change.kept != change.made).collect()
}

fn cells(row: &SqliteRow) -> Result<Cells, sqlx::Error> {
    let cell = |column: &sqlx::sqlite::SqliteColumn| {
        let value = row.try_get_raw(column.ordinal())?;
        let kind = value.type_info().name().to_owned();
        let cell = match kind.as_str() {
            _ if value.is_null() => Cell::Null,
            "INTEGER" => Cell::Integer(row.try_get(column.ordinal())?),
            "TEXT" => Cell::Text(row.try_get(column.ordinal())?),
            _ => Cell::Bytes(row.try_get_unchecked(column.ordinal())?),
        };
        Ok((column.name().to_owned(), cell))
    };
    row.columns().iter().map(cell).collect()
}
