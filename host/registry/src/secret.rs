//! Secrets: encrypted values, each bound to the hosts that it may be sent to. Nothing here can decrypt one.

use ledger::{Draft, Malformed, Millis, Record};
use serde::Deserialize;
use serde_json::json;

use crate::Registry;
use crate::read::{facts, malformed};

/// A secret as it is kept.
#[derive(Clone, Debug, PartialEq)]
pub struct Secret {
    /// Its name: all that workflows and plugins ever see.
    pub name: String,
    /// The hosts that it may be sent to.
    pub hosts: Vec<String>,
    /// The value, encrypted with the installation's key.
    pub ciphertext: Vec<u8>,
    /// Who set it.
    pub by: String,
    /// When.
    pub time: Millis,
}

#[derive(Deserialize)]
struct Facts {
    name: String,
    #[serde(default)]
    hosts: Vec<String>,
}

/// The entry of a secret.
pub fn secret_set(name: &str, hosts: &[String], ciphertext: Vec<u8>, time: Millis, by: &str) -> Draft {
    let data = json!({ "name": name, "hosts": hosts });
    Draft::new("secret.set", time, by, data).with_bytes("ciphertext", ciphertext)
}

/// The entry of a secret that is removed.
pub fn secret_removed(name: &str, time: Millis, by: &str) -> Draft {
    Draft::new("secret.removed", time, by, json!({ "name": name }))
}

impl Registry {
    pub(crate) fn apply_secret(&mut self, record: &Record) -> Result<(), Malformed> {
        let Facts { name, hosts } = facts(record)?;
        if record.entry.kind == "secret.removed" {
            self.secrets.remove(&name);
            return Ok(());
        }
        let ciphertext = record.payloads.get("ciphertext").cloned().flatten();
        let ciphertext = ciphertext.ok_or_else(|| malformed(record, "its ciphertext is missing"))?;
        let (by, time) = (record.entry.actor.clone(), record.entry.time);
        self.secrets.insert(name.clone(), Secret { name, hosts, ciphertext, by, time });
        Ok(())
    }

    /// The secret of this name.
    pub fn secret(&self, name: &str) -> Option<&Secret> {
        self.secrets.get(name)
    }

    /// All secrets.
    pub fn secrets(&self) -> impl Iterator<Item = &Secret> {
        self.secrets.values()
    }
}
