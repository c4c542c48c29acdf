//! One commit in the making: each request is checked against what the earlier ones left, and what is to be written
//! gathers, to be written at once.
//!
//! A request that is refused adds nothing, so the others go on as if it had never been there. What is read from the
//! database before the transaction begins still holds in it: nobody else writes.

use std::collections::{BTreeMap, HashMap};

use ledger::{
    Appended, CLAIMED, Dedupe, Draft, Entry, Epoch, Fence, Hash, Item, LedgerError, Millis, Prepared, Summary,
};
use sqlx::{AssertSqlSafe, SqliteConnection};

use super::rows;
use crate::chain::Chain;
use crate::fence;

const SAME_KEY: &str = "SELECT run FROM runs WHERE workflow = ?1 AND dedupe = ?2 AND started > ?3
     ORDER BY started DESC, run DESC LIMIT 1";

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
                if let Fence::New(Some(dedupe)) = &fence
                    && let Some(run) = self.same_key(ground, dedupe).await?
                {
                    return Err(LedgerError::Duplicate { run }.into());
                }
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
        if let Some(summary) = summary {
            self.summarise(run, *summary);
        }
        Ok(Done { appended: Appended { first, last: chain.last }, epoch: chain.epoch })
    }

    fn summarise(&mut self, run: &str, summary: Summary) {
        if let Some(key) = &summary.dedupe {
            let newest =
                self.keys.entry((summary.workflow.clone(), key.clone())).or_insert((Millis::MIN, String::new()));
            *newest = std::mem::take(newest).max((summary.started, run.to_owned()));
        }
        self.summaries.insert(run.to_owned(), summary);
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
