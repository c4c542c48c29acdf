//! What each event changes: the transitions of a run, as one match.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use super::approval::{Approval, MadeDecision};
use super::remembered::Remembered;
use super::step::{StepRun, StepState};
use super::{Cancel, Ended, Failing, Illegal, Queued, Run};
use crate::event::{Decision, Event, Millis, RunStatus, StepError, Verdict};

impl Run {
    /// Changes the run as the event says, which happened at `at`. An event that cannot happen changes nothing.
    pub fn apply(&mut self, event: &Event, at: Millis) -> Result<(), Illegal> {
        match event {
            Event::Retried { by, again, reopened } => {
                self.go_on(again, reopened, at)?;
                // An older Quell wrote no token down, and let whoever retried a run approve in it.
                if by.token.is_some() && !self.retried_by.contains(by) {
                    Arc::make_mut(&mut self.retried_by).push(by.clone());
                }
            }
            _ if self.finished.is_some() => return Err(Illegal::Finished),
            Event::Started { .. } => return Err(Illegal::Start),
            Event::Queued { behind } => match self.steps.is_empty() && self.began_at() == at && self.queued.is_none() {
                true => self.queued = Some(Queued { behind: behind.clone(), since: at }),
                false => return Err(Illegal::Place),
            },
            Event::Admitted => match self.queued.take() {
                Some(_) => self.began_at = at,
                None => return Err(Illegal::Place),
            },
            Event::StepSkipped { path } => self.begin(path, StepRun::new(StepState::Skipped, at))?,
            Event::BlockStarted { path, attempt, input, again } => {
                self.start(path, *attempt, StepState::Open, input, at)?;
                self.remembered.forget(path);
                self.reset(again, at);
            }
            Event::StepTimedOut { path, attempt } => self.time_out(path, *attempt)?,
            Event::WaitStarted { path, lasts, until } => {
                let until = until.unwrap_or_else(|| at.saturating_add(lasts.map_or(0, millis)));
                self.begin(path, StepRun::new(StepState::Sleeping { until }, at))?;
            }
            Event::StepStarted { path, attempt, input } => self.start(path, *attempt, StepState::Running, input, at)?,
            Event::StepSucceeded { path, attempt, output } => self.succeed(path, *attempt, output, at)?,
            Event::StepFailed { path, attempt, error } => self.fail(path, *attempt, error, at)?,
            Event::RetryScheduled { path, attempt, at: then } => self.schedule(path, *attempt, *then, at)?,
            Event::ApprovalRequested { path, title, approvers, needs, expires, show } => {
                let mut step = StepRun::new(StepState::Waiting, at);
                step.approval = Some(Approval {
                    title: title.clone(),
                    approvers: approvers.clone(),
                    needs: *needs,
                    requested_at: at,
                    expires_at: expires.map(|expires| at.saturating_add(millis(expires))),
                    show: show.clone(),
                    decisions: Default::default(),
                });
                self.begin(path, step)?;
                self.asked = true;
            }
            Event::Decided { path, by, decision, reason } => {
                self.decision_counts(path, by, *decision, at)?;
                let made = MadeDecision { by: by.clone(), decision: *decision, reason: reason.clone(), at };
                self.decide(path, made);
            }
            Event::ApprovalExpired { path } => self.expire(path, at)?,
            Event::ApprovalReopened { path, again, reopened } => self.ask_again(path, again, reopened, at)?,
            Event::StepSuspended { path, attempt, call } => self.suspend(path, *attempt, call, at)?,
            Event::ReviewSettled { path, attempt, call, verdict, .. } => {
                self.settle(path, *attempt, call, *verdict, at)?;
            }
            Event::CancelRequested { by, reason } => match self.cancelled {
                Some(_) => return Err(Illegal::Ending { status: RunStatus::Cancelled.name() }),
                None => self.cancelled = Some(Cancel { by: by.clone(), reason: reason.clone(), at }),
            },
            Event::RunTimedOut => match self.failing.is_some() || self.is_stopping() {
                true => return Err(Illegal::Ending { status: RunStatus::TimedOut.name() }),
                false => self.timed_out = true,
            },
            Event::Failing { status, step, error } => {
                self.check_end(
                    *status,
                    matches!(status, RunStatus::Failed | RunStatus::Expired | RunStatus::TimedOut),
                )?;
                if self.failing.is_some() {
                    return Err(Illegal::Ending { status: status.name() });
                }
                self.failing = Some(Failing { status: *status, step: step.clone(), error: error.clone() });
            }
            Event::Finished { status, error, output } => {
                let expected = self.failing.as_ref().is_none_or(|failing| failing.status == *status);
                self.check_end(*status, status.is_final() && expected)?;
                let output = output.clone().map(Arc::new);
                self.finished = Some(Ended { status: *status, error: error.clone(), output, at });
            }
        }
        self.last_at = at;
        Ok(())
    }

