//! Which version of a plugin new runs take: the one that a person chose; else the newest that has a grant, so that an upload alone
//! changes nothing that runs; else, where none has one, the newest.

use std::sync::Arc;

use ledger::{Draft, Malformed, Millis, Record};
use serde::Deserialize;
use serde_json::json;

use crate::read::facts;
use crate::{Plugin, Registry};

/// A choice of a plugin's version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PluginChoice {
    /// The digest of the version; `None` when the choice was taken back.
    pub digest: Option<String>,
    /// Who chose.
    pub by: String,
    /// When.
    pub time: Millis,
}

#[derive(Deserialize)]
struct Chosen {
    name: String,
    digest: Option<String>,
}

/// The entry of the choice of a version of the plugin `name`; without a digest, of a choice that is taken back.
pub fn plugin_chosen(name: &str, digest: Option<&str>, time: Millis, by: &str) -> Draft {
    Draft::new("plugin.chosen", time, by, json!({ "name": name, "digest": digest }))
}

impl Registry {
    pub(crate) fn apply_chosen(&mut self, record: &Record) -> Result<(), Malformed> {
        let Chosen { name, digest } = facts(record)?;
        let choice = PluginChoice { digest, by: record.entry.actor.clone(), time: record.entry.time };
        self.choices.entry(name).or_default().push(choice);
        Ok(())
    }

    /// Every choice of a version of the plugin `name`, the oldest first.
    pub fn plugin_choices(&self, name: &str) -> &[PluginChoice] {
        self.choices.get(name).map_or(&[], Vec::as_slice)
    }

    /// The version of the plugin `name` that a person chose, while the choice holds.
    pub fn chosen_version(&self, name: &str) -> Option<&Arc<Plugin>> {
        self.plugins.get(self.plugin_choices(name).last()?.digest.as_ref()?)
    }

    /// The version of the plugin `name` that new runs take.
    pub fn version_in_use(&self, name: &str) -> Option<&Arc<Plugin>> {
        let granted = || {
            let versions = self.plugins.values().filter(|plugin| plugin.uploaded.name == name);
            // A grant that cannot be read denies everything: no older version steps in.
            let has_grant = |digest: &str| self.grant(digest).is_some() || self.unreadable_grant(digest).is_some();
            let granted = versions.filter(|plugin| has_grant(&plugin.uploaded.digest));
            granted.max_by_key(|plugin| plugin.sequence)
        };
        let newest = || self.plugins.get(self.latest.get(name)?);
        self.chosen_version(name).or_else(granted).or_else(newest)
    }

    /// Whether new runs take this version.
    pub fn is_in_use(&self, plugin: &Plugin) -> bool {
        let used = self.version_in_use(&plugin.uploaded.name);
        used.is_some_and(|used| used.uploaded.digest == plugin.uploaded.digest)
    }
}

#[cfg(test)]
mod tests {
    use grant::Policy;
    use ledger::Hash;

    use super::*;
    use crate::{Uploaded, grant_put, grant_revoked, plugin_uploaded};

    fn uploaded(digest: &str, version: &str) -> Draft {
        let (name, version, digest) = ("doors".into(), version.into(), digest.into());
        let uploaded = Uploaded { digest, name, version, summary: String::new(), imports: vec![], size: 1 };
        plugin_uploaded(&uploaded, (&json!({}), &json!({})), vec![], 0, "user:ann")
    }

    fn granted(digest: &str) -> Draft {
        let document = r#"{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}"#;
        grant_put(digest, &Policy::load("grant", document).unwrap(), 1, "user:ann")
    }

    /// The digest that new runs take after each of these entries.
    fn used(drafts: Vec<Draft>) -> Vec<String> {
        let mut registry = Registry::default();
        let follow = |(number, draft): (usize, Draft)| {
            let entry = draft.seal(ledger::SYSTEM, number as u64 + 1, Hash::ZERO);
            let payloads = draft.payloads.into_iter().map(|(name, bytes)| (name, Some(bytes))).collect();
            registry.apply(&Record { entry, data: draft.data, payloads }).unwrap();
            registry.version_in_use("doors").unwrap().uploaded.digest.clone()
        };
        drafts.into_iter().enumerate().map(follow).collect()
    }

    #[test]
    fn the_newest_with_a_grant_is_taken_unless_another_one_is_chosen() {
        let entries = vec![
            uploaded("d1", "1.0.0"),
            uploaded("d2", "1.1.0"),
            granted("d1"),
            granted("d2"),
            uploaded("d3", "1.2.0"),
            plugin_chosen("doors", Some("d1"), 2, "user:ann"),
            granted("d3"),
            plugin_chosen("doors", None, 3, "user:ann"),
            grant_revoked("d3", 4, "user:ann"),
        ];
        assert_eq!(used(entries), ["d1", "d2", "d1", "d2", "d2", "d1", "d1", "d3", "d2"]);
    }
}
