//! `plugin`: runs a plugin.
//!
//! The input is evaluated once, when the first attempt begins; a retry is given the same input.

use super::Reader;
use super::walk::{Begun, Mode, Place, Walk};
use crate::effect::Effect;
use crate::event::Event;
use crate::expression::scope::Scope;
use crate::expression::template::Template;
use crate::problem::Span;
use crate::read::{self, Fields, Naming};
use crate::run::StepState;
use crate::yaml::{Content, Key};

pub(super) const FIELDS: &[&str] = &["plugin", "with"];

/// A step that runs a plugin.
#[derive(Clone, Debug)]
pub(crate) struct Plugin {
    name: String,
    span: Span,
    input: Template,
    arguments: Vec<Key>,
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
        Some(Self { name, span: node.span.clone(), input, arguments })
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

    /// What the plugin is given.
    pub(crate) fn input(&self) -> &Template {
        &self.input
    }

    pub(super) fn input_mut(&mut self) -> &mut Template {
        &mut self.input
    }

    pub(super) fn start(&self, path: String, place: Place<'_>, walk: &mut Walk<'_>) {
        match self.input.evaluate(&Scope::Run(&place.view(walk.run))) {
            Ok(input) => {
                let attempt = walk.run.next_attempt(&path);
                walk.record(Event::StepStarted { path, attempt, input });
            }
            Err(error) => walk.record_no_value(path, &error),
        }
    }

    pub(super) fn advance(&self, begun: &Begun<'_>, place: Place<'_>, walk: &mut Walk<'_>) {
        let (path, attempt, plugin) = (begun.path.clone(), begun.now.attempt(), self.name.clone());
        match (begun.now.state(), place.mode) {
            (StepState::Running, Mode::Go | Mode::Hold) => walk.effects.push(Effect::Invoke {
                path,
                attempt,
                plugin,
                input: begun.now.shared_input(),
                timeout: begun.step.timeout(place.frame),
                repeat_unknown: place.repeat_unknown,
            }),
            (StepState::Running, Mode::Stop) => walk.effects.push(Effect::Stop { path, attempt, plugin }),
            // What became of the write stays open in the ledger: nothing will send it again.
            (StepState::Suspended { .. }, Mode::Stop) => walk.record_stopped(begun),
            _ => {}
        }
    }
}
