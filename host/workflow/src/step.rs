//! Steps: what every step has, and the list of the kinds there are.
//!
//! This decides which kinds exist and what all of them share: an id, `if`, `catch`. What a kind means (its fields, how it
//! begins, what it needs next, how it ends) is in its own file; the order in which steps are taken is in [`walk`].
//!
//! Adding a kind: its file, a variant of [`Kind`], and a line in each match below.

mod approval;
mod call;
mod choose;
mod each;
mod parallel;
mod plugin;
mod wait;

mod beside;
mod catch;
mod retry;
mod reopening;

mod body;
mod manner;
mod frame;
mod unfold;
pub(crate) mod walk;

use std::collections::BTreeSet;
use std::time::Duration;

pub(crate) use approval::Approval;
pub use body::Body;
pub(crate) use body::{MAX_STEPS, weight};
pub(crate) use call::Call;
pub(crate) use catch::{Catch, Then};
pub(crate) use choose::Choose;
pub(crate) use each::Each;
pub(crate) use frame::{Frame, INDEX};
pub use manner::Manner;
pub(crate) use parallel::Parallel;
pub(crate) use plugin::Plugin;
pub(crate) use reopening::Reopening;
use retry::Retry;
pub(crate) use unfold::sequence;
pub use unfold::{Group, Label, Placed};
pub(crate) use wait::Wait;

use crate::expression::template::Template;
use crate::problem::{Collector, Span};
use crate::read::{self, Fields, Naming};
use crate::yaml::{Content, Node};
use walk::{Begun, Place, Walk};

/// Bounds the size of a run's table.
const MAX_WRITTEN: usize = 1_000;
/// The fields of every step.
const COMMON_FIELDS: &[&str] = &["id", "if", "catch"];
/// The fields of every step that does something, besides those of its kind.
const DOING_FIELDS: &[&str] = &["retry", "timeout", "on-unknown"];

/// A step of a workflow.
#[derive(Clone, Debug)]
pub struct Step {
    path: String,
    id: Option<String>,
    span: Span,
    condition: Option<Template>,
    retry: Option<Retry>,
    timeout: Option<Duration>,
    repeat_unknown: Option<bool>,
    catch: Vec<Catch>,
    kind: Kind,
}

/// What a step is. The field of the same name in the file decides it.
#[derive(Clone, Debug)]
pub(crate) enum Kind {
    Plugin(Plugin),
    Parallel(Parallel),
    Choose(Choose),
    Each(Each),
    Approval(Approval),
    Wait(Wait),
    Call(Call),
}

/// The kinds by the field that decides them: with all of their own fields, and those of [`DOING_FIELDS`] that they take.
const KINDS: &[(&str, &[&str], &[&str])] = &[
    ("plugin", plugin::FIELDS, DOING_FIELDS),
    ("parallel", parallel::FIELDS, DOING_FIELDS),
    ("choose", choose::FIELDS, DOING_FIELDS),
    ("each", each::FIELDS, DOING_FIELDS),
    ("approval", approval::FIELDS, &[]),
    ("wait", wait::FIELDS, &["timeout"]),
    ("call", call::FIELDS, DOING_FIELDS),
];

/// The kinds there are, by the field that decides them.
pub(crate) fn kinds() -> impl Iterator<Item = &'static str> {
    KINDS.iter().map(|(kind, ..)| *kind)
}

/// The fields of a step of one kind, or of any.
pub(crate) fn fields_of<'a>(kind: impl Into<Option<&'a str>>) -> Vec<&'static str> {
    let kind = kind.into();
    let own = KINDS.iter().filter(|(name, ..)| kind.is_none_or(|kind| kind == *name));
    let own = own.flat_map(|(_, own, doing)| own.iter().chain(*doing));
    let fields: BTreeSet<&str> = COMMON_FIELDS.iter().chain(own).copied().collect();
    fields.into_iter().collect()
}

impl Step {
    /// Its id, or its place in the document when it has none: `steps.1`, `contain.branches.0.steps.2`.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Its id, unique in the workflow.
    pub fn id(&self) -> Option<&str> {
        self.id.as_deref()
    }

