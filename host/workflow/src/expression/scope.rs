//! What an expression sees: `event`, `inputs`, `run`, `steps`, and `error` where something failed.
//!
//! This decides the shape of each root. A context holds only what an expression refers to, since events and outputs
//! can be large. Which references are allowed at which place is left to `resolve`.

use std::collections::BTreeSet;

use minijinja::Value;
use minijinja::value::Serde;
use serde_json::{Value as Json, json};

use super::Reference;
use crate::event::StepError;
use crate::run::{Run, StepRun, StepState};

/// The fields of `run`.
pub(crate) const RUN_FIELDS: &[&str] = &["id", "workflow", "account", "region", "started_by"];
/// The fields of a step.
pub(crate) const STEP_FIELDS: &[&str] = &["status", "output", "error"];
/// The fields of `error`.
pub(crate) const ERROR_FIELDS: &[&str] = &["code", "message", "step"];

/// What failed, for `catch` and `on-failure`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Failure {
    /// The path of the step; absent when it was the run as a whole.
    pub(crate) step: Option<String>,
    pub(crate) error: StepError,
}

/// What can be seen at one place of a workflow.
#[derive(Clone, Copy)]
pub(crate) enum Scope<'a> {
    /// Before there is a run: only the event.
    Event(&'a Json),
    /// In a run; in a `catch` or `on-failure` with what failed.
    Run(&'a Run, Option<&'a Failure>),
}

impl Scope<'_> {
    /// The values that the references need, and the named steps.
    pub(super) fn context<'r>(
        &self,
        references: impl Iterator<Item = &'r Reference>,
        steps: &BTreeSet<&String>,
    ) -> Value {
        let roots: BTreeSet<&str> = references.filter_map(|path| path.first()).map(String::as_str).collect();
        Value::from_pairs(roots.into_iter().filter_map(|root| Some((root, self.root(root, steps)?))))
    }

    fn root(&self, root: &str, steps: &BTreeSet<&String>) -> Option<Value> {
        match (self, root) {
            (Self::Event(event), "event") => Some(from_json(event)),
            (Self::Event(_), _) => None,
            (Self::Run(run, _), "event") => run.event().map(from_json),
            (Self::Run(run, _), "inputs") => Some(from_json(run.inputs())),
            (Self::Run(run, _), "run") => Some(facts(run)),
            (Self::Run(run, _), "steps") => {
                let steps = steps.iter().map(|id| (id.as_str(), from_json(&result(run.step(id)))));
                Some(Value::from_pairs(steps))
            }
            (Self::Run(_, failure), "error") => failure.map(|failure| {
                let StepError { code, message } = &failure.error;
                from_json(&json!({ "code": code, "message": message, "step": failure.step }))
            }),
            (Self::Run(..), _) => None,
        }
    }
}

/// A step as expressions and approvers see it. A step that has not run has a status and nothing else.
pub(crate) fn result(step: Option<&StepRun>) -> Json {
    let status = step.map_or("pending", |step| step.state().name());
    match step.map(StepRun::state) {
        Some(StepState::Succeeded { output }) => json!({ "status": status, "output": **output }),
        Some(StepState::Failed { error }) => {
            json!({ "status": status, "error": { "code": error.code, "message": error.message } })
        }
        _ => json!({ "status": status }),
    }
}

fn facts(run: &Run) -> Value {
    let info = run.info();
    from_json(&json!({
        "id": info.id,
        "workflow": info.workflow,
        "account": info.account,
        "region": info.region,
        "started_by": info.started_by,
    }))
}

fn from_json(value: &Json) -> Value {
    Value::from(Serde(value))
}
