//! The driver: takes a run, performs the effects that its fold asks for, appends the events, until there is nothing to
//! do but wait. A run that waits has no driver.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use capability::{Attempt, CallKey, Caller, Clock, Gate, Journal as _, Replay, Scope};
use ledger::{Ledger, LedgerError, Millis, is_parked};
use tokio::sync::oneshot;
use tokio::task::{JoinError, JoinSet};
use workflow::{Effect, Event, Jitter, StepRun, Workflow};

use crate::invocation::{self, Halt, Invocation, Outcome};
use crate::journal::RunJournal;
use crate::panic::told;
use crate::record::stored;
use crate::summary::{summary_with, timer};
use crate::{History, HistoryError, Nudge, Plugins, Scheduler, Workflows};

/// Why a run is not driven on.
#[derive(Debug, thiserror::Error)]
pub enum DriveError {
    /// Its entries do not make a run, or the ledger failed.
    #[error(transparent)]
    History(#[from] HistoryError),
    /// The workflow that it started with is not here, or cannot be read here.
    #[error("run `{run}` needs the workflow with the digest `{digest}`, which {why}")]
    NoWorkflow {
        /// The run.
        run: String,
        /// The workflow's digest.
        digest: String,
        /// What keeps it from being used.
        why: String,
    },
    /// Another driver has it now.
    #[error("run `{run}` was taken over: {why}")]
    Superseded {
        /// The run.
        run: String,
        /// Why.
        why: String,
    },
    /// The host failed while it drove the run.
    #[error("the host failed while it drove run `{run}`, which is a mistake in Quell: {why}")]
    Panicked {
        /// The run.
        run: String,
        /// What the panic says.
        why: String,
    },
    /// The ledger could not be written. The run goes on when it is driven again.
    #[error("run `{run}` was interrupted: {why}")]
    Interrupted {
        /// The run.
        run: String,
        /// Why.
        why: String,
    },
}

impl DriveError {
    /// Whether it is about this run: what it is, or that the host cannot cope with it. Otherwise it is about what the run is
    /// kept on or who drives it, and passes.
    pub fn is_about_the_run(&self) -> bool {
        match self {
            DriveError::History(error) => error.is_about_the_run(),
            DriveError::NoWorkflow { .. } | DriveError::Panicked { .. } => true,
            DriveError::Superseded { .. } | DriveError::Interrupted { .. } => false,
        }
    }
}

impl From<LedgerError> for DriveError {
    fn from(error: LedgerError) -> DriveError {
        DriveError::History(error.into())
    }
}

/// Drives runs, starts them and takes inputs for them. Cheap to clone.
#[derive(Clone)]
pub struct Runner {
    /// Where everything is written.
    pub ledger: Arc<dyn Ledger>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// What every call passes.
    pub gate: Arc<Gate>,
    /// What runs plugins.
    pub plugins: Arc<dyn Plugins>,
    /// What knows workflows.
    pub workflows: Arc<dyn Workflows>,
    /// What has runs driven.
    pub scheduler: Arc<dyn Scheduler>,
}

type Key = (String, u32);

/// A run while it is driven.
struct Drive<'a> {
    runner: &'a Runner,
    workflow: Arc<Workflow>,
    history: History,
    /// What comes next in it.
    effects: Vec<Effect>,
    journal: Arc<RunJournal>,
    running: JoinSet<(Key, Outcome)>,
    /// How to end each attempt that is running. One that was told to is gone from here and not from `started`.
    stops: BTreeMap<Key, oneshot::Sender<Halt>>,
    /// The attempts that this driver has running.
    started: BTreeSet<Key>,
    /// The attempts whose start this driver appended and that have made no call yet: nothing to replay.
    fresh: BTreeSet<Key>,
}

