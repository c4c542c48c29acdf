//! How many runs of a workflow there may be at once, and what a repeat of an event does.
//!
//! This decides what can be said about it. Which run begins when is left to whoever starts runs.

use crate::problem::Collector;
use crate::read::{self, Fields};
use crate::yaml::Node;

/// More runs at once than this are not a limit any more.
const MOST: u32 = 1000;

/// How many runs of a workflow there may be at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Concurrency {
    /// The most.
    pub runs: u32,
    /// What a start beyond that does.
    pub beyond: Beyond,
}

/// What a start does when all places are taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Beyond {
    /// The run is there and begins when its turn comes, in the order of arrival.
    Wait,
    /// There is no run.
    Refuse,
    /// The oldest run is cancelled, and this one begins when that has ended.
    CancelOldest,
}

/// What a repeat of an event does, by the workflow's `dedupe`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnUpdate {
    /// It is recorded on the run.
    Ignore,
    /// It is recorded on the run, with the whole event, as one of the run's updates.
    Signal,
    /// The run is cancelled if it still is under way, and a new one begins when it has ended.
    Restart,
}

/// Reads `concurrency`.
pub(crate) fn read(node: &Node, problems: &mut Collector<'_>) -> Option<Concurrency> {
    let fields = Fields::of(node, "`concurrency`", &["runs", "beyond"], problems)?;
    let runs = fields.required("runs", "`concurrency`", problems);
    let runs = runs.and_then(|node| read::whole(node, "`runs`", 1, MOST, problems));
    let words = [("wait", Beyond::Wait), ("refuse", Beyond::Refuse), ("cancel-oldest", Beyond::CancelOldest)];
    let beyond = fields.get("beyond");
    let beyond = beyond.map_or(Some(Beyond::Wait), |node| read::word(node, "`beyond`", &words, problems));
    Some(Concurrency { runs: runs?, beyond: beyond? })
}

/// Reads `dedupe.on-update`.
pub(crate) fn on_update(node: &Node, problems: &mut Collector<'_>) -> Option<OnUpdate> {
    let words = [("ignore", OnUpdate::Ignore), ("signal", OnUpdate::Signal), ("restart", OnUpdate::Restart)];
    read::word(node, "`on-update`", &words, problems)
}
