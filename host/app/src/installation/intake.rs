//! Events: checked, matched, and on disk before they are acknowledged.

use std::collections::BTreeMap;

use ledger::{Draft, EVENTS, Fence};
use registry::{event_disabled, event_refused, event_unmatched};
use runner::{Same, Start, Started};
use serde_json::{Map, Value};

use super::{Error, Installation, Person, Result};

/// What an event led to.
#[derive(Default)]
pub struct Intake {
    /// The runs, each with the workflow that it is of.
    pub runs: Vec<(String, Started)>,
    /// The workflows that it is for and that are disabled.
    pub disabled: Vec<String>,
}

impl Installation {
    /// Takes an event in EventBridge's envelope
    /// (<https://docs.aws.amazon.com/eventbridge/latest/ref/events-structure.html>) and starts every workflow that it is
    /// for. An event that was taken before starts nothing new. A workflow that cannot take it does not keep the others from
    /// it; the ledger has why.
    pub async fn event(&self, event: Value, by: &Person) -> Result<Intake> {
        let (account, region) = self.envelope(&event, by).await?;
        let workflows: Vec<_> = self.known.read().workflows().map(|stored| stored.workflow.clone()).collect();
        let (mut intake, mut refusal) = (Intake::default(), None);
        for workflow in workflows {
            let name = workflow.name.clone();
            let events = match workflow.starts(&event) {
                Ok(events) if events.is_empty() => continue,
                Ok(events) => events,
                Err(error) => {
                    refusal = Some(self.refuse(&event, &format!("workflow `{name}`: {error}"), by).await?);
                    continue;
                }
            };
            if self.known.read().is_disabled(&name) {
                self.note(event_disabled(&event, &name, self.known.now(), &by.actor())).await?;
                intake.disabled.push(name);
                continue;
            }
            // Asked only when there is something to start: it reads the ledger.
            let cause = match self.cause(&event).await {
                Ok(cause) => cause,
                Err(error @ Error::Unavailable(_)) => return Err(error),
                Err(error) => {
                    refusal = Some(self.refuse(&event, &format!("workflow `{name}`: {error}"), by).await?);
                    continue;
                }
            };
            for part in events {
                let start = Start {
                    workflow: workflow.clone(),
                    plugins: BTreeMap::new(),
                    event: Some(part),
                    same: Same::Event,
                    cause: cause.clone(),
                    inputs: Value::Object(Map::new()),
                    account: account.clone(),
                    region: region.clone(),
                    by: by.name.clone(),
                };
                match self.start(start).await {
                    Ok(started) => intake.runs.push((name.clone(), started)),
                    // The sender tries again; what did start is known by its deduplication key.
                    Err(error @ Error::Unavailable(_)) => return Err(error),
                    Err(error) => {
                        refusal = Some(self.refuse(&event, &format!("workflow `{name}`: {error}"), by).await?);
                    }
                }
            }
        }
        match (refusal, intake.runs.is_empty() && intake.disabled.is_empty()) {
            (Some(refusal), true) => return Err(refusal),
            (None, true) => self.note(event_unmatched(&event, self.known.now(), &by.actor())).await?,
            (_, false) => {}
        }
        Ok(intake)
    }

    /// Records that an event was refused.
    async fn refuse(&self, event: &Value, why: &str, by: &Person) -> Result<Error> {
        self.note(event_refused(event, why, self.known.now(), &by.actor())).await?;
        Ok(Error::Invalid(why.into()))
    }

    /// The account and region of an event that is complete and of an account that is configured. A refusal is recorded.
    async fn envelope(&self, event: &Value, by: &Person) -> Result<(String, String)> {
        let refusal = match workflow::check_envelope(event) {
            Err(error) => Error::Invalid(error.to_string()),
            Ok(()) => {
                let text = |field: &str| event.get(field).and_then(Value::as_str).unwrap_or_default().to_string();
                let (account, region) = (text("account"), text("region"));
                match self.operations.accounts().scope(&account, &region) {
                    Ok(_) => return Ok((account, region)),
                    Err(error) => Error::Forbidden(error.to_string()),
                }
            }
        };
        self.note(event_refused(event, &refusal.to_string(), self.known.now(), &by.actor())).await?;
        Err(refusal)
    }

    /// Events that start no run have a chain of their own.
    pub(super) async fn note(&self, draft: Draft) -> Result<()> {
        self.ledger.append(EVENTS, Fence::Open, vec![draft], None).await?;
        Ok(())
    }
}
