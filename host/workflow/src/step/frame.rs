//! Frames: where in a run the steps of a document are carried out.
//!
//! A step of a document can run many times in one run: once for each item of an `each`, once for each `call` of its
//! workflow. A frame is one such place. This decides the path that a step has there, and what its expressions see
//! there: the steps of the same frame and of those around it, up to the workflow that they stand in.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::Step;
use super::body::{Body, weight};
use crate::event::Failure;
use crate::expression::scope::{Sight, StepSight};
use crate::expression::template::Template;
use crate::run::{Run, StepRun, StepState};

/// A place in a run.
pub(crate) struct Frame<'f, 'w> {
    outer: Option<&'f Frame<'f, 'w>>,
    /// The workflows that can be called.
    callees: &'w BTreeMap<String, Arc<Body>>,
    /// The workflow that the steps here stand in.
    body: &'w Body,
    /// What stands before the paths of the steps here.
    prefix: String,
    /// What the document's own paths of steps without an id begin with, which the prefix has said already.
    said: String,
    content: Content<'f>,
}

#[derive(Clone, Copy)]
enum Content<'f> {
    Run,
    Iteration { name: &'f str, item: Option<&'f Value>, index: usize },
    Call { inputs: &'f Value },
}

impl<'f, 'w> Frame<'f, 'w> {
    /// The frame of the run itself.
    pub(crate) fn of(body: &'w Body, callees: &'w BTreeMap<String, Arc<Body>>) -> Self {
        let (prefix, said) = (String::new(), String::new());
        Frame { outer: None, callees, body, prefix, said, content: Content::Run }
    }

    /// The frame of one item of an `each`; without an item, of all of them.
    pub(crate) fn iteration<'s>(
        &'s self,
        each: &Step,
        name: &'s str,
        item: Option<&'s Value>,
        index: usize,
    ) -> Frame<'s, 'w> {
        let place = item.map_or_else(String::new, |_| index.to_string());
        Frame {
            outer: Some(self),
            callees: self.callees,
            body: self.body,
            prefix: format!("{}[{place}].", self.path(each)),
            said: format!("{}.", each.path()),
            content: Content::Iteration { name, item, index },
        }
    }

    /// The frame of a called workflow, when it is known.
    pub(crate) fn call<'s>(&'s self, call: &Step, callee: &str, inputs: &'s Value) -> Option<Frame<'s, 'w>> {
        Some(Frame {
            outer: Some(self),
            callees: self.callees,
            body: self.callee(callee)?,
            prefix: format!("{}.", self.path(call)),
            said: String::new(),
            content: Content::Call { inputs },
        })
    }

    /// The workflow of this name that the run calls.
    pub(crate) fn callee(&self, name: &str) -> Option<&'w Body> {
        self.callees.get(name).map(Arc::as_ref)
    }

    /// How many steps these are with all that they call.
    pub(crate) fn weight(&self, steps: &[&Step]) -> usize {
        weight(steps, self.callees)
    }

    /// The workflow that the steps here stand in.
    pub(crate) fn body(&self) -> &'w Body {
        self.body
    }

    /// The path of a step here: `revoke`, `sweep[3].revoke`, `contain.isolate`.
    pub(crate) fn path(&self, step: &Step) -> String {
        self.place(step.path())
    }

    /// What a path of the document is in this frame.
    fn place(&self, path: &str) -> String {
        let own = if self.said.is_empty() { path } else { path.strip_prefix(&self.said).unwrap_or(path) };
        format!("{}{own}", self.prefix)
    }

    /// The step with this path of the document, or this id, that is seen from here. Both are unique in a document, so that
    /// only one frame can have it.
    fn step<'r>(&self, path: &str, run: &'r Run) -> Option<&'r StepRun> {
        let here = run.step(&self.place(path));
        here.or_else(|| self.around().and_then(|outer| outer.step(path, run)))
    }

    /// A step as expressions and approvers see it from here. One that has not run has a status and nothing else.
    pub(crate) fn result<'r>(&self, id: &str, run: &'r Run) -> StepSight<'r> {
        let Some(step) = self.step(id, run) else {
            let status = if self.is_left_out(id, run) { "skipped" } else { "pending" };
            return StepSight { status, output: None, error: None };
        };
        let (output, error) = match step.state() {
            StepState::Succeeded { output } => (Some(output.as_ref()), None),
            StepState::Failed { error } => (None, Some(error)),
            _ => (None, None),
        };
        StepSight { status: step.state().name(), output, error }
    }

    /// Whether the step with this id will not run any more, since a block around it has ended without it.
    fn is_left_out(&self, id: &str, run: &Run) -> bool {
        let ended = |block: &String| {
            let block = self.step(block, run);
            block.is_some_and(|block| !matches!(block.state(), StepState::Open | StepState::RetryWaiting { .. }))
        };
        self.body.blocks_around(id).iter().any(ended)
    }

    /// The inputs that are seen from here.
    pub(crate) fn inputs<'r>(&'r self, run: &'r Run) -> &'r Value {
        match (&self.content, self.outer) {
            (Content::Call { inputs }, _) => inputs,
            (_, Some(outer)) => outer.inputs(run),
            (_, None) => run.inputs(),
        }
    }

    /// What `name` is in the `each` around this place that gives it: the item, or its `index` from 0.
    pub(crate) fn binding(&self, name: &str) -> Option<Cow<'_, Value>> {
        match &self.content {
            Content::Iteration { name: own, item, .. } if *own == name => item.map(Cow::Borrowed),
            Content::Iteration { index, .. } if name == INDEX => Some(Cow::Owned(Value::from(*index))),
            _ => self.around()?.binding(name),
        }
    }

    /// The frame around this one, unless that is of another document.
    fn around(&self) -> Option<&'f Frame<'f, 'w>> {
        match self.content {
            Content::Iteration { .. } => self.outer,
            Content::Run | Content::Call { .. } => None,
        }
    }
}

/// The name by which the steps of an `each` see how many items come before theirs.
pub(crate) const INDEX: &str = "index";

/// What is seen from a frame of a run.
pub(crate) struct View<'a> {
    pub(crate) run: &'a Run,
    pub(crate) frame: &'a Frame<'a, 'a>,
    pub(crate) failure: Option<&'a Failure>,
}

impl Sight for View<'_> {
    fn event(&self) -> Option<&Value> {
        self.run.event()
    }

    fn inputs(&self) -> &Value {
        self.frame.inputs(self.run)
    }

    fn run(&self) -> Value {
        let info = self.run.info();
        json!({
            "id": info.id,
            "workflow": info.workflow,
            "account": info.account,
            "region": info.region,
            "started_by": info.started_by.name,
            "started_at": Timestamp::from_millisecond(self.run.started_at()).map(|time| time.to_string()).ok(),
        })
    }

    fn step(&self, id: &str) -> StepSight<'_> {
        self.frame.result(id, self.run)
    }

    fn var(&self, name: &str) -> Option<&Template> {
        self.frame.body.vars.get(name)
    }

    fn failure(&self) -> Option<&Failure> {
        self.failure
    }

    fn binding(&self, name: &str) -> Option<Cow<'_, Value>> {
        self.frame.binding(name)
    }
}
