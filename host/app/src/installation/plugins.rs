//! Plugins: uploaded, checked before anything is stored, and refused with a trace.

use std::sync::Arc;

use ledger::Hash;
use registry::{Plugin, Uploaded, plugin_chosen, plugin_refused, plugin_repaired, plugin_uploaded};
use sandbox::{Checked, Description, Inspection};
use serde_json::Value;

use super::{Error, Installation, Person, Result};

/// How much of a refusal is kept in the ledger: names in it are the upload's.
const MAX_TOLD: usize = 4 << 10;

impl Installation {
    /// Stores a component, after it was inspected, compiled and asked what it is. Gives the plugin, and whether it is new:
    /// the same bytes again change nothing.
    pub async fn upload(&self, component: Vec<u8>, by: &Person) -> Result<(Arc<Plugin>, bool)> {
        let digest = Hash::of(&component).to_string();
        let stored = self.known.read().plugin(&digest).cloned();
        if let Some(plugin) = stored {
            if plugin.damaged.is_some() {
                let mut change = self.known.change().await;
                change.append(plugin_repaired(&digest, component, self.known.now(), &by.actor())).await?;
            }
            return self.plugin(&digest).map(|plugin| (plugin, false));
        }
        let checked = self.check_component(component.clone()).await;
        let mut change = self.known.change().await;
        let now = self.known.now();
        let (inspection, description) = match checked {
            Ok(checked) => checked,
            Err(error) => {
                let code = match &error {
                    Error::Refused(refused) => refused.code(),
                    // Nothing was found out about it.
                    Error::Busy(_) | Error::Unavailable(_) => return Err(error),
                    _ => "description-invalid",
                };
                let mut told = error.to_string();
                told.truncate(told.floor_char_boundary(MAX_TOLD));
                let refused = plugin_refused(&digest, component.len(), code, &told, now, &by.actor());
                change.append(refused).await?;
                return Err(error);
            }
        };
        let (name, version) = (&description.name, &description.version);
        if let Some(other) = self.known.read().plugin_version(name, version) {
            if other.uploaded.digest == digest {
                return Ok((other.clone(), false));
            }
            return Err(Error::Conflict(format!(
                "`{name}` {version} is already stored with other bytes ({}): a version never changes, so raise it",
                other.uploaded.digest
            )));
        }
        let uploaded = Uploaded {
            digest: digest.clone(),
            name: name.clone(),
            version: version.clone(),
            summary: description.summary.clone(),
            imports: inspection.imports,
            size: inspection.size as u64,
        };
        let schemas = (&description.input_schema, &description.output_schema);
        change.append(plugin_uploaded(&uploaded, schemas, component, now, &by.actor())).await?;
        drop(change);
        self.components.prepare(&digest);
        self.plugin(&digest).map(|plugin| (plugin, true))
    }

    /// Has new runs take this version of a plugin, named by its digest or by name and version, until another one is chosen.
    pub async fn choose_version(&self, reference: &str, by: &Person) -> Result<Arc<Plugin>> {
        let mut change = self.known.change().await;
        let plugin = self.plugin(reference)?;
        let Uploaded { name, version, digest, .. } = &plugin.uploaded;
        if self.known.read().exact_plugin(reference).is_none() {
            let message = format!("`{reference}` is no version: name a digest, or one such as `{name}@{version}`");
            return Err(Error::Invalid(message));
        }
        if plugin.damaged.is_some() {
            let message =
                format!("what is stored of `{name}` {version} is not what was uploaded: upload it again first");
            return Err(Error::Conflict(message));
        }
        let chosen = self.known.read().chosen_version(name).is_some_and(|chosen| chosen.uploaded.digest == *digest);
        if !chosen {
            change.append(plugin_chosen(name, Some(digest), self.known.now(), &by.actor())).await?;
        }
        drop(change);
        self.components.prepare(digest);
        Ok(plugin)
    }

