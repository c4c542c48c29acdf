//! The system's clock.

use std::time::Duration;

use async_trait::async_trait;
use capability::Clock;
use ledger::Millis;

/// The wall clock of this machine, UTC.
pub struct SystemClock;

/// Wake up at least so often: the wall clock may be set while we wait.
const LONGEST_SLEEP: Millis = 60_000;

#[async_trait]
impl Clock for SystemClock {
    fn now(&self) -> Millis {
        jiff::Timestamp::now().as_millisecond()
    }

    async fn until(&self, time: Millis) {
        loop {
            let left = time.saturating_sub(self.now());
            if left <= 0 {
                return;
            }
            tokio::time::sleep(Duration::from_millis(left.min(LONGEST_SLEEP).unsigned_abs())).await;
        }
    }
}