    /// Nothing ends while an attempt runs.
    fn check_end(&self, status: RunStatus, possible: bool) -> Result<(), Illegal> {
        let running = self.steps.live().any(|(_, step)| step.state == StepState::Running);
        if possible && !running { Ok(()) } else { Err(Illegal::Ending { status: status.name() }) }
    }

    fn begin(&mut self, path: &str, mut step: StepRun) -> Result<(), Illegal> {
        match self.steps.get(path) {
            None => {}
            Some(there) if there.state == StepState::Reset => {
                step.attempt = there.attempt.saturating_add(1);
                step.first_attempt = step.attempt;
            }
            Some(there) => return Err(illegal(path, there.state(), "begun")),
        }
        self.steps.put(path, step);
        Ok(())
    }

    /// Begins an attempt: the first one, or the one that a retry was scheduled for.
    fn start(&mut self, path: &str, attempt: u32, state: StepState, input: &Value, at: Millis) -> Result<(), Illegal> {
        let wrong = |current| Illegal::Attempt { path: path.to_owned(), current, attempt };
        let next = self.next_attempt(path);
        match self.step(path).cloned() {
            None if attempt == next => {
                let mut step = StepRun::new(state, at);
                step.input = Arc::new(input.clone());
                self.begin(path, step)
            }
            None => Err(wrong(next)),
            Some(mut step) => match step.state {
                StepState::RetryWaiting { .. } if step.attempt == attempt => {
                    step.attempt_started_at = at;
                    step.timed_out = false;
                    self.steps.put(path, step.entering(state, at));
                    Ok(())
                }
                StepState::RetryWaiting { .. } => Err(wrong(step.attempt)),
                _ => Err(illegal(path, &step.state, "started")),
            },
        }
    }

    /// Has steps begin anew.
    fn reset(&mut self, again: &[String], at: Millis) {
        for path in again {
            if let Some(step) = self.steps.get(path).cloned() {
                self.asked_again |= step.approval.is_some();
                self.steps.put(path, step.entering(StepState::Reset, at));
            }
            self.remembered.forget(path);
        }
    }

    fn time_out(&mut self, path: &str, attempt: u32) -> Result<(), Illegal> {
        let mut step = self.attempt_of(path, attempt, "timed out")?;
        match step.state {
            StepState::Open | StepState::Sleeping { .. } if !step.timed_out => {
                step.timed_out = true;
                self.steps.put(path, step);
                Ok(())
            }
            state => Err(illegal(path, &state, "timed out")),
        }
    }

    /// Goes on with a run that failed or timed out.
    fn go_on(&mut self, again: &[String], reopened: &[String], at: Millis) -> Result<(), Illegal> {
        let status = self.status();
        if !matches!(status, RunStatus::Failed | RunStatus::TimedOut) {
            return Err(Illegal::NotFailed { status: status.name() });
        }
        if let Some(path) = again.iter().chain(reopened).find(|path| self.step(path).is_none()) {
            return Err(unreached(path, "begun anew"));
        }
        self.reset(again, at);
        self.reopen(reopened, at);
        // What had ended around them goes on as well.
        self.remembered = Remembered::default();
        self.finished = None;
        self.failing = None;
        self.timed_out = false;
        self.cancelled = None;
        self.began_at = at;
        Ok(())
    }

    fn reopen(&mut self, blocks: &[String], at: Millis) {
        for path in blocks {
            if let Some(mut step) = self.steps.get(path).cloned() {
                step.timed_out = false;
                step.attempt_started_at = at;
                self.steps.put(path, step.entering(StepState::Open, at));
            }
        }
    }

    /// Has approvals asked again that were given, before the next attempt of the step `path`.
    fn ask_again(&mut self, path: &str, again: &[String], reopened: &[String], at: Millis) -> Result<(), Illegal> {
        match self.step(path).map(StepRun::state) {
            Some(StepState::RetryWaiting { at: then }) if at >= *then => {}
            Some(state) => return Err(illegal(path, state, "held up by an approval")),
            None => return Err(unreached(path, "held up by an approval")),
        }
        let given = |path: &String| matches!(self.step(path).map(StepRun::state), Some(StepState::Succeeded { .. }));
        let is_approval = |path: &String| self.step(path).is_some_and(|step| step.approval().is_some());
        let other = again.iter().find(|path| !given(path) || !is_approval(path));
        if let Some(path) = other.or_else(|| reopened.iter().find(|path| !given(path) || is_approval(path))) {
            let state = self.step(path).map_or("not reached", |step| step.state().name());
            return Err(Illegal::Step { path: path.clone(), state, event: "asked again" });
        }
        self.reset(again, at);
        self.reopen(reopened, at);
        // What stands behind them is looked at again.
        self.remembered = Remembered::default();
        Ok(())
    }

    fn succeed(&mut self, path: &str, attempt: u32, output: &Value, at: Millis) -> Result<(), Illegal> {
        let step = self.attempt_of(path, attempt, "succeeded")?;
        match step.state {
            StepState::Sleeping { until } if at < until => Err(Illegal::NotOver { path: path.to_owned() }),
            StepState::Running | StepState::Open | StepState::Sleeping { .. } => {
                let succeeded = StepState::Succeeded { output: Arc::new(output.clone()) };
                self.steps.put(path, step.entering(succeeded, at));
                Ok(())
            }
            state => Err(illegal(path, &state, "succeeded")),
        }
    }