    /// Has new runs take the newest version with a grant again. Gives the one that it is now.
    pub async fn unchoose_version(&self, plugin: &str, by: &Person) -> Result<Arc<Plugin>> {
        let mut change = self.known.change().await;
        let plugin = self.plugin(plugin)?;
        let name = &plugin.uploaded.name;
        let missing = || Error::NotFound { what: "chosen version of plugin", name: name.clone() };
        self.known.read().chosen_version(name).ok_or_else(missing)?;
        change.append(plugin_chosen(name, None, self.known.now(), &by.actor())).await?;
        Ok(self.known.read().version_in_use(name).cloned().unwrap_or(plugin))
    }

    /// The plugin with this digest or name, or of this name and version.
    pub fn plugin(&self, digest_or_name: &str) -> Result<Arc<Plugin>> {
        let missing = || Error::NotFound { what: "plugin", name: digest_or_name.into() };
        self.known.read().plugin(digest_or_name).cloned().ok_or_else(missing)
    }

    /// In a process of its own, which also asks the plugin what it is: no byte of it is compiled or run in this one before.
    async fn check_component(&self, component: Vec<u8>) -> Result<(Inspection, Described)> {
        let Checked { inspection, description } = self.checker.check(component).await?;
        Ok((inspection, Described::check(description)?))
    }
}

/// What a plugin says of itself, checked.
struct Described {
    name: String,
    version: String,
    summary: String,
    input_schema: Value,
    output_schema: Value,
}

impl Described {
    fn check(description: Description) -> Result<Described> {
        let Description { name, version, summary, input_schema, output_schema } = description;
        let wrong = |what: &str| Err(Error::Invalid(format!("`describe` of the plugin gives {what}")));
        let word = |text: &str| {
            text.starts_with(|c: char| c.is_ascii_lowercase())
                && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
        };
        // A digest has 64 digits: no name may look like one.
        if name.len() > 63 || !word(&name) {
            return wrong(&format!("the name {name:?}: it must be at most 63 lower-case letters, digits and `-`"));
        }
        let parts: Vec<_> = version.split('.').collect();
        if version.len() > 32 || parts.len() != 3 || !parts.iter().all(|part| part.parse::<u32>().is_ok()) {
            return wrong(&format!("the version {version:?}: it must be like `1.2.3`"));
        }
        if summary.len() > 500 {
            return wrong("a summary of more than 500 bytes");
        }
        if !input_schema.is_object() || !output_schema.is_object() {
            return wrong("a schema that is not a JSON object");
        }
        Ok(Described { name, version, summary, input_schema, output_schema })
    }
}

#[cfg(test)]
mod tests {
    use cases::case;
    use serde_json::json;

    use super::*;

    fn described(name: &str, version: &str) -> Result<Described> {
        let schema = || json!({});
        let (name, version, summary) = (name.into(), version.into(), "It does.".into());
        Described::check(Description { name, version, summary, input_schema: schema(), output_schema: schema() })
    }

    #[test]
    fn d32_names_are_names() {
        let long = "a".repeat(300);
        for (input, name) in [
            ("the name `../../x`", "../../x"),
            ("the name `a/b`", "a/b"),
            ("the name `.`", "."),
            ("the name `CON`", "CON"),
            ("a name with NUL", "a\0b"),
            ("a name of 300 characters", &long),
            ("the name `plügin`", "plügin"),
            ("the name `-rf`", "-rf"),
            ("no name", ""),
        ] {
            let seen = described(name, "1.0.0").err().map_or_else(|| "taken".into(), |error| error.to_string());
            let seen = if seen.contains("gives the name") { "refused: the name" } else { &seen };
            case("D32", input, "refused: the name", seen);
        }
        for version in ["1", "1.0", "1.0.0.0", "v1.0.0", "1.0.x", "../1.0.0", ""] {
            assert!(described("echo", version).is_err(), "{version}");
        }
        assert!(described("sg-revoke-open-ports2", "1.20.3").is_ok());
    }
}
