//! One commit in the making: each request is checked against what the earlier ones left, and what is to be written
//! gathers, to be written at once.
//!
//! A request that is refused adds nothing, so the others go on as if it had never been there. What is read from the
//! database before the transaction begins still holds in it: nobody else writes.

use std::collections::{BTreeMap, HashMap};

use ledger::{
    Appended, CLAIMED, Dedupe, Draft, Entry, Epoch, Fence, Hash, Item, LedgerError, Millis, Prepared, QUEUED, Room,
    Summary,
};
use sqlx::{AssertSqlSafe, SqliteConnection};

use super::{reader, rows};
use crate::chain::Chain;
use crate::fence;

const SAME_KEY: &str = "SELECT run FROM runs WHERE workflow = ?1 AND dedupe = ?2 AND started > ?3
     ORDER BY started DESC, run DESC LIMIT 1";

/// In two halves, since an index finds what is before and behind a status, and not what is another.
const UNDER_WAY: &str = "SELECT run FROM runs INDEXED BY runs_live
     WHERE workflow = ?1 AND ended IS NULL AND parked IS NULL AND status < ?2
     UNION ALL SELECT run FROM runs INDEXED BY runs_live
     WHERE workflow = ?1 AND ended IS NULL AND parked IS NULL AND status > ?2";

const UNDER_WAY_WITH_KEY: &str = "SELECT run FROM runs INDEXED BY runs_live_key
     WHERE workflow = ?1 AND dedupe = ?3 AND ended IS NULL AND parked IS NULL AND status <> ?2";

/// What is asked of a run.
pub(super) enum What {
    /// [`ledger::Ledger::append`].
    Append {
        /// What must still hold.
        fence: Fence,
        /// What is appended.
        entries: Vec<Prepared>,
        /// What the run's summary becomes.
        summary: Option<Box<Summary>>,
    },
    /// [`ledger::Ledger::claim`].
    Claim {
        /// Who claims it.
        actor: String,
        /// When.
        time: Millis,
    },
}

/// What a request that was not refused did.
#[derive(Clone, Copy, Debug)]
pub(super) struct Done {
    /// Where its entries stand.
    pub appended: Appended,
    /// The run's epoch behind them.
    pub epoch: Epoch,
}

/// Why a request was not done.
pub(super) enum Failure {
    /// It alone is refused.
    Refused(LedgerError),
    /// The database failed, and the commit with it.
    Broken(sqlx::Error),
}

impl From<LedgerError> for Failure {
    fn from(error: LedgerError) -> Failure {
        Failure::Refused(error)
    }
}

impl From<sqlx::Error> for Failure {
    fn from(error: sqlx::Error) -> Failure {
        Failure::Broken(error)
    }
}

/// What one commit is to write.
#[derive(Default)]
pub(super) struct Commit {
    /// The entries, with their positions.
    pub entries: Vec<(i64, Entry)>,
    /// The same as the block lists them.
    pub items: Vec<Item>,
    /// The payloads that they name.
    pub payloads: BTreeMap<Hash, Vec<u8>>,
    /// The ends of the chains behind them.
    pub chains: HashMap<String, Chain>,
    /// The summaries that are replaced.
    pub summaries: HashMap<String, Summary>,
    /// The deduplication keys of these, by workflow and key: the newest start, and its run.
    keys: HashMap<(String, String), (Millis, String)>,
}

/// What a commit is made upon.
pub(super) struct Ground<'a> {
    /// The database, for what is not known.
    pub db: &'a mut SqliteConnection,
    /// Ends of chains that earlier commits left in memory.
    pub known: &'a HashMap<String, Chain>,
    /// The position of the last entry.
    pub position: i64,
}