impl Runner {
    /// Takes `run` and drives it until it has ended or waits. `nudge` says that there is an input, or that it is to stop.
    ///
    /// When the process dies at any point, or another driver takes the run, whoever drives it next goes on behind the
    /// last entry. A run that cannot be read, or is parked, is not taken: there is no trace of this in its chain.
    pub async fn drive(&self, run: &str, nudge: &Nudge) -> Result<(), DriveError> {
        let (mut history, records) = History::load(self.ledger.as_ref(), run).await?;
        if history.ended.is_some() || is_parked(records.iter().map(|record| &record.entry)) || nudge.is_stopped() {
            return Ok(());
        }
        let workflow = self.workflow(&history)?;
        let epoch = self.ledger.claim(run, "host", self.clock.now()).await?;
        // What whoever drove it before appended until then.
        history.catch_up(self.ledger.as_ref()).await?;
        let name = workflow.name.clone();
        let journal = Arc::new(RunJournal::new(self.ledger.clone(), run.into(), epoch));
        let mut drive = Drive {
            runner: self,
            workflow,
            history,
            effects: Vec::new(),
            journal,
            running: JoinSet::new(),
            stops: BTreeMap::new(),
            started: BTreeSet::new(),
            fresh: BTreeSet::new(),
        };
        drive.go(nudge).await?;
        if drive.history.ended.is_some() {
            // The run has ended whatever comes of this, and the next start, or the next look, makes up for it.
            let admitted = self.admit(&name).await;
            admitted.unwrap_or_else(|error| tracing::error!(%error, "runs that wait for a place cannot begin"));
        }
        Ok(())
    }

    /// The workflow that a run started with, linked with those that it calls.
    pub fn workflow(&self, history: &History) -> Result<Arc<Workflow>, DriveError> {
        workflow_of(self.workflows.as_ref(), history)
    }
}

/// The workflow that a run started with, linked with those that it calls.
pub(crate) fn workflow_of(workflows: &dyn Workflows, history: &History) -> Result<Arc<Workflow>, DriveError> {
    let info = history.run.info();
    let unusable = |digest: &str, why| DriveError::NoWorkflow { run: info.id.clone(), digest: digest.into(), why };
    let missing = |digest: &str| {
        let problems = workflows.problems(digest).map(|problems| format!("cannot be read here: {problems}"));
        unusable(digest, problems.unwrap_or_else(|| "is not stored here".into()))
    };
    let workflow = workflows.by_digest(&info.workflow_digest).ok_or_else(|| missing(&info.workflow_digest))?;
    if info.callees.is_empty() {
        return Ok(workflow);
    }
    // Those that it calls are the ones that the run started with, too.
    let find = |name: &str| info.callees.get(name).and_then(|digest| workflows.by_digest(digest));
    let linked = workflow.link(&find);
    let why = |error: &dyn std::fmt::Display| format!("cannot be put together with those that it calls: {error}");
    Ok(Arc::new(linked.map_err(|error| unusable(&info.workflow_digest, why(&error)))?))
}

