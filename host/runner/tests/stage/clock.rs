//! A clock that jumps to whatever is waited for first, when whoever holds it says so.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use capability::Clock;
use ledger::Millis;
use tokio::sync::watch;

/// The clock, and until when each of those who wait do.
#[derive(Clone)]
pub struct Jumping {
    now: watch::Sender<Millis>,
    waiting: Arc<Mutex<BTreeMap<u64, Millis>>>,
    next: Arc<Mutex<u64>>,
}

impl Jumping {
    pub fn at(now: Millis) -> Jumping {
        Jumping { now: watch::channel(now).0, waiting: Arc::default(), next: Arc::default() }
    }

    /// The first time that somebody waits for.
    pub fn first(&self) -> Option<Millis> {
        let times = self.waiting.lock().unwrap().values().copied().min();
        times.filter(|time| *time < Millis::MAX)
    }

    /// It is this time now, or later already.
    pub fn jump(&self, time: Millis) {
        self.now.send_modify(|now| *now = time.max(*now));
    }
}

/// Who waits, until they do no more.
struct Waits<'a>(&'a Jumping, u64);

impl Drop for Waits<'_> {
    fn drop(&mut self) {
        self.0.waiting.lock().unwrap().remove(&self.1);
    }
}

#[async_trait]
impl Clock for Jumping {
    fn now(&self) -> Millis {
        *self.now.borrow()
    }

    async fn until(&self, time: Millis) {
        let id = {
            let mut next = self.next.lock().unwrap();
            *next += 1;
            *next
        };
        self.waiting.lock().unwrap().insert(id, time);
        let _waits = Waits(self, id);
        let mut now = self.now.subscribe();
        now.wait_for(|now| *now >= time).await.expect("the clock outlives who waits for it");
    }
}
