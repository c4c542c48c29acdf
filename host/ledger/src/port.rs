//! The port: what the rest of Quell asks of a ledger, and what each answer means when the machine dies.

use std::collections::BTreeMap;

use async_trait::async_trait;
use serde_json::Value;

use crate::{Draft, Entry, Hash, Malformed, Millis, Parking, Waits};

/// Counts who drives a run. Only the holder of the newest may append what a driver appends.
pub type Epoch = u64;

/// What must still hold at the moment of the commit, or nothing is appended.
#[derive(Clone, Debug, PartialEq)]
pub enum Fence {
    /// The run does not exist yet, and no run with the same deduplication key is in its window. Both are refused as
    /// [`LedgerError::Duplicate`].
    New(Option<Dedupe>),
    /// As [`Fence::New`], and there is a place for the run. Otherwise it is refused as [`LedgerError::Full`].
    NewIn {
        /// No run with the same deduplication key is in its window.
        dedupe: Option<Dedupe>,
        /// Where it must have a place.
        room: Room,
    },
    /// The driver's calls: the epoch is the newest.
    Epoch(Epoch),
    /// The driver's events: the epoch is the newest, and nothing moved the run since the entry `moved`.
    Driver {
        /// The epoch of the driver.
        epoch: Epoch,
        /// The last entry that the driver knows to have moved the run.
        moved: u64,
    },
    /// An input (a decision, a cancel): nothing moved the run since the entry `moved`. No epoch is needed.
    Input {
        /// The last entry that the writer knows to have moved the run.
        moved: u64,
    },
    /// As [`Fence::Input`], for a run that is [`QUEUED`], and there is a place in each room. Otherwise it is refused as
    /// [`LedgerError::Full`].
    Admit {
        /// The last entry that the writer knows to have moved the run.
        moved: u64,
        /// Where it must have a place, each.
        rooms: Vec<Room>,
    },
    /// Anything at any time: notes on a run that exists, and the installation's own chains, which begin so.
    Open,
}

/// Which earlier run makes a new one superfluous.
#[derive(Clone, Debug, PartialEq)]
pub struct Dedupe {
    /// The workflow's name.
    pub workflow: String,
    /// The key that its `dedupe` made of the event.
    pub key: String,
    /// Only runs that started after this moment count.
    pub since: Millis,
}

/// The status of a run that has not begun, and so takes no place.
pub const QUEUED: &str = "queued";

/// How many runs may be under way at once. A run takes a place while it has neither ended nor is [`QUEUED`] nor parked.
#[derive(Clone, Debug, PartialEq)]
pub struct Room {
    /// Of the workflow with this name.
    pub workflow: String,
    /// With this deduplication key; without one, whatever their keys.
    pub key: Option<String>,
    /// The most.
    pub runs: u32,
}

/// What is known of a run without reading its chain. A projection: `runner` can make it anew from the entries.
#[derive(Clone, Debug, PartialEq)]
pub struct Summary {
    /// The run.
    pub run: String,
    /// The workflow's name.
    pub workflow: String,
    /// The run's status, as the fold names it.
    pub status: String,
    /// When it must be driven next: in the past for at once, `None` when only an input can move it.
    pub wake: Option<Millis>,
    /// When it started.
    pub started: Millis,
    /// When it ended.
    pub ended: Option<Millis>,
    /// Who or what started it.
    pub started_by: String,
    /// Its deduplication key.
    pub dedupe: Option<String>,
    /// What it waits for.
    pub waits: Waits,
    /// That it is parked: it is not driven, whatever `wake` says, and takes no place. Only for reading: it follows from the
    /// kinds of the run's entries ([`crate::parked_by`]), whatever the summary says that is appended with them.
    pub parked: Option<Parking>,
}

impl Summary {
    /// Since when the run waits: to be resumed when it is parked, whatever else it would wait for.
    pub fn waits_since(&self) -> Option<Millis> {
        self.parked.as_ref().map(|parking| parking.since).or_else(|| self.waits.since())
    }
}

/// Where appended entries stand now.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Appended {
    /// The first entry's sequence.
    pub first: u64,
    /// The last entry's sequence.
    pub last: u64,
}

/// An entry with its payloads; one that retention removed is `None`.
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    /// The entry.
    pub entry: Entry,
    /// Its facts.
    pub data: Value,
    /// Its payloads, by name.
    pub payloads: BTreeMap<String, Option<Vec<u8>>>,
}

impl Record {
    /// The payload `name` as JSON.
    pub fn payload(&self, name: &str) -> Result<Value, Malformed> {
        let wrong = |what: String| Malformed { run: self.entry.run.clone(), sequence: self.entry.sequence, what };
        let bytes = match self.payloads.get(name) {
            Some(Some(bytes)) => bytes,
            Some(None) => return Err(wrong(format!("its payload `{name}` was removed"))),
            None => return Err(wrong(format!("it has no payload `{name}`"))),
        };
        serde_json::from_slice(bytes).map_err(|error| wrong(format!("its payload `{name}` is not JSON: {error}")))
    }
}

