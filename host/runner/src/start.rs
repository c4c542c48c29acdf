//! How a run comes to be: by a person, an event or the time, once. Whether it begins at once is left to `admission`.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use ledger::{Dedupe, Draft, Fence, LedgerError, Millis, QUEUED, Room};
use serde_json::{Value, json};
use workflow::{Beyond, Concurrency, Event, OnUpdate, Principal, RunInfo, Workflow};

use crate::id::new_run_id;
use crate::record::{person, stored};
use crate::summary::summary;
use crate::{History, HistoryError, Runner};

/// How long an event may be delivered again: EventBridge tries for 24 hours
/// (<https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-retry-policy.html>).
const DELIVERY: Duration = Duration::from_secs(25 * 3600);

/// A run that is to be started.
#[derive(Clone, Debug)]
pub struct Start {
    /// The workflow, linked with those that it calls.
    pub workflow: Arc<Workflow>,
    /// The digests of its plugins, by name, for the whole run.
    pub plugins: BTreeMap<String, String>,
    /// The event that it answers, if any.
    pub event: Option<Value>,
    /// Which earlier start this one is a repeat of.
    pub same: Same,
    /// That changes of other runs caused it.
    pub cause: Option<Cause>,
    /// Inputs that are given; the others have their defaults.
    pub inputs: Value,
    /// The account that it acts in: twelve digits.
    pub account: String,
    /// The region that it acts in.
    pub region: String,
    /// Whether it may have another run cancelled, where the workflow says that the oldest makes room.
    pub may_cancel: bool,
    /// Who starts it, or whose token brought the event. That person can approve nothing in it.
    pub by: Principal,
}

/// Which earlier start makes a new one a repeat, that starts nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Same {
    /// None: a person who starts a run means it.
    Nothing,
    /// The one that the workflow's `dedupe` says, or else the one with this event's id.
    Event,
    /// The one with this key, if it started behind this moment.
    Key(String, Millis),
}

/// Which runs' changes started a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cause {
    /// The runs that can have made the change.
    pub runs: Vec<String>,
    /// How many runs were started so, one after the other, this one included.
    pub depth: u32,
    /// Who had a part in that those runs are, and went on. None of them can approve anything in this one.
    pub people: Vec<Principal>,
}

/// What became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Started {
    /// It runs, or waits for its place, under this id.
    New(String),
    /// The run with this id answers the same thing already, by the workflow's `dedupe`.
    Repeated(String),
}

/// Why a run was not started. There is no trace of it.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The inputs are not what the workflow takes.
    #[error("{0}")]
    Inputs(String),
    /// The deduplication key has no value for this event.
    #[error("`dedupe.key` of workflow `{workflow}`: {why}")]
    Key {
        /// The workflow.
        workflow: String,
        /// What is wrong.
        why: String,
    },
    /// All places are taken, and the workflow says to refuse what is beyond.
    #[error("workflow `{workflow}` has {runs} runs under way, and its `concurrency` refuses more")]
    Full {
        /// The workflow.
        workflow: String,
        /// How many may be.
        runs: u32,
    },
    /// All places are taken, and the oldest run would be cancelled, which is not to be.
    #[error(
        "workflow `{workflow}` has {runs} runs under way, and its `concurrency` would cancel the oldest for this one"
    )]
    WouldCancel {
        /// The workflow.
        workflow: String,
        /// How many may be.
        runs: u32,
    },
    /// The ledger could not be read or written.
    #[error(transparent)]
    History(#[from] HistoryError),
}

impl From<LedgerError> for StartError {
    fn from(error: LedgerError) -> StartError {
        StartError::History(error.into())
    }
}

impl Runner {
    /// Starts a run. It is on disk when this returns.
    pub async fn start(&self, start: Start) -> Result<Started, StartError> {
        let mut new = self.new_run(start)?;
        self.check_cancels_none(&new).await?;
        loop {
            let id = match self.append_new(&new).await {
                Ok(()) => new.id,
                Err(LedgerError::Duplicate { run }) => match self.repeat(&new, &run).await? {
                    Some(started) => return Ok(started),
                    None => {
                        let people = self.people_behind(&BTreeSet::from([run.clone()])).await?;
                        new.follow(self.ledger.summary(&run).await?.map_or(new.now, |run| run.started), run, people);
                        continue;
                    }
                },
                Err(LedgerError::Full { workflow, runs, .. }) => return Err(new.full(workflow, runs)),
                Err(error) => return Err(error.into()),
            };
            if is_queued(&new.workflow, new.behind.as_ref()) {
                // It is on disk, so it is started; what is missed here is made up for at the next look.
                let admitted = self.admit(&new.workflow.name).await;
                admitted.unwrap_or_else(|error| tracing::error!(%error, "runs that wait for a place cannot begin"));
            } else {
                self.scheduler.now(&id);
            }
            return Ok(Started::New(id));
        }
    }