    /// The kind, as the file names it: `plugin`, `parallel`, `choose`, `each`, `approval`, `wait` or `call`.
    pub fn kind_name(&self) -> &'static str {
        match self.kind {
            Kind::Plugin(_) => "plugin",
            Kind::Parallel(_) => "parallel",
            Kind::Choose(_) => "choose",
            Kind::Each(_) => "each",
            Kind::Approval(_) => "approval",
            Kind::Wait(_) => "wait",
            Kind::Call(_) => "call",
        }
    }

    /// The plugin that it runs, when it runs one.
    pub fn plugin(&self) -> Option<&str> {
        match &self.kind {
            Kind::Plugin(plugin) => Some(plugin.name()),
            _ => None,
        }
    }

    /// The workflow that it calls, when it calls one.
    pub fn callee(&self) -> Option<&str> {
        match &self.kind {
            Kind::Call(call) => Some(call.workflow()),
            _ => None,
        }
    }

    /// Its `if`, as the file has it.
    pub fn condition(&self) -> Option<String> {
        self.condition.as_ref().map(Template::text)
    }

    /// What a `wait` waits for, what an `each` goes through, what an `approval` asks: as the file has it.
    pub fn subject(&self) -> Option<String> {
        match &self.kind {
            Kind::Wait(wait) => Some(wait.text()),
            Kind::Each(each) => Some(each.list().text()),
            Kind::Approval(approval) => Some(approval.title().text()),
            Kind::Plugin(_) | Kind::Parallel(_) | Kind::Choose(_) | Kind::Call(_) => None,
        }
    }

    /// The sequences of steps inside of it in its document: branches, alternatives, the body of an `each`.
    pub fn children(&self) -> Vec<&[Step]> {
        match &self.kind {
            Kind::Parallel(parallel) => parallel.branches().iter().map(Vec::as_slice).collect(),
            Kind::Choose(choose) => choose.alternatives().iter().map(Vec::as_slice).collect(),
            Kind::Each(each) => vec![each.steps()],
            Kind::Plugin(_) | Kind::Approval(_) | Kind::Wait(_) | Kind::Call(_) => Vec::new(),
        }
    }

    /// For each clause of its `catch`, whether the run goes on behind it.
    pub fn catch_continues(&self) -> impl Iterator<Item = bool> {
        self.catch.iter().map(Catch::continues)
    }

    /// Whether the run goes on when steps inside of it failed: `on-error: continue`.
    pub fn continues(&self) -> bool {
        match &self.kind {
            Kind::Parallel(parallel) => parallel.continues(),
            Kind::Each(each) => each.continues(),
            _ => false,
        }
    }

    /// It and everything inside of it, in the order of the document.
    pub(crate) fn collect<'s>(&'s self, steps: &mut Vec<&'s Step>) {
        steps.push(self);
        let inside = self.children().into_iter().flatten();
        let handlers = self.catch.iter().flat_map(|clause| clause.steps());
        inside.chain(handlers).for_each(|step| step.collect(steps));
    }

    /// Everything inside of it but what its own `catch` does.
    pub(crate) fn inside(&self) -> Vec<&Step> {
        let mut steps = Vec::new();
        self.children().into_iter().flatten().for_each(|step| step.collect(&mut steps));
        steps
    }

    /// The fields of its output and their types, where its kind decides them.
    pub(crate) fn output_fields(&self) -> Option<&'static [(&'static str, &'static str)]> {
        match &self.kind {
            Kind::Parallel(_) => Some(&[("errors", "array")]),
            Kind::Choose(_) => Some(&[("chosen", "integer")]),
            Kind::Each(_) => Some(&[("results", "array"), ("errors", "array")]),
            Kind::Approval(_) => Some(&[("approved_by", "array")]),
            Kind::Wait(_) => Some(&[("until", "string")]),
            Kind::Plugin(_) | Kind::Call(_) => None,
        }
    }

    /// The name by which its steps see their item, when it is an `each`.
    pub(crate) fn binding(&self) -> Option<&str> {
        match &self.kind {
            Kind::Each(each) => Some(each.name()),
            _ => None,
        }
    }

    pub(crate) fn span(&self) -> &Span {
        &self.span
    }

    pub(crate) fn kind(&self) -> &Kind {
        &self.kind
    }

    pub(crate) fn catch(&self) -> &[Catch] {
        &self.catch
    }

    pub(crate) fn catch_mut(&mut self) -> &mut [Catch] {
        &mut self.catch
    }

    pub(crate) fn children_mut(&mut self) -> &mut [Vec<Step>] {
        match &mut self.kind {
            Kind::Parallel(parallel) => parallel.branches_mut(),
            Kind::Choose(choose) => choose.alternatives_mut(),
            Kind::Each(each) => each.body_mut(),
            Kind::Plugin(_) | Kind::Approval(_) | Kind::Wait(_) | Kind::Call(_) => &mut [],
        }
    }

    /// Everything of its own that can have expressions.
    pub(crate) fn templates_mut(&mut self) -> Vec<&mut Template> {
        let mut templates: Vec<&mut Template> = self.condition.as_mut().into_iter().collect();
        match &mut self.kind {
            Kind::Plugin(plugin) => templates.push(plugin.input_mut()),
            Kind::Approval(approval) => templates.push(approval.title_mut()),
            Kind::Choose(choose) => templates.extend(choose.conditions_mut()),
            Kind::Each(each) => templates.push(each.list_mut()),
            Kind::Wait(wait) => templates.push(wait.time_mut()),
            Kind::Call(call) => templates.push(call.inputs_mut()),
            Kind::Parallel(_) => {}
        }
        templates
    }

    /// What an `each` goes through.
    pub(crate) fn list(&self) -> Option<&Template> {
        match &self.kind {
            Kind::Each(each) => Some(each.list()),
            _ => None,
        }
    }

    /// What of it must be true or false: its `if`, and each `when`.
    pub(crate) fn conditions(&self) -> Vec<(&'static str, &Template)> {
        self.plain_templates().into_iter().filter(|(what, _)| ["`if`", "`when`"].contains(what)).collect()
    }

    /// What it evaluates that no plugin is given, with what that is.
    pub(crate) fn plain_templates(&self) -> Vec<(&'static str, &Template)> {
        let mut templates: Vec<_> = self.condition.iter().map(|condition| ("`if`", condition)).collect();
        match &self.kind {
            Kind::Approval(approval) => templates.push(("`title`", approval.title())),
            Kind::Choose(choose) => templates.extend(choose.conditions().iter().map(|when| ("`when`", when))),
            Kind::Each(each) => templates.push(("`in`", each.list())),
            Kind::Wait(wait) => templates.push(("`wait`", wait.time())),
            Kind::Plugin(_) | Kind::Parallel(_) | Kind::Call(_) => {}
        }
        templates
    }

    /// The ids of steps that it names outside of expressions.
    pub(crate) fn named_steps(&self) -> &[(String, Span)] {
        match &self.kind {
            Kind::Approval(approval) => approval.show(),
            _ => &[],
        }
    }

    /// How long an attempt of it may take: its own `timeout`, or the shorter one of the workflow that it calls.
    pub(crate) fn timeout(&self, frame: &Frame<'_, '_>) -> Option<Duration> {
        let callee = match &self.kind {
            Kind::Call(call) => call.timeout(frame),
            _ => None,
        };
        self.timeout.into_iter().chain(callee).min()
    }

    pub(crate) fn is_plugin(&self) -> bool {
        matches!(self.kind, Kind::Plugin(_))
    }

    /// Begins it: its `if` was true.
    fn start(&self, path: String, place: Place<'_>, walk: &mut Walk<'_>) {
        match &self.kind {
            Kind::Plugin(plugin) => plugin.start(path, place, walk),
            Kind::Parallel(_) => Parallel::start(path, walk),
            Kind::Choose(choose) => choose.start(path, place, walk),
            Kind::Each(each) => each.start(path, place, walk),
            Kind::Approval(approval) => approval.start(path, place, walk),
            Kind::Wait(wait) => wait.start(path, place, walk),
            Kind::Call(call) => call.start(path, place, walk),
        }
    }

    /// Goes on with it: it has begun and not ended.
    fn advance(&self, begun: &Begun<'_>, place: Place<'_>, walk: &mut Walk<'_>) {
        match &self.kind {
            Kind::Plugin(plugin) => plugin.advance(begun, place, walk),
            Kind::Parallel(parallel) => parallel.advance(begun, place, walk),
            Kind::Choose(choose) => choose.advance(begun, place, walk),
            Kind::Each(each) => each.advance(begun, place, walk),
            Kind::Approval(_) => Approval::advance(begun, place, walk),
            Kind::Wait(_) => Wait::advance(begun, place, walk),
            Kind::Call(call) => call.advance(begun, place, walk),
        }
    }
}

