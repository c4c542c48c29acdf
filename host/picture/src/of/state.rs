//! What a run has come to at a step.

use workflow::{Run, StepState};

use crate::model::{State, Status};

/// The state of the step at this path.
pub(super) fn of(run: &Run, path: &str) -> State {
    let Some(step) = run.step(path) else { return State::unreached(run.is_finished()) };
    let mut state = State {
        started: Some(step.started_at()),
        changed: Some(step.changed_at()),
        attempt: step.attempt(),
        ..State::unreached(false)
    };
    state.status = match step.state() {
        StepState::Skipped => Status::Skipped,
        StepState::Open | StepState::Running => Status::Running,
        StepState::RetryWaiting { at } => {
            state.due = Some(*at);
            Status::Retrying
        }
        StepState::Waiting => Status::Waiting,
        StepState::Sleeping { until } => {
            state.due = Some(*until);
            Status::Sleeping
        }
        StepState::Reset => return State::unreached(run.is_finished()),
        StepState::Suspended { .. } => Status::Suspended,
        StepState::Succeeded { .. } => Status::Succeeded,
        StepState::Failed { error } => {
            state.error = Some(error.code.clone());
            Status::Failed
        }
        StepState::Refused => Status::Refused,
        StepState::Expired => Status::Expired,
    };
    state
}
