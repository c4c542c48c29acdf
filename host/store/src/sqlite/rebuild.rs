//! Rebuilding: everything that is kept of the entries beside them is made anew, whole or not at all. So also a ledger of an
//! earlier version is brought up to date, since its entries are the same.

use std::path::Path;

use ledger::Place;
use sqlx::{AssertSqlSafe, Connection as _, Row as _, SqliteConnection};

use super::connect::{self, DATABASE_FILE};
use super::folder;
use super::projection::{self, Chains, Difference};
use super::rows::{self, integer};
use super::{shutdown, store};
use crate::chain::Chain;
use crate::{OpenError, Projector};

/// How many entries are in memory at once.
const PAGE: u64 = 512;

/// What a rebuilding did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rebuilt {
    /// How many chains there are.
    pub runs: u64,
    /// What was not as the entries say, and is now.
    pub changes: Vec<String>,
    /// The runs whose entries cannot be followed, each with what is wrong. They are kept as such, and shown.
    pub unreadable: Vec<String>,
}

/// Makes all projections of the ledger in the folder `dir` anew. Nobody may have the folder meanwhile. The entries are taken as
/// they are: whether they are those that were written is a question for [`super::verify`].
pub async fn rebuild(dir: &Path, projector: &mut dyn Projector) -> Result<Rebuilt, OpenError> {
    let path = dir.join(DATABASE_FILE);
    std::fs::metadata(&path).map_err(OpenError::file(&path))?;
    let _lock = folder::take(dir)?;
    let key = store::installation_key(dir, &path)?;
    let mut db = connect::rebuilder(&path).await?;
    store::check_end(&mut db, dir, &key.verifying()).await?;
    let rebuilt = replace(&mut db, projector).await.map_err(OpenError::database(&path))?;
    let closed = async {
        shutdown::finish(&mut db).await?;
        sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)").execute(&mut db).await?;
        db.close().await
    };
    closed.await.map_err(OpenError::database(&path))?;
    Ok(rebuilt)
}

async fn replace(db: &mut SqliteConnection, projector: &mut dyn Projector) -> Result<Rebuilt, sqlx::Error> {
    let mut whole = db.begin_with("BEGIN IMMEDIATE").await?;
    let chains = chains(&mut whole).await?;
    let mut rebuilt = Rebuilt { runs: chains.len() as u64, ..Rebuilt::default() };
    let unreadable = projection::make(&mut whole, &chains, Some(projector)).await?;
    rebuilt.unreadable = unreadable
        .into_iter()
        .map(|(run, why)| format!("{}: cannot be followed: {why}", Place::History { run }))
        .collect();
    projection::compare(&mut whole, |run, difference| {
        let place = Place::Run { run: run.to_owned() };
        let changes = &mut rebuilt.changes;
        match difference {
            Difference::Unfounded => changes.push(format!("{place}: is of a run without entries")),
            Difference::Missing => changes.push(format!("{place}: is missing")),
            Difference::Columns(columns) => {
                changes.extend(columns.iter().map(|change| format!("{place}: {change}")));
            }
        }
    })
    .await?;
    connect::replace_projections(&mut whole).await?;
    sqlx::query("INSERT INTO main.runs SELECT * FROM temp.runs").execute(&mut *whole).await?;
    connect::finish_projections(&mut whole).await?;
    whole.commit().await?;
    Ok(rebuilt)
}

/// The ends of all chains. An entry that cannot be read ends nothing: verification tells of it.
async fn chains(db: &mut SqliteConnection) -> Result<Chains, sqlx::Error> {
    let sql = format!("SELECT {} FROM entries WHERE position > ?1 ORDER BY position LIMIT ?2", rows::ENTRY);
    let (mut chains, mut after) = (Chains::new(), i64::MIN);
    loop {
        let page = sqlx::query(AssertSqlSafe(sql.as_str())).bind(after).bind(integer(PAGE)).fetch_all(&mut *db).await?;
        let Some(last) = page.last() else { return Ok(chains) };
        after = last.try_get("position")?;
        for entry in page.iter().filter_map(|row| rows::entry(row).ok()) {
            chains.entry(entry.run.clone()).or_insert(Chain::EMPTY).advance(&entry);
        }
    }
}
