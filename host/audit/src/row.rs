//! One line of the report, and what stands in it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// One action of one function of one plugin.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Row {
    /// The plugin's name.
    pub plugin: String,
    /// Its version.
    pub version: String,
    /// Its digest.
    pub digest: String,
    /// The WIT function; empty for an action that is granted and that no function of the plugin needs.
    pub function: String,
    /// The IAM action.
    pub action: String,
    /// Its access level, in IAM's words; empty where no operation needs it.
    pub access: String,
    /// What is dangerous about the action.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dangerous: Option<String>,
    /// Whether the component imports the function.
    pub imported: bool,
    /// The statements that allow the action, on something.
    pub granted: Vec<Statement>,
    /// The statements that deny it, on something, the guardrail's among them.
    pub denied_by: Vec<Statement>,
    /// How it was used.
    pub used: Used,
    /// How it was denied.
    pub denied: Denied,
    /// What to look at.
    pub findings: Vec<Finding>,
}

/// A statement that is about the action.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Statement {
    /// Its policy.
    pub policy: String,
    /// Its `Sid`, or its place.
    pub statement: String,
    /// The resources that it names.
    pub resources: Vec<String>,
    /// Whether it means all resources but those.
    pub all_but: bool,
    /// Whether it holds under conditions only.
    pub conditional: bool,
    /// Whether it says that it means dangerous actions.
    pub marked: bool,
}

/// How a capability was used.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Used {
    /// How often: calls, however often each was sent.
    pub count: u64,
    /// When last, RFC 3339.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last: Option<String>,
    /// How it came out: `ok`, or the case of the error; `done` and `not-done` for what was settled; `open` for what is not
    /// known yet.
    pub results: BTreeMap<String, u64>,
    /// On which resources; the first ones, when there are many.
    pub resources: Vec<String>,
    /// How many more.
    pub more_resources: usize,
}

/// How a capability was denied.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Denied {
    /// How often.
    pub count: u64,
    /// When last, RFC 3339.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last: Option<String>,
    /// Why, and how often each.
    pub reasons: BTreeMap<String, u64>,
    /// On which resources; the first ones, when there are many.
    pub resources: Vec<String>,
    /// How many more.
    pub more_resources: usize,
}

/// What to look at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Finding {
    /// It is imported and granted on nothing.
    NotGranted,
    /// It is granted, and was never used.
    NeverUsed,
    /// It is granted, and the plugin cannot call it.
    NotImported,
    /// It is granted, dangerous, and the grant says so.
    Dangerous,
    /// It is granted and dangerous, and the gate denies it, since the grant does not say so.
    DangerousNotMarked,
    /// It was denied.
    Denied,
}

impl Finding {
    /// As everywhere in Quell.
    pub fn as_str(self) -> &'static str {
        match self {
            Finding::NotGranted => "not-granted",
            Finding::NeverUsed => "never-used",
            Finding::NotImported => "not-imported",
            Finding::Dangerous => "dangerous",
            Finding::DangerousNotMarked => "dangerous-not-marked",
            Finding::Denied => "denied",
        }
    }
}
