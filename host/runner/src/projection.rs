//! A run's summary made from its entries alone, as whoever verifies or rebuilds a ledger has it. It is the one that the run's
//! driver appended with the last of them.

use std::borrow::Cow;

use ledger::{Awaited, Entry, Millis, Record, Summary, Wait, Waits};
use serde_json::{Value, json};
use workflow::RunStatus;

use crate::drive::workflow_of;
use crate::summary::{summary, summary_of_ended};
use crate::{History, HistoryError, Workflows, event_of};

/// The fold of one chain, entry by entry.
#[derive(Default)]
pub struct RunProjection {
    history: Option<History>,
    /// What the first entry says, and when.
    first: Option<(Value, Millis)>,
    /// The status that the run last ended with, and when; none once it was tried again.
    ended: Option<(String, Millis)>,
    /// Why the entries cannot be followed.
    wrong: Option<String>,
    /// The first payload that is not kept and was needed.
    absent: Option<String>,
}

/// What a chain comes to.
#[derive(Clone, Debug, PartialEq)]
pub enum ProjectedRun {
    /// The run's summary.
    Followed(Summary),
    /// The run cannot be followed; this is kept of it, so that it is shown and somebody looks.
    Unreadable {
        /// Why.
        why: String,
        /// What is known nevertheless.
        summary: Summary,
    },
}

impl RunProjection {
    /// The next entry.
    pub fn follow(&mut self, record: &Record) {
        let Entry { kind, time, .. } = &record.entry;
        self.first.get_or_insert_with(|| (record.data.clone(), *time));
        match kind.as_str() {
            "run.finished" => {
                let status = record.data.get("status").and_then(Value::as_str);
                self.ended = Some((status.unwrap_or_default().to_owned(), *time));
            }
            "run.retried" => self.ended = None,
            _ => {}
        }
        if self.wrong.is_none() {
            self.wrong = self.follow_event(record).err().map(|error| error.to_string());
        }
    }

    fn follow_event(&mut self, record: &Record) -> Result<(), HistoryError> {
        let record = self.filled(record);
        match (&mut self.history, event_of(&record)?) {
            (_, None) => Ok(()),
            (None, Some(event)) => History::begin(&event, &record).map(|history| self.history = Some(history)),
            (Some(history), Some(event)) => history.follow(&event, &record),
        }
    }

    /// The entry with something in the place of payloads that are not kept any more: what a run that has ended came to does
    /// not depend on them.
    fn filled<'a>(&mut self, record: &'a Record) -> Cow<'a, Record> {
        let absent = record.payloads.iter().filter(|(_, payload)| payload.is_none()).map(|(name, _)| name.clone());
        let absent: Vec<String> = if Entry::moves(&record.entry.kind) { absent.collect() } else { vec![] };
        let mut record = Cow::Borrowed(record);
        for name in absent {
            let sequence = record.entry.sequence;
            self.absent.get_or_insert_with(|| format!("the payload `{name}` of entry {sequence} is not kept"));
            let stand_in = if name == "error" { json!({ "code": "", "message": "" }) } else { Value::Null };
            record.to_mut().payloads.insert(name, Some(stand_in.to_string().into_bytes()));
        }
        record
    }

    /// What the entries came to; `None` when they are no run's.
    pub fn end(self, workflows: &dyn Workflows) -> Option<ProjectedRun> {
        let why = match (&self.history, &self.wrong, &self.absent) {
            (None, None, _) => return None,
            (_, Some(wrong), _) => wrong.clone(),
            (Some(history), None, _) if history.ended.is_some() => {
                return Some(ProjectedRun::Followed(summary_of_ended(history)));
            }
            (Some(_), None, Some(absent)) => absent.clone(),
            (Some(history), None, None) => match workflow_of(workflows, history) {
                Ok(workflow) => return Some(ProjectedRun::Followed(summary(&workflow, history))),
                Err(error) => error.to_string(),
            },
        };
        let summary = self.unreadable(&why);
        Some(ProjectedRun::Unreadable { why, summary })
    }

    /// What is kept of a run that cannot be followed. It is driven at once, if it has not ended, so that whoever drives it
    /// says so, and it waits for a person.
    fn unreadable(&self, why: &str) -> Summary {
        let (data, started) = self.first.clone().unwrap_or_default();
        let text = |name: &str| data.get(name).and_then(Value::as_str).map(str::to_owned);
        let status = match &self.ended {
            Some((status, _)) => {
                let known = FINAL.iter().find(|known| known.name() == status);
                known.unwrap_or(&RunStatus::Failed).name()
            }
            // As far as it could be followed: one that waits for a place takes none.
            None => {
                let followed = self.history.as_ref().map(|history| history.run.status());
                followed.filter(|status| !status.is_final()).unwrap_or(RunStatus::Running).name()
            }
        };
        let about = Some(why.to_owned());
        let resume = Wait { what: Awaited::Resume, step: None, since: started, until: None, about };
        Summary {
            run: text("run").unwrap_or_default(),
            workflow: text("workflow").unwrap_or_default(),
            status: status.into(),
            wake: self.ended.is_none().then_some(Millis::MIN),
            started,
            ended: self.ended.as_ref().map(|(_, time)| *time),
            started_by: text("started-by").unwrap_or_default(),
            dedupe: text("dedupe"),
            parked: None,
            waits: if self.ended.is_none() { Waits::of(vec![resume]) } else { Waits::default() },
        }
    }
}

/// How a run can have ended.
const FINAL: [RunStatus; 6] = [
    RunStatus::Succeeded,
    RunStatus::Failed,
    RunStatus::Refused,
    RunStatus::Expired,
    RunStatus::TimedOut,
    RunStatus::Cancelled,
];
