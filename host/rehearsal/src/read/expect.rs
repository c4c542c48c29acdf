//! What is expected, as it is written. Values keep their places, so that a difference is shown where it is expected.

use workflow::reading::{Content, Fields, Node, Span, duration, list, suggestion, text, whole};

use super::Reader;
use crate::case::{Expect, ExpectedError, ExpectedStep};

const WHAT: &str = "`expect`";
const FIELDS: &[&str] = &["status", "error", "ran", "steps", "output", "takes"];
/// How a run can end; `waiting` is one that nothing in the case moves any more, `not-started` one that the event does
/// not start.
const STATUSES: &[&str] =
    &["succeeded", "failed", "refused", "expired", "timed-out", "cancelled", "waiting", "not-started"];
/// How a step can end.
const STEP_STATUSES: &[&str] =
    &["succeeded", "failed", "skipped", "refused", "expired", "waiting", "suspended", "running", "not-reached"];
const STEP_FIELDS: &[&str] = &["status", "attempts", "input", "exact-input", "output", "error", "title", "show"];
/// More attempts than a `retry` can have.
const MAX_ATTEMPTS: u32 = 100;

pub(crate) fn read(node: &Node, reader: &mut Reader<'_, '_>) -> Option<Expect> {
    let fields = Fields::of(node, WHAT, FIELDS, reader.problems)?;
    let status = fields.required("status", WHAT, reader.problems);
    let error = fields.get("error").and_then(|node| error(node, reader));
    let ran = fields.get("ran").map(|node| (ran(node, reader), node.span.clone()));
    let steps = fields.get("steps").map_or_else(Vec::new, |node| steps(node, reader));
    let takes =
        fields.get("takes").and_then(|node| Some((duration(node, "`takes`", reader.problems)?, node.span.clone())));
    Some(Expect {
        status: one_of(status?, "`status`", STATUSES, reader)?,
        error,
        ran,
        steps,
        output: fields.get("output").cloned(),
        takes,
    })
}

fn one_of(
    node: &Node,
    what: &str,
    words: &[&'static str],
    reader: &mut Reader<'_, '_>,
) -> Option<(&'static str, Span)> {
    let given = text(node, what, reader.problems)?;
    let found = words.iter().find(|word| **word == given);
    if found.is_none() {
        reader.problems.add_with_help(&node.span, format!("{what} cannot be `{given}`"), suggestion(given, words));
    }
    found.map(|word| (*word, node.span.clone()))
}

/// `error: <code>`, or a mapping.
fn error(node: &Node, reader: &mut Reader<'_, '_>) -> Option<ExpectedError> {
    if let Content::Text(_) = &node.content {
        return Some(ExpectedError { code: Some(node.clone()), message: None, span: node.span.clone() });
    }
    let fields = Fields::of(node, "`error`", &["code", "message"], reader.problems)?;
    let span = fields.span.clone();
    Some(ExpectedError { code: fields.get("code").cloned(), message: fields.get("message").cloned(), span })
}

/// The plugin steps that ran, in the order in which they began.
fn ran(node: &Node, reader: &mut Reader<'_, '_>) -> Vec<(String, Span)> {
    let items = list(node, "`ran`", reader.problems).unwrap_or_default();
    let mut ran = Vec::new();
    for item in items {
        let Some(name) = text(item, "`ran`", reader.problems) else { continue };
        let key = workflow::reading::Key { name: name.to_owned(), span: item.span.clone() };
        if reader.step(&key, Some("plugin")) {
            ran.push((key.name, key.span));
        }
    }
    ran
}

fn steps(node: &Node, reader: &mut Reader<'_, '_>) -> Vec<ExpectedStep> {
    let mut steps = Vec::new();
    for (key, node) in reader.entries(node, "`steps`") {
        if reader.step(key, None) {
            steps.extend(step(&key.name, &key.span, node, reader));
        }
    }
    steps
}

/// `<step>: <status>`, or a mapping.
fn step(path: &str, span: &Span, node: &Node, reader: &mut Reader<'_, '_>) -> Option<ExpectedStep> {
    let mut expected = ExpectedStep {
        path: path.to_owned(),
        span: span.clone(),
        status: None,
        attempts: None,
        input: None,
        exact_input: None,
        output: None,
        error: None,
        title: None,
        show: None,
    };
    if let Content::Text(_) = &node.content {
        expected.status = Some(one_of(node, "the status of a step", STEP_STATUSES, reader)?);
        return Some(expected);
    }
    let fields = Fields::of(node, "what is expected of a step", STEP_FIELDS, reader.problems)?;
    let name = reader.names.name_of(path);
    let kind = reader.names.kind(&name).unwrap_or_default();
    for (field, only) in [
        ("attempts", "plugin"),
        ("input", "plugin"),
        ("exact-input", "plugin"),
        ("title", "approval"),
        ("show", "approval"),
    ] {
        if let Some(node) = fields.get(field).filter(|_| kind != only) {
            reader.problems.add(
                &node.span,
                format!("`{field}` is for steps of the kind `{only}`, and `{name}` is of the kind `{kind}`"),
            );
        }
    }
    expected.status = match fields.get("status") {
        Some(node) => Some(one_of(node, "`status`", STEP_STATUSES, reader)?),
        None => None,
    };
    expected.attempts = fields
        .get("attempts")
        .and_then(|node| Some((whole(node, "`attempts`", 1, MAX_ATTEMPTS, reader.problems)?, node.span.clone())));
    expected.input = fields.get("input").cloned();
    expected.exact_input = fields.get("exact-input").cloned();
    expected.output = fields.get("output").cloned();
    expected.error = fields.get("error").and_then(|node| error(node, reader));
    expected.title = fields.get("title").cloned();
    expected.show = fields.get("show").cloned();
    Some(expected)
}
