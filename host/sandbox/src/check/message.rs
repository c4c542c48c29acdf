//! What the two processes of a check say to each other: the parent one line of JSON and the component's bytes, the child
//! one document of JSON.

use serde::{Deserialize, Serialize};

use crate::{description::Description, ended::Ended, inspect::Inspection, limits::Limits, refused::Refused};

/// The longest first line.
pub(super) const MAX_ORDER_BYTES: u64 = 4 << 10;
/// The longest answer. A description has at most 256 KiB; what else there is of the component is names.
pub(super) const MAX_ANSWER_BYTES: u64 = 8 << 20;

/// The first line from the parent. Exactly `component_bytes` bytes come behind it.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Order {
    pub(super) memory_bytes: u64,
    pub(super) cpu_seconds: u64,
    pub(super) component_bytes: u64,
}

/// What the child found.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) enum Verdict {
    Accepted { inspection: Box<Inspection>, description: Described },
    Refused(Refused),
    Describe(Ended),
    Host(String),
}

/// A [`Description`] with its schemas as texts: as values they could be nested more deeply, inside of the answer, than JSON
/// is read.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Described {
    name: String,
    version: String,
    summary: String,
    input_schema: String,
    output_schema: String,
}

impl From<Description> for Described {
    fn from(description: Description) -> Self {
        let Description { name, version, summary, input_schema, output_schema } = description;
        Self {
            name,
            version,
            summary,
            input_schema: input_schema.to_string(),
            output_schema: output_schema.to_string(),
        }
    }
}

impl Described {
    /// Reads it as what a plugin returned, since that may be who wrote it.
    pub(super) fn read(self) -> Result<Description, Ended> {
        let invalid = |error: serde_json::Error| Ended::OutputInvalid { problem: error.to_string() };
        Description::read(serde_json::to_value(self).map_err(invalid)?, &Limits::DESCRIBE)
    }
}
