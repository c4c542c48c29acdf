//! Secrets: where `${secret:name}` may be written.
//!
//! The host puts a secret in place when a plugin sends an HTTP request, and nowhere else. In any other text its name would
//! go out as it is written, which is never what was meant. A plugin marks the fields that end up in a request with
//! `x-quell-secrets: true` in the schema of its input.

use std::collections::BTreeSet;

use serde_json::Value;

use super::Surroundings;
use crate::document::Workflow;
use crate::expression::template::Template;
use crate::problem::Collector;
use crate::read::shorten;
use crate::schema::{Lookups, Shape};
use crate::step::Kind;

const SECRET: &str = "${secret:";

pub(super) fn check(
    workflow: &Workflow,
    surroundings: &Surroundings<'_>,
    lookups: &Lookups,
    problems: &mut Collector<'_>,
) {
    let secrets = Secrets::of(workflow);
    for step in workflow.walk() {
        for (what, template) in step.plain_templates() {
            secrets.refuse(template, what, problems);
        }
        let Kind::Plugin(plugin) = step.kind() else { continue };
        let schema = surroundings.plugins.and_then(|plugins| plugins.get(plugin.name())?.input.as_ref());
        let Some(shape) = schema.map(|schema| Shape::new(schema, lookups)) else { continue };
        for (name, value) in plugin.input().fields().into_iter().flatten() {
            let what = format!("`{}` of `{}`", shorten(name), plugin.name());
            secrets.walk(value, shape.field(name), &what, problems);
        }
    }
}

/// The names whose values hold secrets.
struct Secrets {
    inputs: BTreeSet<String>,
    vars: BTreeSet<String>,
}

impl Secrets {
    fn of(workflow: &Workflow) -> Self {
        let held = workflow.inputs.iter().filter(|(_, input)| input.default.as_ref().is_some_and(holds));
        let inputs = held.map(|(name, _)| name.clone()).collect();
        let mut secrets = Self { inputs, vars: BTreeSet::new() };
        // Variables see inputs, not each other.
        let vars = workflow.vars.iter().filter(|(_, var)| secrets.reach(var)).map(|(name, _)| name.clone());
        secrets.vars = vars.collect();
        secrets
    }

    /// Whether a secret is in a value, written out or by a name.
    fn reach(&self, value: &Template) -> bool {
        let named = |reference: &Vec<String>| match reference.as_slice() {
            [root, name, ..] if root == "inputs" => self.inputs.contains(name),
            [root, name, ..] if root == "vars" => self.vars.contains(name),
            [root] if root == "inputs" => !self.inputs.is_empty(),
            _ => false,
        };
        let referred = value.expressions().iter().any(|(expression, _)| expression.references().iter().any(named));
        referred || value.text().contains(SECRET)
    }

    fn walk(&self, value: &Template, shape: Option<Shape<'_>>, what: &str, problems: &mut Collector<'_>) {
        if shape.is_some_and(Shape::takes_secrets) {
            return;
        }
        if let Some(items) = value.items() {
            let shape = shape.and_then(Shape::items);
            items.iter().for_each(|item| self.walk(item, shape, what, problems));
        } else if let Some(fields) = value.fields() {
            for (name, value) in fields {
                let shape = shape.and_then(|shape| shape.field(name).or_else(|| shape.others()));
                self.walk(value, shape, &format!("`{}` in {what}", shorten(name)), problems);
            }
        } else {
            self.refuse(value, what, problems);
        }
    }

    fn refuse(&self, value: &Template, what: &str, problems: &mut Collector<'_>) {
        if self.reach(value) {
            let message = format!("{what} cannot hold a secret: its name would go out as it is written");
            let help = "secrets are put in place only in what plugins send by HTTP: in its address, headers and body";
            problems.add_with_help(&problems.narrow(value.span(), SECRET), message, help);
        }
    }
}

fn holds(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains(SECRET),
        Value::Array(items) => items.iter().any(holds),
        Value::Object(fields) => fields.values().any(holds),
        _ => false,
    }
}
