//! One attempt of a step, as the gate sees it: who calls, what is recorded already, and what is in flight.

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use ledger::Millis;
use tokio::task::JoinSet;

use crate::{CallKey, Journal, Recorded, Scope, State};

/// Who calls, and where.
#[derive(Clone, Debug, PartialEq)]
pub struct Caller {
    /// The run's id.
    pub run: String,
    /// The workflow's name.
    pub workflow: String,
    /// The step's path in the workflow.
    pub step: String,
    /// Which try of the step, from 1.
    pub attempt: u32,
    /// When the attempt started: the only time that the plugin sees.
    pub started: Millis,
    /// The account and region that it acts in.
    pub scope: Scope,
    /// The plugin's digest.
    pub digest: String,
    /// Whether the step says `on-unknown: repeat`: what could not be decided otherwise is sent again.
    pub repeat_unknown: bool,
}

impl Caller {
    /// The actor that the plugin is in the ledger.
    pub fn actor(&self) -> String {
        format!("plugin:{}", self.digest)
    }
}

/// One attempt of a step.
pub struct Attempt {
    /// Who calls.
    pub caller: Caller,
    /// The run's ledger.
    pub journal: Arc<dyn Journal>,
    recorded: BTreeMap<u32, Recorded>,
    last: AtomicU32,
    pub(crate) operations: AtomicU32,
    pub(crate) log_lines: AtomicUsize,
    pub(crate) log_bytes: AtomicUsize,
    over: AtomicBool,
    suspended: Mutex<Option<CallKey>>,
    in_flight: tokio::sync::Mutex<JoinSet<()>>,
}

impl Attempt {
    /// An attempt of which `recorded` calls are in the ledger: none for a new one.
    pub fn new(caller: Caller, journal: Arc<dyn Journal>, recorded: BTreeMap<u32, Recorded>) -> Attempt {
        Attempt {
            caller,
            journal,
            recorded,
            last: AtomicU32::new(0),
            operations: AtomicU32::new(0),
            log_lines: AtomicUsize::new(0),
            log_bytes: AtomicUsize::new(0),
            over: AtomicBool::new(false),
            suspended: Mutex::new(None),
            in_flight: tokio::sync::Mutex::new(JoinSet::new()),
        }
    }

    /// Whether the guest has yet to make calls that the ledger has. When it ends before, it went another way than the
    /// first time.
    pub fn is_behind(&self) -> bool {
        self.recorded.keys().next_back().is_some_and(|last| *last > self.last.load(Ordering::Relaxed))
    }

    /// The call whose outcome a person must decide, if there is one.
    pub fn suspended(&self) -> Option<CallKey> {
        self.lock_suspended().clone()
    }

    /// Says that the guest is gone, and waits until every call in flight is settled. They belong to the host: what was
    /// sent is seen through, and nothing more is sent.
    pub async fn quiesce(&self) {
        self.over.store(true, Ordering::Release);
        let mut tasks = self.in_flight.lock().await;
        while tasks.join_next().await.is_some() {}
    }

    pub(crate) fn next_key(&self) -> CallKey {
        self.key(self.last.fetch_add(1, Ordering::Relaxed) + 1)
    }

    fn key(&self, number: u32) -> CallKey {
        let Caller { run, step, attempt, .. } = &self.caller;
        CallKey { run: run.clone(), step: step.clone(), attempt: *attempt, number }
    }

    pub(crate) fn recorded(&self, number: u32) -> Option<&Recorded> {
        self.recorded.get(&number)
    }

    /// Whether the guest is gone.
    pub(crate) fn is_over(&self) -> bool {
        self.over.load(Ordering::Acquire)
    }

    /// The recorded calls whose outcome is unknown and that the guest did not come to again.
    pub(crate) fn open_calls(&self) -> impl Iterator<Item = (CallKey, &Recorded)> {
        let reached = self.last.load(Ordering::Relaxed);
        let open = self.recorded.iter();
        let open = open.filter(move |(number, call)| **number > reached && matches!(call.state, State::Open { .. }));
        open.map(|(number, call)| (self.key(*number), call))
    }

    pub(crate) fn suspend(&self, call: CallKey) {
        *self.lock_suspended() = Some(call);
    }

    pub(crate) async fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        self.in_flight.lock().await.spawn(task);
    }

    fn lock_suspended(&self) -> MutexGuard<'_, Option<CallKey>> {
        self.suspended.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
