//! A workflow, checked.
//!
//! This decides by which key repeated events are known. What starts a run is left to `trigger`, how a workflow is read to
//! `load`, what its steps do to `step`.

use std::collections::BTreeMap;
use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;

use crate::concurrency::{Concurrency, OnUpdate};
use crate::expression::ExpressionError;
use crate::expression::scope::Scope;
use crate::expression::template::{Template, kind};
use crate::input::InputError;
use crate::problem::Problems;
use crate::run::Run;
use crate::step::{Body, Frame, Placed, Step, sequence};
use crate::trigger::Trigger;

/// A checked workflow.
#[derive(Clone, Debug)]
pub struct Workflow {
    /// What it does.
    pub body: Arc<Body>,
    /// What it is for.
    pub description: Option<String>,
    /// The source, byte for byte.
    pub source: String,
    /// What starts it; when empty, only people do.
    pub triggers: Vec<Trigger>,
    /// How repeated events are known.
    pub dedupe: Option<Dedupe>,
    /// What its author should know: nothing that is wrong.
    pub notes: Problems,
    /// How many runs of it there may be at once.
    pub concurrency: Option<Concurrency>,
    /// The workflows that it calls, and those that these call, once it is linked with them.
    pub(crate) callees: BTreeMap<String, Arc<Body>>,
}

/// How repeated events are known: what a repeat within the window does is decided by `on_update`, whether the first run
/// has ended or not.
#[derive(Clone, Debug)]
pub struct Dedupe {
    /// How long an event counts as a repeat.
    pub window: Duration,
    /// What a repeat does.
    pub on_update: OnUpdate,
    pub(crate) key: Template,
}

impl Workflow {
    /// The key by which a repeat of this event is known; `None` when the workflow does not ask for one. A key that
    /// fails or is null is an error: it must not make all events one.
    pub fn dedupe_key(&self, event: &Value) -> Result<Option<String>, ExpressionError> {
        let Some(dedupe) = &self.dedupe else { return Ok(None) };
        match dedupe.key.evaluate(&Scope::Event(event))? {
            Value::String(key) if !key.is_empty() => Ok(Some(key)),
            Value::Number(key) => Ok(Some(key.to_string())),
            other => Err(ExpressionError::WrongType {
                expression: "dedupe.key".to_owned(),
                expected: "a text that is not empty, or a number",
                found: if other.is_string() { "an empty text".to_owned() } else { kind(&other).to_owned() },
            }),
        }
    }

    /// The inputs of a run: what is given (null is nothing), with the defaults of the rest.
    pub fn inputs(&self, given: &Value) -> Result<Value, InputError> {
        self.body.inputs.fill(given)
    }

    /// Its steps, and those of `on-failure`: as a run has them, or as the document has them.
    pub fn unfold(&self, run: Option<&Run>) -> (Vec<Placed<'_>>, Vec<Placed<'_>>) {
        let frame = self.frame();
        (sequence(&self.steps, &frame, run), sequence(&self.on_failure, &frame, run))
    }

    /// The step of the document that has this path in a run.
    pub fn step_at(&self, path: &str, run: &Run) -> Option<&Step> {
        fn find<'w>(steps: Vec<Placed<'w>>, path: &str) -> Option<&'w Step> {
            steps.into_iter().find_map(|placed| match placed.path == path {
                true => Some(placed.step),
                false => placed.groups.into_iter().chain(placed.catch).find_map(|group| find(group.steps, path)),
            })
        }
        let (steps, on_failure) = self.unfold(Some(run));
        find(steps, path).or_else(|| find(on_failure, path))
    }

    /// The frame of a run of it.
    pub(crate) fn frame(&self) -> Frame<'_, '_> {
        Frame::of(&self.body, &self.callees)
    }
}

impl Deref for Workflow {
    type Target = Body;

    fn deref(&self) -> &Body {
        &self.body
    }
}
