//! What `next` has found to be over, so that it is not looked at again.
//!
//! It is no part of what a run is: with it and without it `next` gives the same, and two runs are equal whatever is
//! remembered of them. That holds since what is over stays over, until an event begins it anew; the fold forgets it then.
//! Everything is kept under paths of steps in the run: a sequence under that of its first step.

use std::collections::BTreeSet;
use std::sync::Arc;

use rpds::RedBlackTreeMapSync;

use crate::event::Failure;

/// What is remembered of a run.
#[derive(Clone, Debug, Default)]
pub(crate) struct Remembered {
    sequences: RedBlackTreeMapSync<Arc<str>, EndedSteps>,
    items: RedBlackTreeMapSync<Arc<str>, Arc<BegunItems>>,
}

/// How far a sequence has ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum EndedSteps {
    /// So many of its steps, from the first on.
    First(usize),
    /// All, or one failed and nothing caught that.
    All(Result<(), Failure>),
}

/// How far the items of an `each` are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct BegunItems {
    /// How many, from the first on, were looked at.
    pub(crate) begun: usize,
    /// Those of them that have not ended.
    pub(crate) live: BTreeSet<usize>,
    /// Whether one of them failed.
    pub(crate) failed: bool,
}

impl Remembered {
    /// How far the sequence with this first step has ended.
    pub(crate) fn sequence(&self, first: &str) -> Option<&EndedSteps> {
        self.sequences.get(first)
    }

    /// Remembers how far a sequence has ended.
    pub(crate) fn set_sequence(&mut self, first: String, ended: EndedSteps) {
        if self.sequences.get(first.as_str()) != Some(&ended) {
            self.sequences.insert_mut(first.into(), ended);
        }
    }

    /// How far the items of this `each` are.
    pub(crate) fn items(&self, each: &str) -> BegunItems {
        self.items.get(each).map(|items| items.as_ref().clone()).unwrap_or_default()
    }

    /// Remembers how far the items of an `each` are.
    pub(crate) fn set_items(&mut self, each: &str, items: BegunItems) {
        if self.items.get(each).is_none_or(|there| **there != items) {
            self.items.insert_mut(each.into(), Arc::new(items));
        }
    }

    /// Forgets what is kept under the path of a step that begins anew. What is around that step has not ended.
    pub(crate) fn forget(&mut self, step: &str) {
        self.sequences.remove_mut(step);
        self.items.remove_mut(step);
    }
}

impl PartialEq for Remembered {
    /// Always: see the top of this file.
    fn eq(&self, _: &Self) -> bool {
        true
    }
}
