//! Events: checked, matched, and on disk before they are acknowledged.

use std::collections::BTreeMap;

use ledger::{Draft, EVENTS, Fence};
use registry::{event_refused, event_unmatched};
use runner::{Start, Started};
use serde_json::{Map, Value};

use super::{Error, Installation, Person, Result};

/// What an event led to: each workflow that it is for, and the run.
pub struct Intake {
    /// The runs, by workflow.
    pub runs: Vec<(String, Started)>,
}

impl Installation {
    /// Takes an event in EventBridge's envelope
    /// (<https://docs.aws.amazon.com/eventbridge/latest/ref/events-structure.html>) and starts every workflow that it is
    /// for. An event that was taken before starts nothing new. A workflow that cannot take it does not keep the others from
    /// it; the ledger has why.
    pub async fn event(&self, event: Value, by: &Person) -> Result<Intake> {
        let (account, region) = self.envelope(&event, by).await?;
        let matching: Vec<_> = {
            let known = self.known.read();
            known.workflows().map(|stored| stored.workflow.clone()).filter(|flow| flow.matches(&event)).collect()
        };
        let (mut runs, mut refusal) = (vec![], None);
        for workflow in matching {
            let name = workflow.name.clone();
            let start = Start {
                workflow,
                plugins: BTreeMap::new(),
                event: Some(event.clone()),
                dedupe: true,
                inputs: Value::Object(Map::new()),
                account: account.clone(),
                region: region.clone(),
                by: by.name.clone(),
            };
            match self.start(start).await {
                Ok(started) => runs.push((name, started)),
                // The sender tries again; what did start is known by its deduplication key.
                Err(error @ Error::Unavailable(_)) => return Err(error),
                Err(error) => {
                    let why = format!("workflow `{name}`: {error}");
                    self.note(event_refused(&event, &why, self.known.now(), &by.actor())).await?;
                    refusal = Some(Error::Invalid(why));
                }
            }
        }
        if let (true, Some(refusal)) = (runs.is_empty(), refusal) {
            return Err(refusal);
        }
        if runs.is_empty() {
            self.note(event_unmatched(&event, self.known.now(), &by.actor())).await?;
        }
        Ok(Intake { runs })
    }

    /// The account and region of an event that is complete and of an account that is configured. A refusal is recorded.
    async fn envelope(&self, event: &Value, by: &Person) -> Result<(String, String)> {
        let refusal = match envelope_problem(event) {
            Some(problem) => Error::Invalid(problem),
            None => {
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
    async fn note(&self, draft: Draft) -> Result<()> {
        self.ledger.append(EVENTS, Fence::Open, vec![draft], None).await?;
        Ok(())
    }
}

/// What is wrong with an event's envelope.
fn envelope_problem(event: &Value) -> Option<String> {
    let Some(fields) = event.as_object() else {
        return Some("an event is a JSON object in EventBridge's envelope".into());
    };
    for field in ["id", "source", "detail-type", "account", "region", "time"] {
        match fields.get(field) {
            Some(Value::String(text)) if !text.is_empty() => {}
            Some(_) => return Some(format!("the event's `{field}` is not a text")),
            None => {
                return Some(format!(
                    "this is not an EventBridge event: it has no `{field}`; what a Config rule's Lambda or an SNS topic \
                     receives is not one"
                ));
            }
        }
    }
    match fields.get("detail") {
        Some(Value::Object(_)) => None,
        _ => Some("the event's `detail` is not an object".into()),
    }
}
