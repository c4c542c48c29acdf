//! A run's summary: the projection that lists of runs and the recovery after a crash read, made from the fold alone.

use ledger::{Millis, Summary};
use workflow::{Effect, Workflow};

use crate::History;
use crate::waits::waits;

/// The summary of a run in the state that `history` has.
pub(crate) fn summary(workflow: &Workflow, history: &History) -> Summary {
    if history.ended.is_some() {
        summary_of_ended(history)
    } else {
        summary_with(history, &workflow::next(workflow, &history.run))
    }
}

/// The same, for whoever knows what comes next in it.
pub(crate) fn summary_with(history: &History, next: &[Effect]) -> Summary {
    summary_due(history, wake(next).filter(|_| history.ended.is_none()))
}

/// The same of a run that has ended, whose workflow does not matter any more.
pub(crate) fn summary_of_ended(history: &History) -> Summary {
    summary_due(history, None)
}

fn summary_due(history: &History, wake: Option<Millis>) -> Summary {
    let info = history.run.info();
    Summary {
        run: info.id.clone(),
        workflow: info.workflow.clone(),
        status: history.run.status().name().into(),
        wake,
        started: history.started,
        ended: history.ended,
        started_by: info.started_by.name.clone(),
        dedupe: history.dedupe.clone(),
        parked: None,
        waits: waits(&history.run),
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
