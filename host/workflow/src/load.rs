//! Loading a workflow: from text to a checked workflow, or to everything that is wrong with it.
//!
//! This decides the top level of the format. What starts a run is left to `trigger`, steps to `step`, references and what
//! steps mean to each other to `resolve`.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::concurrency::{self, OnUpdate};
use crate::document::{Dedupe, Workflow};
use crate::expression::template::{Template, kind};
use crate::input::{Input, InputKind, Inputs};
use crate::problem::{Collector, Problems};
use crate::read::{self, Fields, Naming};
use crate::resolve::{self, Surroundings};
use crate::schema::{self, Schema, TooMuchWork};
use crate::step::{Body, Reader};
use crate::trigger::{self, Trigger};
use crate::yaml::{self, Content, Node};

const WHAT: &str = "a workflow";
/// Compiling one takes some milliseconds and up to 256 KiB.
const MAX_PATTERNS: usize = 100;
/// The fields of a workflow.
pub(crate) const FIELDS: &[&str] = &[
    "name",
    "description",
    "on",
    "dedupe",
    "concurrency",
    "timeout",
    "inputs",
    "vars",
    "steps",
    "on-failure",
    "output",
];

/// Loads and checks a workflow. `file_name` is only for the text of problems.
pub fn load(file_name: &str, source: &str, surroundings: &Surroundings<'_>) -> Result<Workflow, Problems> {
    let mut problems = Collector::new(source);
    let workflow = yaml::parse(source, &mut problems).and_then(|root| read(&root, source, surroundings, &mut problems));
    match workflow {
        Some(workflow) if problems.is_empty() => Ok(Workflow { notes: problems.finish(file_name), ..workflow }),
        _ => Err(problems.finish(file_name)),
    }
}

/// The document as JSON, when it is YAML as workflows may have it: what [`to_yaml`](crate::to_yaml) writes again.
pub fn to_json(source: &str) -> Option<Value> {
    let mut problems = Collector::new(source);
    let root = yaml::parse(source, &mut problems).filter(|_| problems.is_empty());
    root.map(|root| root.to_json())
}

