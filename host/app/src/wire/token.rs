//! Tokens. The text of one is in the answer to its making and nowhere else, so that type can be neither printed nor
//! compared.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Whose token is to be made.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct CreateToken {
    /// Their name.
    pub name: String,
    /// Their groups; `admins` may change the installation.
    #[serde(default)]
    pub groups: Vec<String>,
}

/// A token that was just made.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub struct CreatedToken {
    /// By which it is found and revoked.
    pub id: String,
    /// Whose it is.
    pub name: String,
    /// Their groups.
    pub groups: Vec<String>,
    /// The token itself. It is shown now and never again.
    pub token: String,
}

/// All tokens that count.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Tokens {
    /// By id.
    pub tokens: Vec<Token>,
}

/// What is told of a token.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Token {
    /// By which it is found and revoked.
    pub id: String,
    /// Whose it is.
    pub name: String,
    /// Their groups.
    pub groups: Vec<String>,
}

impl From<registry::NewToken> for CreatedToken {
    fn from(new: registry::NewToken) -> CreatedToken {
        let registry::NewToken { text, token } = new;
        CreatedToken { id: token.id, name: token.name, groups: token.groups, token: text }
    }
}

impl From<&registry::Token> for Token {
    fn from(token: &registry::Token) -> Token {
        Token { id: token.id.clone(), name: token.name.clone(), groups: token.groups.clone() }
    }
}
