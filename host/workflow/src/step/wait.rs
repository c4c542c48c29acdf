//! `wait`: for a duration, or until a time. A run that waits holds nothing but its row.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::Reader;
use super::walk::{Begun, Mode, Place, Walk};
use crate::effect::Effect;
use crate::event::{Event, StepError};
use crate::expression::scope::Scope;
use crate::expression::template::{Template, kind};
use crate::read::{self, Fields, shorten};
use crate::run::StepState;
use crate::yaml::{Content, Node};

pub(super) const FIELDS: &[&str] = &["wait"];
const OWN_FIELDS: &[&str] = &["for", "until"];

/// A step that waits for a time.
#[derive(Clone, Debug)]
pub(crate) enum Wait {
    For(Template),
    Until(Template),
}

impl Wait {
    pub(super) fn read(fields: &Fields<'_>, reader: &mut Reader<'_, '_>) -> Option<Self> {
        let node = fields.get("wait")?;
        if !matches!(node.content, Content::Map(_)) {
            return read_for(node, reader).map(Wait::For);
        }
        let fields = Fields::of(node, "`wait`", OWN_FIELDS, reader.problems)?;
        match (fields.get("for"), fields.get("until")) {
            (Some(node), None) => read_for(node, reader).map(Wait::For),
            (None, Some(node)) => read_until(node, reader).map(Wait::Until),
            _ => {
                reader.problems.add(&fields.span, "`wait` needs one of `for` (a duration) and `until` (a time)");
                None
            }
        }
    }

    pub(crate) fn time(&self) -> &Template {
        let (Wait::For(time) | Wait::Until(time)) = self;
        time
    }

    pub(super) fn time_mut(&mut self) -> &mut Template {
        let (Wait::For(time) | Wait::Until(time)) = self;
        time
    }

    /// What it waits for, as the file has it.
    pub(crate) fn text(&self) -> String {
        match self {
            Wait::For(time) => time.text(),
            Wait::Until(time) => format!("until {}", time.text()),
        }
    }

    pub(super) fn start(&self, path: String, place: Place<'_>, walk: &mut Walk<'_>) {
        let (Wait::For(time) | Wait::Until(time)) = self;
        let value = match time.evaluate(&Scope::Run(&place.view(walk.run))) {
            Ok(value) => value,
            Err(error) => return walk.record_no_value(path, &error),
        };
        let event = match self {
            Wait::For(_) => {
                duration(&value).map(|lasts| Event::WaitStarted { path: path.clone(), lasts: Some(lasts), until: None })
            }
            Wait::Until(_) => {
                until(&value).map(|until| Event::WaitStarted { path: path.clone(), lasts: None, until: Some(until) })
            }
        };
        match event {
            Ok(event) => walk.record(event),
            Err(message) => walk.record_failure(path, StepError::new(StepError::EXPRESSION, message)),
        }
    }

    pub(super) fn advance(begun: &Begun<'_>, place: Place<'_>, walk: &mut Walk<'_>) {
        let StepState::Sleeping { until } = begun.now.state() else { return };
        if place.mode == Mode::Stop {
            return walk.record_stopped(begun);
        }
        let (path, attempt) = (begun.path.clone(), begun.now.attempt());
        let time = Timestamp::from_millisecond(*until).map_or(Value::Null, |time| Value::String(time.to_string()));
        let event = Event::StepSucceeded { path, attempt, output: json!({ "until": time }) };
        walk.effects.push(Effect::Wake { at: *until, event, lapse: None });
    }
}

fn read_for(node: &Node, reader: &mut Reader<'_, '_>) -> Option<Template> {
    let template = Template::read(node, reader.problems);
    if template.as_expression().is_none() {
        read::duration(node, "`wait`", reader.problems)?;
    }
    Some(template)
}

fn read_until(node: &Node, reader: &mut Reader<'_, '_>) -> Option<Template> {
    let template = Template::read(node, reader.problems);
    if let (None, Err(message)) = (template.as_expression(), until(&node.to_json())) {
        reader.problems.add(&node.span, message);
    }
    Some(template)
}

fn duration(value: &Value) -> Result<Duration, String> {
    let parsed = value.as_str().and_then(read::parse_duration);
    parsed.ok_or_else(|| format!("`wait` needs a duration from `1s` to `365d`, not {}", described(value)))
}

/// RFC 3339, with an offset.
fn until(value: &Value) -> Result<i64, String> {
    let parsed = value.as_str().and_then(|text| text.parse::<Timestamp>().ok());
    let time = parsed.map(Timestamp::as_millisecond);
    time.ok_or_else(|| format!("`until` needs a time like `2026-01-31T06:00:00Z`, not {}", described(value)))
}

fn described(value: &Value) -> String {
    match value {
        Value::String(text) => format!("`{}`", shorten(text)),
        other => kind(other).to_owned(),
    }
}
