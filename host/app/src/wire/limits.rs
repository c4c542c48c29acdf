//! What a plugin may use up.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

/// The limits of a plugin. Each is a number by its name: bytes, counts, and milliseconds where the name ends in `-ms`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Limits {
    /// What holds for its next invocation.
    pub limits: Value,
    /// What of it was set for this plugin; the others are every plugin's.
    pub set: Value,
    /// How far each can be raised.
    pub maximum: Value,
}
