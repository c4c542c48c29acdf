//! Who is asking, and whether anyone answers.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::time;
use crate::installation::Person;

/// Whose token it is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Whoami {
    /// Their name.
    pub name: String,
    /// Their groups.
    pub groups: Vec<String>,
    /// The id of the token.
    pub token: String,
    /// What the token may do.
    pub scopes: Vec<String>,
    /// When the token expires.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub expires: Option<Timestamp>,
}

/// Whether Quell serves. Nothing else is told without a token.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Health {
    /// It does.
    pub ok: bool,
}

impl From<&Person> for Whoami {
    fn from(person: &Person) -> Whoami {
        Whoami {
            name: person.name.clone(),
            groups: person.groups.iter().cloned().collect(),
            token: person.token.clone(),
            scopes: person.scopes.texts(),
            expires: person.expires.map(time),
        }
    }
}
