//! A run's summary: the projection that lists of runs and the recovery after a crash read, made from the fold alone.

use ledger::{Millis, Summary};
use workflow::{Effect, Workflow};

use crate::History;

/// The summary of a run in the state that `history` has.
pub(crate) fn summary(workflow: &Workflow, history: &History) -> Summary {
    summary_with(history, &workflow::next(workflow, &history.run))
}

/// The same, for whoever knows what comes next in it.
pub(crate) fn summary_with(history: &History, next: &[Effect]) -> Summary {
    let info = history.run.info();
    let wake = wake(next);
    Summary {
        run: info.id.clone(),
        workflow: info.workflow.clone(),
        status: history.run.status().name().into(),
        wake: wake.filter(|_| history.ended.is_none()),
        started: history.started,
        ended: history.ended,
        started_by: info.started_by.clone(),
        dedupe: history.dedupe.clone(),
        parked: None,
    }
}

/// When the first timer of a run with these effects has come.
pub(crate) fn timer(effects: &[Effect]) -> Option<Millis> {
    let due = |effect: &Effect| match effect {
        Effect::Wake { at, .. } => Some(*at),
        _ => None,
    };
    effects.iter().filter_map(due).min()
}

/// When a run with these effects must be driven: at once when there is anything to do, else when the first of its
/// timers has come; `None` when only an input moves it.
fn wake(effects: &[Effect]) -> Option<Millis> {
    let due = |effect: &Effect| match effect {
        Effect::Wake { at, .. } => *at,
        Effect::Record(_) | Effect::Invoke { .. } | Effect::Schedule { .. } | Effect::Stop { .. } => Millis::MIN,
    };
    effects.iter().map(due).min()
}
