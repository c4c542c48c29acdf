//! Workflows: documents by digest. A name points to the newest; a run keeps the one that it started with. A name can be
//! disabled: then nothing starts its workflow, whatever the newest is.

use std::sync::Arc;

use ledger::{Draft, Malformed, Millis, Record};
use serde::Deserialize;
use serde_json::json;
use workflow::{Surroundings, Workflow};

use crate::read::{facts, text};
use crate::{Registry, UnreadableWorkflow};

/// A workflow as it is stored.
#[derive(Clone, Debug)]
pub struct StoredWorkflow {
    /// The checked workflow.
    pub workflow: Arc<Workflow>,
    /// The document.
    pub source: String,
    /// Who put it.
    pub by: String,
    /// When.
    pub time: Millis,
}

/// Whether a workflow may be started, and who said so last.
#[derive(Clone, Debug, PartialEq)]
pub struct Switch {
    /// Whether nothing starts it.
    pub disabled: bool,
    /// Who.
    pub by: String,
    /// When.
    pub time: Millis,
    /// Why, if they said.
    pub reason: Option<String>,
}

#[derive(Deserialize)]
struct Switched {
    name: String,
    reason: Option<String>,
}

#[derive(Deserialize)]
struct Put {
    name: String,
    digest: String,
}

/// The entry of a workflow that was checked.
pub fn workflow_put(workflow: &Workflow, source: &str, time: Millis, by: &str) -> Draft {
    let data = json!({ "name": workflow.name, "digest": workflow.digest });
    Draft::new("workflow.put", time, by, data).with_bytes("source", source.into())
}

/// The entry of a workflow that nothing is to start any more.
pub fn workflow_disabled(name: &str, reason: Option<&str>, time: Millis, by: &str) -> Draft {
    Draft::new("workflow.disabled", time, by, json!({ "name": name, "reason": reason }))
}

/// The entry of a workflow that may be started again.
pub fn workflow_enabled(name: &str, reason: Option<&str>, time: Millis, by: &str) -> Draft {
    Draft::new("workflow.enabled", time, by, json!({ "name": name, "reason": reason }))
}

impl Registry {
    pub(crate) fn apply_workflow(&mut self, record: &Record) -> Result<(), Malformed> {
        match record.entry.kind.as_str() {
            "workflow.put" => self.apply_put(record),
            kind @ ("workflow.disabled" | "workflow.enabled") => {
                let Switched { name, reason } = facts(record)?;
                let (by, time) = (record.entry.actor.clone(), record.entry.time);
                self.switches.insert(name, Switch { disabled: kind == "workflow.disabled", by, time, reason });
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn apply_put(&mut self, record: &Record) -> Result<(), Malformed> {
        let Put { name, digest } = facts(record)?;
        let (by, time) = (record.entry.actor.clone(), record.entry.time);
        let source = text(record, "source").map_err(|missing| (None, missing.to_string()));
        let loaded = source.and_then(|source| match workflow::load(&name, &source, &Surroundings::default()) {
            Ok(workflow) => Ok((Arc::new(workflow), source)),
            Err(problems) => Err((Some(source), problems.render(false))),
        });
        match loaded {
            Ok((workflow, source)) => {
                let stored = StoredWorkflow { workflow, source, by, time };
                self.workflows.insert(digest.clone(), Arc::new(stored));
            }
            Err((source, problems)) => {
                let (name, digest) = (name.clone(), digest.clone());
                let unreadable = UnreadableWorkflow { name, digest: digest.clone(), source, problems, by, time };
                self.unreadable.insert(digest, Arc::new(unreadable));
            }
        }
        self.current.insert(name, digest);
        Ok(())
    }

    /// The newest workflow of this name, if it can be read.
    pub fn workflow(&self, name: &str) -> Option<&Arc<StoredWorkflow>> {
        self.workflows.get(self.current.get(name)?)
    }

    /// Who disabled or enabled the workflow of this name last, if anybody did.
    pub fn switch(&self, name: &str) -> Option<&Switch> {
        self.switches.get(name)
    }

    /// Whether nothing may start the workflow of this name.
    pub fn is_disabled(&self, name: &str) -> bool {
        self.switch(name).is_some_and(|switch| switch.disabled)
    }

    /// The workflow with this digest, newest or not.
    pub fn workflow_by_digest(&self, digest: &str) -> Option<&Arc<StoredWorkflow>> {
        self.workflows.get(digest)
    }

    /// The newest workflow of each name, as far as they can be read.
    pub fn workflows(&self) -> impl Iterator<Item = &Arc<StoredWorkflow>> {
        self.current.values().filter_map(|digest| self.workflows.get(digest))
    }
}
