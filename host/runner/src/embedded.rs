//! The embedded scheduler: a keyed set of tasks and one timer, in this process. What it forgets in a crash is in the
//! runs' summaries, from which it begins.

mod drivers;
mod failures;

use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use ledger::{LedgerError, Millis};
use tokio::sync::{Notify, Semaphore};

use crate::panic::told;
use crate::{DriveError, Runner, Scheduler};
use drivers::{Driver, Drivers};
use failures::{Consequence, Failures};

/// How many runs are driven at once; the others wait their turn.
const DRIVEN: usize = 256;
/// How long after a failure it is asked again which runs are due.
const AGAIN: Millis = 5_000;

/// Drives runs in this process.
pub struct Embedded {
    runner: OnceLock<Runner>,
    drivers: Arc<Drivers>,
    failures: Mutex<Failures>,
    turns: Arc<Semaphore>,
    timer: Notify,
    soonest: Mutex<Option<Millis>>,
}

impl Embedded {
    /// A scheduler that drives nothing until [`Embedded::begin`].
    pub fn new() -> Arc<Embedded> {
        Arc::new(Embedded {
            runner: OnceLock::new(),
            drivers: Drivers::new(),
            failures: Mutex::default(),
            turns: Arc::new(Semaphore::new(DRIVEN)),
            timer: Notify::new(),
            soonest: Mutex::default(),
        })
    }

    /// Begins to drive: first every run that was left off, then each when its time comes. Gives how many were left off.
    pub async fn begin(self: &Arc<Self>, runner: Runner) -> Result<usize, LedgerError> {
        let (due, next) = runner.ledger.due(runner.clock.now()).await?;
        // Set once: there is one `begin` for each scheduler.
        let _ = self.runner.set(runner);
        due.iter().for_each(|run| self.spawn(run, false));
        next.into_iter().for_each(|next| self.wake_at(next));
        let timer = self.clone();
        tokio::spawn(async move { timer.keep_time().await });
        Ok(due.len())
    }

    /// Has every driver stop in order, and lets no new one be: a call that is in flight gets its outcome, then its attempt is
    /// left where it is, to go on at the next start. Gives how many drivers there are; [`Embedded::idle`] waits for them.
    pub fn stop(&self) -> usize {
        let under_way = self.drivers.stop();
        // Those that wait for their turn end at once.
        self.turns.close();
        self.timer.notify_one();
        under_way
    }

    /// How many drivers there are.
    pub fn under_way(&self) -> usize {
        self.drivers.count()
    }

    /// Returns when no run has a driver any more.
    pub async fn idle(&self) {
        self.drivers.none().await;
    }

    async fn keep_time(self: Arc<Self>) {
        let Some(runner) = self.runner.get() else { return };
        loop {
            let soonest = *self.lock_soonest();
            tokio::select! {
                () = runner.clock.until(soonest.unwrap_or(Millis::MAX)) => {}
                () = self.timer.notified() => {
                    if self.drivers.are_stopping() {
                        return;
                    }
                    continue;
                }
            }
            // What is set from here on is not overwritten by an older answer.
            *self.lock_soonest() = None;
            let now = runner.clock.now();
            match runner.ledger.due(now).await {
                Ok((due, next)) => {
                    next.into_iter().for_each(|next| self.wake_at(next));
                    due.iter().for_each(|run| self.drive_due(run, now));
                }
                Err(error) => {
                    tracing::error!(%error, "the runs that are due cannot be read");
                    self.wake_at(now.saturating_add(AGAIN));
                }
            }
        }
    }

    /// Has a run driven whose time has come, unless it failed a moment ago.
    fn drive_due(self: &Arc<Self>, run: &str, now: Millis) {
        let held_back = self.lock_failures().held_back(run, now);
        match held_back {
            Some(again) => self.wake_at(again),
            None => self.spawn(run, false),
        }
    }

    /// Has a driver for `run`, or tells the one that it has; with `anew` a new one in any case, and the one that it has
    /// will find that it is superseded. Before [`Embedded::begin`] nothing is driven: what is due is found then.
    fn spawn(self: &Arc<Self>, run: &str, anew: bool) {
        let Some(runner) = self.runner.get().cloned() else { return };
        if let Some(driver) = self.drivers.of_run(run, anew) {
            tokio::spawn(self.clone().drive(runner, driver));
        }
    }

    async fn drive(self: Arc<Self>, runner: Runner, driver: Driver) {
        loop {
            let Ok(_turn) = self.turns.acquire().await else { return };
            match drive_once(&runner, &driver).await {
                Ok(()) => self.lock_failures().forget(&driver.run),
                Err(error @ DriveError::Superseded { .. }) => tracing::info!(run = driver.run, %error),
                Err(error) if self.drivers.are_stopping() => {
                    tracing::warn!(run = driver.run, %error, "a run is left as it is: it goes on at the next start");
                }
                // The newest one counts its own failures.
                Err(error) if !driver.is_current() => {
                    tracing::warn!(run = driver.run, %error, "a superseded driver failed")
                }
                Err(error) => self.failed(&runner, &driver.run, &error).await,
            }
            if !driver.looks_again() {
                return;
            }
        }
    }

    async fn failed(&self, runner: &Runner, run: &str, error: &DriveError) {
        let now = runner.clock.now();
        let Consequence { again, park } = self.lock_failures().failed(run, error.is_about_the_run(), now);
        if let Some(failures) = park {
            match runner.park(run, &error.to_string(), failures).await {
                Ok(()) => {
                    self.lock_failures().forget(run);
                    return;
                }
                Err(error) => tracing::error!(run, %error, "a run cannot be parked"),
            }
        }
        let seconds = (again - now) / 1_000;
        tracing::error!(run, %error, seconds, "a run is not driven on; it is tried again");
        self.wake_at(again);
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

    fn lock_failures(&self) -> MutexGuard<'_, Failures> {
        self.failures.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn lock_soonest(&self) -> MutexGuard<'_, Option<Millis>> {
        self.soonest.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Drives a run in a task of its own, so that a panic is a failure like others.
async fn drive_once(runner: &Runner, driver: &Driver) -> Result<(), DriveError> {
    let (runner, run, nudge) = (runner.clone(), driver.run.clone(), driver.nudge.clone());
    let driven = tokio::spawn(async move { runner.drive(&run, &nudge).await }).await;
    driven.unwrap_or_else(|error| {
        let why = match error.try_into_panic() {
            Ok(panic) => told(panic.as_ref()).to_owned(),
            Err(cancelled) => cancelled.to_string(),
        };
        Err(DriveError::Panicked { run: driver.run.clone(), why })
    })
}

impl Scheduler for Arc<Embedded> {
    fn now(&self, run: &str) {
        self.spawn(run, false);
    }

    fn anew(&self, run: &str) {
        self.spawn(run, true);
    }

    fn at(&self, _run: &str, time: Millis) {
        self.wake_at(time);
    }
}
