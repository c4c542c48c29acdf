//! Tells a driver that something was appended to its run.

use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::Notify;

/// One bit, and who waits for it.
#[derive(Debug, Default)]
pub struct Nudge {
    given: AtomicBool,
    notify: Notify,
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
}
