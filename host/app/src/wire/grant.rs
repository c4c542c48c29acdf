//! What happened to a plugin's grant, and what carrying one over to another version would mean.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::plugin::by_function;
use super::{Import, time};
use crate::installation::Difference;

/// Everything that was ever granted to one digest.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub struct GrantHistory {
    /// The plugin's digest.
    pub digest: String,
    /// The oldest first; the last one holds.
    pub changes: Vec<GrantChange>,
}

/// One change of a grant.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub struct GrantChange {
    /// When.
    #[schema(value_type = String, format = DateTime)]
    pub time: Timestamp,
    /// Who.
    pub by: String,
    /// The policy that was granted; absent when the grant was taken back, or cannot be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy: Option<Value>,
    /// What is wrong with a policy that an earlier version of Quell took and that this one cannot read: it denies everything.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unreadable: Option<String>,
}

/// A grant that was put: to which version, and what is to be told of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub struct PutGrant {
    /// The plugin's name.
    pub name: String,
    /// The version that has it.
    pub version: Version,
    /// Whether new runs take this version.
    pub in_use: bool,
    /// Actions and condition keys of the policy that do not exist, and what it leaves out of what the plugin imports.
    pub warnings: Vec<String>,
}

/// A version of a plugin.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Version {
    /// Its version, by its own word.
    pub version: String,
    /// SHA-256 of the component, in hex.
    pub digest: String,
}

/// What it would mean to carry a grant over.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub struct CarryOver {
    /// The version that has the grant.
    pub from: Version,
    /// The version that is to have it too.
    pub to: Version,
    /// The policy.
    pub policy: Value,
    /// What the new version imports and the old one did not.
    pub new_imports: Vec<Import>,
    /// What the old version imported and the new one does not.
    pub dropped_imports: Vec<String>,
    /// The actions of the new imports that the policy would allow on something: what the new version could do at once, and
    /// nobody granted with it in mind.
    pub newly_allowed: Vec<String>,
}

/// A decision to carry a grant over, with the difference in view.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct CarryOverGrant {
    /// The digest of the version that has the grant.
    pub from: String,
    /// The digest of the version that is to have it too.
    pub to: String,
    /// The policy, as it was seen.
    pub policy: Value,
    /// All functions that the new version imports and the old one did not: the decision is refused when this is not what
    /// the difference is.
    pub new_imports: Vec<String>,
}

impl From<&registry::GrantRecord> for GrantChange {
    fn from(record: &registry::GrantRecord) -> GrantChange {
        // A policy that was loaded is JSON.
        let policy = record.policy.as_ref().and_then(|policy| serde_json::from_str(policy.source()).ok());
        let unreadable = record.unreadable.as_ref().map(|unreadable| unreadable.problems.clone());
        GrantChange { time: time(record.time), by: record.by.clone(), policy, unreadable }
    }
}

impl From<&registry::Plugin> for Version {
    fn from(plugin: &registry::Plugin) -> Version {
        let registry::Uploaded { version, digest, .. } = &plugin.uploaded;
        Version { version: version.clone(), digest: digest.clone() }
    }
}

impl From<Difference> for CarryOver {
    fn from(difference: Difference) -> CarryOver {
        let Difference { from, to, change, specs } = difference;
        let specs = by_function(&specs);
        CarryOver {
            from: (&from).into(),
            to: (&to).into(),
            policy: serde_json::from_str(change.policy.source()).unwrap_or_default(),
            new_imports: change.new_imports.iter().map(|function| Import::of(function, &specs)).collect(),
            dropped_imports: change.dropped_imports,
            newly_allowed: change.newly_allowed,
        }
    }
}