    fn fail(&mut self, path: &str, attempt: u32, error: &StepError, at: Millis) -> Result<(), Illegal> {
        let failed = StepState::Failed { error: error.clone() };
        if self.step(path).is_none() && attempt == self.next_attempt(path) {
            return self.begin(path, StepRun::new(failed, at));
        }
        let step = self.attempt_of(path, attempt, "failed")?;
        // What waits only fails when the run, or its branch, is stopped.
        if !step.state.is_live() {
            return Err(illegal(path, &step.state, "failed"));
        }
        self.steps.put(path, step.entering(failed, at));
        Ok(())
    }

    fn suspend(&mut self, path: &str, attempt: u32, call: &str, at: Millis) -> Result<(), Illegal> {
        let step = self.attempt_of(path, attempt, "suspended")?;
        match step.state {
            StepState::Running => {
                self.steps.put(path, step.entering(StepState::Suspended { call: call.to_owned() }, at));
                Ok(())
            }
            state => Err(illegal(path, &state, "suspended")),
        }
    }

    fn schedule(&mut self, path: &str, attempt: u32, then: Millis, at: Millis) -> Result<(), Illegal> {
        let mut step = self.attempt_of(path, attempt.saturating_sub(1), "scheduled again")?;
        match step.state {
            StepState::Failed { .. } => {
                step.attempt = attempt;
                self.steps.put(path, step.entering(StepState::RetryWaiting { at: then }, at));
                Ok(())
            }
            state => Err(illegal(path, &state, "scheduled again")),
        }
    }

    fn decide(&mut self, path: &str, made: MadeDecision) {
        let at = made.at;
        let Some(mut step) = self.steps.get(path).cloned() else { return };
        let Some(approval) = &mut step.approval else { return };
        let refused = made.decision == Decision::Refuse;
        approval.decisions.insert(made.by.name.clone(), made);
        let decided = if refused {
            Some(StepState::Refused)
        } else if approval.approved() >= usize::try_from(approval.needs).unwrap_or(usize::MAX) {
            let people: Vec<&String> = approval.decisions.keys().collect();
            Some(StepState::Succeeded { output: Arc::new(json!({ "approved_by": people })) })
        } else {
            None
        };
        let step = match decided {
            Some(state) => step.entering(state, at),
            None => step,
        };
        self.steps.put(path, step);
    }

    fn expire(&mut self, path: &str, at: Millis) -> Result<(), Illegal> {
        let step = self.steps.get(path).cloned().ok_or_else(|| unreached(path, "expired"))?;
        let expires_at = step.approval().and_then(|approval| approval.expires_at);
        match (&step.state, expires_at) {
            (StepState::Waiting, Some(expires_at)) if at >= expires_at => {
                self.steps.put(path, step.entering(StepState::Expired, at));
                Ok(())
            }
            (StepState::Waiting, _) => Err(Illegal::NotExpired { path: path.to_owned() }),
            (state, _) => Err(illegal(path, state, "expired")),
        }
    }

    fn settle(&mut self, path: &str, attempt: u32, call: &str, verdict: Verdict, at: Millis) -> Result<(), Illegal> {
        let step = self.attempt_of(path, attempt, "settled")?;
        let state = match (&step.state, verdict) {
            (StepState::Suspended { call: expected }, _) if expected != call => {
                let (path, expected, call) = (path.to_owned(), expected.clone(), call.to_owned());
                return Err(Illegal::Call { path, expected, call });
            }
            (StepState::Suspended { .. }, Verdict::Done | Verdict::NotDone) => StepState::Running,
            (StepState::Suspended { .. }, Verdict::GiveUp) => {
                let message = format!("a person gave up on the call `{call}`, whose outcome is unknown");
                StepState::Failed { error: StepError::new(StepError::GAVE_UP, message) }
            }
            (state, _) => return Err(illegal(path, state, "settled")),
        };
        self.steps.put(path, step.entering(state, at));
        Ok(())
    }

    /// The step at this attempt.
    fn attempt_of(&self, path: &str, attempt: u32, event: &'static str) -> Result<StepRun, Illegal> {
        let step = self.step(path).ok_or_else(|| unreached(path, event))?;
        if step.attempt != attempt {
            return Err(Illegal::Attempt { path: path.to_owned(), current: step.attempt, attempt });
        }
        Ok(step.clone())
    }
}

fn illegal(path: &str, state: &StepState, event: &'static str) -> Illegal {
    Illegal::Step { path: path.to_owned(), state: state.name(), event }
}

fn unreached(path: &str, event: &'static str) -> Illegal {
    Illegal::Step { path: path.to_owned(), state: "not reached", event }
}

fn millis(duration: Duration) -> Millis {
    Millis::try_from(duration.as_millis()).unwrap_or(Millis::MAX)
}
