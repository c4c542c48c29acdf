//! A clock that moves when it is told to.

use async_trait::async_trait;
use capability::Clock;
use ledger::Millis;
use tokio::sync::watch;

#[derive(Clone)]
pub struct StillClock(watch::Sender<Millis>);

impl StillClock {
    pub fn at(time: &str) -> StillClock {
        StillClock(watch::Sender::new(millis(time)))
    }

    pub fn set(&self, time: &str) {
        self.0.send_replace(millis(time));
    }
}

fn millis(time: &str) -> Millis {
    time.parse::<jiff::Timestamp>().unwrap().as_millisecond()
}

#[async_trait]
impl Clock for StillClock {
    fn now(&self) -> Millis {
        *self.0.borrow()
    }

    async fn until(&self, time: Millis) {
        let mut now = self.0.subscribe();
        now.wait_for(|now| *now >= time).await.unwrap();
    }
}
