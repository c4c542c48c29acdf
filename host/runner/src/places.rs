//! Who has a place: how many runs there may be at once, and which are cancelled in favour of newer ones. Pure.

use std::collections::BTreeSet;

use ledger::{Room, Summary};
use workflow::{Beyond, Concurrency, OnUpdate, Workflow};

use crate::History;

/// What runs are ordered by: their arrival.
pub(crate) fn order(run: &Summary) -> (i64, &str) {
    (run.started, &run.run)
}

/// The runs of those under way or waiting, the oldest first, that are to be cancelled in favour of newer ones.
pub(crate) fn outdated(live: &[Summary], workflow: &Workflow) -> BTreeSet<String> {
    let mut outdated = BTreeSet::new();
    if let Some(Concurrency { runs, beyond: Beyond::CancelOldest }) = workflow.concurrency {
        let keep = usize::try_from(runs).unwrap_or(usize::MAX);
        outdated.extend(live.iter().rev().skip(keep).map(|run| run.run.clone()));
    }
    if restarts(workflow) {
        let mut newest = BTreeSet::new();
        for run in live.iter().rev() {
            if run.dedupe.as_ref().is_some_and(|key| !newest.insert(key)) {
                outdated.insert(run.run.clone());
            }
        }
    }
    outdated
}

/// Whether older runs are cancelled in favour of newer ones.
pub(crate) fn makes_room(workflow: &Workflow) -> bool {
    restarts(workflow) || workflow.concurrency.is_some_and(|rule| rule.beyond == Beyond::CancelOldest)
}

/// Where a run must have a place to begin, or to go on after it had ended.
pub(crate) fn rooms(workflow: &Workflow, history: &History) -> Vec<Room> {
    let room = |key, runs| Room { workflow: workflow.name.clone(), key, runs };
    let all = workflow.concurrency.map(|Concurrency { runs, .. }| room(None, runs));
    let key = history.dedupe.clone().filter(|_| restarts(workflow));
    key.map(|key| room(Some(key), 1)).into_iter().chain(all).collect()
}

fn restarts(workflow: &Workflow) -> bool {
    workflow.dedupe.as_ref().is_some_and(|dedupe| dedupe.on_update == OnUpdate::Restart)
}
