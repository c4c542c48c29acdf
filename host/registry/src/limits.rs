//! What one plugin may use up, where it is not what every plugin may. What the limits are called, and how far each may
//! go, is known where they are enforced.

use ledger::{Draft, Malformed, Millis, Record};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::Registry;
use crate::read::facts;

/// The entry of limits for `digest`, each by its name; none at all when it shall have every plugin's again.
pub fn limits_set(digest: &str, limits: &Value, time: Millis, by: &str) -> Draft {
    Draft::new("limits.set", time, by, json!({ "digest": digest, "limits": limits }))
}

#[derive(Deserialize)]
struct Set {
    digest: String,
    limits: Value,
}

impl Registry {
    pub(crate) fn apply_limits(&mut self, record: &Record) -> Result<(), Malformed> {
        if record.entry.kind == "limits.set" {
            let Set { digest, limits } = facts(record)?;
            self.limits.insert(digest, limits);
        }
        Ok(())
    }

    /// The limits that were set for `digest`, by their names.
    pub fn limits(&self, digest: &str) -> Option<&Value> {
        self.limits.get(digest).filter(|limits| limits.as_object().is_some_and(|limits| !limits.is_empty()))
    }
}
