//! Plugins: components by digest. A name and version point to a digest, and never to another one.

use std::sync::Arc;

use ledger::{Draft, Malformed, Millis, Record};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::Registry;
use crate::read::{facts, text};

/// What an upload says of a plugin.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Uploaded {
    /// SHA-256 of the component, in hex: the plugin's identity.
    pub digest: String,
    /// Its name, by its own word.
    pub name: String,
    /// Its version, by its own word.
    pub version: String,
    /// What it does, by its own word.
    pub summary: String,
    /// The WIT functions that it imports: what it can ask for.
    pub imports: Vec<String>,
    /// The component's size in bytes.
    pub size: u64,
}

/// A plugin that was uploaded.
#[derive(Clone, Debug, PartialEq)]
pub struct Plugin {
    /// What the upload said.
    pub uploaded: Uploaded,
    /// The JSON Schema of its input.
    pub input_schema: Value,
    /// The JSON Schema of its output.
    pub output_schema: Value,
    /// Who uploaded it.
    pub by: String,
    /// When.
    pub time: Millis,
    /// Where in the `system` chain it was uploaded: times may be the same.
    pub sequence: u64,
    /// Since when it is known that what is stored under its digest is something else: it cannot run.
    pub damaged: Option<Millis>,
}

/// The entry of an accepted upload. The component is kept apart, under its digest.
pub fn plugin_uploaded(
    uploaded: &Uploaded,
    schemas: (&Value, &Value),
    component: Vec<u8>,
    time: Millis,
    by: &str,
) -> Draft {
    Draft::new("plugin.uploaded", time, by, json!(uploaded))
        .with("input-schema", schemas.0)
        .with("output-schema", schemas.1)
        .with_bytes("component", component)
}

/// The entry of a refused upload. The bytes are not kept.
pub fn plugin_refused(digest: &str, size: usize, code: &str, message: &str, time: Millis, by: &str) -> Draft {
    let data = json!({ "digest": digest, "size": size, "code": code, "message": message });
    Draft::new("plugin.refused", time, by, data)
}

/// The entry of a stored component that is not the one that was uploaded. `seen` is the digest that it has.
pub fn plugin_damaged(digest: &str, seen: &str, time: Millis, by: &str) -> Draft {
    Draft::new("plugin.damaged", time, by, json!({ "digest": digest, "seen": seen }))
}

/// The entry of a damaged component that was uploaded again.
pub fn plugin_repaired(digest: &str, component: Vec<u8>, time: Millis, by: &str) -> Draft {
    Draft::new("plugin.repaired", time, by, json!({ "digest": digest })).with_bytes("component", component)
}

#[derive(Deserialize)]
struct Damaged {
    digest: String,
}

impl Registry {
    pub(crate) fn apply_plugin(&mut self, record: &Record) -> Result<(), Malformed> {
        match record.entry.kind.as_str() {
            "plugin.uploaded" => self.apply_uploaded(record),
            "plugin.chosen" => self.apply_chosen(record),
            kind @ ("plugin.damaged" | "plugin.repaired") => {
                let Damaged { digest } = facts(record)?;
                if let Some(plugin) = self.plugins.get_mut(&digest) {
                    Arc::make_mut(plugin).damaged = (kind == "plugin.damaged").then_some(record.entry.time);
                }
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn apply_uploaded(&mut self, record: &Record) -> Result<(), Malformed> {
        let uploaded: Uploaded = facts(record)?;
        let schema = |name| {
            serde_json::from_str(&text(record, name)?)
                .map_err(|_| crate::read::malformed(record, format!("its payload `{name}` is not JSON")))
        };
        let (digest, name) = (uploaded.digest.clone(), uploaded.name.clone());
        let plugin = Plugin {
            uploaded,
            input_schema: schema("input-schema")?,
            output_schema: schema("output-schema")?,
            by: record.entry.actor.clone(),
            time: record.entry.time,
            sequence: record.entry.sequence,
            damaged: None,
        };
        self.plugins.insert(digest.clone(), Arc::new(plugin));
        self.latest.insert(name, digest);
        Ok(())
    }

    /// The plugin with this digest, of this name and version (`name@1.2.3`), or the newest with this name.
    pub fn plugin(&self, reference: &str) -> Option<&Arc<Plugin>> {
        self.exact_plugin(reference).or_else(|| self.plugins.get(self.latest.get(reference)?))
    }

    /// The plugin with this digest, or of this name and version.
    pub fn exact_plugin(&self, reference: &str) -> Option<&Arc<Plugin>> {
        let version = || reference.split_once('@').and_then(|(name, version)| self.plugin_version(name, version));
        self.plugins.get(reference).or_else(version)
    }

    /// All plugins, by name, the newest of each name first.
    pub fn plugins(&self) -> Vec<&Arc<Plugin>> {
        let mut plugins: Vec<_> = self.plugins.values().collect();
        plugins.sort_by(|a, b| (&a.uploaded.name, b.sequence).cmp(&(&b.uploaded.name, a.sequence)));
        plugins
    }

    /// The plugin of this name and version.
    pub fn plugin_version(&self, name: &str, version: &str) -> Option<&Arc<Plugin>> {
        self.plugins.values().find(|plugin| plugin.uploaded.name == name && plugin.uploaded.version == version)
    }

    /// The version that was uploaded before this one, under the same name.
    pub fn previous_version(&self, plugin: &Plugin) -> Option<&Arc<Plugin>> {
        let before = self
            .plugins
            .values()
            .filter(|other| other.uploaded.name == plugin.uploaded.name && other.sequence < plugin.sequence);
        before.max_by_key(|other| other.sequence)
    }

    /// Whether `digest` is the newest of its name.
    pub fn is_latest(&self, plugin: &Plugin) -> bool {
        self.latest.get(&plugin.uploaded.name) == Some(&plugin.uploaded.digest)
    }
}
