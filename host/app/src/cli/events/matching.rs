//! Which workflows an event would start, and why not the others: the same functions that the server asks.

use std::path::{Path, PathBuf};

use ::workflow::{EventPart, Explanation, Mismatch, Surroundings, Workflow, check_envelope};
use serde::Serialize;
use serde_json::Value;

use super::super::page::{Line, Page, Style};
use super::super::{Error, files};

/// What an event would do to one workflow.
#[derive(Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct Found {
    workflow: String,
    /// The ids of the events that runs would be started with: several when the event is split.
    pub(super) events: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    triggers: Option<Vec<Trigger>>,
}

/// What one trigger makes of the event, or of an item of it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
struct Trigger {
    /// Its place in `on`, from 1.
    trigger: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    item: Option<String>,
    matches: bool,
    mismatches: Vec<Field>,
}

/// A field that does not match.
#[derive(Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
struct Field {
    path: String,
    expected: Value,
    found: Vec<Value>,
}

/// Asks every workflow. All files are read and checked before anything is told.
pub(super) fn find(event: &Path, workflows: &[PathBuf], explain: bool) -> Result<Vec<Found>, Error> {
    let no_event = |why: &dyn std::fmt::Display| Error::Failed {
        message: format!("`{}` is no event: {why}", event.display()),
        help: Some("events look like https://docs.aws.amazon.com/eventbridge/latest/ref/events-structure.html".into()),
    };
    let value: Value = serde_json::from_str(&files::text(event)?).map_err(|error| no_event(&error))?;
    check_envelope(&value).map_err(|error| no_event(&error))?;
    let workflows: Vec<Workflow> = workflows.iter().map(|file| load(file)).collect::<Result<_, _>>()?;
    workflows.iter().map(|workflow| ask(workflow, &value, explain)).collect()
}

fn load(file: &Path) -> Result<Workflow, Error> {
    let source = files::text(file)?;
    let loaded = ::workflow::load(&file.display().to_string(), &source, &Surroundings::default());
    loaded.map_err(|problems| Error::Problems { file: file.to_owned(), text: problems.render(false) })
}

fn ask(workflow: &Workflow, event: &Value, explain: bool) -> Result<Found, Error> {
    let failed = |error| Error::Failed { message: format!("workflow `{}`: {error}", workflow.name), help: None };
    let events = workflow.starts(event).map_err(failed)?;
    let triggers = if explain { Some(workflow.explain(event).map_err(failed)?) } else { None };
    let triggers = triggers.map(|triggers| triggers.into_iter().map(Trigger::from).collect());
    Ok(Found { workflow: workflow.name.clone(), events: events.iter().map(EventPart::id).collect(), triggers })
}

impl From<Explanation> for Trigger {
    fn from(explanation: Explanation) -> Trigger {
        let Explanation { trigger, item, mismatches } = explanation;
        let field = |Mismatch { path, expected, found }| Field { path, expected, found };
        Trigger {
            trigger,
            item: item.map(|(list, place)| format!("{list}[{place}]")),
            matches: mismatches.is_empty(),
            mismatches: mismatches.into_iter().map(field).collect(),
        }
    }
}

/// The names of what would start, a line each; with `explain` every workflow and what its triggers make of the event.
pub(super) fn page(found: &[Found], explain: bool) -> Page {
    let mut page = Page::default();
    for Found { workflow, events, triggers } in found {
        if !explain {
            if !events.is_empty() {
                page.push(Line::plain(workflow.as_str()));
            }
            continue;
        }
        let verdict = match events.len() {
            0 => (Style::Dim, "is not started".to_owned()),
            1 => (Style::Good, "is started".to_owned()),
            count => (Style::Good, format!("is started {count} times")),
        };
        page.push(Line::default().and(Style::Bold, workflow.as_str()).and(Style::Plain, " ").and(verdict.0, verdict.1));
        let triggers = triggers.as_deref().unwrap_or_default();
        if triggers.is_empty() {
            page.push(Line::plain("  no event starts it"));
        }
        triggers.iter().for_each(|trigger| explained(trigger, &mut page));
    }
    page
}

fn explained(trigger: &Trigger, page: &mut Page) {
    let item = trigger.item.as_ref().map(|item| format!(", {item}")).unwrap_or_default();
    let outcome = if trigger.matches { (Style::Good, "matches") } else { (Style::Plain, "does not match") };
    let head = format!("  trigger {}{item}: ", trigger.trigger);
    page.push(Line::plain(head).and(outcome.0, outcome.1));
    for Field { path, expected, found } in &trigger.mismatches {
        let there = match found.as_slice() {
            [] => "is not there".to_owned(),
            [one] => format!("is {one}"),
            several => format!("is {}", Value::from(several.to_vec())),
        };
        page.push(
            Line::plain("    ").and(Style::Bold, path.as_str()).and(Style::Plain, format!(" {there}, not {expected}")),
        );
    }
}
