//! Runs: started by people, looked at, decided on, cancelled, settled.

use std::collections::BTreeMap;
use std::sync::Arc;

use ledger::{Millis, Parking, Record};
use registry::ScopeKind;
use runner::{History, Said, Same, Start, Started};
use serde_json::Value;
use workflow::{Verdict, Workflow};

use super::{Error, Installation, Person, Result};

/// A run as it is now.
pub struct RunView {
    /// The fold of its events.
    pub history: History,
    /// Its workflow, when it is stored here.
    pub workflow: Option<Arc<Workflow>>,
    /// Its entries.
    pub records: Vec<Record>,
    /// That it is parked.
    pub parked: Option<Parking>,
    /// What is wrong with the first entry that cannot be followed: the rest is not shown.
    pub unreadable: Option<String>,
}

/// A later event that the workflow's `dedupe` says is about the same as the run's.
pub struct Update {
    /// When it came.
    pub time: Millis,
    /// The event, while it is kept.
    pub event: Option<Value>,
}

impl RunView {
    /// The updates, in the order in which they came.
    pub fn updates(&self) -> impl Iterator<Item = Update> {
        let updates = self.records.iter().filter(|record| record.entry.kind == "note.updated");
        updates.map(|record| Update { time: record.entry.time, event: record.payload("event").ok() })
    }
}

impl Installation {
    /// Starts a run by hand. It is on disk when this returns.
    pub async fn start_run(
        &self,
        workflow: &str,
        event: Option<Value>,
        inputs: Value,
        account: &str,
        region: &str,
        by: &Person,
    ) -> Result<Started> {
        let stored = self.workflow(workflow)?;
        if self.known.read().is_disabled(workflow) {
            let message =
                format!("workflow `{workflow}` is disabled: `quell workflow enable {workflow}` lets it start");
            return Err(Error::Conflict(message));
        }
        if !stored.workflow.starts_by_hand() {
            let message = format!(
                "workflow `{workflow}` is not started by hand: its `on` has other triggers only; add `- manual: true` to it"
            );
            return Err(Error::Conflict(message));
        }
        // What is given can be more work than what a workflow gives itself.
        let (document, given) = (stored.workflow.clone(), inputs.clone());
        let checked = self.checks.make("checking the inputs", move || document.inputs(&given).map(drop)).await?;
        checked.map_err(|error| Error::Invalid(error.to_string()))?;
        if let Some(event) = &event {
            self.check_place(event, account, region)?;
        }
        let start = Start {
            workflow: stored.workflow.clone(),
            plugins: BTreeMap::new(),
            event,
            same: Same::Nothing,
            cause: None,
            inputs,
            account: account.into(),
            region: region.into(),
            may_cancel: by.scopes.has(ScopeKind::Operate),
            by: by.principal(),
        };
        self.start(start).await
    }

    /// Starts a run with the versions of its plugins that are in use, in an account and region that are configured.
    pub(super) async fn start(&self, start: Start) -> Result<Started> {
        let scope = self.operations.accounts().scope(&start.account, &start.region);
        scope.map_err(|error| Error::Invalid(error.to_string()))?;
        let workflow = self.linked(&start.workflow)?;
        let plugins = self.pin(&workflow)?;
        Ok(self.runner.start(Start { workflow, plugins, ..start }).await?)
    }

    /// The workflow with the newest versions of those that it calls.
    fn linked(&self, workflow: &Arc<Workflow>) -> Result<Arc<Workflow>> {
        if workflow.calls().is_empty() {
            return Ok(workflow.clone());
        }
        let known = self.known.read();
        let linked = workflow.link(&|name| known.workflow(name).map(|stored| stored.workflow.clone()));
        linked.map(Arc::new).map_err(|error| Error::Conflict(error.to_string()))
    }

    fn pin(&self, workflow: &Workflow) -> Result<BTreeMap<String, String>> {
        let known = self.known.read();
        let mut pinned = BTreeMap::new();
        for name in workflow.all_plugins() {
            let plugin = known.version_in_use(name).ok_or_else(|| {
                Error::Conflict(format!("workflow `{}` uses the plugin `{name}`: upload it first", workflow.name))
            })?;
            pinned.insert(name.to_string(), plugin.uploaded.digest.clone());
        }
        Ok(pinned)
    }

    /// A run as it is now.
    pub async fn run(&self, run: &str) -> Result<RunView> {
        let parked = self.ledger.summary(run).await?.and_then(|summary| summary.parked);
        let (history, records, wrong) = History::load_as_far(self.ledger.as_ref(), run).await?;
        // One that is not stored here any more is shown without its document.
        let workflow = self.runner.workflow(&history).ok();
        Ok(RunView { history, workflow, records, parked, unreadable: wrong.map(|wrong| wrong.to_string()) })
    }

    /// A run as it is now, for whoever may see it. For others there is none.
    pub async fn run_for(&self, run: &str, by: &Person) -> Result<RunView> {
        let missing = || Error::NotFound { what: "run", name: run.into() };
        let view = self.run(run).await?;
        if by.may_see(&view.history.run.info().started_by) { Ok(view) } else { Err(missing()) }
    }

    /// Takes a decision on an approval.
    pub async fn decide(&self, run: &str, step: &str, said: Said, by: &Person) -> Result<()> {
        Ok(self.runner.decide(run, step, by.principal(), &by.groups, said).await?)
    }

    /// Cancels a run.
    pub async fn cancel(&self, run: &str, reason: Option<String>, by: &Person) -> Result<()> {
        Ok(self.runner.cancel(run, &by.name, reason).await?)
    }

    /// Has a run that failed go on from the step that failed.
    pub async fn retry(&self, run: &str, by: &Person) -> Result<()> {
        Ok(self.runner.retry(run, by.principal()).await?)
    }

    /// Has a run driven anew: one that hangs, or that is parked.
    pub async fn resume(&self, run: &str, by: &Person) -> Result<()> {
        Ok(self.runner.resume(run, &by.name).await?)
    }

    /// Takes a person's word on a call whose outcome is unknown.
    pub async fn settle(&self, run: &str, call: &str, verdict: Verdict, reason: &str, by: &Person) -> Result<()> {
        if reason.trim().is_empty() {
            return Err(Error::Invalid("a review needs a reason: how do you know what became of the call?".into()));
        }
        Ok(self.runner.settle(run, call, &by.name, verdict, reason).await?)
    }
}

#[cfg(test)]
mod tests {
    use ledger::{Draft, EVENTS, Fence, Ledger as _, LedgerError, SYSTEM};
    use runner::HistoryError;

    use super::*;
    use crate::installation::counting::CountingLedger;

    /// Any token can name a run, and these chains have all that was ever uploaded and sent.
    #[tokio::test]
    async fn the_installations_own_chains_are_never_read_as_runs() {
        let ledger = CountingLedger::new().await;
        for chain in [SYSTEM, EVENTS] {
            let large = Draft::new("event.unmatched", 0, "host", Value::Null).with_bytes("event", vec![b'x'; 1 << 20]);
            ledger.append(chain, Fence::Open, vec![large], None).await.unwrap();
            let loaded = History::load(&ledger, chain).await.map(drop);
            assert!(matches!(&loaded, Err(HistoryError::Ledger(LedgerError::NoRun { .. }))), "{loaded:?}");
            assert_eq!(ledger.payload_bytes(), 0, "of the chain `{chain}`");
        }
    }
}
