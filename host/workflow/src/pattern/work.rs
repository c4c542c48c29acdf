//! How much work it is to match an event: a pattern of a thousand texts and an event of a hundred thousand values in one
//! field are a hundred million comparisons, and whoever sends events has many of them.

use std::cell::Cell;

/// As many comparisons, of 16 bytes each, as matching one event takes: some hundred milliseconds. A hundred findings of
/// Security Hub, each held against a pattern as large as EventBridge takes (4,096 characters), are a tenth of it.
const MAX_COMPARISONS: usize = 10_000_000;

/// How many comparisons may still be made. When none may, nothing matches any more.
#[derive(Debug)]
pub(crate) struct MatchWork {
    left: Cell<usize>,
}

impl MatchWork {
    pub(crate) fn new() -> Self {
        Self { left: Cell::new(MAX_COMPARISONS) }
    }

    /// For people who wait for nothing else.
    pub(crate) fn unbounded() -> Self {
        Self { left: Cell::new(usize::MAX) }
    }

    /// Takes so many; whether there were as many left.
    pub(super) fn take(&self, comparisons: usize) -> bool {
        let left = self.left.get().saturating_sub(comparisons);
        self.left.set(left);
        left > 0
    }

    pub(crate) fn is_used_up(&self) -> bool {
        self.left.get() == 0
    }
}
