//! Whether an append may still happen: the fence that came with it against the end of its run's chain.
//!
//! Pure. Whether a deduplication key or a place is taken is asked of the database by whoever commits.

use ledger::{EVENTS, Fence, LedgerError, SYSTEM};

use crate::chain::Chain;

/// Checks `fence` for an append to `run`, whose chain ends in `chain` (`None`: there is no such run).
pub(crate) fn check(fence: &Fence, run: &str, chain: Option<&Chain>) -> Result<(), LedgerError> {
    let named = || run.to_owned();
    match (fence, chain) {
        (Fence::New(_) | Fence::NewIn { .. }, None) => Ok(()),
        (Fence::New(_) | Fence::NewIn { .. }, Some(_)) => Err(LedgerError::Duplicate { run: named() }),
        (Fence::Open, Some(_)) => Ok(()),
        (Fence::Open, None) if [SYSTEM, EVENTS].contains(&run) => Ok(()),
        (_, None) => Err(LedgerError::NoRun { run: named() }),
        (Fence::Epoch(held), Some(chain)) => epoch(*held, chain),
        (Fence::Driver { epoch: held, moved: known }, Some(chain)) => {
            epoch(*held, chain)?;
            moved(*known, chain)
        }
        (Fence::Input { moved: known } | Fence::Admit { moved: known, .. }, Some(chain)) => moved(*known, chain),
    }
}

fn epoch(held: u64, chain: &Chain) -> Result<(), LedgerError> {
    if held == chain.epoch { Ok(()) } else { Err(LedgerError::Stale { held, newest: chain.epoch }) }
}

fn moved(known: u64, chain: &Chain) -> Result<(), LedgerError> {
    if known == chain.moved { Ok(()) } else { Err(LedgerError::Moved { moved: chain.moved }) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_fence_against_every_end() {
        let chain = Chain { epoch: 3, last: 9, moved: 5, ..Chain::EMPTY };
        let check = |fence: Fence, run: &str, chain: Option<&Chain>, expected: &str| {
            let found = match check(&fence, run, chain) {
                Ok(()) => "ok".to_owned(),
                Err(error) => error.to_string(),
            };
            assert_eq!(found, expected, "{fence:?} {chain:?}");
        };
        check(Fence::New(None), "r", None, "ok");
        check(Fence::New(None), "r", Some(&chain), "run `r` already handles this");
        check(Fence::Open, "r", Some(&chain), "ok");
        check(Fence::Open, "r", None, "no run `r`");
        check(Fence::Open, SYSTEM, None, "ok");
        check(Fence::Open, EVENTS, None, "ok");
        check(Fence::Epoch(3), "r", Some(&chain), "ok");
        check(Fence::Epoch(3), "r", None, "no run `r`");
        check(Fence::Epoch(2), "r", Some(&chain), "the run was taken over: epoch 2 is stale, 3 drives it now");
        check(Fence::Epoch(4), "r", Some(&chain), "the run was taken over: epoch 4 is stale, 3 drives it now");
        check(Fence::Driver { epoch: 3, moved: 5 }, "r", Some(&chain), "ok");
        check(Fence::Driver { epoch: 3, moved: 4 }, "r", Some(&chain), "the run moved on: entry 5 came in between");
        let both = "the run was taken over: epoch 2 is stale, 3 drives it now";
        check(Fence::Driver { epoch: 2, moved: 4 }, "r", Some(&chain), both);
        check(Fence::Input { moved: 5 }, "r", Some(&chain), "ok");
        check(Fence::Input { moved: 4 }, "r", Some(&chain), "the run moved on: entry 5 came in between");
        check(Fence::Input { moved: 0 }, "r", None, "no run `r`");
    }
}
