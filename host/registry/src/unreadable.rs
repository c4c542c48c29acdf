//! Documents that were stored and that cannot be read here: an earlier Quell took what a stricter check refuses, or the text is
//! not kept any more. They stay where they are, with their problems, and only their use fails.

use std::sync::Arc;

use grant::Policy;
use ledger::{Malformed, Millis, Record};

use crate::Registry;
use crate::read::malformed;

/// A workflow that cannot be read.
#[derive(Clone, Debug, PartialEq)]
pub struct UnreadableWorkflow {
    /// Its name.
    pub name: String,
    /// Its digest.
    pub digest: String,
    /// The document, if it is kept.
    pub source: Option<String>,
    /// What is wrong with it, for people.
    pub problems: String,
    /// Who put it.
    pub by: String,
    /// When.
    pub time: Millis,
}

/// A policy that cannot be read.
#[derive(Clone, Debug)]
pub struct UnreadablePolicy {
    /// What is wrong with it, for people.
    pub problems: String,
    /// What holds in its place: it denies everything, in a statement whose name says why.
    pub denial: Policy,
}

/// What holds in the place of a policy that cannot be read.
const DENIAL: &str = r#"{"Version": "2012-10-17", "Statement":
    {"Sid": "CannotBeReadByThisQuell", "Effect": "Deny", "Action": "*", "Resource": "*"}}"#;

impl UnreadablePolicy {
    /// The policy that `record` puts under `name`, which has these problems.
    pub(crate) fn new(record: &Record, name: &str, problems: String) -> Result<UnreadablePolicy, Malformed> {
        let denial = Policy::load(name, DENIAL).map_err(|error| malformed(record, error.to_string()))?;
        Ok(UnreadablePolicy { problems, denial })
    }
}

impl Registry {
    /// The newest workflow of this name, if it cannot be read.
    pub fn unreadable_workflow(&self, name: &str) -> Option<&Arc<UnreadableWorkflow>> {
        self.unreadable.get(self.current.get(name)?)
    }

    /// The workflow with this digest, newest or not, if it cannot be read.
    pub fn unreadable_by_digest(&self, digest: &str) -> Option<&Arc<UnreadableWorkflow>> {
        self.unreadable.get(digest)
    }

    /// The newest workflows of their names that cannot be read.
    pub fn unreadable_workflows(&self) -> impl Iterator<Item = &Arc<UnreadableWorkflow>> {
        self.current.values().filter_map(|digest| self.unreadable.get(digest))
    }

    /// What is granted to `digest` now, if it cannot be read: then it allows nothing.
    pub fn unreadable_grant(&self, digest: &str) -> Option<&UnreadablePolicy> {
        self.grants.get(digest)?.last()?.unreadable.as_ref()
    }

    /// The guardrail, if it cannot be read: then no plugin may do anything.
    pub fn unreadable_guardrail(&self) -> Option<&UnreadablePolicy> {
        self.unreadable_guardrail.as_ref()
    }

    /// The policy above all grants as it is enforced.
    pub fn enforced_guardrail(&self) -> Option<&Policy> {
        let readable = self.guardrail.as_ref().map(|guardrail| &guardrail.policy);
        readable.or(self.unreadable_guardrail.as_ref().map(|unreadable| &unreadable.denial))
    }
}

#[cfg(test)]
mod tests {
    use ledger::{Draft, Hash};
    use serde_json::json;

    use super::*;

    const BAD: &str = "name: old\nsteps: 7\n";
    const GOOD: &str = "name: old\nsteps:\n  - id: nap\n    wait: 1m\n";

    fn registry(drafts: impl IntoIterator<Item = Draft>) -> Registry {
        let records: Vec<Record> = drafts
            .into_iter()
            .map(|draft| {
                let entry = draft.seal(ledger::SYSTEM, 1, Hash::ZERO);
                let payloads = draft.payloads.into_iter().map(|(name, bytes)| (name, Some(bytes))).collect();
                Record { entry, data: draft.data, payloads }
            })
            .collect();
        Registry::fold(&records).unwrap()
    }

    fn put(digest: &str, source: Option<&str>) -> Draft {
        let draft = Draft::new("workflow.put", 1, "user:ann", json!({ "name": "old", "digest": digest }));
        match source {
            Some(source) => draft.with_bytes("source", source.into()),
            None => draft,
        }
    }

    #[test]
    fn the_newest_document_counts_and_earlier_ones_are_kept() {
        let known = registry([put("d-1", Some(BAD)), put("d-2", Some(GOOD))]);
        assert!(known.workflow("old").is_some() && known.unreadable_workflow("old").is_none());
        assert_eq!(known.unreadable_by_digest("d-1").unwrap().source.as_deref(), Some(BAD));
        let known = registry([put("d-2", Some(GOOD)), put("d-1", Some(BAD))]);
        assert!(known.workflow("old").is_none() && known.workflow_by_digest("d-2").is_some());
        assert_eq!(known.unreadable_workflows().count(), 1);
    }

    #[test]
    fn a_text_that_is_not_kept_any_more_cannot_be_read() {
        let guardrail = Draft::new("guardrail.put", 1, "user:ann", json!({}));
        let known = registry([put("d-1", None), guardrail]);
        assert!(known.unreadable_workflow("old").unwrap().problems.contains("`source` is missing"));
        assert!(known.unreadable_guardrail().unwrap().problems.contains("`policy` is missing"));
        assert_eq!(known.effective("x").0.len(), 1, "it is not as if there were no guardrail");
    }
}
