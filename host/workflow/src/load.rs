//! Loading a workflow: from text to a checked workflow, or to everything that is wrong with it.
//!
//! This decides the top level of the format. Steps are left to `step`, references and what steps mean to each other to
//! `resolve`.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::document::{Dedupe, Trigger, Workflow};
use crate::expression::template::{Template, kind};
use crate::input::{Input, InputKind, Inputs};
use crate::pattern::{Pattern, PatternError};
use crate::problem::{Collector, Problems, Span};
use crate::read::{self, Fields, Naming};
use crate::resolve::{self, Surroundings};
use crate::step::{Body, Reader};
use crate::yaml::{self, Content, Node};

const WHAT: &str = "a workflow";
const FIELDS: &[&str] = &["name", "description", "on", "dedupe", "timeout", "inputs", "steps", "on-failure", "output"];

/// Loads and checks a workflow. `file_name` is only for the text of problems.
pub fn load(file_name: &str, source: &str, surroundings: &Surroundings<'_>) -> Result<Workflow, Problems> {
    let mut problems = Collector::new(source);
    let workflow = yaml::parse(source, &mut problems).and_then(|root| read(&root, source, surroundings, &mut problems));
    match workflow {
        Some(workflow) if problems.is_empty() => Ok(workflow),
        _ => Err(problems.finish(file_name)),
    }
}

fn read(root: &Node, source: &str, surroundings: &Surroundings<'_>, problems: &mut Collector<'_>) -> Option<Workflow> {
    let fields = Fields::of(root, WHAT, FIELDS, problems)?;
    let name = fields.required("name", WHAT, problems).and_then(|node| read_name(node, problems));
    let description = fields.get("description").and_then(|node| read::text(node, "`description`", problems));
    let triggers = fields.get("on").map_or_else(Vec::new, |node| read_triggers(node, problems));
    let dedupe = fields.get("dedupe").and_then(|node| read_dedupe(node, !triggers.is_empty(), problems));
    let timeout = fields.get("timeout").and_then(|node| read::duration(node, "`timeout`", problems));
    let inputs =
        fields.get("inputs").map_or_else(Inputs::default, |node| read_inputs(node, !triggers.is_empty(), problems));
    let steps = fields.required("steps", WHAT, problems);
    let mut reader = Reader::new(problems);
    let steps = steps.map_or_else(Vec::new, |node| reader.sequence(node, "steps"));
    let on_failure = fields.get("on-failure").map_or_else(Vec::new, |node| reader.sequence(node, "on-failure"));
    let lost = reader.into_lost();
    let output = fields.get("output").map(|node| Template::read(node, problems));
    let digest = hex(&Sha256::digest(source.as_bytes()));
    let body = Body::new(name.unwrap_or_default(), digest, inputs, steps, on_failure);
    let mut workflow = Workflow {
        body: Arc::new(Body { timeout, output, ..body }),
        description: description.map(str::to_owned),
        source: source.to_owned(),
        triggers,
        dedupe,
        callees: BTreeMap::new(),
    };
    resolve::resolve(&mut workflow, surroundings, &lost, problems);
    Some(workflow)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn read_name(node: &Node, problems: &mut Collector<'_>) -> Option<String> {
    let name = read::text(node, "`name`", problems)?;
    read::name(name, &node.span, "a workflow's name", Naming::Kebab, problems);
    Some(name.to_owned())
}

fn read_triggers(node: &Node, problems: &mut Collector<'_>) -> Vec<Trigger> {
    let items = read::list(node, "`on`", problems).unwrap_or_default();
    let triggers = items.iter().filter_map(|item| {
        let fields = Fields::of(item, "a trigger", &["event"], problems)?;
        let pattern = fields.required("event", "a trigger", problems)?;
        match Pattern::new(&pattern.to_json()) {
            Ok(pattern) => Some(Trigger::Event(pattern)),
            Err(error) => {
                let span = place_of(pattern, &error);
                problems.add(&span, format!("not an event pattern: {error}"));
                None
            }
        }
    });
    triggers.collect()
}

/// The place of the value that a pattern's error is about.
fn place_of(pattern: &Node, error: &PatternError) -> Span {
    let mut node = pattern;
    for name in &error.path {
        let entries = match &node.content {
            Content::Map(entries) => entries.as_slice(),
            _ => &[],
        };
        match entries.iter().find(|(key, _)| key.name == *name) {
            Some((_, value)) => node = value,
            None => break,
        }
    }
    node.span.clone()
}

fn read_dedupe(node: &Node, has_triggers: bool, problems: &mut Collector<'_>) -> Option<Dedupe> {
    let fields = Fields::of(node, "`dedupe`", &["key", "window", "on-update"], problems)?;
    if !has_triggers {
        problems.add(&node.span, "`dedupe` needs a trigger in `on`: only events are repeated");
    }
    if let Some(node) = fields.get("on-update") {
        read_on_update(node, problems);
    }
    let key = fields.required("key", "`dedupe`", problems).map(|node| Template::read(node, problems));
    if let Some(key) = key.as_ref().filter(|key| key.expressions().is_empty()) {
        problems.add(key.span(), "`key` must have an expression, or all events would be one");
    }
    let window = fields.required("window", "`dedupe`", problems);
    let window = window.and_then(|node| read::duration(node, "`window`", problems));
    Some(Dedupe { key: key?, window: window? })
}

fn read_on_update(node: &Node, problems: &mut Collector<'_>) {
    match read::text(node, "`on-update`", problems) {
        Some("ignore") | None => {}
        Some(other @ ("signal" | "restart")) => {
            problems.add(&node.span, format!("`on-update: {other}` is not supported yet; there is `ignore`"));
        }
        Some(other) => {
            problems.add(&node.span, format!("`on-update` cannot be `{}`; there is `ignore`", read::shorten(other)))
        }
    }
}

fn read_inputs(node: &Node, has_triggers: bool, problems: &mut Collector<'_>) -> Inputs {
    let Content::Map(entries) = &node.content else {
        problems.add(&node.span, format!("`inputs` must be a mapping, not {}", node.kind()));
        return Inputs::default();
    };
    let mut inputs = BTreeMap::new();
    for (key, node) in entries {
        read::name(&key.name, &key.span, "an input's name", Naming::Identifier, problems);
        if let Some(input) = read_input(&key.name, node, problems) {
            if has_triggers && input.default.is_none() {
                problems.add(&key.span, format!("`{}` needs a `default`, since an event gives no inputs", key.name));
            }
            inputs.insert(key.name.clone(), input);
        }
    }
    Inputs(inputs)
}

fn read_input(name: &str, node: &Node, problems: &mut Collector<'_>) -> Option<Input> {
    let fields = Fields::of(node, "an input", &["type", "default", "description"], problems)?;
    let description = fields.get("description").and_then(|node| read::text(node, "`description`", problems));
    let given = fields.required("type", "an input", problems)?;
    let input = read::word(given, "`type`", &InputKind::ALL, problems)?;
    let default = fields.get("default");
    let value: Option<Value> = default.map(Node::to_json);
    if let (Some(node), Some(value)) = (default, value.as_ref().filter(|value| !input.admits(value))) {
        let message = format!("the default of `{name}` must be of type `{}`, not {}", input.name(), kind(value));
        problems.add(&node.span, message);
    }
    Some(Input { kind: input, default: value, description: description.map(str::to_owned) })
}
