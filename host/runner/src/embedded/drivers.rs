//! The drivers that there are: the newest of each run, and those that were superseded and have not ended yet.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

use crate::Nudge;

/// All drivers of this process.
pub(super) struct Drivers {
    kept: Mutex<Kept>,
    /// How many there are.
    count: watch::Sender<usize>,
}

#[derive(Default)]
struct Kept {
    newest: HashMap<String, Arc<Nudge>>,
    all: HashMap<u64, Arc<Nudge>>,
    next: u64,
    stopping: bool,
}

/// A driver, counted for as long as this lives, however it ends: also by a panic.
pub(super) struct Driver {
    of: Arc<Drivers>,
    number: u64,
    /// The run.
    pub run: String,
    /// What tells it of inputs, and to stop.
    pub nudge: Arc<Nudge>,
}

impl Drivers {
    pub fn new() -> Arc<Drivers> {
        Arc::new(Drivers { kept: Mutex::default(), count: watch::Sender::new(0) })
    }

    /// Nudges the driver of `run`, or gives a new one; with `anew` a new one in any case. None is new once all are to stop.
    pub fn of_run(self: &Arc<Self>, run: &str, anew: bool) -> Option<Driver> {
        let mut kept = self.lock();
        if kept.stopping {
            return None;
        }
        if let (Some(nudge), false) = (kept.newest.get(run), anew) {
            nudge.give();
            return None;
        }
        let nudge = Arc::new(Nudge::default());
        kept.next += 1;
        let number = kept.next;
        kept.newest.insert(run.into(), nudge.clone());
        kept.all.insert(number, nudge.clone());
        self.count.send_replace(kept.all.len());
        Some(Driver { of: self.clone(), number, run: run.into(), nudge })
    }

    /// Has all of them stop, lets no new one be, and gives how many there are.
    pub fn stop(&self) -> usize {
        let mut kept = self.lock();
        kept.stopping = true;
        kept.all.values().for_each(|nudge| nudge.stop());
        kept.all.len()
    }

    /// Whether all are to stop.
    pub fn are_stopping(&self) -> bool {
        self.lock().stopping
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        *self.count.borrow()
    }

    /// Returns when there is none.
    pub async fn none(&self) {
        // The sender lives as long as `self`.
        let _ = self.count.subscribe().wait_for(|count| *count == 0).await;
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Driver {
    /// Whether it must look again: it was nudged since it last looked, and is still the newest of its run. Otherwise
    /// whoever nudges the run from now on gets a new one.
    pub fn looks_again(&self) -> bool {
        let mut kept = self.of.lock();
        if !self.is_newest(&kept) {
            return false;
        }
        let nudged = self.nudge.take() && !kept.stopping;
        if !nudged {
            kept.newest.remove(&self.run);
        }
        nudged
    }

    /// Whether no other driver of this process was put in its place.
    pub fn is_current(&self) -> bool {
        self.is_newest(&self.of.lock())
    }

    fn is_newest(&self, kept: &Kept) -> bool {
        kept.newest.get(&self.run).is_some_and(|newest| Arc::ptr_eq(newest, &self.nudge))
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        let mut kept = self.of.lock();
        if self.is_newest(&kept) {
            kept.newest.remove(&self.run);
        }
        kept.all.remove(&self.number);
        self.of.count.send_replace(kept.all.len());
    }
}
