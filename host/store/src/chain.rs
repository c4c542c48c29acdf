//! What is known of the end of a run's chain: all that a fence and the next entry need.
//!
//! It is a fold over the run's entries, so that the projection of it that is kept beside them can be verified and
//! made anew.

use ledger::{CLAIMED, Entry, Epoch, Hash, Millis, parked_by};

/// The end of one chain.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Chain {
    /// The newest epoch; 0 when no driver took the run yet.
    pub epoch: Epoch,
    /// The last entry's sequence.
    pub last: u64,
    /// Its hash.
    pub hash: Hash,
    /// The last entry that moved the run; 0 when none did.
    pub moved: u64,
    /// The entry that parks the run, if it is parked.
    pub parked: Option<u64>,
    /// Since when it is.
    pub parked_since: Option<Millis>,
}

impl Chain {
    /// Before the first entry.
    pub const EMPTY: Chain = Chain { epoch: 0, last: 0, hash: Hash::ZERO, moved: 0, parked: None, parked_since: None };

    /// Goes on to `entry`, the next of the chain.
    pub fn advance(&mut self, entry: &Entry) {
        self.last = entry.sequence;
        self.hash = entry.hash;
        let parked = parked_by(self.parked, entry);
        if parked != self.parked {
            (self.parked, self.parked_since) = (parked, parked.map(|_| entry.time));
        }
        if Entry::moves(&entry.kind) {
            self.moved = entry.sequence;
        }
        if entry.kind == CLAIMED
            && let Ok((data, _)) = entry.open()
            && let Some(epoch) = data.get("epoch").and_then(serde_json::Value::as_u64)
        {
            self.epoch = epoch;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ledger::Draft;
    use serde_json::json;

    #[test]
    fn events_move_a_run_and_calls_claims_and_notes_do_not() {
        let mut chain = Chain::EMPTY;
        let mut check = |kind: &'static str, epoch: Epoch, moved: u64, parked: Option<u64>| {
            let draft = Draft::new(kind, 5, "host", json!({ "epoch": 7 }));
            let entry = draft.seal("r", chain.last + 1, chain.hash);
            chain.advance(&entry);
            let (last, hash, parked_since) = (entry.sequence, entry.hash, parked.map(|_| 5));
            assert_eq!(chain, Chain { epoch, last, hash, moved, parked, parked_since }, "{kind}");
        };
        check("run.started", 0, 1, None);
        check("drive.claimed", 7, 1, None);
        check("call.intent", 7, 1, None);
        check("drive.parked", 7, 1, Some(4));
        check("note.repeat", 7, 1, Some(4));
        check("step.started", 7, 6, Some(4));
        check("drive.resumed", 7, 6, None);
        check("drive.parked", 7, 6, Some(8));
        check("drive.claimed", 7, 6, None);
    }
}
