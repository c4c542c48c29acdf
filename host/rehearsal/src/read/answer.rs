//! What a plugin answers, as it is written: `{ output: … }`, `{ fail: … }`, `{ unknown: … }`, or a list with one for each
//! attempt.

use std::time::Duration;

use serde_json::Value;
use workflow::reading::{Content, Fields, Node, text, word};
use workflow::{StepError, Verdict};

use super::Reader;
use super::given::after;
use crate::case::{Answer, Outcome, Unknown};

const WHAT: &str = "an answer";
const FIELDS: &[&str] = &["input", "takes", "unknown", "output", "fail"];
const VERDICTS: &[(&str, Option<Verdict>)] = &[
    ("done", Some(Verdict::Done)),
    ("not-done", Some(Verdict::NotDone)),
    ("give-up", Some(Verdict::GiveUp)),
    ("nobody", None),
];
/// Who tells what became of a write when a case does not say.
const REVIEWER: &str = "reviewer";

pub(crate) fn read(node: &Node, _: usize, reader: &mut Reader<'_, '_>) -> Option<Answer> {
    let fields = Fields::of(node, WHAT, FIELDS, reader.problems)?;
    let unknown = match fields.get("unknown") {
        Some(node) => Some(unknown(node, reader)?),
        None => None,
    };
    let output = fields.get("output").map(|node| Outcome::Output(node.to_json()));
    let fail = match fields.get("fail") {
        Some(node) => Some(Outcome::Fail(fail(node, reader)?)),
        None => None,
    };
    // An attempt that does not go on comes to nothing of its own.
    let goes_on = unknown.as_ref().is_none_or(|unknown| !matches!(unknown.verdict, None | Some(Verdict::GiveUp)));
    let outcome = match (output, fail) {
        (Some(_), Some(_)) => {
            reader.problems.add(&fields.span, "`output` and `fail` exclude each other");
            return None;
        }
        (None, None) if goes_on => {
            let help = "an answer is `{ output: … }` or `{ fail: … }`; a list of them has one for each attempt";
            reader.problems.add_with_help(&fields.span, "an answer needs `output` or `fail`", help);
            return None;
        }
        (output, fail) => output.or(fail).unwrap_or(Outcome::Output(Value::Null)),
    };
    let takes = after(&fields, "takes", reader).unwrap_or(Duration::ZERO);
    Some(Answer { input: fields.get("input").map(Node::to_json), takes, unknown, outcome })
}

/// `fail: <code>`, or a mapping with a message too.
fn fail(node: &Node, reader: &mut Reader<'_, '_>) -> Option<StepError> {
    if let Content::Text(code) = &node.content {
        return Some(StepError::new(code, format!("{code}, as the case has it")));
    }
    let fields = Fields::of(node, "`fail`", &["code", "message"], reader.problems)?;
    let code = fields.required("code", "`fail`", reader.problems)?;
    let code = text(code, "`code`", reader.problems)?;
    let message = fields.get("message").and_then(|node| text(node, "`message`", reader.problems));
    Some(StepError::new(code, message.map_or_else(|| format!("{code}, as the case has it"), str::to_owned)))
}

/// `unknown: <verdict>`, or a mapping that says who gives it and when.
fn unknown(node: &Node, reader: &mut Reader<'_, '_>) -> Option<Unknown> {
    if let Content::Text(_) = &node.content {
        let verdict = word(node, "`unknown`", VERDICTS, reader.problems)?;
        return Some(Unknown { verdict, by: REVIEWER.to_owned(), after: Duration::ZERO });
    }
    let fields = Fields::of(node, "`unknown`", &["verdict", "by", "after"], reader.problems)?;
    let verdict = fields.required("verdict", "`unknown`", reader.problems)?;
    let by = fields.get("by").and_then(|node| text(node, "`by`", reader.problems)).unwrap_or(REVIEWER);
    Some(Unknown {
        verdict: word(verdict, "`verdict`", VERDICTS, reader.problems)?,
        by: by.to_owned(),
        after: after(&fields, "after", reader).unwrap_or(Duration::ZERO),
    })
}
