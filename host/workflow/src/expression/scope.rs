//! What an expression sees: `event`, `inputs`, `vars`, `run`, `steps`, `error` where something failed, and what an `each` gives.
//!
//! This decides the roots and their fields. A context holds only what an expression refers to, since events and outputs
//! can be large. What is seen at a place of a run is left to whoever knows that place ([`Sight`]), which references are
//! allowed at which place to `resolve`.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use minijinja::Value;
use minijinja::value::Serde;
use serde_json::{Map, Value as Json, json};

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
    fn step(&self, id: &str) -> StepSight<'_>;
    /// The variable of this name.
    fn var(&self, name: &str) -> Option<&Template>;
    /// What failed, in a `catch` or `on-failure`.
    fn failure(&self) -> Option<&Failure>;
    /// A name that an `each` around gives.
    fn binding(&self, name: &str) -> Option<Cow<'_, Json>>;
}

/// What a step came to: [`STEP_FIELDS`].
#[derive(Clone, Copy, Debug)]
pub(crate) struct StepSight<'a> {
    /// How it is.
    pub(crate) status: &'static str,
    /// What it came to, when it succeeded.
    pub(crate) output: Option<&'a Json>,
    /// Why it failed, when it did.
    pub(crate) error: Option<&'a StepError>,
}

impl StepSight<'_> {
    /// The whole of it.
    pub(crate) fn to_json(self) -> Json {
        let mut fields = Map::new();
        fields.insert("status".to_owned(), self.status.into());
        fields.extend(self.output.map(|output| ("output".to_owned(), output.clone())));
        fields.extend(self.error.map(|error| ("error".to_owned(), failed(error))));
        Json::Object(fields)
    }

    /// What the paths lead to.
    fn parts(self, paths: &[&[String]]) -> Value {
        if paths.iter().any(|path| path.is_empty()) {
            return from_json(&self.to_json());
        }
        let output = self.output.map(|output| ("output", parts(output, &behind("output", paths))));
        let error = self.error.map(|error| ("error", from_json(&failed(error))));
        Value::from_pairs([("status", Value::from(self.status))].into_iter().chain(output).chain(error))
    }
}

fn failed(error: &StepError) -> Json {
    json!({ "code": error.code, "message": error.message })
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
        let mut roots: BTreeMap<&str, Vec<&[String]>> = BTreeMap::new();
        let mut vars = BTreeMap::new();
        for path in references {
            let Some((root, behind)) = path.split_first() else { continue };
            let (root, field) = (root.as_str(), behind.first());
            roots.entry(root).or_default().push(behind);
            if let (VARS, Some(name), Self::Run(sight)) = (root, field, self)
                && let (false, Some(var)) = (vars.contains_key(name), sight.var(name))
            {
                vars.insert(name.clone(), var.evaluate(self)?);
            }
        }
        let vars = from_json(&json!(vars));
        let root = |(root, paths): (&'r str, Vec<&'r [String]>)| match root {
            VARS => Some((root, vars.clone())),
            other => Some((other, self.root(other, &paths, steps)?)),
        };
        Ok(Value::from_pairs(roots.into_iter().filter_map(root)))
    }

    /// As much of a root as the paths behind it lead to.
    fn root(&self, root: &str, paths: &[&[String]], steps: &BTreeSet<&String>) -> Option<Value> {
        let sight = match self {
            Self::Event(event) => return (root == "event").then(|| parts(event, paths)),
            Self::Run(sight) => sight,
        };
        match root {
            "event" => sight.event().map(|event| parts(event, paths)),
            "inputs" => Some(parts(sight.inputs(), paths)),
            "run" => Some(from_json(&sight.run())),
            "steps" => {
                let step = |id: &str| sight.step(id).parts(&behind(id, paths));
                Some(Value::from_pairs(steps.iter().map(|id| (id.as_str(), step(id)))))
            }
            "error" => sight.failure().map(|failure| {
                let StepError { code, message } = &failure.error;
                from_json(&json!({ "code": code, "message": message, "step": failure.step }))
            }),
            name => sight.binding(name).map(|value| parts(&value, paths)),
        }
    }
}

/// What stands behind a field in the paths; a path that ends before it is of the whole.
fn behind<'p>(field: &str, paths: &[&'p [String]]) -> Vec<&'p [String]> {
    let rest = paths.iter().filter_map(|path| match path.split_first() {
        Some((first, rest)) => (first == field).then_some(rest),
        None => Some(*path),
    });
    rest.collect()
}

/// What of a value the paths lead to. What is beside them is not seen, and so costs nothing: an event can have as many
/// items as its run has steps.
fn parts(value: &Json, paths: &[&[String]]) -> Value {
    let Json::Object(fields) = value else { return from_json(value) };
    let mut named: BTreeMap<&str, Vec<&[String]>> = BTreeMap::new();
    for path in paths {
        let Some((first, rest)) = path.split_first() else { return from_json(value) };
        named.entry(first).or_default().push(rest);
    }
    Value::from_pairs(named.into_iter().filter_map(|(name, paths)| Some((name, parts(fields.get(name)?, &paths)))))
}

fn from_json(value: &Json) -> Value {
    Value::from(Serde(value))
}
