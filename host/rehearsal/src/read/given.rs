//! What is given to a run: by a case, and by what all cases of a file have in common.

use std::collections::BTreeMap;

use serde_json::{Map, Value};
use workflow::Millis;
use workflow::reading::{Content, Fields, Node, duration, suggestion, text};

use super::{Reader, answer, decision};
use crate::case::{Answer, Call, Person};

/// What is given. Whatever is absent is not said.
#[derive(Clone, Debug, Default)]
pub(crate) struct Given {
    /// `Some(None)` is a run that is started by hand, whatever the defaults say.
    pub(crate) event: Option<Option<Value>>,
    /// Whether the event is a change of what the defaults say.
    is_change: bool,
    pub(crate) inputs: Option<Map<String, Value>>,
    pub(crate) started_by: Option<String>,
    pub(crate) account: Option<String>,
    pub(crate) region: Option<String>,
    pub(crate) starts_at: Option<Millis>,
    pub(crate) answers: BTreeMap<String, Vec<Answer>>,
    pub(crate) plugins: BTreeMap<String, Vec<Answer>>,
    pub(crate) decisions: BTreeMap<String, Vec<Person>>,
    pub(crate) cancel: Option<Call>,
}

impl Given {
    pub(crate) const FIELDS: &'static [&'static str] = &[
        "event-file",
        "event",
        "inputs",
        "started-by",
        "account",
        "region",
        "starts-at",
        "answers",
        "plugins",
        "decisions",
        "cancel",
    ];

    pub(crate) fn read(fields: &Fields<'_>, reader: &mut Reader<'_, '_>) -> Given {
        let file = fields.get("event-file").and_then(|node| event_file(node, reader));
        let inline = fields.get("event").map(Node::to_json);
        let is_change = fields.get("event-file").is_none();
        let event = match (file, inline) {
            (Some(file), Some(change)) => Some(Some(changed(&file, &change))),
            (Some(file), None) => Some(Some(file)),
            (None, Some(Value::Null)) => Some(None),
            (None, inline) => inline.map(Some),
        };
        let word = |name: &str, reader: &mut Reader<'_, '_>| {
            let node = fields.get(name)?;
            text(node, &format!("`{name}`"), reader.problems).map(str::to_owned)
        };
        Given {
            event,
            is_change,
            inputs: fields.get("inputs").and_then(|node| inputs(node, reader)),
            started_by: word("started-by", reader),
            account: fields.get("account").and_then(|node| account(node, reader)),
            region: word("region", reader),
            starts_at: fields.get("starts-at").and_then(|node| moment(node, reader)),
            answers: map_of(fields.get("answers"), |node| reader.by_step(node, "`answers`", "plugin", answer::read)),
            plugins: map_of(fields.get("plugins"), |node| plugins(node, reader)),
            decisions: map_of(fields.get("decisions"), |node| {
                reader.by_step(node, "`decisions`", "approval", decision::read)
            }),
            cancel: fields.get("cancel").and_then(|node| decision::cancel(node, reader)),
        }
    }

    /// This, and what it does not say as in the defaults.
    pub(crate) fn over(self, defaults: &Given) -> Given {
        let event = match (self.event, &defaults.event) {
            (Some(Some(change)), Some(Some(event))) if self.is_change => Some(Some(changed(event, &change))),
            (Some(event), _) => Some(event),
            (None, event) => event.clone(),
        };
        let inputs = match (self.inputs, defaults.inputs.clone()) {
            (Some(own), Some(mut inputs)) => {
                inputs.extend(own);
                Some(inputs)
            }
            (own, inputs) => own.or(inputs),
        };
        Given {
            event,
            is_change: false,
            inputs,
            started_by: self.started_by.or_else(|| defaults.started_by.clone()),
            account: self.account.or_else(|| defaults.account.clone()),
            region: self.region.or_else(|| defaults.region.clone()),
            starts_at: self.starts_at.or(defaults.starts_at),
            answers: merged(self.answers, &defaults.answers),
            plugins: merged(self.plugins, &defaults.plugins),
            decisions: merged(self.decisions, &defaults.decisions),
            cancel: self.cancel.or_else(|| defaults.cancel.clone()),
        }
    }
}

fn map_of<T>(node: Option<&Node>, read: impl FnOnce(&Node) -> BTreeMap<String, T>) -> BTreeMap<String, T> {
    node.map_or_else(BTreeMap::new, read)
}

