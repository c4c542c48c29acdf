//! What a plugin is given, held against the schema of what it takes.
//!
//! A value that is written out is held against the schema itself. Of an expression that is no more than a reference, the
//! type may be known: from the output of a plugin, from an input, from a variable. What is not known is not reported.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use serde_json::Value;

use super::outputs::Outputs;
use crate::document::Workflow;
use crate::expression::Expression;
use crate::expression::scope::VARS;
use crate::expression::template::Template;
use crate::problem::Collector;
use crate::read::shorten;
use crate::schema::{Flaw, Lookups, Schema, Shape, TooMuchWork};
use crate::step::Step;

/// More of one value help nobody.
const MOST: usize = 5;

/// Holds conditions against what they must be, as far as that is known: Jinja would take a list that is not empty for
/// true, and a workflow would fail.
pub(super) fn check_conditions(workflow: &Workflow, given: &Given<'_>, problems: &mut Collector<'_>) {
    for list in workflow.walk().into_iter().filter_map(Step::list) {
        let Some(expression) = list.as_expression() else { continue };
        if let Some(types) = given.types(expression).filter(|types| !types.iter().any(|kind| kind == "array")) {
            let message = format!("`in` must be a list, and `{}` is `{}`", expression.source(), types.join(" or "));
            problems.add(&problems.narrow(list.span(), expression.source()), message);
        }
    }
    for (what, condition) in workflow.walk().into_iter().flat_map(|step| step.conditions()) {
        let Some(expression) = condition.as_expression() else { continue };
        let Some(types) = given.types(expression).filter(|types| !types.iter().any(|kind| kind == "boolean")) else {
            continue;
        };
        let source = expression.source();
        let message = format!("{what} must be true or false, and `{source}` is `{}`", types.join(" or "));
        let help = match types.first().map(String::as_str) {
            Some("array" | "object" | "string") => {
                format!("write `${{{{ {source} | length > 0 }}}}`, if that is meant")
            }
            _ => format!("compare it, as in `${{{{ {source} > 0 }}}}`"),
        };
        problems.add_with_help(&problems.narrow(condition.span(), source), message, help);
    }
}

/// What is known of the values of a workflow.
pub(super) struct Given<'a> {
    pub(super) workflow: &'a Workflow,
    pub(super) outputs: &'a Outputs<'a>,
    pub(super) lookups: &'a Lookups,
    /// The parts of schemas that were compiled; `None` of those that cannot be.
    compiled: RefCell<HashMap<*const Value, Option<Rc<Schema>>>>,
}

impl<'a> Given<'a> {
    pub(super) fn new(workflow: &'a Workflow, outputs: &'a Outputs<'a>, lookups: &'a Lookups) -> Self {
        Self { workflow, outputs, lookups, compiled: RefCell::default() }
    }

    /// Holds a value against what it must be. `what` names it in messages.
    pub(super) fn check(&self, value: &Template, shape: Shape<'_>, what: &str, problems: &mut Collector<'_>) {
        if problems.is_full() {
            return;
        }
        if let Some(literal) = value.constant() {
            let flaws = self.flaws(&literal, shape).unwrap_or_else(|too_much| {
                problems.note(value.span(), format!("{what} was not checked"), too_much.to_string());
                Vec::new()
            });
            if !flaws.is_empty() {
                for flaw in flaws {
                    let place = flaw.place("");
                    let at = if place.is_empty() { String::new() } else { format!(", at `{}`", shorten(&place)) };
                    problems.add(value.place(&flaw.path), format!("{what}{at}: {}", flaw.message));
                }
                return;
            }
        }
        if let Some(items) = value.items() {
            self.check_type(value, shape, "array", what, problems);
            if let Some(shape) = shape.items() {
                items.iter().for_each(|item| self.check(item, shape, what, problems));
            }
        } else if let Some(fields) = value.fields() {
            self.check_type(value, shape, "object", what, problems);
            for (name, value) in fields {
                match shape.field(name) {
                    Some(shape) => self.check(value, shape, &format!("`{}` in {what}", shorten(name)), problems),
                    None if shape.excludes(name) => {
                        problems.add(value.span(), format!("{what} takes no `{}`", shorten(name)));
                    }
                    None => {}
                }
            }
        } else if value.constant().is_some() {
            // It is what the schema asks for.
        } else if let Some(expression) = value.as_expression() {
            if let (Some(found), Some(wanted)) = (self.types(expression), shape.types())
                && !found.iter().any(|found| wanted.iter().any(|wanted| overlap(found, wanted)))
            {
                let (wanted, found) = (wanted.join(" or "), found.join(" or "));
                let span = problems.narrow(value.span(), expression.source());
                let message = format!("{what} must be of type `{wanted}`, and `{}` is `{found}`", expression.source());
                problems.add(&span, message);
            }
        } else {
            self.check_type(value, shape, "string", what, problems);
        }
    }

