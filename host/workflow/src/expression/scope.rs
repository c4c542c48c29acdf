//! What an expression sees: `event`, `inputs`, `vars`, `run`, `steps`, `error` where something failed, and what an `each` gives.
//!
//! This decides the roots and their fields. A context holds only what an expression refers to, since events and outputs
//! can be large. What is seen at a place of a run is left to whoever knows that place ([`Sight`]), which references are
//! allowed at which place to `resolve`.

use std::collections::{BTreeMap, BTreeSet};

use minijinja::Value;
use minijinja::value::Serde;
use serde_json::{Value as Json, json};

use super::template::Template;
use super::{ExpressionError, Reference};
use crate::event::{Failure, StepError};

/// The root of the variables. Only those that are referred to are evaluated.
pub(crate) const VARS: &str = "vars";
/// The fields of `run`.
pub(crate) const RUN_FIELDS: &[&str] = &["id", "workflow", "account", "region", "started_by", "started_at"];
/// The fields of a step.
pub(crate) const STEP_FIELDS: &[&str] = &["status", "output", "error"];
/// The fields of `error`.
pub(crate) const ERROR_FIELDS: &[&str] = &["code", "message", "step"];

/// A place of a run, from which things are seen.
pub(crate) trait Sight {
    /// The event of the run, if it has one.
    fn event(&self) -> Option<&Json>;
    /// The inputs.
    fn inputs(&self) -> &Json;
    /// The facts of the run: [`RUN_FIELDS`].
    fn run(&self) -> Json;
    /// What the step with this id came to: [`STEP_FIELDS`].
    fn step(&self, id: &str) -> Json;
    /// The variable of this name.
    fn var(&self, name: &str) -> Option<&Template>;
    /// What failed, in a `catch` or `on-failure`.
    fn failure(&self) -> Option<&Failure>;
    /// A name that an `each` around gives.
    fn binding(&self, name: &str) -> Option<Json>;
}

/// What can be seen at one place of a workflow.
#[derive(Clone, Copy)]
pub(crate) enum Scope<'a> {
    /// Before there is a run: only the event.
    Event(&'a Json),
    /// In a run.
    Run(&'a dyn Sight),
}

impl Scope<'_> {
    /// The values that the references need, and the named steps.
    pub(super) fn context<'r>(
        &self,
        references: impl Iterator<Item = &'r Reference>,
        steps: &BTreeSet<&String>,
    ) -> Result<Value, ExpressionError> {
        let mut roots = BTreeSet::new();
        let mut vars = BTreeMap::new();
        for path in references {
            let (root, field) = (path.first().map_or("", String::as_str), path.get(1));
            roots.insert(root);
            if let (VARS, Some(name), Self::Run(sight)) = (root, field, self)
                && let (false, Some(var)) = (vars.contains_key(name), sight.var(name))
            {
                vars.insert(name.clone(), var.evaluate(self)?);
            }
        }
        let vars = from_json(&json!(vars));
        let root = |root: &'r str| match root {
            VARS => Some((root, vars.clone())),
            other => Some((other, self.root(other, steps)?)),
        };
        Ok(Value::from_pairs(roots.into_iter().filter_map(root)))
    }

    fn root(&self, root: &str, steps: &BTreeSet<&String>) -> Option<Value> {
        let sight = match self {
            Self::Event(event) => return (root == "event").then(|| from_json(event)),
            Self::Run(sight) => sight,
        };
        match root {
            "event" => sight.event().map(from_json),
            "inputs" => Some(from_json(sight.inputs())),
            "run" => Some(from_json(&sight.run())),
            "steps" => {
                let steps = steps.iter().map(|id| (id.as_str(), from_json(&sight.step(id))));
                Some(Value::from_pairs(steps))
            }
            "error" => sight.failure().map(|failure| {
                let StepError { code, message } = &failure.error;
                from_json(&json!({ "code": code, "message": message, "step": failure.step }))
            }),
            name => sight.binding(name).as_ref().map(from_json),
        }
    }
}

fn from_json(value: &Json) -> Value {
    Value::from(Serde(value))
}
