//! A first case for a workflow that has none: every plugin answers, everybody approves, and it expects what comes of that.
//!
//! This decides what a beginning looks like. It is meant to be edited: the event is made from the pattern, so that it has
//! what the pattern asks for and what expressions need, and little else; and plugins answer no more than that.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};
use workflow::reading::{Collector, Content, Node, parse};
use workflow::{Event, Problems, Step, StepError, Workflow};

use crate::files::Files;
use crate::load::load;
use crate::rehearse::{End, Rehearsal, rehearse};

/// How often something that an expression misses is filled in.
const MAX_FILLED: usize = 64;

/// What a first case gives.
struct Given {
    event: Option<Value>,
    /// By the path of the step.
    outputs: BTreeMap<String, Value>,
}

/// The text of a file with a first case. `file` is where it will be, `files` reads what is beside it.
pub fn draft(file: &str, workflow: &Workflow, files: &dyn Files) -> Result<String, Problems> {
    let mut given = Given { event: example_of_trigger(workflow), outputs: BTreeMap::new() };
    let mut text = write(workflow, &given, "succeeded", &[]);
    for _ in 0..MAX_FILLED {
        let suite = load(file, &text, files)?;
        let Some(case) = suite.cases.first() else { break };
        let rehearsal = rehearse(&suite.workflow, case);
        let filled = missing(&rehearsal).is_some_and(|missing| given.fill(&missing));
        text = write(workflow, &given, rehearsal.status(), &rehearsal.ran());
        if !filled {
            break;
        }
    }
    Ok(text)
}

/// What an expression misses: `event.detail.eventTime`, `steps.assess.output.severity`.
fn missing(rehearsal: &Rehearsal) -> Option<String> {
    let failed = match &rehearsal.end {
        End::NotStarted(why) => why.strip_prefix("`dedupe.key`: ")?,
        _ => rehearsal.log.iter().find_map(|(event, _)| match event {
            Event::StepFailed { error, .. } if error.code == StepError::EXPRESSION => Some(error.message.as_str()),
            _ => None,
        })?,
    };
    let (missing, rest) = failed.strip_prefix('`')?.split_once('`')?;
    rest.ends_with("is not defined").then(|| missing.to_owned())
}

impl Given {
    /// Gives what is missing; says whether that is in the power of a case.
    fn fill(&mut self, missing: &str) -> bool {
        let path: Vec<&str> = missing.split('.').collect();
        match path.as_slice() {
            ["event", path @ ..] => {
                set(self.event.get_or_insert_with(|| json!({})), path);
                true
            }
            ["steps", step, "output", path @ ..] if !path.is_empty() => {
                set(self.outputs.entry((*step).to_owned()).or_insert_with(|| json!({})), path);
                true
            }
            _ => false,
        }
    }
}

/// Puts an example at a place that is not there yet.
fn set(value: &mut Value, path: &[&str]) {
    let [first, rest @ ..] = path else {
        *value = json!("example");
        return;
    };
    if !value.is_object() {
        *value = json!({});
    }
    if let Value::Object(fields) = value {
        set(fields.entry(*first).or_insert_with(|| json!({})), rest);
    }
}

fn write(workflow: &Workflow, given: &Given, status: &str, ran: &[&str]) -> String {
    let mut lines = vec![
        format!(
            "# What `quell workflow test` tries of {}; docs/workflow-tests.md says how cases are written.",
            workflow.name
        ),
        "cases:".to_owned(),
        "  - name: a first case".to_owned(),
    ];
    lines.extend(given.event.as_ref().map(|event| block("event", event)));
    let needed = workflow.inputs.iter().filter(|(_, input)| input.default.is_none());
    let needed: Map<String, Value> = needed.map(|(name, input)| (name.clone(), example(input.kind.name()))).collect();
    if !needed.is_empty() {
        lines.push(format!("    inputs: {}", Value::Object(needed)));
    }
    let output = |step: &Step| {
        let output = given.outputs.get(step.path()).cloned().unwrap_or_else(|| json!({}));
        format!("{{ output: {output} }}")
    };
    section(&mut lines, "answers", workflow, "plugin", output);
    section(&mut lines, "decisions", workflow, "approval", |_| "approve".to_owned());
    lines.push("    expect:".to_owned());
    lines.push(format!("      status: {status}"));
    lines.push(format!("      ran: [{}]", ran.iter().map(|path| quoted(path)).collect::<Vec<_>>().join(", ")));
    lines.join("\n") + "\n"
}