    /// Refuses a run that would cancel one that waits for its place, and may not. One that is parked is not cancelled; those
    /// that have their place are the ledger's to count, at the commit.
    async fn check_cancels_none(&self, new: &New) -> Result<(), StartError> {
        let Some(Concurrency { runs, beyond: Beyond::CancelOldest }) = new.workflow.concurrency else { return Ok(()) };
        let name = &new.workflow.name;
        if new.may_cancel || self.summaries(Some(name), QUEUED).await?.is_empty() {
            return Ok(());
        }
        Err(new.full(name.clone(), runs))
    }

    fn new_run(&self, start: Start) -> Result<New, StartError> {
        let Start { workflow, plugins, event, same, cause, inputs, account, region, may_cancel, by } = start;
        let now = self.clock.now();
        let inputs = workflow.inputs(&inputs).map_err(|error| StartError::Inputs(error.to_string()))?;
        let dedupe = match same {
            Same::Nothing => None,
            Same::Event => dedupe(&workflow, event.as_ref(), &account, now)?,
            Same::Key(key, since) => Some(Dedupe { workflow: workflow.name.clone(), key, since }),
        };
        let id = new_run_id();
        let info = RunInfo {
            id: id.clone(),
            workflow: workflow.name.clone(),
            workflow_digest: workflow.digest.clone(),
            account,
            region,
            started_by: by,
            caused_by: cause.as_ref().map(|cause| cause.people.clone()).unwrap_or_default(),
            plugins,
            callees: workflow.callees().map(|(name, callee)| (name.to_owned(), callee.digest.clone())).collect(),
        };
        Ok(New {
            id,
            workflow,
            now,
            dedupe,
            cause,
            may_cancel,
            behind: None,
            started: Event::Started { info, event, inputs },
        })
    }

    async fn append_new(&self, new: &New) -> Result<(), LedgerError> {
        let New { id, workflow, now, dedupe, cause, may_cancel, behind, started } = new;
        let by = person(new.by());
        let (mut draft, started) = stored(started, *now, &by)?;
        let key = dedupe.as_ref().map(|dedupe| dedupe.key.clone());
        if let Value::Object(data) = &mut draft.data {
            data.insert("dedupe".into(), json!(key));
            if let Some(Cause { runs, depth, .. }) = cause {
                data.insert("caused-by".into(), json!({ "runs": runs, "depth": depth }));
            }
        }
        let illegal = |error: HistoryError| LedgerError::Storage(error.to_string());
        let mut history = History::new(&started, *now, key).map_err(|error| LedgerError::Storage(error.to_string()))?;
        let mut drafts = vec![draft];
        if is_queued(workflow, behind.as_ref()) {
            let (draft, queued) = stored(&Event::Queued { behind: behind.clone() }, *now, "host")?;
            history.apply(&queued, history.moved + 1, *now).map_err(illegal)?;
            drafts.push(draft);
        }
        let fence = match workflow.concurrency {
            Some(Concurrency { runs, beyond }) if behind.is_none() && is_refused(beyond, *may_cancel) => {
                let room = Room { workflow: workflow.name.clone(), key: None, runs };
                Fence::NewIn { dedupe: dedupe.clone(), room }
            }
            _ => Fence::New(dedupe.clone()),
        };
        self.ledger.append(id, fence, drafts, Some(summary(workflow, &history))).await.map(drop)
    }

    /// What a repeat of what `run` answers leads to; `None` when the workflow wants a new run for it.
    async fn repeat(&self, new: &New, run: &str) -> Result<Option<Started>, StartError> {
        let Some(event) = new.event() else { return Ok(Some(Started::Repeated(run.into()))) };
        let id = event.get("id");
        let on_update = new.workflow.dedupe.as_ref().map_or(OnUpdate::Ignore, |dedupe| dedupe.on_update);
        let seen = match on_update {
            OnUpdate::Ignore => Seen::Already,
            OnUpdate::Signal | OnUpdate::Restart => self.seen(run, event).await?,
        };
        let kind = match (seen, on_update) {
            // The same event that is delivered again is no update.
            (Seen::Already, _) => "note.repeated",
            // One that was overtaken tells of what is not so any more.
            (Seen::Newer, _) => "note.outdated",
            (Seen::No, OnUpdate::Restart) => return Ok(None),
            (Seen::No, _) => "note.updated",
        };
        let note = Draft::new(kind, new.now, person(new.by()), json!({ "event": id }));
        let note = if seen == Seen::Already { note } else { note.with("event", event) };
        self.ledger.append(run, Fence::Open, vec![note], None).await?;
        Ok(Some(Started::Repeated(run.into())))
    }

