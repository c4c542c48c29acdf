//! Who is asking, and whether anyone answers.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::installation::Person;

/// Whose token it is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Whoami {
    /// Their name.
    pub name: String,
    /// Their groups.
    pub groups: Vec<String>,
    /// Whether they may change the installation.
    pub admin: bool,
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
            admin: person.must_be_admin().is_ok(),
        }
    }
}