/// A field of a case, with its value in a block beneath it.
fn block(name: &str, value: &Value) -> String {
    let lines: Vec<String> = workflow::to_yaml(value).lines().map(|line| format!("      {line}")).collect();
    format!("    {name}:\n{}", lines.join("\n"))
}

/// A path as it stands in a list: brackets would begin another one.
fn quoted(path: &str) -> String {
    if path.contains('[') { format!("\"{path}\"") } else { path.to_owned() }
}

/// What is given to each step of a kind, those of `catch` and `on-failure` included.
fn section(lines: &mut Vec<String>, name: &str, workflow: &Workflow, kind: &str, given: impl Fn(&Step) -> String) {
    let steps: Vec<&Step> = workflow.walk().into_iter().filter(|step| step.kind_name() == kind).collect();
    if !steps.is_empty() {
        lines.push(format!("    {name}:"));
        lines.extend(steps.iter().map(|step| format!("      {}: {}", step.path(), given(step))));
    }
}

/// An event that the first pattern of the workflow matches, as far as that can be told from the pattern.
fn example_of_trigger(workflow: &Workflow) -> Option<Value> {
    let root = parse(&workflow.source, &mut Collector::new(&workflow.source))?;
    let Content::List(triggers) = &field(&root, "on")?.content else { return None };
    let trigger = triggers.iter().find(|trigger| field(trigger, "event").is_some())?;
    let pattern = field(trigger, "event")?;
    let mut event = json!({ "id": "00000000-0000-0000-0000-000000000000" });
    if let (Value::Object(event), Some(Value::Object(made))) = (&mut event, example_of(&pattern.to_json())) {
        event.extend(made);
    }
    if let Some(Content::Text(path)) = field(trigger, "split").map(|node| &node.content) {
        in_list(&mut event, &path.split('.').collect::<Vec<_>>());
    }
    Some(event)
}

/// Makes a list of what is at a place, since it is to be split.
fn in_list(value: &mut Value, path: &[&str]) {
    match path {
        [] => *value = json!([value.take()]),
        [first, rest @ ..] => {
            if let Some(inner) = value.get_mut(*first) {
                in_list(inner, rest);
            }
        }
    }
}

fn field<'n>(node: &'n Node, name: &str) -> Option<&'n Node> {
    let Content::Map(entries) = &node.content else { return None };
    entries.iter().find(|(key, _)| key.name == name).map(|(_, node)| node)
}

/// A value that a pattern matches; `None` for one that matches what is not there.
fn example_of(pattern: &Value) -> Option<Value> {
    match pattern {
        Value::Object(fields) => {
            let mut made = Map::new();
            for (name, pattern) in fields {
                match (name.as_str(), pattern) {
                    // One of them is enough: the first.
                    ("$or", Value::Array(alternatives)) => {
                        if let Some(Value::Object(first)) = alternatives.first().and_then(example_of) {
                            made.extend(first);
                        }
                    }
                    _ => made.extend(example_of(pattern).map(|value| (name.clone(), value))),
                }
            }
            Some(Value::Object(made))
        }
        Value::Array(alternatives) => match alternatives.first()? {
            Value::Object(rule) => example_of_rule(rule),
            literal => Some(literal.clone()),
        },
        _ => None,
    }
}

fn example_of_rule(rule: &Map<String, Value>) -> Option<Value> {
    let (name, argument) = rule.iter().next()?;
    match (name.as_str(), argument) {
        ("exists", Value::Bool(false)) => None,
        ("prefix" | "suffix" | "equals-ignore-case", Value::String(text)) => Some(json!(text)),
        ("wildcard", Value::String(text)) => Some(json!(text.replace('*', "x"))),
        ("numeric", Value::Array(rule)) => rule.get(1).cloned(),
        _ => Some(json!("example")),
    }
}

fn example(kind: &str) -> Value {
    match kind {
        "string" => json!("example"),
        "number" | "integer" => json!(1),
        "boolean" => json!(true),
        "array" => json!([]),
        _ => json!({}),
    }
}
