//! One attempt of a step, as the gate sees it: who calls, what is recorded already, and what is in flight.

use std::collections::{BTreeMap, BTreeSet};
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
    recorded: Mutex<BTreeMap<u32, Recorded>>,
    /// The recorded calls that the guest came to again, and that are somebody's to see through.
    taken: Mutex<BTreeSet<u32>>,
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
            recorded: Mutex::new(recorded),
            taken: Mutex::default(),
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
        lock(&self.recorded).keys().next_back().is_some_and(|last| *last > self.last.load(Ordering::Relaxed))
    }

    /// The call whose outcome a person must decide, if there is one.
    pub fn suspended(&self) -> Option<CallKey> {
        lock(&self.suspended).clone()
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

    pub(crate) fn recorded(&self, number: u32) -> Option<Recorded> {
        lock(&self.recorded).get(&number).cloned()
    }

    /// Says that whoever carries this call out sees it through: settles it, or suspends the attempt for it.
    pub(crate) fn take(&self, number: u32) {
        lock(&self.taken).insert(number);
    }

    /// Says how far a recorded call came since.
    pub(crate) fn advance(&self, number: u32, state: State) {
        if let Some(call) = lock(&self.recorded).get_mut(&number) {
            call.state = state;
        }
    }

    /// Whether the guest is gone.
    pub(crate) fn is_over(&self) -> bool {
        self.over.load(Ordering::Acquire)
    }

    /// The recorded writes that are not decided to the end, and that nobody took over.
    pub(crate) fn open_calls(&self) -> Vec<(CallKey, Recorded)> {
        let taken = lock(&self.taken);
        let open = |state: &State| matches!(state, State::Open(_) | State::PresumedDone(_));
        let recorded = lock(&self.recorded);
        let left = recorded.iter().filter(|(number, call)| open(&call.state) && !taken.contains(number));
        left.map(|(number, call)| (self.key(*number), call.clone())).collect()
    }

    pub(crate) fn suspend(&self, call: CallKey) {
        *lock(&self.suspended) = Some(call);
    }

    pub(crate) async fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        self.in_flight.lock().await.spawn(task);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
