//! What an installation knows: plugins, grants, limits, the guardrail, workflows, tokens and secrets.
//!
//! All of it is a fold over the ledger's `system` chain: there is no second place where any of it is kept. Pure: whoever
//! appends an entry applies it here afterwards. Each resource has a file, with the entry it writes and the one it reads.

mod plugin;
mod choice;
mod grants;
mod carry_over;
mod limits;
mod workflows;
mod unreadable;
mod token;
mod scope;
mod provenance;
mod secret;
mod events;
mod topics;
mod read;

use std::collections::BTreeMap;
use std::sync::Arc;

use ledger::{Malformed, Record};
use serde_json::Value;

pub use carry_over::CarryOver;
pub use choice::{PluginChoice, plugin_chosen};
pub use events::{NotStarted, event_bodies_removed, event_body, event_not_started, events_left_out};
pub use grants::{GrantRecord, Guardrail, grant_put, grant_revoked, guardrail_put, guardrail_removed};
pub use limits::limits_set;
pub use plugin::{Plugin, Uploaded, plugin_damaged, plugin_refused, plugin_repaired, plugin_uploaded};
pub use scope::{ScopeError, ScopeKind, TokenScope, TokenScopes};
pub use secret::{Secret, secret_removed, secret_set};
pub use token::{
    Authenticated, NewToken, Token, TokenTerms, token_created, token_recovered, token_revoked, token_used,
};
pub use topics::{topic_brought, topic_subscribed, topic_unsubscribed};
pub use unreadable::{UnreadablePolicy, UnreadableWorkflow};
pub use workflows::{StoredWorkflow, Switch, workflow_disabled, workflow_enabled, workflow_put};

use provenance::MadeToken;

/// All that an installation knows.
#[derive(Clone, Debug, Default)]
pub struct Registry {
    plugins: BTreeMap<String, Arc<Plugin>>,
    latest: BTreeMap<String, String>,
    choices: BTreeMap<String, Vec<PluginChoice>>,
    grants: BTreeMap<String, Vec<GrantRecord>>,
    guardrail: Option<Guardrail>,
    unreadable_guardrail: Option<UnreadablePolicy>,
    limits: BTreeMap<String, Value>,
    workflows: BTreeMap<String, Arc<StoredWorkflow>>,
    unreadable: BTreeMap<String, Arc<UnreadableWorkflow>>,
    current: BTreeMap<String, String>,
    switches: BTreeMap<String, Switch>,
    tokens: BTreeMap<String, Token>,
    made: BTreeMap<String, MadeToken>,
    secrets: BTreeMap<String, Secret>,
}

impl Registry {
    /// Follows one entry of the `system` chain.
    pub fn apply(&mut self, record: &Record) -> Result<(), Malformed> {
        match record.entry.kind.split('.').next() {
            Some("plugin") => self.apply_plugin(record),
            Some("grant" | "guardrail") => self.apply_grant(record),
            Some("limits") => self.apply_limits(record),
            Some("workflow") => self.apply_workflow(record),
            Some("token") => self.apply_token(record),
            Some("secret") => self.apply_secret(record),
            _ => Ok(()),
        }
    }

    /// Follows all entries of the `system` chain.
    pub fn fold<'a>(records: impl IntoIterator<Item = &'a Record>) -> Result<Registry, Malformed> {
        let mut registry = Registry::default();
        records.into_iter().try_for_each(|record| registry.apply(record))?;
        Ok(registry)
    }
}
