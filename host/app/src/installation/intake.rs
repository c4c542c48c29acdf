//! Events: checked, matched, and on disk before they are acknowledged.
//!
//! A sender is told within a few seconds, whatever the disk does: EventBridge gives up after five. What is taken is carried
//! to its end then all the same, and the sender's next try finds it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use operations::About;
use registry::{NotStarted, UnreadableWorkflow};
use runner::{Same, Start, Started};
use serde_json::{Map, Value};
use tokio::sync::Semaphore;
use tracing::Instrument as _;
use workflow::Workflow;

use super::source::Source;
use super::workflows::unusable;
use super::{Error, Installation, Result};

/// How long a sender waits for an answer
/// (<https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-api-destinations.html>: five seconds).
const PATIENCE: Duration = Duration::from_secs(4);
/// How many events are taken at once. Those that are ready share one commit, so that more would only take memory.
pub(super) const AT_ONCE: usize = 256;

/// What an event led to.
#[derive(Default)]
pub struct Intake {
    /// The runs, each with the workflow that it is of.
    pub runs: Vec<(String, Started)>,
    /// The workflows that it is for and that are disabled.
    pub disabled: Vec<String>,
}

/// What came of an event, workflow by workflow.
#[derive(Default)]
struct Course {
    intake: Intake,
    refusal: Option<Error>,
}

impl Installation {
    /// As [`Installation::take`], for somebody who waits: after a few seconds, or while too many are at it, it is refused,
    /// to be tried again.
    pub async fn event(self: &Arc<Self>, event: Value, by: Source) -> Result<Intake> {
        let busy = |_| Error::Busy(format!("{AT_ONCE} events are being taken already"));
        let place = self.taking.clone().try_acquire_owned().map_err(busy)?;
        let here = self.clone();
        let take = async move {
            let _place = place;
            here.take(&event, &by).await
        };
        match tokio::time::timeout(PATIENCE, tokio::spawn(take.in_current_span())).await {
            Ok(Ok(taken)) => taken,
            Ok(Err(panic)) => Err(Error::Unavailable(panic.to_string())),
            Err(_) => {
                let why = format!("an event is not on disk after {} s; it may still get there", PATIENCE.as_secs());
                Err(Error::Unavailable(why))
            }
        }
    }

    /// Takes an event in EventBridge's envelope
    /// (<https://docs.aws.amazon.com/eventbridge/latest/ref/events-structure.html>) and starts every workflow that it is
    /// for. An event that was taken before starts nothing new. A workflow that cannot take it does not keep the others from
    /// it; the ledger has why. Every error but [`Error::Unavailable`] is on record as well, within what is kept of events.
    pub async fn take(&self, event: &Value, by: &Source) -> Result<Intake> {
        self.envelope(event, by).await?;
        let workflows: Vec<_> = self.known.read().workflows().map(|stored| stored.workflow.clone()).collect();
        let mut course = Course::default();
        for unreadable in self.unreadable() {
            course.refusal = Some(self.refuse(event, unusable(&unreadable), by).await?);
        }
        for workflow in workflows {
            self.take_for(&workflow, event, by, &mut course).await?;
            // Matching is work, of which others wait for the end: not for that of all workflows.
            tokio::task::yield_now().await;
        }
        let Course { intake, refusal } = course;
        match (refusal, intake.runs.is_empty() && intake.disabled.is_empty()) {
            (Some(refusal), true) => return Err(refusal),
            (None, true) => self.not_started(event, NotStarted::Unmatched, &by.actor()).await?,
            (_, false) => {}
        }
        Ok(intake)
    }

    /// The workflows that may be started and cannot be read: whether an event is for one of them, nobody can tell.
    fn unreadable(&self) -> Vec<Arc<UnreadableWorkflow>> {
        let known = self.known.read();
        known.unreadable_workflows().filter(|unreadable| !known.is_disabled(&unreadable.name)).cloned().collect()
    }

