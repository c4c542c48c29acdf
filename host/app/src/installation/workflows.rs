//! Workflows: checked against the plugins that there are, then stored.

use std::collections::BTreeMap;
use std::sync::Arc;

use registry::{Registry, StoredWorkflow, workflow_put};
use workflow::{PluginSchema, Surroundings, Workflow};

use super::{Error, Installation, Person, Result};

impl Installation {
    /// Checks a workflow's document against what is installed.
    pub fn check_workflow(&self, file: &str, source: &str) -> Result<Workflow> {
        let (plugins, workflows) = {
            let known = self.known.read();
            (
                schemas(&known),
                known.workflows().map(|stored| (stored.workflow.name.clone(), stored.workflow.clone())).collect(),
            )
        };
        let surroundings = Surroundings { plugins: Some(&plugins), workflows: Some(&workflows) };
        workflow::load(file, source, &surroundings).map_err(Error::Workflow)
    }

    /// Stores a workflow under its name. Runs that are under way keep the one that they started with.
    pub async fn put_workflow(&self, name: &str, source: &str, by: &Person) -> Result<Arc<StoredWorkflow>> {
        let workflow = self.check_workflow(&format!("{name}.yaml"), source)?;
        if workflow.name != name {
            return Err(Error::Invalid(format!("the document's name is `{}`, not `{name}`", workflow.name)));
        }
        let mut change = self.known.change().await;
        if self.known.read().workflow(name).is_none_or(|stored| stored.workflow.digest != workflow.digest) {
            change.append(workflow_put(&workflow, source, self.known.now(), &by.actor())).await?;
        }
        drop(change);
        self.workflow(name)
    }

    /// The newest workflow of this name.
    pub fn workflow(&self, name: &str) -> Result<Arc<StoredWorkflow>> {
        let missing = || Error::NotFound { what: "workflow", name: name.into() };
        self.known.read().workflow(name).cloned().ok_or_else(missing)
    }
}

fn schemas(registry: &Registry) -> BTreeMap<String, PluginSchema> {
    let latest = registry.plugins().into_iter().filter(|plugin| registry.is_latest(plugin));
    latest
        .map(|plugin| {
            let (input, output) = (Some(plugin.input_schema.clone()), Some(plugin.output_schema.clone()));
            (plugin.uploaded.name.clone(), PluginSchema { input, output })
        })
        .collect()
}