/// Reads steps and counts them.
pub(crate) struct Reader<'p, 's> {
    pub(crate) problems: &'p mut Collector<'s>,
    count: usize,
    lost: BTreeSet<String>,
}

impl<'p, 's> Reader<'p, 's> {
    pub(crate) fn new(problems: &'p mut Collector<'s>) -> Self {
        Self { problems, count: 0, lost: BTreeSet::new() }
    }

    /// The ids of steps that could not be read: references to them are not wrong.
    pub(crate) fn into_lost(self) -> BTreeSet<String> {
        self.lost
    }

    /// Reads a sequence of steps. `place` is where it stands, for the paths of steps without an id.
    pub(crate) fn sequence(&mut self, node: &Node, place: &str) -> Vec<Step> {
        let Some(items) = read::list(node, "a sequence of steps", self.problems) else { return Vec::new() };
        if items.is_empty() {
            self.problems.add(&node.span, "a sequence of steps must not be empty");
        }
        let steps = items.iter().enumerate().filter_map(|(index, item)| self.step(item, &format!("{place}.{index}")));
        steps.collect()
    }

    /// Reads one step.
    pub(crate) fn step(&mut self, node: &Node, place: &str) -> Option<Step> {
        let step = self.read_step(node, place);
        if step.is_none() {
            collect_ids(node, &mut self.lost);
        }
        step
    }

