//! Secrets: set, listed, removed, and never read. The request that holds one can be neither printed nor compared.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::time;

/// A secret's value and where it may go.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct SetSecret {
    /// The value. No answer ever holds it.
    #[schema(write_only)]
    pub value: String,
    /// The hosts that it may be sent to: names in lower case, without scheme, port and path.
    pub hosts: Vec<String>,
}

/// All secrets.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Secrets {
    /// By name.
    pub secrets: Vec<Secret>,
}

/// What is told of a secret.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Secret {
    /// Its name.
    pub name: String,
    /// The hosts that it may be sent to.
    pub hosts: Vec<String>,
    /// Who set it.
    pub by: String,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    pub time: Timestamp,
}

impl From<&registry::Secret> for Secret {
    fn from(secret: &registry::Secret) -> Secret {
        let registry::Secret { name, hosts, by, .. } = secret;
        Secret { name: name.clone(), hosts: hosts.clone(), by: by.clone(), time: time(secret.time) }
    }
}