fn merged<T: Clone>(mut own: BTreeMap<String, T>, defaults: &BTreeMap<String, T>) -> BTreeMap<String, T> {
    for (name, default) in defaults {
        own.entry(name.clone()).or_insert_with(|| default.clone());
    }
    own
}

/// A JSON Merge Patch (RFC 7396): mappings are merged, null removes, everything else replaces.
fn changed(value: &Value, change: &Value) -> Value {
    let Value::Object(changes) = change else { return change.clone() };
    let mut fields = value.as_object().cloned().unwrap_or_default();
    for (name, change) in changes {
        if change.is_null() {
            fields.remove(name);
        } else {
            let field = changed(fields.get(name).unwrap_or(&Value::Null), change);
            fields.insert(name.clone(), field);
        }
    }
    Value::Object(fields)
}

fn event_file(node: &Node, reader: &mut Reader<'_, '_>) -> Option<Value> {
    let path = text(node, "`event-file`", reader.problems)?;
    let source = match reader.files.read(path) {
        Ok(source) => source,
        Err(why) => {
            let help = "paths are relative to the file of cases";
            reader.problems.add_with_help(&node.span, format!("`{path}` cannot be read: {why}"), help);
            return None;
        }
    };
    match serde_json::from_str(&source) {
        Ok(event) => Some(event),
        Err(error) => {
            reader.problems.add(&node.span, format!("`{path}` is not valid JSON: {error}"));
            None
        }
    }
}

fn inputs(node: &Node, reader: &mut Reader<'_, '_>) -> Option<Map<String, Value>> {
    let workflow = reader.workflow;
    let known: Vec<&str> = workflow.inputs.keys().map(String::as_str).collect();
    Fields::of(node, "`inputs`", &known, reader.problems)?;
    let Content::Map(entries) = &node.content else { return None };
    for (key, node) in entries {
        let value = node.to_json();
        if let Some(input) = workflow.inputs.get(&key.name).filter(|input| !input.kind.admits(&value)) {
            let message = format!("input `{}` must be of type `{}`, not {}", key.name, input.kind.name(), node.kind());
            reader.problems.add(&node.span, message);
        }
    }
    node.to_json().as_object().cloned()
}

fn plugins(node: &Node, reader: &mut Reader<'_, '_>) -> BTreeMap<String, Vec<Answer>> {
    let workflow = reader.workflow;
    let known: Vec<&str> = workflow.all_plugins().into_iter().collect();
    let mut plugins = BTreeMap::new();
    for (key, node) in reader.entries(node, "`plugins`") {
        if !known.contains(&key.name.as_str()) {
            let message = format!("workflow `{}` runs no plugin `{}`", workflow.name, key.name);
            reader.problems.add_with_help(&key.span, message, suggestion(&key.name, &known));
        }
        plugins.insert(key.name.clone(), reader.one_or_more(node, answer::read));
    }
    plugins
}

/// Twelve digits; YAML takes those that do not begin with 0 for a number.
fn account(node: &Node, reader: &mut Reader<'_, '_>) -> Option<String> {
    let given = match &node.content {
        Content::Text(text) => text.clone(),
        Content::Number(number) => number.to_string(),
        _ => String::new(),
    };
    let fits = given.len() == 12 && given.chars().all(|c| c.is_ascii_digit());
    if !fits {
        reader.problems.add(&node.span, "`account` must be the twelve digits of an AWS account");
    }
    fits.then_some(given)
}

fn moment(node: &Node, reader: &mut Reader<'_, '_>) -> Option<Millis> {
    let given = text(node, "`starts-at`", reader.problems)?;
    let parsed: Result<jiff::Timestamp, _> = given.parse();
    if parsed.is_err() {
        let help = "write it like `2026-08-01T12:00:00Z`";
        reader.problems.add_with_help(&node.span, format!("`starts-at` cannot be `{given}`"), help);
    }
    parsed.ok().map(jiff::Timestamp::as_millisecond)
}

/// A duration that may be left out.
pub(super) fn after(fields: &Fields<'_>, name: &str, reader: &mut Reader<'_, '_>) -> Option<std::time::Duration> {
    fields.get(name).and_then(|node| duration(node, &format!("`{name}`"), reader.problems))
}
