//! A run as its chain has it: the fold of its events, and how far it was read.

use ledger::{Entry, Ledger, LedgerError, Malformed, Millis, Record};
use workflow::{Event, Illegal, Run};

use crate::{event_of, is_run_id};

/// Why a run cannot be made of its entries.
#[derive(Debug, thiserror::Error)]
pub enum HistoryError {
    /// The ledger failed, or has no such run.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// The entries tell what cannot have happened: they were written by a newer Quell, or not by Quell.
    #[error("entry {sequence} of run `{run}` cannot follow: {illegal}")]
    Illegal {
        /// The run.
        run: String,
        /// The entry's place in it.
        sequence: u64,
        /// What is wrong.
        illegal: Illegal,
    },
}

impl HistoryError {
    /// Whether it is about what the run's entries say, and not about the disk or the database: reading them again leads to
    /// the same.
    pub fn is_about_the_run(&self) -> bool {
        match self {
            HistoryError::Illegal { .. } => true,
            HistoryError::Ledger(error) => matches!(error, LedgerError::Malformed(_) | LedgerError::NoRun { .. }),
        }
    }
}

impl From<Malformed> for HistoryError {
    fn from(malformed: Malformed) -> HistoryError {
        HistoryError::Ledger(malformed.into())
    }
}

/// A run, and how far its chain was read. A clone costs the same for every length of run.
#[derive(Clone, Debug)]
pub struct History {
    /// The fold of all events.
    pub run: Run,
    /// When it started.
    pub started: Millis,
    /// The last entry that moved it.
    pub moved: u64,
    /// The last entry that was read, those of calls left aside.
    pub read: u64,
    /// When it ended.
    pub ended: Option<Millis>,
    /// The key by which a repeat of its event is known.
    pub dedupe: Option<String>,
}

/// The installation's own chains are long, and no runs.
fn check_id(run: &str) -> Result<(), HistoryError> {
    if is_run_id(run) { Ok(()) } else { Err(LedgerError::NoRun { run: run.into() }.into()) }
}

impl History {
    /// Reads the run, and gives its records as well, but for those of its calls. What is no id of a run is read in no case.
    pub async fn load(ledger: &dyn Ledger, run: &str) -> Result<(History, Vec<Record>), HistoryError> {
        check_id(run)?;
        let records = ledger.read_without_calls(run, 0).await?;
        match History::as_far(run, &records)? {
            (history, None) => Ok((history, records)),
            (_, Some(error)) => Err(error),
        }
    }

    /// Reads the run as far as it can be read, and gives all its records, those of its calls as well, and what is wrong with
    /// the first that cannot be followed. For showing it: nothing may be done on the strength of it then.
    pub async fn load_as_far(
        ledger: &dyn Ledger,
        run: &str,
    ) -> Result<(History, Vec<Record>, Option<HistoryError>), HistoryError> {
        check_id(run)?;
        let records = ledger.read(run, 0).await?;
        let (history, wrong) = History::as_far(run, &records)?;
        Ok((history, records, wrong))
    }

    fn as_far(run: &str, records: &[Record]) -> Result<(History, Option<HistoryError>), HistoryError> {
        let mut history: Option<History> = None;
        let mut wrong = None;
        for record in records {
            let followed = match (&mut history, event_of(record)) {
                (_, Err(error)) => Err(error.into()),
                (_, Ok(None)) => Ok(()),
                (None, Ok(Some(event))) => History::begin(&event, record).map(|begun| history = Some(begun)),
                (Some(history), Ok(Some(event))) => history.follow(&event, record),
            };
            if let Err(error) = followed {
                wrong = Some(error);
                break;
            }
        }
        match (history, wrong) {
            (Some(mut history), wrong) => {
                history.read = records.last().map_or(history.read, |record| record.entry.sequence);
                Ok((history, wrong))
            }
            (None, Some(error)) => Err(error),
            (None, None) => Err(LedgerError::NoRun { run: run.into() }.into()),
        }
    }

    /// Reads on: what others appended since.
    pub async fn catch_up(&mut self, ledger: &dyn Ledger) -> Result<(), HistoryError> {
        let id = self.run.info().id.clone();
        for record in ledger.read_without_calls(&id, self.read).await? {
            if record.entry.sequence > self.moved
                && let Some(event) = event_of(&record)?
            {
                self.follow(&event, &record)?;
            }
            self.read = record.entry.sequence;
        }
        Ok(())
    }

    /// Follows an event that was appended as entry `sequence` at `time`.
    pub(crate) fn apply(&mut self, event: &Event, sequence: u64, time: Millis) -> Result<(), HistoryError> {
        self.run.apply(event, time).map_err(|illegal| HistoryError::Illegal {
            run: self.run.info().id.clone(),
            sequence,
            illegal,
        })?;
        self.moved = sequence;
        self.read = sequence;
        match event {
            Event::Finished { .. } => self.ended = Some(time),
            Event::Retried { .. } => self.ended = None,
            _ => {}
        }
        Ok(())
    }

    /// Says where the last event that was applied stands.
    pub(crate) fn stands_at(&mut self, sequence: u64) {
        self.moved = sequence;
        self.read = sequence;
    }

    /// The history of a run that begins with `event`.
    pub(crate) fn new(event: &Event, time: Millis, dedupe: Option<String>) -> Result<History, Illegal> {
        Ok(History { run: Run::new(event, time)?, started: time, moved: 1, read: 1, ended: None, dedupe })
    }

    pub(crate) fn begin(event: &Event, record: &Record) -> Result<History, HistoryError> {
        let Entry { run, sequence, time, .. } = &record.entry;
        let dedupe = record.data.get("dedupe").and_then(serde_json::Value::as_str).map(str::to_string);
        let begun = History::new(event, *time, dedupe);
        begun.map_err(|illegal| HistoryError::Illegal { run: run.clone(), sequence: *sequence, illegal })
    }

    pub(crate) fn follow(&mut self, event: &Event, record: &Record) -> Result<(), HistoryError> {
        self.apply(event, record.entry.sequence, record.entry.time)
    }
}
