//! The embedded scheduler: a keyed set of tasks and one timer, in this process. What it forgets in a crash is in the
//! runs' summaries, from which it begins.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use ledger::{LedgerError, Millis};
use tokio::sync::{Notify, Semaphore};

use crate::{DriveError, Nudge, Runner, Scheduler};

/// How many runs are driven at once; the others wait their turn.
const DRIVEN: usize = 256;
/// How long after a failure a run is driven again.
const AGAIN: Duration = Duration::from_secs(5);

/// Drives runs in this process.
pub struct Embedded {
    runner: OnceLock<Runner>,
    driven: Mutex<HashMap<String, Arc<Nudge>>>,
    turns: Arc<Semaphore>,
    timer: Notify,
    /// Told whenever a run has no driver any more.
    left: Notify,
    soonest: Mutex<Option<Millis>>,
}

impl Embedded {
    /// A scheduler that drives nothing until [`Embedded::begin`].
    pub fn new() -> Arc<Embedded> {
        Arc::new(Embedded {
            runner: OnceLock::new(),
            driven: Mutex::default(),
            turns: Arc::new(Semaphore::new(DRIVEN)),
            timer: Notify::new(),
            left: Notify::new(),
            soonest: Mutex::default(),
        })
    }

    /// Begins to drive: first every run that was left off, then each when its time comes. Gives how many were left off.
    pub async fn begin(self: &Arc<Self>, runner: Runner) -> Result<usize, LedgerError> {
        let (due, next) = runner.ledger.due(runner.clock.now()).await?;
        // Set once: there is one `begin` for each scheduler.
        let _ = self.runner.set(runner);
        due.iter().for_each(|run| self.clone().spawn(run, false));
        next.into_iter().for_each(|next| self.wake_at(next));
        let timer = self.clone();
        tokio::spawn(async move { timer.keep_time().await });
        Ok(due.len())
    }

    /// Returns when no run has a driver any more.
    pub async fn idle(&self) {
        loop {
            let left = self.left.notified();
            if self.lock_driven().is_empty() {
                return;
            }
            left.await;
        }
    }

    async fn keep_time(self: Arc<Self>) {
        let Some(runner) = self.runner.get() else { return };
        loop {
            let soonest = *self.lock_soonest();
            tokio::select! {
                () = runner.clock.until(soonest.unwrap_or(Millis::MAX)) => {}
                () = self.timer.notified() => continue,
            }
            // What is set from here on is not overwritten by an older answer.
            *self.lock_soonest() = None;
            match runner.ledger.due(runner.clock.now()).await {
                Ok((due, next)) => {
                    next.into_iter().for_each(|next| self.wake_at(next));
                    due.iter().for_each(|run| self.clone().spawn(run, false));
                }
                Err(error) => {
                    tracing::error!(%error, "the runs that are due cannot be read");
                    self.wake_at(runner.clock.now() + AGAIN.as_millis() as Millis);
                }
            }
        }
    }

    /// Has a driver for `run`, or tells the one that it has; with `anew` a new one in any case, and the one that it has
    /// will find that it is superseded.
    fn spawn(self: Arc<Self>, run: &str, anew: bool) {
        let nudge = Arc::new(Nudge::default());
        {
            let mut driven = self.lock_driven();
            if let (Some(nudge), false) = (driven.get(run), anew) {
                nudge.give();
                return;
            }
            driven.insert(run.into(), nudge.clone());
        }
        let run = run.to_string();
        tokio::spawn(async move { self.drive(&run, &nudge).await });
    }

    async fn drive(self: Arc<Self>, run: &str, nudge: &Arc<Nudge>) {
        let Some(runner) = self.runner.get() else { return };
        loop {
            let result = match self.turns.acquire().await {
                Ok(_turn) => runner.drive(run, nudge).await,
                Err(_) => return,
            };
            match result {
                Ok(()) => {}
                Err(error @ DriveError::Superseded { .. }) => tracing::info!(run, %error),
                Err(error) => {
                    tracing::error!(run, %error, "a run is not driven on; it is tried again");
                    self.wake_at(runner.clock.now() + AGAIN.as_millis() as Millis);
                }
            }
            let mut driven = self.lock_driven();
            let ours = driven.get(run).is_some_and(|newest| Arc::ptr_eq(newest, nudge));
            if !ours {
                return;
            }
            if !nudge.take() {
                driven.remove(run);
                self.left.notify_waiters();
                return;
            }
        }
    }

    fn wake_at(&self, time: Millis) {
        {
            let mut soonest = self.lock_soonest();
            if soonest.is_some_and(|soonest| soonest <= time) {
                return;
            }
            *soonest = Some(time);
        }
        self.timer.notify_one();
    }

    fn lock_driven(&self) -> MutexGuard<'_, HashMap<String, Arc<Nudge>>> {
        self.driven.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn lock_soonest(&self) -> MutexGuard<'_, Option<Millis>> {
        self.soonest.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Scheduler for Arc<Embedded> {
    fn now(&self, run: &str) {
        self.clone().spawn(run, false);
    }

    fn anew(&self, run: &str) {
        self.clone().spawn(run, true);
    }

    fn at(&self, _run: &str, time: Millis) {
        self.wake_at(time);
    }
}