/// Which entries a query wants. All that is given must hold.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Filter {
    /// Of this run.
    pub run: Option<String>,
    /// Of any run but this one.
    pub without_run: Option<&'static str>,
    /// Of this kind, or of kinds that begin so when it ends in `.`.
    pub kind: Option<String>,
    /// By this actor.
    pub actor: Option<String>,
    /// Not before this moment.
    pub since: Option<Millis>,
    /// Before this moment.
    pub until: Option<Millis>,
    /// Behind this position (the cursor that an earlier answer gave).
    pub after: Option<i64>,
    /// At most so many.
    pub limit: u32,
    /// Payloads that are not wanted, by their names; `*` for all. They are given as if they were not kept any more.
    pub without: &'static [&'static str],
}

/// Why the ledger did not do what was asked. Nothing was appended, unless the error says otherwise.
#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
    /// Another driver took the run.
    #[error("the run was taken over: epoch {held} is stale, {newest} drives it now")]
    Stale {
        /// The epoch that was given.
        held: Epoch,
        /// The newest.
        newest: Epoch,
    },
    /// The run moved since the writer looked: read on, think again.
    #[error("the run moved on: entry {moved} came in between")]
    Moved {
        /// The last entry that moved it.
        moved: u64,
    },
    /// A run with the same deduplication key exists.
    #[error("run `{run}` already handles this")]
    Duplicate {
        /// That run.
        run: String,
    },
    /// All places are taken.
    #[error("workflow `{workflow}` has {runs} runs under way already")]
    Full {
        /// The workflow.
        workflow: String,
        /// How many may be.
        runs: u32,
        /// Whether it is about runs with the same deduplication key only.
        same_key: bool,
    },
    /// There is no such run.
    #[error("no run `{run}`")]
    NoRun {
        /// The run that was asked for.
        run: String,
    },
    /// The name of the run is none that [`crate::is_run_name`] allows.
    #[error("`{run}` cannot name a run: it is empty, too long, or has white space or control characters in it")]
    NotARun {
        /// The name that was given.
        run: String,
    },
    /// An entry cannot be read.
    #[error(transparent)]
    Malformed(#[from] Malformed),
    /// The disk or the database failed. Whether the append is kept is unknown until the ledger is read again.
    #[error("the ledger cannot be written or read: {0}")]
    Storage(String),
}

/// The ledger. Every `append` that returns `Ok` is on disk; one that returns `Err` left nothing behind (but see
/// [`LedgerError::Storage`]).
#[async_trait]
pub trait Ledger: Send + Sync {
    /// Takes the run for driving: appends `drive.claimed` with the next epoch. From then on every append with an
    /// older epoch fails. After a crash the run simply has one epoch more.
    async fn claim(&self, run: &str, actor: &str, time: Millis) -> Result<Epoch, LedgerError>;

    /// Appends `entries` to the chain of `run`, all or none, if `fence` holds, and replaces the run's summary in the
    /// same commit. All appends that are waiting share one commit and one block. A run begins with an entry: without
    /// any, only the summary of a run that exists is replaced. Dropping the future does not withdraw the append.
    async fn append(
        &self,
        run: &str,
        fence: Fence,
        entries: Vec<Draft>,
        summary: Option<Summary>,
    ) -> Result<Appended, LedgerError>;

    /// The newest epoch of the run.
    async fn epoch(&self, run: &str) -> Result<Epoch, LedgerError>;

    /// The run's entries behind `after`, in order, with their payloads. The installation's own chains may still be empty,
    /// any other run that is asked for must exist.
    async fn read(&self, run: &str, after: u64) -> Result<Vec<Record>, LedgerError>;

    /// The same without the entries of calls (`call.…`), which are most of a run and move nothing.
    async fn read_without_calls(&self, run: &str, after: u64) -> Result<Vec<Record>, LedgerError>;

    /// The run's entries about calls whose keys begin with `prefix`, whatever their kind, in order, with their payloads.
    async fn read_calls(&self, run: &str, prefix: &str) -> Result<Vec<Record>, LedgerError>;

    /// Entries over all runs, oldest first, each with its position (the cursor to go on from).
    async fn query(&self, filter: &Filter) -> Result<Vec<(i64, Record)>, LedgerError>;

    /// One payload by its hash; `None` when it is not kept (any more).
    async fn payload(&self, hash: &Hash) -> Result<Option<Vec<u8>>, LedgerError>;

    /// How many bytes the payloads with these hashes have, without reading them; those that are not kept are left out.
    async fn payload_sizes(&self, hashes: &[Hash]) -> Result<BTreeMap<Hash, u64>, LedgerError>;

    /// One run's summary.
    async fn summary(&self, run: &str) -> Result<Option<Summary>, LedgerError>;

    /// Summaries, newest first; of one workflow, of one status, behind the run `before`.
    async fn summaries(
        &self,
        workflow: Option<&str>,
        status: Option<&str>,
        before: Option<&str>,
        limit: u32,
    ) -> Result<Vec<Summary>, LedgerError>;

    /// Summaries of the runs that wait for something or are parked, the one since longest first ([`Summary::waits_since`]);
    /// behind the run since then, whether it still does or not.
    async fn waiting(&self, after: Option<(Millis, &str)>, limit: u32) -> Result<Vec<Summary>, LedgerError>;

    /// The runs that are not parked and whose `wake` is at or before `now`, and the next `wake` behind it.
    async fn due(&self, now: Millis) -> Result<(Vec<String>, Option<Millis>), LedgerError>;
}
