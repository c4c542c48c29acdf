//! What people decide, as it is written: `approve`, `refuse`, a mapping that says who and when, or a list of them. And
//! that somebody cancels the run.

use std::time::Duration;

use workflow::Decision;
use workflow::reading::{Content, Fields, Node, boolean, duration, text, texts, word};

use super::Reader;
use super::given::after;
use crate::case::{Call, Person};

const WHAT: &str = "a decision";
const FIELDS: &[&str] = &["decision", "by", "after", "reason", "groups", "counts"];
const DECISIONS: &[(&str, Decision)] = &[("approve", Decision::Approve), ("refuse", Decision::Refuse)];

/// The person at a place of the list; each that is not named is another one.
pub(crate) fn read(node: &Node, index: usize, reader: &mut Reader<'_, '_>) -> Option<Person> {
    let somebody = format!("approver-{}", index + 1);
    if let Content::Text(_) = &node.content {
        let decision = word(node, "a decision", DECISIONS, reader.problems)?;
        return Some(Person {
            by: somebody,
            decision,
            after: Duration::ZERO,
            reason: None,
            groups: None,
            counts: true,
            span: node.span.clone(),
        });
    }
    let fields = Fields::of(node, WHAT, FIELDS, reader.problems)?;
    let decision = fields.required("decision", WHAT, reader.problems)?;
    let by = fields.get("by").and_then(|node| text(node, "`by`", reader.problems));
    let reason = fields.get("reason").and_then(|node| text(node, "`reason`", reader.problems));
    Some(Person {
        by: by.map_or(somebody, str::to_owned),
        decision: word(decision, "`decision`", DECISIONS, reader.problems)?,
        after: after(&fields, "after", reader).unwrap_or(Duration::ZERO),
        reason: reason.map(str::to_owned),
        groups: fields.get("groups").and_then(|node| texts(node, "`groups`", reader.problems)),
        counts: fields.get("counts").and_then(|node| boolean(node, "`counts`", reader.problems)).unwrap_or(true),
        span: decision.span.clone(),
    })
}

/// `cancel: <after>`, or a mapping that says who and why.
pub(crate) fn cancel(node: &Node, reader: &mut Reader<'_, '_>) -> Option<Call> {
    let somebody = "operator";
    if let Content::Text(_) = &node.content {
        let after = duration(node, "`cancel`", reader.problems)?;
        return Some(Call { by: somebody.to_owned(), after, reason: None });
    }
    let fields = Fields::of(node, "`cancel`", &["after", "by", "reason"], reader.problems)?;
    let by = fields.get("by").and_then(|node| text(node, "`by`", reader.problems)).unwrap_or(somebody);
    let reason = fields.get("reason").and_then(|node| text(node, "`reason`", reader.problems));
    let after = after(&fields, "after", reader).unwrap_or(Duration::ZERO);
    Some(Call { by: by.to_owned(), after, reason: reason.map(str::to_owned) })
}
