//! Workflows: documents by digest. A name points to the newest; a run keeps the one that it started with.

use std::sync::Arc;

use ledger::{Draft, Malformed, Millis, Record};
use serde::Deserialize;
use serde_json::json;
use workflow::{Surroundings, Workflow};

use crate::Registry;
use crate::read::{facts, malformed, text};

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

impl Registry {
    pub(crate) fn apply_workflow(&mut self, record: &Record) -> Result<(), Malformed> {
        let Put { name, digest } = facts(record)?;
        let source = text(record, "source")?;
        let workflow = workflow::load(&name, &source, &Surroundings::default())
            .map_err(|problems| malformed(record, format!("the workflow does not load: {}", problems.render(false))))?;
        let stored = StoredWorkflow {
            workflow: Arc::new(workflow),
            source,
            by: record.entry.actor.clone(),
            time: record.entry.time,
        };
        self.workflows.insert(digest.clone(), Arc::new(stored));
        self.current.insert(name, digest);
        Ok(())
    }

    /// The newest workflow of this name.
    pub fn workflow(&self, name: &str) -> Option<&Arc<StoredWorkflow>> {
        self.workflows.get(self.current.get(name)?)
    }

    /// The workflow with this digest, newest or not.
    pub fn workflow_by_digest(&self, digest: &str) -> Option<&Arc<StoredWorkflow>> {
        self.workflows.get(digest)
    }

    /// The newest workflow of each name.
    pub fn workflows(&self) -> impl Iterator<Item = &Arc<StoredWorkflow>> {
        self.current.values().filter_map(|digest| self.workflows.get(digest))
    }
}