fn read(root: &Node, source: &str, surroundings: &Surroundings<'_>, problems: &mut Collector<'_>) -> Option<Workflow> {
    let fields = Fields::of(root, WHAT, FIELDS, problems)?;
    let name = fields.required("name", WHAT, problems).and_then(|node| read_name(node, problems));
    let description = fields.get("description").and_then(|node| read::text(node, "`description`", problems));
    let triggers = fields.get("on").map_or_else(Vec::new, |node| trigger::read(node, problems));
    // One that could not be read is an event all the same.
    let has_events = fields.get("on").is_some_and(trigger::names_event);
    let dedupe = fields.get("dedupe").and_then(|node| read_dedupe(node, has_events, problems));
    let concurrency = fields.get("concurrency").and_then(|node| concurrency::read(node, problems));
    let timeout = fields.get("timeout").and_then(|node| read::duration(node, "`timeout`", problems));
    let alone = triggers.iter().any(|trigger| !matches!(trigger, Trigger::Manual));
    let inputs = fields.get("inputs").map_or_else(Inputs::default, |node| read_inputs(node, alone, problems));
    let vars = fields.get("vars").map_or_else(BTreeMap::new, |node| read_vars(node, problems));
    let steps = fields.required("steps", WHAT, problems);
    let mut reader = Reader::new(problems);
    let steps = steps.map_or_else(Vec::new, |node| reader.sequence(node, "steps"));
    let on_failure = fields.get("on-failure").map_or_else(Vec::new, |node| reader.sequence(node, "on-failure"));
    let lost = reader.into_lost();
    let output = fields.get("output").map(|node| Template::read(node, problems));
    let digest = hex(&Sha256::digest(source.as_bytes()));
    let body = Body::new(name.unwrap_or_default(), digest, inputs, steps, on_failure);
    let mut workflow = Workflow {
        body: Arc::new(Body { timeout, vars, output, ..body }),
        description: description.map(str::to_owned),
        source: source.to_owned(),
        triggers,
        dedupe,
        concurrency,
        callees: BTreeMap::new(),
        notes: Problems::default(),
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

fn read_dedupe(node: &Node, has_events: bool, problems: &mut Collector<'_>) -> Option<Dedupe> {
    let fields = Fields::of(node, "`dedupe`", &["key", "window", "on-update"], problems)?;
    if !has_events {
        problems.add(&node.span, "`dedupe` needs an `event` in `on`: only events are repeated");
    }
    let on_update =
        fields.get("on-update").map_or(Some(OnUpdate::Ignore), |node| concurrency::on_update(node, problems));
    let key = fields.required("key", "`dedupe`", problems).map(|node| Template::read(node, problems));
    if let Some(key) = key.as_ref().filter(|key| key.expressions().is_empty()) {
        problems.add(key.span(), "`key` must have an expression, or all events would be one");
    }
    let window = fields.required("window", "`dedupe`", problems);
    let window = window.and_then(|node| read::duration(node, "`window`", problems));
    Some(Dedupe { key: key?, window: window?, on_update: on_update? })
}

/// `alone` says that something else than a person starts the workflow, which gives no inputs.
fn read_inputs(node: &Node, alone: bool, problems: &mut Collector<'_>) -> Inputs {
    let Content::Map(entries) = &node.content else {
        problems.add(&node.span, format!("`inputs` must be a mapping, not {}", node.kind()));
        return Inputs::default();
    };
    let mut inputs = BTreeMap::new();
    let mut patterns = 0;
    for (key, node) in entries {
        read::name(&key.name, &key.span, "an input's name", Naming::Identifier, problems);
        patterns += schema::patterns(&node.to_json());
        if patterns > MAX_PATTERNS {
            problems.add(&key.span, format!("the inputs of a workflow have at most {MAX_PATTERNS} patterns"));
            break;
        }
        if let Some(input) = read_input(&key.name, node, problems) {
            if alone && input.default.is_none() {
                let message = format!("`{}` needs a `default`, since events and schedules give no inputs", key.name);
                problems.add(&key.span, message);
            }
            inputs.insert(key.name.clone(), input);
        }
    }
    Inputs(inputs)
}

fn read_vars(node: &Node, problems: &mut Collector<'_>) -> BTreeMap<String, Template> {
    let Content::Map(entries) = &node.content else {
        problems.add(&node.span, format!("`vars` must be a mapping, not {}", node.kind()));
        return BTreeMap::new();
    };
    let vars = entries.iter().map(|(key, node)| {
        read::name(&key.name, &key.span, "a variable's name", Naming::Identifier, problems);
        (key.name.clone(), Template::read(node, problems))
    });
    vars.collect()
}

/// An input is a JSON Schema with a `type`, and its default.
fn read_input(name: &str, node: &Node, problems: &mut Collector<'_>) -> Option<Input> {
    let Content::Map(entries) = &node.content else {
        problems.add(&node.span, format!("an input must be a mapping, not {}", node.kind()));
        return None;
    };
    let fields: BTreeMap<&str, &Node> = entries.iter().map(|(key, node)| (key.name.as_str(), node)).collect();
    let description = fields.get("description").and_then(|node| read::text(node, "`description`", problems));
    let Some(given) = fields.get("type") else {
        problems.add(&node.span, "an input needs `type`");
        return None;
    };
    let input = read::word(given, "`type`", &InputKind::ALL, problems)?;
    let schema = match Schema::compile(&node.to_json()) {
        Ok(schema) => schema,
        Err(flaw) => {
            problems.add_flaw(&read::place_of(node, &flaw.path), flaw.message, flaw.help);
            return None;
        }
    };
    let default = fields.get("default").map(|node| (node, node.to_json()));
    if let Some((node, value)) = &default {
        if !input.admits(value) {
            let message = format!("the default of `{name}` must be of type `{}`, not {}", input.name(), kind(value));
            problems.add(&node.span, message);
        } else {
            match schema.flaws(value, 1).as_deref() {
                Ok([flaw, ..]) => {
                    let message = format!("the default of `{name}` is not what it asks for: {}", flaw.message);
                    problems.add(&read::place_of(node, &flaw.path), message);
                }
                Ok([]) => {}
                Err(TooMuchWork) => problems.add(&node.span, format!("the default of `{name}`: {TooMuchWork}")),
            }
        }
    }
    let default = default.map(|(_, value)| value);
    Some(Input { kind: input, schema, default, description: description.map(str::to_owned) })
}