impl Commit {
    /// Whether there is nothing to write.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty() && self.summaries.is_empty()
    }

    /// Adds one request.
    pub async fn add(&mut self, ground: &mut Ground<'_>, run: &str, what: What) -> Result<Done, Failure> {
        let found = self.chain(ground, run).await?;
        let (entries, summary) = match what {
            What::Append { fence, entries, summary } => {
                fence::check(&fence, run, found.as_ref())?;
                self.check_others(ground, &fence).await?;
                (entries, summary)
            }
            What::Claim { actor, time } => {
                let epoch = found.ok_or_else(|| no_run(run))?.epoch + 1;
                let claim = Draft::new(CLAIMED, time, actor, serde_json::json!({ "epoch": epoch }));
                (vec![claim.prepare()], None)
            }
        };
        if found.is_none() && entries.is_empty() {
            return Err(no_run(run).into());
        }
        let mut chain = found.unwrap_or(Chain::EMPTY);
        let first = chain.last + 1;
        for prepared in entries {
            let (entry, payloads) = prepared.seal(run, chain.last + 1, chain.hash);
            chain.advance(&entry);
            ground.position += 1;
            self.items.push(Item::new(ground.position, &entry));
            self.entries.push((ground.position, entry));
            self.payloads.extend(payloads);
        }
        self.chains.insert(run.to_owned(), chain);
        match summary {
            Some(summary) => self.summarise(run, *summary),
            // It takes a place again, also for the requests behind this one.
            None if found.is_some_and(|found| found.parked.is_some()) && chain.parked.is_none() => {
                self.summarise_as_kept(ground, run).await?;
            }
            None => {}
        }
        Ok(Done { appended: Appended { first, last: chain.last }, epoch: chain.epoch })
    }

    /// What a fence asks about other runs.
    async fn check_others(&self, ground: &mut Ground<'_>, fence: &Fence) -> Result<(), Failure> {
        let (dedupe, rooms) = match fence {
            Fence::New(dedupe) => (dedupe.as_ref(), [].as_slice()),
            Fence::NewIn { dedupe, room } => (dedupe.as_ref(), std::slice::from_ref(room)),
            Fence::Admit { rooms, .. } => (None, rooms.as_slice()),
            Fence::Epoch(_) | Fence::Driver { .. } | Fence::Input { .. } | Fence::Open => return Ok(()),
        };
        if let Some(dedupe) = dedupe
            && let Some(run) = self.same_key(ground, dedupe).await?
        {
            return Err(LedgerError::Duplicate { run }.into());
        }
        for Room { workflow, key, runs } in rooms {
            if self.under_way(ground, workflow, key.as_deref()).await? >= u64::from(*runs) {
                let (workflow, same_key) = (workflow.clone(), key.is_some());
                return Err(LedgerError::Full { workflow, runs: *runs, same_key }.into());
            }
        }
        Ok(())
    }

    /// How many runs take a place, in the database and in what this commit adds to it.
    async fn under_way(&self, ground: &mut Ground<'_>, workflow: &str, key: Option<&str>) -> Result<u64, sqlx::Error> {
        let kept = match key {
            None => sqlx::query_scalar(UNDER_WAY).bind(workflow).bind(QUEUED),
            Some(key) => sqlx::query_scalar(UNDER_WAY_WITH_KEY).bind(workflow).bind(QUEUED).bind(key),
        };
        let kept: Vec<String> = kept.fetch_all(&mut *ground.db).await?;
        let kept = kept.iter().filter(|run| !self.summaries.contains_key(*run)).count();
        let takes = |summary: &&Summary| {
            summary.workflow == workflow
                && summary.ended.is_none()
                && summary.status != QUEUED
                && self.chains.get(&summary.run).is_none_or(|chain| chain.parked.is_none())
                && (key.is_none() || summary.dedupe.as_deref() == key)
        };
        Ok((kept + self.summaries.values().filter(takes).count()) as u64)
    }

    fn summarise(&mut self, run: &str, summary: Summary) {
        if let Some(key) = &summary.dedupe {
            let newest =
                self.keys.entry((summary.workflow.clone(), key.clone())).or_insert((Millis::MIN, String::new()));
            *newest = std::mem::take(newest).max((summary.started, run.to_owned()));
        }
        self.summaries.insert(run.to_owned(), summary);
    }

    async fn summarise_as_kept(&mut self, ground: &mut Ground<'_>, run: &str) -> Result<(), LedgerError> {
        if !self.summaries.contains_key(run)
            && let Some(kept) = reader::summary(&mut *ground.db, run).await?
        {
            self.summarise(run, kept);
        }
        Ok(())
    }

    async fn chain(&self, ground: &mut Ground<'_>, run: &str) -> Result<Option<Chain>, sqlx::Error> {
        if let Some(chain) = self.chains.get(run).or_else(|| ground.known.get(run)) {
            return Ok(Some(*chain));
        }
        let sql = format!("SELECT {} FROM runs WHERE run = ?1", rows::CHAIN);
        let row = sqlx::query(AssertSqlSafe(sql)).bind(run).fetch_optional(&mut *ground.db).await?;
        row.map(|row| rows::chain(&row)).transpose()
    }

    async fn same_key(&self, ground: &mut Ground<'_>, dedupe: &Dedupe) -> Result<Option<String>, sqlx::Error> {
        let Dedupe { workflow, key, since } = dedupe;
        match self.keys.get(&(workflow.clone(), key.clone())) {
            Some((started, run)) if started > since => Ok(Some(run.clone())),
            _ => {
                let same = sqlx::query_scalar(SAME_KEY).bind(workflow).bind(key).bind(since);
                same.fetch_optional(&mut *ground.db).await
            }
        }
    }
}

fn no_run(run: &str) -> LedgerError {
    LedgerError::NoRun { run: run.to_owned() }
}
