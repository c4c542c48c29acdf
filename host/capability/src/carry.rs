//! The one retry layer: a request that was surely not carried out is sent again a few times, later and later.

use std::time::Duration;

use ledger::Millis;

use crate::{Clock, Fault, FaultKind};

/// How often a request is sent at most, the first time included.
pub(crate) const SENDS: u32 = 5;
/// The longest wait before the second time; it doubles with each.
const FIRST_WAIT: Duration = Duration::from_millis(200);

/// Reads, again when the service was too busy or no answer came.
pub(crate) async fn read<T, F>(clock: &dyn Clock, send: impl Fn() -> F) -> Result<T, Fault>
where
    F: Future<Output = Result<T, Fault>>,
{
    let mut sends = 1;
    loop {
        match send().await {
            Err(fault) if sends < SENDS && is_passing(&fault) => {
                clock.until(clock.now() + wait(sends)).await;
                sends += 1;
            }
            result => return result,
        }
    }
}

/// Whether the same request may succeed a little later.
pub(crate) fn is_passing(fault: &Fault) -> bool {
    matches!(fault.kind, FaultKind::Throttled | FaultKind::Unavailable)
}

/// Full jitter: anything between nothing and the longest wait of this try
/// (<https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/>).
pub(crate) fn wait(sends: u32) -> Millis {
    let longest = FIRST_WAIT.as_millis() as Millis * (1 << (sends.clamp(1, SENDS) - 1));
    let random = getrandom::u32().unwrap_or(u32::MAX);
    longest * i64::from(random) / i64::from(u32::MAX)
}
