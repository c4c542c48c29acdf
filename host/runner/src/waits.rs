//! What a run waits for: for people, for a time, for a place.

use ledger::{Awaited, Wait, Waits};
use workflow::{Run, StepRun, StepState};

/// What the run waits for, as far as its summary names it.
pub(crate) fn waits(run: &Run) -> Waits {
    if run.is_finished() {
        return Waits::default();
    }
    if let Some(queued) = run.queued() {
        let about = queued.behind.clone();
        return Waits::of(vec![Wait { what: Awaited::Place, step: None, since: queued.since, until: None, about }]);
    }
    Waits::of(run.live_steps().filter_map(|(path, step)| wait(path, step)).collect())
}

/// What one step waits for.
fn wait(path: &str, step: &StepRun) -> Option<Wait> {
    let wait = |what, since, until, about| Some(Wait { what, step: Some(path.into()), since, until, about });
    match step.state() {
        StepState::Waiting => {
            let approval = step.approval()?;
            wait(Awaited::Approval, approval.requested_at, approval.expires_at, Some(approval.title.clone()))
        }
        StepState::Suspended { call } => wait(Awaited::Review, step.changed_at(), None, Some(call.clone())),
        StepState::Sleeping { until } => wait(Awaited::Timer, step.changed_at(), Some(*until), None),
        StepState::RetryWaiting { at } => wait(Awaited::Timer, step.changed_at(), Some(*at), None),
        _ => None,
    }
}
