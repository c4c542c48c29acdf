//! What the plugins of an installation take and give, held against what a workflow gives and takes.

use std::collections::BTreeMap;

use serde_json::Value;

use super::Surroundings;
use crate::document::Workflow;
use crate::problem::Collector;
use crate::read::suggestion;
use crate::step::{Kind, Plugin};

pub(super) fn check(workflow: &Workflow, surroundings: &Surroundings<'_>, problems: &mut Collector<'_>) {
    let Some(plugins) = surroundings.plugins else { return };
    for step in workflow.walk() {
        let Kind::Plugin(plugin) = step.kind() else { continue };
        match plugins.get(plugin.name()) {
            Some(schema) => check_input(plugin, schema.input.as_ref(), problems),
            None => {
                let known: Vec<&str> = plugins.keys().map(String::as_str).collect();
                let message = format!("unknown plugin `{}`", plugin.name());
                problems.add_with_help(plugin.span(), message, suggestion(plugin.name(), &known));
            }
        }
    }
}

fn check_input(plugin: &Plugin, schema: Option<&Value>, problems: &mut Collector<'_>) {
    let Some(schema) = schema else { return };
    if let Some(known) = closed_fields(schema) {
        let known: Vec<&str> = known.iter().map(String::as_str).collect();
        for key in plugin.arguments().iter().filter(|key| !known.contains(&key.name.as_str())) {
            let message = format!("`{}` takes no `{}`", plugin.name(), key.name);
            problems.add_with_help(&key.span, message, suggestion(&key.name, &known));
        }
    }
    let required = schema.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
    for name in required.filter(|name| !plugin.arguments().iter().any(|key| key.name == *name)) {
        problems.add(plugin.span(), format!("`{}` needs `{name}` in `with`", plugin.name()));
    }
}

/// The fields of each step's output, where the plugin says that there are no others.
pub(super) fn outputs(workflow: &Workflow, surroundings: &Surroundings<'_>) -> BTreeMap<String, Vec<String>> {
    let mut outputs = BTreeMap::new();
    for step in workflow.walk() {
        let schema = step.plugin().and_then(|plugin| surroundings.plugins?.get(plugin)?.output.as_ref());
        if let (Some(id), Some(fields)) = (step.id(), schema.and_then(closed_fields)) {
            outputs.insert(id.to_owned(), fields);
        }
    }
    outputs
}

/// The properties of a schema that names any and does not allow others.
fn closed_fields(schema: &Value) -> Option<Vec<String>> {
    let others = schema.get("additionalProperties");
    if others.is_some_and(|others| others != &Value::Bool(false)) {
        return None;
    }
    Some(schema.get("properties")?.as_object()?.keys().cloned().collect())
}
