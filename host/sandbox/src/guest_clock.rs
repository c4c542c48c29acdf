//! Measures how long a plugin computes, and nothing else: not how long it waits for the host, nor for its turn on a thread.
//!
//! The plugin computes only while the future that runs it is polled, so the time of the polls is the time of the plugin.
//! An epoch deadline could not tell: it goes on while the plugin waits. Here the epoch only makes the plugin look at this
//! clock, at every tick.

use std::{
    future::poll_fn,
    pin::pin,
    sync::atomic::{AtomicU64, Ordering::Relaxed},
    time::{Duration, Instant},
};

/// The clock of one invocation. It is shared between the future that runs the plugin, which starts and stops it, and the
/// callback inside that future, which reads it: never at the same time.
#[derive(Debug)]
pub(crate) struct GuestClock {
    created: Instant,
    /// Nanoseconds of the polls that are over.
    spent: AtomicU64,
    /// When the present poll began, in nanoseconds since `created`.
    resumed: AtomicU64,
}

impl GuestClock {
    pub(crate) fn new() -> Self {
        Self { created: Instant::now(), spent: AtomicU64::new(0), resumed: AtomicU64::new(0) }
    }

    /// Runs a future and measures the time of its polls.
    pub(crate) async fn measure<F: Future>(&self, future: F) -> F::Output {
        let mut future = pin!(future);
        poll_fn(|context| {
            self.resumed.store(self.now(), Relaxed);
            let poll = future.as_mut().poll(context);
            self.spent.fetch_add(self.now().saturating_sub(self.resumed.load(Relaxed)), Relaxed);
            poll
        })
        .await
    }

    /// The time spent, the present poll included. To be called from within [`measure`](Self::measure).
    pub(crate) fn spent(&self) -> Duration {
        let poll = self.now().saturating_sub(self.resumed.load(Relaxed));
        Duration::from_nanos(self.spent.load(Relaxed).saturating_add(poll))
    }

    fn now(&self) -> u64 {
        u64::try_from(self.created.elapsed().as_nanos()).unwrap_or(u64::MAX)
    }
}

#[cfg(test)]
mod tests {
    use std::{
        thread,
        time::{Duration, Instant},
    };

    use super::GuestClock;

    fn busy(time: Duration) {
        let started = Instant::now();
        while started.elapsed() < time {}
    }

    #[tokio::test]
    async fn waiting_does_not_count() {
        let (computed, waited) = (Duration::from_millis(5), Duration::from_millis(200));
        let clock = GuestClock::new();
        let (answer, answered) = tokio::sync::oneshot::channel();
        let host = thread::spawn(move || {
            busy(waited);
            answer.send(())
        });
        let spent = clock.measure(async {
            busy(computed);
            answered.await.unwrap();
            clock.spent()
        });
        let spent = spent.await;
        assert_eq!(host.join().unwrap(), Ok(()));
        assert!(spent >= computed, "{spent:?}");
        assert!(spent < waited, "{spent:?}");
    }
}