impl Drive<'_> {
    async fn go(&mut self, nudge: &Nudge) -> Result<(), DriveError> {
        self.look();
        loop {
            if nudge.is_stopped() {
                return self.leave().await;
            }
            let now = self.runner.clock.now();
            let events: Vec<Event> = self.effects.iter().filter_map(|effect| self.event(effect, now)).collect();
            if !events.is_empty() {
                self.append(events).await?;
                continue;
            }
            if self.history.ended.is_some() {
                return Ok(());
            }
            let effects = std::mem::take(&mut self.effects);
            for effect in &effects {
                self.perform(effect).await?;
            }
            let timer = timer(&effects);
            self.effects = effects;
            if self.running.is_empty() {
                if let Some(time) = timer {
                    self.runner.scheduler.at(&self.history.run.info().id, time);
                }
                return Ok(());
            }
            self.wait(timer, nudge).await?;
        }
    }

    /// Finds out what comes next, once for each state of the run.
    fn look(&mut self) {
        self.effects = workflow::next_remembered(&self.workflow, &mut self.history.run);
    }

    /// Reads what others appended.
    async fn catch_up(&mut self) -> Result<(), DriveError> {
        self.history.catch_up(self.runner.ledger.as_ref()).await?;
        self.look();
        Ok(())
    }

    /// The event that an effect is by now.
    fn event(&self, effect: &Effect, now: Millis) -> Option<Event> {
        match effect {
            Effect::Record(event) => Some(event.clone()),
            Effect::Schedule { path, attempt, delay, jitter } => {
                Some(Event::RetryScheduled { path: path.clone(), attempt: *attempt, at: now + drawn(*delay, *jitter) })
            }
            Effect::Wake { .. } | Effect::Invoke { .. } | Effect::Stop { .. } => effect.due(now).cloned(),
        }
    }

    /// Has attempts running that must run, and stopped that must not.
    async fn perform(&mut self, effect: &Effect) -> Result<(), DriveError> {
        match effect {
            Effect::Invoke { path, attempt, plugin, input, timeout, repeat_unknown } => {
                let key = (path.clone(), *attempt);
                if self.started.insert(key.clone()) {
                    let attempt = self.attempt(&key, plugin, *repeat_unknown).await?;
                    let invocation = Invocation { attempt, input: input.clone(), timeout: *timeout };
                    let (stop, stopped) = oneshot::channel();
                    self.stops.insert(key.clone(), stop);
                    let (plugins, gate) = (self.runner.plugins.clone(), self.runner.gate.clone());
                    self.running.spawn(async move { (key, invocation::run(invocation, plugins, gate, stopped).await) });
                }
            }
            Effect::Stop { path, attempt, plugin } => {
                let key = (path.clone(), *attempt);
                if let Some(stop) = self.stops.remove(&key) {
                    // The attempt may have ended by itself meanwhile.
                    let _ = stop.send(Halt::Stop);
                } else if !self.started.contains(&key) {
                    // Interrupted, and not to go on: what it had in flight is settled before it is called off.
                    self.stop_interrupted(key, plugin).await?;
                }
            }
            Effect::Record(_) | Effect::Wake { .. } | Effect::Schedule { .. } => {}
        }
        Ok(())
    }

    async fn stop_interrupted(&mut self, key: Key, plugin: &str) -> Result<(), DriveError> {
        let attempt = self.attempt(&key, plugin, false).await?;
        let gate = self.runner.gate.clone();
        self.started.insert(key.clone());
        self.running.spawn(async move { (key, invocation::stop_interrupted(&attempt, &gate).await) });
        Ok(())
    }

    async fn wait(&mut self, timer: Option<Millis>, nudge: &Nudge) -> Result<(), DriveError> {
        let clock = self.runner.clock.clone();
        tokio::select! {
            Some(joined) = self.running.join_next() => {
                self.joined(joined).await?;
            }
            () = nudge.stopped() => {}
            () = clock.until(timer.unwrap_or(Millis::MAX)) => {}
            () = nudge.given() => self.catch_up().await?,
        }
        Ok(())
    }

    /// Ends every attempt between two calls, and leaves the run: whoever drives it next has each go on from there.
    async fn leave(&mut self) -> Result<(), DriveError> {
        for halt in std::mem::take(&mut self.stops).into_values() {
            // The attempt may have ended by itself meanwhile.
            let _ = halt.send(Halt::Leave);
        }
        // What goes wrong with one takes nothing from the calls of the others.
        let mut wrong = None;
        while let Some(joined) = self.running.join_next().await {
            if let Err(error) = self.joined(joined).await {
                wrong.get_or_insert(error);
            }
        }
        if let Some(error) = wrong {
            return Err(error);
        }
        // What was read and logged need not be again.
        match self.journal.commit(vec![]).await {
            Ok(()) => Ok(()),
            Err(error) => Err(self.lost(error.to_string()).await),
        }
    }

    /// Follows the end of an attempt's task.
    async fn joined(&mut self, joined: Result<(Key, Outcome), JoinError>) -> Result<(), DriveError> {
        let (key, outcome) = joined.map_err(|error| match error.try_into_panic() {
            Ok(panic) => {
                let why = told(panic.as_ref()).to_owned();
                DriveError::Panicked { run: self.history.run.info().id.clone(), why }
            }
            Err(cancelled) => self.interrupted(cancelled.to_string()),
        })?;
        self.stops.remove(&key);
        self.started.remove(&key);
        match outcome {
            Outcome::Event(event) => self.append(vec![*event]).await,
            Outcome::Left => Ok(()),
            Outcome::Lost(why) => Err(self.lost(why).await),
        }
    }

    /// Appends `events` in one commit. When an input came in between, it is read first and the events are thought over,
    /// but for the outcome of an attempt, which stands whatever else happened.
    async fn append(&mut self, events: Vec<Event>) -> Result<(), DriveError> {
        let outcome = matches!(
            events.as_slice(),
            [Event::StepSucceeded { .. } | Event::StepFailed { .. } | Event::StepSuspended { .. }]
        );
        loop {
            let now = self.runner.clock.now();
            let stored = events.iter().map(|event| stored(event, now, "host"));
            let stored = stored.collect::<Result<Vec<_>, _>>().map_err(HistoryError::from)?;
            let (drafts, events): (Vec<_>, Vec<_>) = stored.into_iter().unzip();
            // The run as it will be shares all but what these events change with the run as it is.
            let mut then = self.history.clone();
            for event in &events {
                then.apply(event, then.moved + 1, now)?;
            }
            let effects = workflow::next_remembered(&self.workflow, &mut then.run);
            let summary = summary_with(&then, &effects);
            match self.journal.commit_events(drafts, self.history.moved, summary).await {
                Ok(appended) => {
                    then.stands_at(appended.last);
                    (self.history, self.effects) = (then, effects);
                    for event in events {
                        if let Event::StepStarted { path, attempt, .. } = event {
                            self.fresh.insert((path, attempt));
                        }
                    }
                    return Ok(());
                }
                Err(LedgerError::Moved { .. }) => {
                    self.catch_up().await?;
                    if !outcome {
                        return Ok(());
                    }
                }
                Err(error) => return Err(self.lost(error.to_string()).await),
            }
        }
    }

    async fn attempt(&mut self, key: &Key, plugin: &str, repeat_unknown: bool) -> Result<Arc<Attempt>, DriveError> {
        let (step, number) = key;
        let info = self.history.run.info();
        let recorded = if self.fresh.remove(key) {
            BTreeMap::new()
        } else {
            let of_attempt = CallKey::of_attempt(&info.id, step, *number);
            let records = self.runner.ledger.read_calls(&info.id, &of_attempt).await?;
            Replay::read(&records).map_err(HistoryError::from)?.attempt(step, *number)
        };
        let caller = Caller {
            run: info.id.clone(),
            workflow: info.workflow.clone(),
            step: step.clone(),
            attempt: *number,
            started: self.history.run.step(step).map_or(self.history.started, StepRun::attempt_started_at),
            scope: Scope::new(&info.account, &info.region),
            // The one that the run started with.
            digest: info.plugins.get(plugin).cloned().unwrap_or_default(),
            repeat_unknown,
        };
        Ok(Arc::new(Attempt::new(caller, self.journal.clone(), recorded)))
    }

    async fn lost(&self, why: String) -> DriveError {
        match self.journal.confirm().await {
            Err(LedgerError::Stale { .. }) => DriveError::Superseded { run: self.history.run.info().id.clone(), why },
            _ => self.interrupted(why),
        }
    }

    fn interrupted(&self, why: String) -> DriveError {
        DriveError::Interrupted { run: self.history.run.info().id.clone(), why }
    }
}

/// The wait before a retry: the delay, or anything up to it with full jitter.
fn drawn(delay: Duration, jitter: Jitter) -> Millis {
    let longest = Millis::try_from(delay.as_millis()).unwrap_or(Millis::MAX);
    match jitter {
        Jitter::None => longest,
        Jitter::Full => {
            let random = getrandom::u32().unwrap_or(u32::MAX);
            (i128::from(longest) * i128::from(random) / i128::from(u32::MAX)) as Millis
        }
    }
}
