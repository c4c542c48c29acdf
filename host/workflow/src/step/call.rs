//! `call`: the steps of another workflow, within the same run.
//!
//! The called workflow is the one that the run started with, by its digest. It sees its own inputs and steps, the run
//! and its event; it gives its `output` back. When it fails, its `on-failure` is carried out, then the step fails.

use std::time::Duration;

use serde_json::Value;

use super::frame::Frame;
use super::walk::{Begun, Place, Progress, Walk};
use super::{Reader, choose};
use crate::event::{Event, StepError};
use crate::expression::scope::Scope;
use crate::expression::template::Template;
use crate::problem::Span;
use crate::read::{self, Fields, Naming};
use crate::yaml::{Content, Key};

pub(super) const FIELDS: &[&str] = &["call"];
const OWN_FIELDS: &[&str] = &["workflow", "inputs"];

/// A step that runs another workflow.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    workflow: String,
    span: Span,
    inputs: Template,
    given: Vec<Key>,
}

impl Call {
    pub(super) fn read(fields: &Fields<'_>, reader: &mut Reader<'_, '_>) -> Option<Self> {
        reader.needs_id(fields, "a `call` step");
        let problems = &mut *reader.problems;
        let fields = Fields::of(fields.get("call")?, "`call`", OWN_FIELDS, problems)?;
        let inputs = fields.get("inputs");
        let given = match inputs.map(|node| &node.content) {
            Some(Content::Map(entries)) => entries.iter().map(|(key, _)| key.clone()).collect(),
            _ => Vec::new(),
        };
        if let Some(node) = inputs.filter(|node| !matches!(node.content, Content::Map(_))) {
            problems.add(&node.span, format!("`inputs` must be a mapping, not {}", node.kind()));
        }
        let inputs = inputs.map_or_else(Template::empty_map, |node| Template::read(node, problems));
        let node = fields.required("workflow", "`call`", problems)?;
        let name = read::text(node, "`workflow`", problems)?;
        read::name(name, &node.span, "a workflow's name", Naming::Kebab, problems);
        Some(Self { workflow: name.to_owned(), span: node.span.clone(), inputs, given })
    }

    /// The called workflow's name.
    pub(crate) fn workflow(&self) -> &str {
        &self.workflow
    }

    /// The place of the name.
    pub(crate) fn span(&self) -> &Span {
        &self.span
    }

    /// The names of the inputs that are given, with their places.
    pub(crate) fn given(&self) -> &[Key] {
        &self.given
    }

    pub(super) fn inputs_mut(&mut self) -> &mut Template {
        &mut self.inputs
    }

    /// The called workflow's own `timeout`.
    pub(super) fn timeout(&self, frame: &Frame<'_, '_>) -> Option<Duration> {
        frame.callee(&self.workflow)?.timeout
    }

    pub(super) fn start(&self, path: String, place: Place<'_>, walk: &mut Walk<'_>) {
        let Some(callee) = place.frame.callee(&self.workflow) else {
            let message = format!("the workflow `{}` is not there", self.workflow);
            return walk.record_failure(path, StepError::new(StepError::NO_WORKFLOW, message));
        };
        let given = match self.inputs.evaluate(&Scope::Run(&place.view(walk.run))) {
            Ok(given) => given,
            Err(error) => return walk.record_no_value(path, &error),
        };
        match callee.inputs.fill(&given) {
            Ok(input) => {
                let attempt = walk.run.next_attempt(&path);
                walk.record(Event::BlockStarted { path, attempt, input, again: Vec::new() });
            }
            Err(error) => walk.record_failure(path, StepError::new(StepError::INPUTS, error.to_string())),
        }
    }

    pub(super) fn advance(&self, begun: &Begun<'_>, place: Place<'_>, walk: &mut Walk<'_>) {
        let Some(frame) = place.frame.call(begun.step, &self.workflow, begun.now.input()) else { return };
        let callee = frame.body();
        let inner = Place { frame: &frame, failure: None, ..place };
        let mut progress = walk.sequence(&callee.steps, inner);
        if let Progress::Failed(failure) = &progress
            && !walk.refused(begun.step, place)
        {
            let failed = Place { failure: Some(failure), ..inner };
            // How `on-failure` itself ends does not change how the call ends. What runs of it is stopped when all is.
            if walk.sequence(&callee.on_failure, failed) == Progress::Ongoing {
                progress = Progress::Ongoing;
            }
        }
        let mut output = Ok(Value::Null);
        if let (Progress::Done, Some(template)) = (&progress, &callee.output) {
            output = template.evaluate(&Scope::Run(&inner.view(walk.run)));
        }
        match output {
            Ok(output) => choose::ending(begun, progress, || output).into_iter().for_each(|event| walk.record(event)),
            Err(error) => {
                let (path, attempt) = (begun.path.clone(), begun.now.attempt());
                let error = StepError::new(StepError::EXPRESSION, format!("`output` of `{}`: {error}", self.workflow));
                walk.record(Event::StepFailed { path, attempt, error });
            }
        }
    }
}
