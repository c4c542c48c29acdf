//! What the two processes of a check say to each other: the parent one line of JSON and the component's bytes, the child
//! one document of JSON.

use serde::{Deserialize, Serialize};

use crate::{description::Description, ended::Ended, inspect::Inspection, refused::Refused};

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
    Accepted { inspection: Inspection, description: Box<Description> },
    Refused(Refused),
    Describe(Ended),
    Host(String),
}
