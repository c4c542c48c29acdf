//! Inputs: what people say to a run. Anyone may append one, without an epoch; that it fits is checked against the run
//! as it is at the moment of the commit.

use std::collections::BTreeSet;

use ledger::{Fence, LedgerError, Millis};
use workflow::{Decision, DecisionError, Event, NotRetryable, Principal, Run, Verdict, Workflow};

use crate::drive::DriveError;
use crate::places::rooms;
use crate::record::{person, stored};
use crate::summary::summary;
use crate::{History, HistoryError, Runner};

/// Why an input was not taken. Nothing was appended.
#[derive(Debug, thiserror::Error)]
pub enum InputError {
    /// The decision does not fit.
    #[error(transparent)]
    Decision(#[from] DecisionError),
    /// The run has ended.
    #[error("run `{run}` has ended: {status}")]
    Ended {
        /// The run.
        run: String,
        /// How.
        status: String,
    },
    /// The run cannot go on.
    #[error(transparent)]
    NotRetryable(#[from] NotRetryable),
    /// The run would take a place, and none is free.
    #[error("the run cannot go on now: {0}")]
    Full(String),
    /// No call of the run with this key waits for a person.
    #[error("call `{call}` does not wait for a review")]
    NotInReview {
        /// The call key that was given.
        call: String,
    },
    /// The run cannot be read or written.
    #[error(transparent)]
    History(#[from] HistoryError),
    /// The run's workflow is missing.
    #[error(transparent)]
    Drive(#[from] DriveError),
}

impl From<LedgerError> for InputError {
    fn from(error: LedgerError) -> InputError {
        InputError::History(error.into())
    }
}

/// What a person says about an approval.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    /// What.
    pub decision: Decision,
    /// Why, if they say.
    pub reason: Option<String>,
    /// When the question was asked that they answer. It need not be said of one that was asked once.
    pub asked: Option<Millis>,
}

impl Runner {
    /// Takes a person's decision on the approval `path`. The same decision by the same person again changes nothing.
    pub async fn decide(
        &self,
        run: &str,
        path: &str,
        by: impl Into<Principal>,
        groups: &BTreeSet<String>,
        said: Said,
    ) -> Result<(), InputError> {
        let by = by.into();
        let Said { decision, reason, asked } = said;
        let check = |run: &Run, now| {
            run.decide_check(path, &by, decision, groups, now)?;
            run.asks(path, asked)
        };
        self.input(run, &by.name, |_, run, now| match check(run, now) {
            Ok(()) => {
                let (path, by) = (path.to_string(), by.clone());
                Ok(Some(Event::Decided { path, by, decision, reason: reason.clone() }))
            }
            Err(DecisionError::Duplicate) => Ok(None),
            Err(error) => Err(error.into()),
        })
        .await
    }

    /// Has the run cancelled: no step starts any more, and running ones are stopped. Again changes nothing.
    pub async fn cancel(&self, run: &str, by: &str, reason: Option<String>) -> Result<(), InputError> {
        self.input(run, by, |_, run, _| {
            if run.status().is_final() {
                return Err(InputError::Ended { run: run.info().id.clone(), status: run.status().name().into() });
            }
            let event = Event::CancelRequested { by: by.into(), reason: reason.clone() };
            Ok(run.cancelled().is_none().then_some(event))
        })
        .await
    }

    /// Has a run that failed or timed out go on from the step that failed, with the plugins and the workflow that it
    /// started with. Approvals that no longer cover what is done again are asked again.
    pub async fn retry(&self, run: &str, by: impl Into<Principal>) -> Result<(), InputError> {
        let by = by.into();
        self.input(run, &by.name, |workflow, run, now| Ok(Some(workflow::retry(workflow, run, &by, now)?))).await
    }

    /// Takes a person's word on what became of the call, whose outcome nothing else can tell.
    pub async fn settle(
        &self,
        run: &str,
        call: &str,
        by: &str,
        verdict: Verdict,
        reason: &str,
    ) -> Result<(), InputError> {
        self.input(run, by, |_, run, _| {
            let review = run.open_reviews().find(|(_, _, open)| *open == call);
            let (path, attempt, _) = review.ok_or_else(|| InputError::NotInReview { call: call.into() })?;
            Ok(Some(Event::ReviewSettled {
                path: path.into(),
                attempt,
                call: call.into(),
                by: by.into(),
                verdict,
                reason: reason.into(),
            }))
        })
        .await
    }

    /// Appends what `think` makes of the run, thinking again whenever the run moves in between.
    async fn input(
        &self,
        run: &str,
        by: &str,
        think: impl Fn(&Workflow, &Run, Millis) -> Result<Option<Event>, InputError>,
    ) -> Result<(), InputError> {
        let (mut history, _) = History::load(self.ledger.as_ref(), run).await?;
        let workflow = self.workflow(&history)?;
        loop {
            let now = self.clock.now();
            let Some(event) = think(&workflow, &history.run, now)? else { return Ok(()) };
            let (draft, event) = stored(&event, now, &person(by)).map_err(HistoryError::from)?;
            let mut then = history.clone();
            then.apply(&event, then.moved + 1, now)?;
            let fence = match &event {
                // A run that had ended takes a place again.
                Event::Retried { .. } => Fence::Admit { moved: history.moved, rooms: rooms(&workflow, &history) },
                _ => Fence::Input { moved: history.moved },
            };
            match self.ledger.append(run, fence, vec![draft], Some(summary(&workflow, &then))).await {
                Ok(_) => {
                    self.scheduler.now(run);
                    return Ok(());
                }
                Err(error @ LedgerError::Full { .. }) => return Err(InputError::Full(error.to_string())),
                Err(LedgerError::Moved { .. }) => history.catch_up(self.ledger.as_ref()).await?,
                Err(error) => return Err(error.into()),
            }
        }
    }
}
