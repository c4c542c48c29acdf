//! Workflows as they are stored.

use jiff::Timestamp;
use registry::{Registry, StoredWorkflow, UnreadableWorkflow};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Fault, time};

/// The newest workflow of each name.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Workflows {
    /// By name.
    pub workflows: Vec<WorkflowInfo>,
}

/// A workflow with its document.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Workflow {
    /// What there is to say of it.
    #[serde(flatten)]
    pub info: WorkflowInfo,
    /// The YAML document, byte for byte.
    pub source: String,
}

/// A workflow without its document.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub struct WorkflowInfo {
    /// Its name.
    pub name: String,
    /// SHA-256 of the document, in hex. A run keeps the one that it started with.
    pub digest: String,
    /// What it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The plugins that it runs, by name.
    pub plugins: Vec<String>,
    /// What starts it.
    pub started_by: Vec<Starter>,
    /// That nothing starts it now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disabled: Option<Disabled>,
    /// What is wrong with a document that an earlier version of Quell took and that this one cannot read: nothing starts it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unreadable: Option<String>,
    /// Who put it.
    pub by: String,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    pub time: Timestamp,
}

/// What starts a workflow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Starter {
    /// Events.
    Events,
    /// The time.
    Schedules,
    /// A person.
    People,
}

impl Starter {
    fn of(workflow: &workflow::Workflow) -> Vec<Starter> {
        let starters = [
            (Starter::Events, workflow.events().next().is_some()),
            (Starter::Schedules, workflow.schedules().next().is_some()),
            (Starter::People, workflow.starts_by_hand()),
        ];
        starters.into_iter().filter_map(|(starter, does)| does.then_some(starter)).collect()
    }

    /// The word for it.
    pub fn name(self) -> &'static str {
        match self {
            Starter::Events => "events",
            Starter::Schedules => "schedules",
            Starter::People => "people",
        }
    }
}

/// That a workflow is disabled.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Disabled {
    /// Who did it.
    pub by: String,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    pub time: Timestamp,
    /// Why, if they said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// That, and why, a workflow is to be disabled or enabled.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct SwitchWorkflow {
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// A document without problems.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub struct CheckedWorkflow {
    /// The name that it gives itself.
    pub name: String,
    /// SHA-256 of the document, in hex.
    pub digest: String,
    /// What its author should know: nothing that is wrong.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<Fault>,
    /// The same for people.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub text: String,
}

impl Disabled {
    fn of(workflow: &str, known: &Registry) -> Option<Disabled> {
        let switch = known.switch(workflow).filter(|switch| switch.disabled)?;
        Some(Disabled { by: switch.by.clone(), time: time(switch.time), reason: switch.reason.clone() })
    }
}

impl WorkflowInfo {
    /// What there is to say of a stored workflow.
    pub fn of(stored: &StoredWorkflow, known: &Registry) -> WorkflowInfo {
        let workflow = &stored.workflow;
        WorkflowInfo {
            name: workflow.name.clone(),
            digest: workflow.digest.clone(),
            description: workflow.description.clone(),
            plugins: workflow.plugins().into_iter().map(Into::into).collect(),
            started_by: Starter::of(workflow),
            disabled: Disabled::of(&workflow.name, known),
            unreadable: None,
            by: stored.by.clone(),
            time: time(stored.time),
        }
    }

    /// What there is to say of a stored workflow that cannot be read.
    pub fn unreadable(stored: &UnreadableWorkflow, known: &Registry) -> WorkflowInfo {
        WorkflowInfo {
            name: stored.name.clone(),
            digest: stored.digest.clone(),
            description: None,
            plugins: vec![],
            started_by: vec![],
            disabled: Disabled::of(&stored.name, known),
            unreadable: Some(stored.problems.clone()),
            by: stored.by.clone(),
            time: time(stored.time),
        }
    }
}

impl From<&workflow::Workflow> for CheckedWorkflow {
    fn from(workflow: &workflow::Workflow) -> CheckedWorkflow {
        CheckedWorkflow {
            name: workflow.name.clone(),
            digest: workflow.digest.clone(),
            notes: workflow.notes.iter().map(Fault::from).collect(),
            text: workflow.notes.render(false),
        }
    }
}