    fn read_step(&mut self, node: &Node, place: &str) -> Option<Step> {
        self.count += 1;
        if self.count == MAX_WRITTEN + 1 {
            self.problems.add(&node.span, format!("a workflow has at most {MAX_WRITTEN} steps"));
        }
        if self.count > MAX_WRITTEN {
            return None;
        }
        let kind = self.kind_of(node);
        let known = fields_of(kind);
        let what = kind.map_or_else(|| "a step".to_owned(), |kind| format!("{} `{kind}` step", article(kind)));
        let fields = Fields::of(node, &what, &known, self.problems)?;

        let id = fields.get("id").and_then(|id| self.id(id));
        let path = id.clone().unwrap_or_else(|| place.to_owned());
        let condition = fields.get("if").map(|node| self.condition("`if`", node));
        let catch = fields.get("catch").map_or_else(Vec::new, |node| catch::read(node, &path, self));
        let problems = &mut *self.problems;
        let retry = fields.get("retry").and_then(|node| Retry::read(node, problems));
        let timeout = fields.get("timeout").and_then(|node| read::duration(node, "`timeout`", problems));
        let words = [("repeat", true), ("review", false)];
        let on_unknown = fields.get("on-unknown");
        let repeat_unknown = on_unknown.and_then(|node| read::word(node, "`on-unknown`", &words, problems));
        let span = fields.get("id").unwrap_or(node).span.clone();
        let kind = match kind? {
            "plugin" => Kind::Plugin(Plugin::read(&fields, self)?),
            "parallel" => Kind::Parallel(Parallel::read(&fields, &path, self)?),
            "choose" => Kind::Choose(Choose::read(&fields, &path, self)?),
            "each" => Kind::Each(Each::read(&fields, &path, self)?),
            "wait" => Kind::Wait(Wait::read(&fields, self)?),
            "call" => Kind::Call(Call::read(&fields, self)?),
            _ => Kind::Approval(Approval::read(&fields, self)?),
        };
        Some(Step { path, id, span, condition, retry, timeout, repeat_unknown, catch, kind })
    }

    /// The one field that decides the kind; `None` when that is a problem.
    fn kind_of(&mut self, node: &Node) -> Option<&'static str> {
        let Content::Map(entries) = &node.content else { return None };
        let known = |name: &str| kinds().find(|kind| *kind == name);
        let mut given = entries.iter().filter_map(|(key, _)| Some((key, known(&key.name)?)));
        match (given.next(), given.next()) {
            (Some((_, kind)), None) => Some(kind),
            (Some((_, first)), Some((key, second))) => {
                self.problems
                    .add(&key.span, format!("a step is one thing, so `{first}` and `{second}` exclude each other"));
                None
            }
            (None, _) => {
                let kinds: Vec<&str> = kinds().collect();
                self.problems.add(&node.span, format!("a step needs one of `{}`", kinds.join("`, `")));
                None
            }
        }
    }

    fn id(&mut self, node: &Node) -> Option<String> {
        let id = read::text(node, "`id`", self.problems)?;
        // A bad id is still kept, so that references to it are not reported as well.
        read::name(id, &node.span, "an id", Naming::Identifier, self.problems);
        Some(id.to_owned())
    }

    fn condition(&mut self, what: &str, node: &Node) -> Template {
        let template = Template::read(node, self.problems);
        let literal = template.as_literal().is_some_and(|value| !value.is_boolean());
        if literal || (template.as_literal().is_none() && template.as_expression().is_none()) {
            let help = "write one expression, like `${{ steps.assess.output.severity == \"HIGH\" }}`";
            let message = format!("{what} must be one expression, `true` or `false`");
            self.problems.add_with_help(&node.span, message, help);
        }
        template
    }

    /// A field that only steps with an id can do without.
    fn needs_id(&mut self, fields: &Fields<'_>, what: &str) {
        fields.required("id", what, self.problems);
    }
}

/// The article before a kind's name.
fn article(kind: &str) -> &'static str {
    if kind.starts_with(['a', 'e']) { "an" } else { "a" }
}

/// Everything that would be the id of a step, wherever it stands.
fn collect_ids(node: &Node, ids: &mut BTreeSet<String>) {
    match &node.content {
        Content::Map(entries) => {
            for (key, value) in entries {
                if let ("id", Content::Text(id)) = (key.name.as_str(), &value.content) {
                    ids.insert(id.clone());
                }
                collect_ids(value, ids);
            }
        }
        Content::List(items) => items.iter().for_each(|item| collect_ids(item, ids)),
        _ => {}
    }
}
