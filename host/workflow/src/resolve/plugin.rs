//! What the plugins of an installation take and give, held against what a workflow gives and takes.

use std::collections::BTreeSet;

use super::Surroundings;
use super::given::Given;
use crate::document::Workflow;
use crate::problem::Collector;
use crate::read::{self, shorten};
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
        let Some(schema) = plugins.get(plugin.name()) else {
            let message = || format!("unknown plugin `{}`", shorten(plugin.name()));
            let known = || plugins.keys().map(String::as_str).collect();
            read::unknown(|_| plugin.span().clone(), message, plugin.name(), known, problems);
            continue;
        };
        let Some(schema) = &schema.input else { continue };
        let shape = Shape::new(schema, given.lookups);
        check_fields(plugin, shape, problems);
        for (name, value) in plugin.input().fields().into_iter().flatten() {
            if let Some(shape) = shape.field(name) {
                let what = format!("`{}` of `{}`", shorten(name), plugin.name());
                given.check(value, shape, &what, problems);
            }
        }
    }
}

fn check_fields(plugin: &Plugin, shape: Shape<'_>, problems: &mut Collector<'_>) {
    for key in plugin.arguments().iter().filter(|key| shape.excludes(&key.name)) {
        let message = || format!("`{}` takes no `{}`", plugin.name(), shorten(&key.name));
        read::unknown(|_| key.span.clone(), message, &key.name, || shape.fields().collect(), problems);
    }
    let given: BTreeSet<&str> = plugin.arguments().iter().map(|key| key.name.as_str()).collect();
    for name in shape.required().filter(|name| !given.contains(name)) {
        if problems.is_full() {
            break;
        }
        problems.add(plugin.span(), format!("`{}` needs `{}` in `with`", plugin.name(), shorten(name)));
    }
}
