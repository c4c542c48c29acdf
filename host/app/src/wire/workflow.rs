//! Workflows as they are stored.

use jiff::Timestamp;
use registry::StoredWorkflow;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::time;

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
    /// Whether events start it.
    pub triggered: bool,
    /// Who put it.
    pub by: String,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    pub time: Timestamp,
}

/// A document without problems.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub struct CheckedWorkflow {
    /// The name that it gives itself.
    pub name: String,
    /// SHA-256 of the document, in hex.
    pub digest: String,
}

impl From<&StoredWorkflow> for WorkflowInfo {
    fn from(stored: &StoredWorkflow) -> WorkflowInfo {
        let workflow = &stored.workflow;
        WorkflowInfo {
            name: workflow.name.clone(),
            digest: workflow.digest.clone(),
            description: workflow.description.clone(),
            plugins: workflow.plugins().into_iter().map(Into::into).collect(),
            triggered: !workflow.triggers.is_empty(),
            by: stored.by.clone(),
            time: time(stored.time),
        }
    }
}

impl From<&StoredWorkflow> for Workflow {
    fn from(stored: &StoredWorkflow) -> Workflow {
        Workflow { info: stored.into(), source: stored.source.clone() }
    }
}

impl From<&workflow::Workflow> for CheckedWorkflow {
    fn from(workflow: &workflow::Workflow) -> CheckedWorkflow {
        CheckedWorkflow { name: workflow.name.clone(), digest: workflow.digest.clone() }
    }
}