    /// What the event leads to in one workflow.
    async fn take_for(&self, workflow: &Arc<Workflow>, event: &Value, by: &Source, course: &mut Course) -> Result<()> {
        let name = &workflow.name;
        let told = |error: &dyn std::fmt::Display| format!("workflow `{name}`: {error}");
        let events = match workflow.starts(event) {
            Ok(events) if events.is_empty() => return Ok(()),
            Ok(events) => events,
            Err(error) => {
                course.refusal = Some(self.refuse(event, Error::Invalid(told(&error)), by).await?);
                return Ok(());
            }
        };
        if self.known.read().is_disabled(name) {
            self.not_started(event, NotStarted::Disabled { workflow: name }, &by.actor()).await?;
            course.intake.disabled.push(name.clone());
            return Ok(());
        }
        // Asked only when there is something to start: it reads the ledger.
        let cause = match self.cause(event).await {
            Ok(cause) => cause,
            Err(error @ Error::Unavailable(_)) => return Err(error),
            Err(error) => {
                course.refusal = Some(self.refuse(event, Error::Invalid(told(&error)), by).await?);
                return Ok(());
            }
        };
        for part in events {
            // One after the other: each is a copy of what is around its item.
            let part = part.to_event();
            let (account, region) = match self.place_of(&part) {
                Ok(place) => place,
                Err(error) => {
                    course.refusal = Some(self.refuse(&part, Error::Forbidden(told(&error)), by).await?);
                    continue;
                }
            };
            let start = Start {
                workflow: workflow.clone(),
                plugins: BTreeMap::new(),
                event: Some(part),
                same: Same::Event,
                cause: cause.clone(),
                inputs: Value::Object(Map::new()),
                account,
                region,
                may_cancel: true,
                by: by.principal.clone(),
            };
            match self.start(start).await {
                Ok(started) => course.intake.runs.push((name.clone(), started)),
                // The sender tries again; what did start is known by its deduplication key.
                Err(error @ Error::Unavailable(_)) => return Err(error),
                Err(error) => course.refusal = Some(self.refuse(event, Error::Invalid(told(&error)), by).await?),
            }
        }
        Ok(())
    }

    /// Where the run of an event acts: in the account and the region that it is about, if the event's own may speak for
    /// them.
    fn place_of(&self, event: &Value) -> Result<(String, String)> {
        self.place_for(event, text(event, "account"), text(event, "region"))
    }

    /// The same, of an event of this account and region.
    fn place_for(&self, event: &Value, account: &str, region: &str) -> Result<(String, String)> {
        let forbidden = |error: &dyn std::fmt::Display| Error::Forbidden(error.to_string());
        let subject = workflow::subject(event).map_err(|error| forbidden(&error))?;
        let about = About { account: subject.account, region: subject.region, partition: subject.partition };
        let place = self.operations.accounts().place(account, region, &about);
        let scope = place.map_err(|error| forbidden(&error))?;
        Ok((scope.account, scope.region))
    }

    /// Refuses to start a run by hand elsewhere than where its event would have it act. An event that names no account or
    /// no region, as one that was written by hand may, is taken for one of the run's.
    pub(super) fn check_place(&self, event: &Value, account: &str, region: &str) -> Result<()> {
        let own = |field: &str, run: &str| match text(event, field) {
            "" => run.to_owned(),
            named => named.to_owned(),
        };
        let (there, in_region) = self.place_for(event, &own("account", account), &own("region", region))?;
        if (there.as_str(), in_region.as_str()) == (account, region) {
            return Ok(());
        }
        Err(Error::Forbidden(format!(
            "the event is about the account `{there}` in `{in_region}`, and the run would act in the account `{account}` in \
             `{region}`: start it where its event is about"
        )))
    }

    /// Records that an event was refused.
    pub(super) async fn refuse(&self, event: &Value, why: Error, by: &Source) -> Result<Error> {
        self.not_started(event, NotStarted::Refused { why: &why.to_string() }, &by.actor()).await?;
        Ok(why)
    }

    /// Refuses what is no event, and events of accounts that are not known here, or not the source's to bring.
    async fn envelope(&self, event: &Value, by: &Source) -> Result<()> {
        let (account, region) = (text(event, "account"), text(event, "region"));
        let refusal = match workflow::check_envelope(event) {
            Err(error) => Error::Invalid(error.to_string()),
            Ok(()) => match self.operations.accounts().hears(account, region) {
                Err(error) => Error::Forbidden(error.to_string()),
                Ok(()) => match by.may_bring(account) {
                    Err(error) => error,
                    Ok(()) => return Ok(()),
                },
            },
        };
        Err(self.refuse(event, refusal, by).await?)
    }
}

/// Places for events that are being taken.
pub(super) fn places() -> Arc<Semaphore> {
    Arc::new(Semaphore::new(AT_ONCE))
}

fn text<'a>(event: &'a Value, field: &str) -> &'a str {
    event.get(field).and_then(Value::as_str).unwrap_or_default()
}
