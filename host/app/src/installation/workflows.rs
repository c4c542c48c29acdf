//! Workflows: checked against the plugins and accounts that there are, then stored; disabled and enabled.

use std::collections::BTreeMap;
use std::sync::Arc;

use registry::{Registry, StoredWorkflow, UnreadableWorkflow, workflow_disabled, workflow_enabled, workflow_put};
use workflow::{PluginSchema, Surroundings, Workflow};

use super::{Error, Installation, Person, Result};

/// What must hold of the stored workflow, for a change to be made (RFC 9110, 13.1).
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Precondition {
    /// Nothing.
    #[default]
    None,
    /// There is one, and its digest is one of these; without any, whatever it is.
    Is(Option<Vec<String>>),
    /// There is none.
    Absent,
}

impl Installation {
    /// Checks a workflow's document against what is installed.
    pub async fn check_workflow(&self, file: &str, source: &str) -> Result<Workflow> {
        let (known, file, source) = (self.known.clone(), file.to_owned(), source.to_owned());
        let check = move || {
            let (plugins, workflows) = {
                let known = known.read();
                (
                    schemas(&known),
                    known.workflows().map(|stored| (stored.workflow.name.clone(), stored.workflow.clone())).collect(),
                )
            };
            let surroundings = Surroundings { plugins: Some(&plugins), workflows: Some(&workflows) };
            workflow::load(&file, &source, &surroundings).map_err(Error::Workflow)
        };
        let workflow = self.checks.make("checking the workflow", check).await??;
        for schedule in workflow.schedules() {
            self.place(schedule).map_err(Error::Invalid)?;
        }
        Ok(workflow)
    }

    /// Stores a workflow under its name, if the precondition holds. Runs that are under way keep the one that they started
    /// with.
    pub async fn put_workflow(
        &self,
        name: &str,
        source: &str,
        precondition: &Precondition,
        by: &Person,
    ) -> Result<Arc<StoredWorkflow>> {
        let workflow = self.check_workflow(&format!("{name}.yaml"), source).await?;
        if workflow.name != name {
            return Err(Error::Invalid(format!("the document's name is `{}`, not `{name}`", workflow.name)));
        }
        let mut change = self.known.change().await;
        let stored = {
            let known = self.known.read();
            let readable = known.workflow(name).map(|stored| (stored.workflow.digest.clone(), stored.by.clone()));
            readable
                .or_else(|| known.unreadable_workflow(name).map(|stored| (stored.digest.clone(), stored.by.clone())))
        };
        precondition.check(name, stored.as_ref())?;
        if stored.is_none_or(|(digest, _)| digest != workflow.digest) {
            change.append(workflow_put(&workflow, source, self.known.now(), &by.actor())).await?;
        }
        drop(change);
        self.workflow(name)
    }

    /// The newest workflow of this name.
    pub fn workflow(&self, name: &str) -> Result<Arc<StoredWorkflow>> {
        let known = self.known.read();
        match (known.workflow(name), known.unreadable_workflow(name)) {
            (Some(stored), _) => Ok(stored.clone()),
            (None, Some(unreadable)) => Err(unusable(unreadable)),
            (None, None) => Err(Error::NotFound { what: "workflow", name: name.into() }),
        }
    }

    /// Has nothing start the workflow any more, or lets it be started again. Runs under way go on. Again changes nothing.
    pub async fn switch_workflow(&self, name: &str, disable: bool, reason: Option<&str>, by: &Person) -> Result<()> {
        if self.known.read().unreadable_workflow(name).is_none() {
            self.workflow(name)?;
        }
        let mut change = self.known.change().await;
        if self.known.read().is_disabled(name) == disable {
            return Ok(());
        }
        let entry = if disable { workflow_disabled } else { workflow_enabled };
        Ok(change.append(entry(name, reason, self.known.now(), &by.actor())).await?)
    }
}

impl Precondition {
    /// Checks it against the digest of what is stored, and who put that.
    fn check(&self, name: &str, stored: Option<&(String, String)>) -> Result<()> {
        let changed = |(digest, by): &(String, String)| {
            Error::Changed(format!("workflow `{name}` was changed by `{by}`: its digest is `{digest}` now"))
        };
        match (self, stored) {
            (Precondition::None, _) | (Precondition::Is(None), Some(_)) | (Precondition::Absent, None) => Ok(()),
            (Precondition::Is(Some(digests)), Some(stored)) if digests.contains(&stored.0) => Ok(()),
            (Precondition::Is(Some(_)), Some(stored)) => Err(changed(stored)),
            (Precondition::Is(_), None) => Err(Error::Changed(format!("there is no workflow `{name}` yet"))),
            (Precondition::Absent, Some((_, by))) => {
                Err(Error::Changed(format!("there is a workflow `{name}` already, by `{by}`")))
            }
        }
    }
}

/// Why a workflow that cannot be read is not used.
pub(super) fn unusable(UnreadableWorkflow { name, by, problems, .. }: &UnreadableWorkflow) -> Error {
    Error::Conflict(format!(
        "workflow `{name}`, which `{by}` put, cannot be read by this Quell: put a document without these problems\n{problems}"
    ))
}

fn schemas(registry: &Registry) -> BTreeMap<String, PluginSchema> {
    let used = registry.plugins().into_iter().filter(|plugin| registry.is_in_use(plugin));
    used.map(|plugin| {
        let (input, output) = (Some(plugin.input_schema.clone()), Some(plugin.output_schema.clone()));
        (plugin.uploaded.name.clone(), PluginSchema { input, output })
    })
    .collect()
}
