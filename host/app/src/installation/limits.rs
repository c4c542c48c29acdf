//! What one plugin may use up, where it is not what every plugin may.

use registry::limits_set;
use sandbox::{Limits, LimitsChange};
use serde_json::{Value, json};

use super::{Error, Installation, Person, Result};

/// The limits of one plugin.
pub struct PluginLimits {
    /// What holds for its next invocation.
    pub limits: Limits,
    /// What of it was set for this plugin.
    pub set: Option<Value>,
}

impl Installation {
    /// The limits of the plugin with this digest or, for its newest version, this name.
    pub fn limits(&self, plugin: &str) -> Result<PluginLimits> {
        let plugin = self.plugin(plugin)?;
        let digest = &plugin.uploaded.digest;
        let limits = self.components.limits(digest).map_err(|invalid| Error::Invalid(invalid.to_string()))?;
        Ok(PluginLimits { limits, set: self.known.read().limits(digest).cloned() })
    }

    /// Sets the limits of one plugin in the place of those that were set before. They hold from its next invocation on.
    pub async fn set_limits(&self, plugin: &str, change: &LimitsChange, by: &Person) -> Result<()> {
        let plugin = self.plugin(plugin)?;
        let digest = &plugin.uploaded.digest;
        self.components.default_limits().with(change).map_err(|invalid| Error::Invalid(invalid.to_string()))?;
        let mut change_known = self.known.change().await;
        let set = json!(change);
        if self.known.read().limits(digest).unwrap_or(&json!({})) == &set {
            return Ok(());
        }
        Ok(change_known.append(limits_set(digest, &set, self.known.now(), &by.actor())).await?)
    }
}