    /// What is wrong with a value that is written out. A schema that does not compile is the plugin's, and no problem of
    /// the workflow.
    fn flaws(&self, literal: &Value, shape: Shape<'_>) -> Result<Vec<Flaw>, TooMuchWork> {
        let mut compiled = self.compiled.borrow_mut();
        let compile = || Schema::compile(&shape.alone()?).ok().map(Rc::new);
        let schema = compiled.entry(shape.identity()).or_insert_with(compile);
        schema.as_ref().map_or(Ok(Vec::new()), |schema| schema.flaws(literal, MOST))
    }

    fn check_type(&self, value: &Template, shape: Shape<'_>, found: &str, what: &str, problems: &mut Collector<'_>) {
        if let Some(wanted) = shape.types().filter(|wanted| !wanted.contains(&found)) {
            problems.add(value.span(), format!("{what} must be of type `{}`, not `{found}`", wanted.join(" or ")));
        }
    }

    /// The types that an expression can result in, where that is known.
    fn types(&self, expression: &Expression) -> Option<Vec<String>> {
        match expression.as_reference().map(Vec::as_slice) {
            Some([root, name]) if root == VARS => self.types_of(self.workflow.vars.get(name)?),
            _ => self.types_without_vars(expression),
        }
    }

    /// The same, in a variable. Variables do not see each other: none is followed, so that no chain of them is deep.
    fn types_without_vars(&self, expression: &Expression) -> Option<Vec<String>> {
        if let Some((_, "length" | "count")) = expression.source().rsplit_once('|').map(|(of, last)| (of, last.trim()))
        {
            return Some(vec!["integer".to_owned()]);
        }
        let reference = expression.as_reference()?;
        let path: Vec<&str> = reference.iter().map(String::as_str).collect();
        let owned = |types: Vec<&str>| types.into_iter().map(str::to_owned).collect();
        match path.as_slice() {
            ["steps", id, "output", field] if self.outputs.own(id).is_some() => {
                let (_, kind) = self.outputs.own(id)?.iter().find(|(name, _)| name == field)?;
                Some(vec![(*kind).to_owned()])
            }
            ["steps", id, "output", rest @ ..] => {
                let shape = rest.iter().try_fold(self.outputs.plugin(id)?, |shape, name| shape.field(name))?;
                shape.types().map(owned)
            }
            ["inputs", name, rest @ ..] => {
                let shape = Shape::new(self.workflow.inputs.get(*name)?.schema.value(), self.lookups);
                rest.iter().try_fold(shape, |shape, name| shape.field(name))?.types().map(owned)
            }
            ["run", _] | ["steps", _, "status"] => Some(vec!["string".to_owned()]),
            _ => None,
        }
    }

    fn types_of(&self, value: &Template) -> Option<Vec<String>> {
        let kind = match value.constant() {
            Some(Value::Null) => "null",
            Some(Value::Bool(_)) => "boolean",
            Some(Value::Number(number)) if number.is_f64() => "number",
            Some(Value::Number(_)) => "integer",
            _ if value.items().is_some() => "array",
            _ if value.fields().is_some() => "object",
            _ => match value.as_expression() {
                Some(expression) => return self.types_without_vars(expression),
                None => "string",
            },
        };
        Some(vec![kind.to_owned()])
    }
}

/// Whether a value can be of both types. A number of an event may be whole.
fn overlap(found: &str, wanted: &str) -> bool {
    found == wanted || matches!((found, wanted), ("integer", "number") | ("number", "integer"))
}
