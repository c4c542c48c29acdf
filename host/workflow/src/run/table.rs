//! The table of a run's steps: by path, and apart those that have not ended and those that decide how the run ends.
//!
//! It is persistent: a clone shares all of it, and a change copies the way to what it changes only. So a look at what lives
//! costs nothing for what is over, and a run can be tried on and thrown away.

use std::sync::Arc;

use rpds::RedBlackTreeMapSync;

use super::step::{StepRun, StepState};

type Steps = RedBlackTreeMapSync<Arc<str>, Arc<StepRun>>;

/// The steps that were reached.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct StepTable {
    all: Steps,
    /// Those that are [`StepState::is_live`].
    live: Steps,
    /// Those that are [`StepState::is_grave`].
    grave: Steps,
}

impl StepTable {
    /// The step with this path.
    pub(super) fn get(&self, path: &str) -> Option<&StepRun> {
        self.all.get(path).map(Arc::as_ref)
    }

    /// Puts a step in the place of what is there.
    pub(super) fn put(&mut self, path: &str, step: StepRun) {
        let path: Arc<str> = self.all.get_key_value(path).map_or_else(|| path.into(), |(path, _)| path.clone());
        let step = Arc::new(step);
        set(&mut self.live, &path, &step, StepState::is_live);
        set(&mut self.grave, &path, &step, StepState::is_grave);
        self.all.insert_mut(path, step);
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.all.size()
    }

    /// Whether none was reached yet.
    pub(super) fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// All of them, by path.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &StepRun)> {
        pairs(&self.all)
    }

    /// Those that have begun and not ended.
    pub(super) fn live(&self) -> impl Iterator<Item = (&str, &StepRun)> {
        pairs(&self.live)
    }

    /// Those whose state decides more than their own end.
    pub(super) fn grave(&self) -> impl Iterator<Item = (&str, &StepRun)> {
        pairs(&self.grave)
    }
}

fn pairs(steps: &Steps) -> impl Iterator<Item = (&str, &StepRun)> {
    steps.iter().map(|(path, step)| (path.as_ref(), step.as_ref()))
}

fn set(part: &mut Steps, path: &Arc<str>, step: &Arc<StepRun>, belongs: impl Fn(&StepState) -> bool) {
    if belongs(step.state()) {
        part.insert_mut(path.clone(), step.clone());
    } else if part.contains_key(path) {
        part.remove_mut(path);
    }
}
