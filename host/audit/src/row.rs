//! One line of a report: a plugin, a function that it can ask for, and an action which that needs.

use std::collections::BTreeMap;

use capability::Access;
use serde::{Deserialize, Serialize};

/// A plugin's function and an action that it needs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Row {
    /// The plugin's name, by its own word; empty when the installation does not know the digest.
    pub plugin: String,
    /// Its version, by its own word.
    pub version: String,
    /// Its digest: its identity.
    pub digest: String,
    /// The WIT function; empty for an action that is granted and that no function of the plugin's needs.
    pub function: String,
    /// The IAM action; empty when a call did not come far enough to have one.
    pub action: String,
    /// The action's access level, where an operation says it.
    pub access: Option<Access>,
    /// What is dangerous about the action, if it is.
    pub dangerous: Option<String>,
    /// Whether the plugin imports the function.
    pub imported: bool,
    /// The statements of its grant that allow the action on something.
    pub granted: Vec<Granted>,
    /// The statements of its grant and of the guardrail that deny the action on something.
    pub denied_by: Vec<DeniedBy>,
    /// The calls that were let through.
    pub used: Used,
    /// The calls that were not.
    pub denied: Denied,
    /// What somebody should look at.
    pub findings: Vec<Finding>,
}

/// A statement that allows an action.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Granted {
    /// The policy.
    pub policy: String,
    /// What denials call the statement.
    pub statement: String,
    /// The resources, as the statement has them.
    pub resources: Vec<String>,
    /// Whether it is about all resources but these.
    pub all_but: bool,
    /// Whether it has a condition.
    pub conditional: bool,
    /// Whether it says that it means dangerous actions.
    pub marked: bool,
}

/// What denies an action.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct DeniedBy {
    /// The policy.
    pub policy: String,
    /// What denials call the statement; `None` for a guardrail no statement of which allows the action.
    pub statement: Option<String>,
    /// The resources, as the statement has them.
    pub resources: Vec<String>,
    /// Whether it is about all resources but these.
    pub all_but: bool,
    /// Whether it has a condition.
    pub conditional: bool,
}

/// Calls that were let through.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Used {
    /// How many. One that was sent again counts once.
    pub count: u64,
    /// When the last was made, as RFC 3339 has it.
    pub last: Option<String>,
    /// The resources that they were about, at most 20.
    pub resources: Vec<String>,
    /// How many more different resources there were.
    pub more_resources: u64,
    /// How many came out how: `ok`, an error's case, `not-done`, `unknown` (also while a call is under way).
    pub results: BTreeMap<String, u64>,
}

/// Calls that were denied.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Denied {
    /// How many.
    pub count: u64,
    /// When the last was, as RFC 3339 has it.
    pub last: Option<String>,
    /// How many for which reason.
    pub reasons: BTreeMap<String, u64>,
    /// The resources that they were about, at most 20.
    pub resources: Vec<String>,
    /// How many more different resources there were.
    pub more_resources: u64,
}

/// What somebody should look at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Finding {
    /// The plugin imports the function, and no statement of its grant allows what it needs: calls will be denied. Of a
    /// function whose calls need some of several actions, none of them is allowed.
    NotGranted,
    /// It is granted, and was never used: the grant may be wider than it has to be.
    NeverUsed,
    /// It is granted or was asked for, and the plugin imports no function that needs it.
    NotImported,
    /// It is granted and dangerous.
    Dangerous,
    /// It is granted and dangerous, and no statement that allows it says that it means that: the gate denies it.
    DangerousNotMarked,
}

impl Finding {
    /// Its name, as JSON has it.
    pub fn name(self) -> &'static str {
        match self {
            Finding::NotGranted => "not-granted",
            Finding::NeverUsed => "never-used",
            Finding::NotImported => "not-imported",
            Finding::Dangerous => "dangerous",
            Finding::DangerousNotMarked => "dangerous-not-marked",
        }
    }
}
