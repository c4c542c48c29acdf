//! Tokens. The text of one is in the answer to its making and nowhere else, so that type can be neither printed nor
//! compared.

use jiff::Timestamp;
use registry::{NewToken, TokenTerms};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::time;
use crate::installation::TokenView;

/// A token that is to be made: whose it is, and what it may do.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct CreateToken {
    /// Whose it is.
    pub name: String,
    /// What it may do, at least one of: `read`, `start:<workflow>` or `start:*`, `events:<account>` or `events:*`, `operate`,
    /// `author`, `admin`, `audit`. None of them contains another one.
    pub scopes: Vec<String>,
    /// The groups that its owner is in. They say which approvals they may decide, and nothing else.
    #[serde(default)]
    pub groups: Vec<String>,
    /// From when on it does not count any more, RFC 3339. Without it, it counts until it is revoked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub expires: Option<Timestamp>,
}

/// A token that was just made.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub struct CreatedToken {
    /// By which it is found and revoked.
    pub id: String,
    /// Whose it is.
    pub name: String,
    /// What it may do.
    pub scopes: Vec<String>,
    /// Their groups.
    pub groups: Vec<String>,
    /// When it expires.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub expires: Option<Timestamp>,
    /// The token itself. It is shown now and never again.
    pub token: String,
}

/// All tokens that were not revoked.
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
    /// What it may do.
    pub scopes: Vec<String>,
    /// Whether it was made before there were scopes: its groups say what it may do then.
    pub scopes_from_groups: bool,
    /// Their groups.
    pub groups: Vec<String>,
    /// When it was made.
    #[schema(value_type = String, format = DateTime)]
    pub created: Timestamp,
    /// Who made it: `user:<name>`, or `host` for the first one and those that replaced it.
    pub created_by: String,
    /// The token that it was made with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created_with: Option<String>,
    /// When it expires.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub expires: Option<Timestamp>,
    /// Whether its time is over.
    pub expired: bool,
    /// When it was last used. A restart may forget a later use on the same day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub last_used: Option<Timestamp>,
}

impl From<NewToken> for CreatedToken {
    fn from(new: NewToken) -> CreatedToken {
        let NewToken { text, id, terms, .. } = new;
        let TokenTerms { name, scopes, groups, expires } = terms;
        CreatedToken { id, name, scopes: scopes.texts(), groups, expires: expires.map(time), token: text }
    }
}

impl From<TokenView> for Token {
    fn from(TokenView { token, counts, last_used }: TokenView) -> Token {
        let TokenTerms { name, scopes, groups, expires } = token.terms;
        Token {
            id: token.id,
            name,
            scopes: scopes.texts(),
            scopes_from_groups: token.by_groups,
            groups,
            created: time(token.created),
            created_by: token.by,
            created_with: token.creator,
            expires: expires.map(time),
            expired: !counts,
            last_used: last_used.map(time),
        }
    }
}
