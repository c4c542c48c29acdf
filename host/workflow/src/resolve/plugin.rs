//! What the plugins of an installation take and give, held against what a workflow gives and takes.

use super::Surroundings;
use super::given::Given;
use crate::document::Workflow;
use crate::problem::Collector;
use crate::read::suggestion;
use crate::schema::Shape;
use crate::step::{Kind, Plugin};

pub(super) fn check(
    workflow: &Workflow,
    surroundings: &Surroundings<'_>,
    given: &Given<'_>,
    problems: &mut Collector<'_>,
) {
    let Some(plugins) = surroundings.plugins else { return };
    for step in workflow.walk() {
        let Kind::Plugin(plugin) = step.kind() else { continue };
        match plugins.get(plugin.name()) {
            Some(schema) => {
                let Some(schema) = &schema.input else { continue };
                let shape = Shape::new(schema);
                check_fields(plugin, shape, problems);
                let known = plugin.arguments().iter().filter_map(|key| Some((key, shape.field(&key.name)?)));
                for (key, shape) in known {
                    if let Some(value) = plugin.input().field(&key.name) {
                        let what = format!("`{}` of `{}`", key.name, plugin.name());
                        given.check(value, shape, &what, problems);
                    }
                }
            }
            None => {
                let known: Vec<&str> = plugins.keys().map(String::as_str).collect();
                let message = format!("unknown plugin `{}`", plugin.name());
                problems.add_with_help(plugin.span(), message, suggestion(plugin.name(), &known));
            }
        }
    }
}

fn check_fields(plugin: &Plugin, shape: Shape<'_>, problems: &mut Collector<'_>) {
    if let Some(known) = shape.closed_fields() {
        for key in plugin.arguments().iter().filter(|key| !known.contains(&key.name.as_str())) {
            let message = format!("`{}` takes no `{}`", plugin.name(), key.name);
            problems.add_with_help(&key.span, message, suggestion(&key.name, &known));
        }
    }
    for name in shape.required().filter(|name| !plugin.arguments().iter().any(|key| key.name == *name)) {
        problems.add(plugin.span(), format!("`{}` needs `{name}` in `with`", plugin.name()));
    }
}
