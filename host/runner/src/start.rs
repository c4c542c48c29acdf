//! How a run comes to be: by a person or an event, once.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use ledger::{Dedupe, Draft, Fence, LedgerError, Millis};
use serde_json::{Value, json};
use workflow::{Event, RunInfo, Workflow};

use crate::record::{person, stored};
use crate::summary::summary;
use crate::{History, Runner};

/// How long an event may be delivered again: EventBridge tries for 24 hours
/// (<https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-retry-policy.html>).
const DELIVERY: Duration = Duration::from_secs(25 * 3600);

/// A run that is to be started.
#[derive(Clone, Debug)]
pub struct Start {
    /// The workflow, linked with those that it calls.
    pub workflow: Arc<Workflow>,
    /// The digests of its plugins, by name, for the whole run.
    pub plugins: BTreeMap<String, String>,
    /// The event that it answers, if any.
    pub event: Option<Value>,
    /// Whether the event came by itself, so that the workflow's `dedupe` applies. A person who starts a run means it.
    pub dedupe: bool,
    /// Inputs that are given; the others have their defaults.
    pub inputs: Value,
    /// The account that it acts in: twelve digits.
    pub account: String,
    /// The region that it acts in.
    pub region: String,
    /// Who starts it, or whose token brought the event. That person can approve nothing in it.
    pub by: String,
}

/// What became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Started {
    /// It runs, under this id.
    New(String),
    /// The run with this id answers the same thing already, by the workflow's `dedupe`.
    Repeated(String),
}

/// Why a run was not started. There is no trace of it.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The inputs are not what the workflow takes.
    #[error("{0}")]
    Inputs(String),
    /// The deduplication key has no value for this event.
    #[error("`dedupe.key` of workflow `{workflow}`: {why}")]
    Key {
        /// The workflow.
        workflow: String,
        /// What is wrong.
        why: String,
    },
    /// The ledger could not be written.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
}

impl Runner {
    /// Starts a run. It is on disk when this returns.
    pub async fn start(&self, start: Start) -> Result<Started, StartError> {
        let Start { workflow, plugins, event, dedupe, inputs, account, region, by } = start;
        let now = self.clock.now();
        let inputs = workflow.inputs(&inputs).map_err(|error| StartError::Inputs(error.to_string()))?;
        let dedupe = if dedupe { self.dedupe(&workflow, event.as_ref(), now)? } else { None };
        let id = format!("r-{}", uuid::Uuid::now_v7().simple());
        let info = RunInfo {
            id: id.clone(),
            workflow: workflow.name.clone(),
            workflow_digest: workflow.digest.clone(),
            account,
            region,
            started_by: by.clone(),
            plugins,
            callees: workflow.callees().map(|(name, callee)| (name.to_owned(), callee.digest.clone())).collect(),
        };
        let started = Event::Started { info, event: event.clone(), inputs };
        let (mut draft, started) = stored(&started, now, &person(&by)).map_err(LedgerError::from)?;
        let key = dedupe.as_ref().map(|dedupe| dedupe.key.clone());
        if let Value::Object(data) = &mut draft.data {
            data.insert("dedupe".into(), json!(key));
        }
        let history = History::new(&started, now, key).map_err(|error| StartError::Inputs(error.to_string()))?;
        let summary = summary(&workflow, &history);
        match self.ledger.append(&id, Fence::New(dedupe), vec![draft], Some(summary)).await {
            Ok(_) => {
                self.scheduler.now(&id);
                Ok(Started::New(id))
            }
            Err(LedgerError::Duplicate { run }) => {
                let event = event.as_ref().and_then(|event| event.get("id"));
                let note = Draft::new("note.repeated", now, person(&by), json!({ "event": event }));
                self.ledger.append(&run, Fence::Open, vec![note], None).await?;
                Ok(Started::Repeated(run))
            }
            Err(error) => Err(error.into()),
        }
    }

    fn dedupe(&self, workflow: &Workflow, event: Option<&Value>, now: Millis) -> Result<Option<Dedupe>, StartError> {
        let Some(event) = event else { return Ok(None) };
        let key = workflow
            .dedupe_key(event)
            .map_err(|error| StartError::Key { workflow: workflow.name.clone(), why: error.to_string() })?;
        // EventBridge delivers at least once, also to a workflow that says nothing about it.
        let key = key.or_else(|| event.get("id").and_then(Value::as_str).map(|id| format!("event {id}")));
        let window = workflow.dedupe.as_ref().map_or(DELIVERY, |rule| rule.window);
        let window = Millis::try_from(window.as_millis()).unwrap_or(Millis::MAX);
        Ok(key.map(|key| Dedupe { workflow: workflow.name.clone(), key, since: now.saturating_sub(window) }))
    }
}