    /// What the run, or those that it replaced, know of the event: what they began with, and what is on record of them.
    async fn seen(&self, run: &str, event: &Value) -> Result<Seen, StartError> {
        let (id, mut seen) = (event.get("id"), Seen::No);
        let mut next = Some(run.to_owned());
        for _ in 0..REPLACED {
            let Some(run) = next else { break };
            let records = match self.ledger.read(&run, 0).await {
                Ok(records) => records,
                // What that run knew cannot be told; an event that is answered twice is better than one that is not.
                Err(LedgerError::Malformed(error)) => {
                    tracing::error!(run, %error, "it cannot be told whether an event is known to this run");
                    break;
                }
                Err(error) => return Err(error.into()),
            };
            let noted = || records.iter().filter(|record| record.entry.kind.starts_with("note."));
            let started = records.iter().find(|record| record.entry.kind == "run.started");
            let first = started.and_then(|record| record.payload("event").ok());
            if first.as_ref().and_then(|first| first.get("id")) == id
                || noted().any(|note| note.data.get("event") == id)
            {
                return Ok(Seen::Already);
            }
            // Retention may have removed what a note was about.
            let updates = noted().filter_map(|note| note.payload("event").ok());
            if first.into_iter().chain(updates).any(|other| workflow::is_older(event, &other)) {
                seen = Seen::Newer;
            }
            let queued = records.iter().find(|record| record.entry.kind == "run.queued");
            next = queued.and_then(|record| record.data.get("behind")?.as_str()).map(str::to_owned);
        }
        Ok(seen)
    }
}

/// What is known of an event that comes to a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Seen {
    /// This very event.
    Already,
    /// One that tells of a later state.
    Newer,
    /// Neither.
    No,
}

/// How many runs back, each replaced by the next, an event is looked for that is delivered again.
const REPLACED: usize = 32;

/// A run that is not on disk yet.
struct New {
    id: String,
    workflow: Arc<Workflow>,
    now: Millis,
    dedupe: Option<Dedupe>,
    cause: Option<Cause>,
    may_cancel: bool,
    /// The run that must end first.
    behind: Option<String>,
    started: Event,
}

impl New {
    /// Makes this the run behind `run`, which started then, and which these had a part in: of two that want to be, one is
    /// a repeat of the other.
    fn follow(&mut self, started: Millis, run: String, people: Vec<Principal>) {
        if let Event::Started { info, .. } = &mut self.started {
            let others = people.into_iter().filter(|who| *who != info.started_by && !info.caused_by.contains(who));
            let others: Vec<Principal> = others.collect();
            info.caused_by.extend(others);
        }
        if let Some(dedupe) = &mut self.dedupe {
            dedupe.since = started;
        }
        self.behind = Some(run);
    }

    /// Why it is not started while all places are taken.
    fn full(&self, workflow: String, runs: u32) -> StartError {
        match self.workflow.concurrency.map(|concurrency| concurrency.beyond) {
            Some(Beyond::CancelOldest) => StartError::WouldCancel { workflow, runs },
            _ => StartError::Full { workflow, runs },
        }
    }

    fn by(&self) -> &str {
        match &self.started {
            Event::Started { info, .. } => &info.started_by.name,
            _ => "",
        }
    }

    fn event(&self) -> Option<&Value> {
        match &self.started {
            Event::Started { event, .. } => event.as_ref(),
            _ => None,
        }
    }
}

/// Whether a run that finds all places taken is refused.
fn is_refused(beyond: Beyond, may_cancel: bool) -> bool {
    beyond == Beyond::Refuse || (beyond == Beyond::CancelOldest && !may_cancel)
}

/// Whether a run of the workflow waits for a place before it begins, be it free or not: so all go through one door.
fn is_queued(workflow: &Workflow, behind: Option<&String>) -> bool {
    let waits = |concurrency: Concurrency| concurrency.beyond != Beyond::Refuse;
    behind.is_some() || workflow.concurrency.is_some_and(waits)
}

fn dedupe(
    workflow: &Workflow,
    event: Option<&Value>,
    account: &str,
    now: Millis,
) -> Result<Option<Dedupe>, StartError> {
    let Some(event) = event else { return Ok(None) };
    let key = workflow
        .dedupe_key(event)
        .map_err(|error| StartError::Key { workflow: workflow.name.clone(), why: error.to_string() })?;
    // EventBridge delivers at least once, also to a workflow that says nothing about it.
    let key = key.or_else(|| event.get("id").and_then(Value::as_str).map(|id| format!("event {id}")));
    let window = workflow.dedupe.as_ref().map_or(DELIVERY, |rule| rule.window);
    let window = Millis::try_from(window.as_millis()).unwrap_or(Millis::MAX);
    // Of one account: whoever can send events of another must not take the place of this one's.
    let key = key.map(|key| format!("{account} {key}"));
    Ok(key.map(|key| Dedupe { workflow: workflow.name.clone(), key, since: now.saturating_sub(window) }))
}
