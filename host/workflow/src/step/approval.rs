//! `approval`: waits until people have decided.
//!
//! A refusal or an expiry ends the run and cannot be caught. Who may decide is checked in `run::approval`.

use std::time::Duration;

use serde_json::{Map, Value};

use super::Reader;
use super::walk::{Begun, Mode, Place, Walk};
use crate::effect::Effect;
use crate::event::Event;
use crate::expression::scope::Scope;
use crate::expression::template::Template;
use crate::problem::{Collector, Span};
use crate::read::{self, Fields};
use crate::yaml::Node;

pub(super) const FIELDS: &[&str] = &["approval"];
const OWN_FIELDS: &[&str] = &["title", "show", "approvers", "needs", "expires"];
const MAX_NEEDS: u32 = 10;

/// A step that waits for people.
#[derive(Clone, Debug)]
pub(crate) struct Approval {
    title: Template,
    show: Vec<(String, Span)>,
    pub(super) approvers: Vec<String>,
    pub(super) needs: u32,
    pub(super) expires: Option<Duration>,
}

impl Approval {
    pub(super) fn read(fields: &Fields<'_>, reader: &mut Reader<'_, '_>) -> Option<Self> {
        reader.needs_id(fields, "an `approval` step");
        let problems = &mut *reader.problems;
        let fields = Fields::of(fields.get("approval")?, "`approval`", OWN_FIELDS, problems)?;
        let title = fields.required("title", "`approval`", problems);
        let approvers = fields.required("approvers", "`approval`", problems);
        let needs = fields.get("needs").and_then(|node| read::whole(node, "`needs`", 1, MAX_NEEDS, problems));
        let expires = fields.get("expires").and_then(|node| read::duration(node, "`expires`", problems));
        let show = fields.get("show").map_or_else(Vec::new, |node| read_show(node, problems));
        let approvers = approvers.map(|node| read_approvers(node, needs.unwrap_or(1), problems));
        let title = title?;
        read::text(title, "`title`", problems)?;
        let title = Template::read(title, problems);
        Some(Self { title, show, approvers: approvers?, needs: needs.unwrap_or(1), expires })
    }

    /// What is asked.
    pub(crate) fn title(&self) -> &Template {
        &self.title
    }

    pub(super) fn title_mut(&mut self) -> &mut Template {
        &mut self.title
    }

    pub(super) fn show(&self) -> &[(String, Span)] {
        &self.show
    }

    pub(super) fn start(&self, path: String, place: Place<'_>, walk: &mut Walk<'_>) {
        let title = match self.title.evaluate(&Scope::Run(&place.view(walk.run))) {
            Ok(Value::String(title)) => title,
            Ok(other) => other.to_string(),
            Err(error) => return walk.record_no_value(path, &error),
        };
        let show = self.show.iter().map(|(id, _)| (id.clone(), place.frame.result(id, walk.run).to_json()));
        walk.record(Event::ApprovalRequested {
            path,
            title,
            approvers: self.approvers.clone(),
            needs: self.needs,
            expires: self.expires,
            show: Value::Object(show.collect::<Map<_, _>>()),
        });
    }

    pub(super) fn advance(begun: &Begun<'_>, place: Place<'_>, walk: &mut Walk<'_>) {
        if place.mode == Mode::Stop {
            return walk.record_stopped(begun);
        }
        if let Some(at) = begun.now.approval().and_then(|approval| approval.expires_at) {
            let event = Event::ApprovalExpired { path: begun.path.clone() };
            walk.effects.push(Effect::Wake { at, event, lapse: None });
        }
    }
}

fn read_show(node: &Node, problems: &mut Collector<'_>) -> Vec<(String, Span)> {
    let items = read::list(node, "`show`", problems).unwrap_or_default();
    let ids =
        items.iter().filter_map(|item| Some((read::text(item, "`show`", problems)?.to_owned(), item.span.clone())));
    ids.collect()
}

fn read_approvers(node: &Node, needs: u32, problems: &mut Collector<'_>) -> Vec<String> {
    let approvers = read::texts(node, "`approvers`", problems).unwrap_or_default();
    let is_named = |approver: &String| matches!(approver.split_once(':'), Some(("group" | "user", name)) if !name.is_empty() && name.trim() == name);
    for approver in approvers.iter().filter(|approver| !is_named(approver)) {
        let message = format!("`{}` cannot be an approver", read::shorten(approver));
        problems.add_with_help(
            &problems.narrow(&node.span, approver),
            message,
            "write `group:<name>` or `user:<name>`",
        );
    }
    let only_users = approvers.iter().all(|approver| approver.starts_with("user:"));
    if only_users && approvers.len() < usize::try_from(needs).unwrap_or(usize::MAX) && !approvers.is_empty() {
        problems.add(&node.span, format!("`needs` is {needs}, and there are fewer approvers"));
    }
    approvers
}
