//! `plugin`: runs a plugin, again after a failure if `retry` says so.
//!
//! The input is evaluated once, when the first attempt begins; a retry is given the same input.

use std::time::Duration;

use serde_json::Value;

use super::retry::Retry;
use super::walk::{Mode, Place, Progress, Walk};
use super::{Reader, Step};
use crate::effect::Effect;
use crate::event::Event;
use crate::expression::scope::Scope;
use crate::expression::template::Template;
use crate::problem::Span;
use crate::read::{self, Fields, Naming};
use crate::run::StepState;
use crate::yaml::{Content, Key};

pub(super) const FIELDS: &[&str] = &["plugin", "with", "on-unknown", "retry", "timeout"];

/// A step that runs a plugin.
#[derive(Clone, Debug)]
pub(crate) struct Plugin {
    name: String,
    span: Span,
    input: Template,
    arguments: Vec<Key>,
    repeat_unknown: bool,
    retry: Option<Retry>,
    timeout: Option<Duration>,
}

impl Plugin {
    pub(super) fn read(fields: &Fields<'_>, reader: &mut Reader<'_, '_>) -> Option<Self> {
        reader.needs_id(fields, "a `plugin` step");
        let problems = &mut *reader.problems;
        let node = fields.get("plugin")?;
        let name = read::text(node, "`plugin`", problems)?.to_owned();
        read::name(&name, &node.span, "a plugin's name", Naming::Kebab, problems);

        let with = fields.get("with");
        let arguments = match with.map(|with| &with.content) {
            Some(Content::Map(entries)) => entries.iter().map(|(key, _)| key.clone()).collect(),
            _ => Vec::new(),
        };
        if let Some(with) = with.filter(|with| !matches!(with.content, Content::Map(_))) {
            problems.add(&with.span, format!("`with` must be a mapping, not {}", with.kind()));
        }
        let input = with.map_or_else(Template::empty_map, |with| Template::read(with, problems));
        let on_unknown = fields.get("on-unknown");
        let repeat = on_unknown.and_then(|node| read::word(node, "`on-unknown`", &[("repeat", true)], problems));
        let timeout = fields.get("timeout").and_then(|node| read::duration(node, "`timeout`", problems));
        let retry = fields.get("retry").and_then(|node| Retry::read(node, problems));
        let span = node.span.clone();
        Some(Self { name, span, input, arguments, repeat_unknown: repeat.unwrap_or(false), retry, timeout })
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// The place of the plugin's name.
    pub(crate) fn span(&self) -> &Span {
        &self.span
    }

    /// The names of what the plugin is given, with their places.
    pub(crate) fn arguments(&self) -> &[Key] {
        &self.arguments
    }

    pub(super) fn input_mut(&mut self) -> &mut Template {
        &mut self.input
    }

    pub(super) fn start(&self, step: &Step, place: Place<'_>, walk: &mut Walk<'_>) {
        match self.input.evaluate(&Scope::Run(walk.run, place.failure)) {
            Ok(input) => walk.record(started(step, 1, input)),
            Err(error) => walk.record_no_value(step, &error),
        }
    }

    pub(super) fn advance(&self, step: &Step, place: Place<'_>, walk: &mut Walk<'_>) {
        let Some(now) = walk.run.step(step.path()) else { return };
        let (path, attempt) = (step.path().to_owned(), now.attempt());
        match (now.state(), place.mode) {
            (StepState::Running, Mode::Go) => walk.effects.push(Effect::Invoke {
                path,
                attempt,
                plugin: self.name.clone(),
                input: now.input().clone(),
                timeout: self.timeout,
                repeat_unknown: self.repeat_unknown,
            }),
            (StepState::Running, Mode::Stop) => walk.effects.push(Effect::Stop { path, attempt }),
            (StepState::RetryWaiting { at }, Mode::Go) => {
                let event = started(step, attempt, now.input().clone());
                walk.effects.push(Effect::Wake { at: *at, event });
            }
            // What became of the write stays open in the ledger: nothing will send it again.
            (StepState::RetryWaiting { .. } | StepState::Suspended { .. }, Mode::Stop) => {
                walk.record_stopped(step, attempt);
            }
            _ => {}
        }
    }

    pub(super) fn try_again(&self, step: &Step, walk: &mut Walk<'_>) -> Option<Progress> {
        let now = walk.run.step(step.path())?;
        let StepState::Failed { error } = now.state() else { return None };
        let retry = self.retry.as_ref()?;
        let delay = retry.delay_after(now.attempt(), &error.code)?;
        let (path, attempt) = (step.path().to_owned(), now.attempt() + 1);
        walk.effects.push(Effect::Schedule { path, attempt, delay, jitter: retry.jitter() });
        Some(Progress::Ongoing)
    }
}

fn started(step: &Step, attempt: u32, input: Value) -> Event {
    Event::StepStarted { path: step.path().to_owned(), attempt, input }
}
