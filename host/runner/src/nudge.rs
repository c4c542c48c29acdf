//! Tells a driver that something was appended to its run, or that it is to stop.

use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::{Notify, watch};

/// What a driver is told while it drives.
#[derive(Debug, Default)]
pub struct Nudge {
    given: AtomicBool,
    notify: Notify,
    stopped: watch::Sender<bool>,
}

impl Nudge {
    /// Something was appended.
    pub fn give(&self) {
        self.given.store(true, Ordering::Release);
        self.notify.notify_one();
    }

    /// Whether something was appended since this was last asked.
    pub fn take(&self) -> bool {
        self.given.swap(false, Ordering::AcqRel)
    }

    /// Returns when something was appended since this, or [`Nudge::take`], last answered.
    pub async fn given(&self) {
        while !self.take() {
            self.notify.notified().await;
        }
    }

    /// The driver is to stop: to begin nothing, to see through what is in flight, and to leave the run where it is then.
    pub fn stop(&self) {
        self.stopped.send_replace(true);
    }

    /// Whether the driver is to stop.
    pub fn is_stopped(&self) -> bool {
        *self.stopped.borrow()
    }

    /// Returns when the driver is to stop.
    pub async fn stopped(&self) {
        // The sender lives as long as `self`.
        let _ = self.stopped.subscribe().wait_for(|stopped| *stopped).await;
    }
}
