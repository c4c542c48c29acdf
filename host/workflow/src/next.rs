//! What comes next in a run: from its state to effects, and how it ends.
//!
//! This decides when a run is over and with which status. Everything up to there is left to the walk over the steps.

use serde_json::Value;

use crate::document::Workflow;
use crate::effect::Effect;
use crate::event::{Event, Failure, RunStatus, StepError};
use crate::expression::scope::Scope;
use crate::run::remembered::Remembered;
use crate::run::{Run, StepState};
use crate::step::walk::{Mode, Place, Progress, Walk, millis};

/// What is to be done now.
///
/// When there is something to record, the result is all of that and nothing else: everything that follows without any
/// outside help is looked ahead to, so that it takes one commit. Append it, apply it, ask again. When there is
/// nothing to record, the result is what runs, what is to be stopped, and what to wait for; empty means that only people
/// can go on, or that the run has ended.
pub fn next(workflow: &Workflow, run: &Run) -> Vec<Effect> {
    next_remembered(workflow, &mut run.clone())
}

/// The same. The run remembers which of its steps are over, so that the next look at it costs nothing for them: whoever
/// keeps a run from event to event asks here. Always ask about the same workflow.
pub fn next_remembered(workflow: &Workflow, run: &mut Run) -> Vec<Effect> {
    let mut records = Vec::new();
    let mut ahead: Option<Run> = None;
    loop {
        let effects = advance(workflow, ahead.as_mut().unwrap_or(run));
        let (new, others): (Vec<_>, Vec<_>) =
            effects.into_iter().partition(|effect| matches!(effect, Effect::Record(_)));
        if new.is_empty() {
            return if records.is_empty() { others } else { records };
        }
        let last_at = run.last_at();
        let later = ahead.get_or_insert_with(|| run.clone());
        for effect in new {
            if let Effect::Record(event) = &effect {
                // What cannot be applied here cannot be applied by the driver either, which then reports it.
                if later.apply(event, last_at).is_err() {
                    records.push(effect);
                    return records;
                }
            }
            records.push(effect);
        }
    }
}

/// One look at the run.
fn advance(workflow: &Workflow, run: &mut Run) -> Vec<Effect> {
    if run.is_finished() {
        return Vec::new();
    }
    if run.queued().is_some() {
        let cancelled = Event::Finished { status: RunStatus::Cancelled, error: None, output: None };
        return run.cancelled().map(|_| Effect::Record(cancelled)).into_iter().collect();
    }
    let (effects, remembered) = look(workflow, run);
    run.remember(remembered);
    effects
}

fn look(workflow: &Workflow, run: &Run) -> (Vec<Effect>, Remembered) {
    let frame = workflow.frame();
    let mut walk = Walk::new(run);
    let mode = if run.is_stopping() { Mode::Stop } else { Mode::Go };
    let place = Place::new(mode, &frame);
    match run.failing() {
        None => {
            let progress = walk.sequence(&workflow.steps, place);
            if progress == Progress::Ongoing {
                wake_at_timeout(workflow, mode, &mut walk);
            } else {
                walk.record(ending(workflow, run, progress));
            }
        }
        Some(failing) => {
            let failure = Failure { step: failing.step.clone(), error: failing.error.clone() };
            // How `on-failure` itself ends does not change what the run ends with.
            if walk.sequence(&workflow.on_failure, Place { failure: Some(&failure), ..place }) != Progress::Ongoing {
                let (status, error) = (failing.status, Some(failing.error.clone()));
                walk.record(Event::Finished { status, error, output: None });
            }
        }
    }
    (walk.effects, walk.remembered)
}

fn wake_at_timeout(workflow: &Workflow, mode: Mode, walk: &mut Walk<'_>) {
    if let (Some(timeout), Mode::Go) = (workflow.timeout, mode) {
        let at = walk.run.began_at().saturating_add(millis(timeout));
        walk.effects.push(Effect::Wake { at, event: Event::RunTimedOut, lapse: None });
    }
}

/// How the run ends, now that all of its steps have.
fn ending(workflow: &Workflow, run: &Run, progress: Progress) -> Event {
    let finished = |status, error| Event::Finished { status, error, output: None };
    let (status, step, error) = match progress {
        _ if run.cancelled().is_some() => return finished(RunStatus::Cancelled, None),
        _ if run.timed_out() => {
            let error = StepError::new(StepError::TIMED_OUT, "the run took longer than its workflow allows");
            (RunStatus::TimedOut, None, error)
        }
        Progress::Failed(Failure { step, error }) => (status_of_failure(run), step, error),
        Progress::Ongoing | Progress::Done | Progress::Stopped => match output(workflow, run) {
            Ok(output) => return Event::Finished { status: RunStatus::Succeeded, error: None, output },
            Err(error) => (RunStatus::Failed, None, error),
        },
    };
    if status == RunStatus::Refused || workflow.on_failure.is_empty() {
        return finished(status, Some(error));
    }
    Event::Failing { status, step, error }
}

/// The workflow's `output`, if it has one.
fn output(workflow: &Workflow, run: &Run) -> Result<Option<Value>, StepError> {
    let frame = workflow.frame();
    let view = Place::new(Mode::Go, &frame).view(run);
    let output = workflow.output.as_ref().map(|output| output.evaluate(&Scope::Run(&view))).transpose();
    output.map_err(|error| StepError::new(StepError::EXPRESSION, format!("`output`: {error}")))
}

/// People outrank steps: a run in which somebody refused is refused, whatever failed beside that.
fn status_of_failure(run: &Run) -> RunStatus {
    let any = |wanted: &StepState| run.grave_steps().any(|(_, step)| step.state() == wanted);
    if any(&StepState::Refused) {
        RunStatus::Refused
    } else if any(&StepState::Expired) {
        RunStatus::Expired
    } else {
        RunStatus::Failed
    }
}
