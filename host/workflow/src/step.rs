//! Steps: what every step has, and the list of the kinds there are.
//!
//! This decides which kinds exist and what all of them share: an id, `if`, `catch`. What a kind means (its fields, how it
//! begins, what it needs next, how it ends) is in its own file; the order in which steps are taken is in [`walk`].
//!
//! Adding a kind: its file, a variant of [`Kind`], and a line in each match below.

mod approval;
mod catch;
mod parallel;
mod plugin;
mod retry;
pub(crate) mod walk;

use std::collections::BTreeSet;

use approval::Approval;
pub(crate) use catch::{Catch, Then};
use parallel::Parallel;
pub(crate) use plugin::Plugin;

use crate::expression::template::Template;
use crate::problem::{Collector, Span};
use crate::read::{self, Fields, Naming};
use crate::yaml::{Content, Node};
use walk::{Place, Progress, Walk};

/// Bounds the time of one `next` and the size of a run's table.
const MAX_STEPS: usize = 1_000;
/// The fields of every step.
const COMMON_FIELDS: &[&str] = &["id", "if", "catch"];

/// A step of a workflow.
#[derive(Clone, Debug)]
pub struct Step {
    path: String,
    id: Option<String>,
    span: Span,
    condition: Option<Template>,
    catch: Vec<Catch>,
    kind: Kind,
}

/// What a step is. The field of the same name in the file decides it.
#[derive(Clone, Debug)]
pub(crate) enum Kind {
    Plugin(Plugin),
    Parallel(Parallel),
    Approval(Approval),
}

/// The kinds by the field that decides them, each with all of its own fields.
const KINDS: &[(&str, &[&str])] =
    &[("plugin", plugin::FIELDS), ("parallel", parallel::FIELDS), ("approval", approval::FIELDS)];

impl Step {
    /// Its id, or its place in the document when it has none: `steps.1`, `contain.branches.0.steps.2`.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Its id, unique in the workflow.
    pub fn id(&self) -> Option<&str> {
        self.id.as_deref()
    }

    /// The kind, as the file names it: `plugin`, `parallel`, `approval`.
    pub fn kind_name(&self) -> &'static str {
        match self.kind {
            Kind::Plugin(_) => "plugin",
            Kind::Parallel(_) => "parallel",
            Kind::Approval(_) => "approval",
        }
    }

    /// The plugin that it runs, when it runs one.
    pub fn plugin(&self) -> Option<&str> {
        match &self.kind {
            Kind::Plugin(plugin) => Some(plugin.name()),
            Kind::Parallel(_) | Kind::Approval(_) => None,
        }
    }

    /// The sequences of steps inside of it; a `parallel` has one for each branch.
    pub fn children(&self) -> Vec<&[Step]> {
        match &self.kind {
            Kind::Parallel(parallel) => parallel.branches().iter().map(Vec::as_slice).collect(),
            Kind::Plugin(_) | Kind::Approval(_) => Vec::new(),
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
            Kind::Plugin(_) | Kind::Approval(_) => &mut [],
        }
    }

    /// Everything of its own that can have expressions.
    pub(crate) fn templates_mut(&mut self) -> Vec<&mut Template> {
        let mut templates: Vec<&mut Template> = self.condition.as_mut().into_iter().collect();
        match &mut self.kind {
            Kind::Plugin(plugin) => templates.push(plugin.input_mut()),
            Kind::Approval(approval) => templates.push(approval.title_mut()),
            Kind::Parallel(_) => {}
        }
        templates
    }

    /// The ids of steps that it names outside of expressions.
    pub(crate) fn named_steps(&self) -> &[(String, Span)] {
        match &self.kind {
            Kind::Approval(approval) => approval.show(),
            Kind::Plugin(_) | Kind::Parallel(_) => &[],
        }
    }

    /// Begins it: its `if` was true.
    fn start(&self, place: Place<'_>, walk: &mut Walk<'_>) {
        match &self.kind {
            Kind::Plugin(plugin) => plugin.start(self, place, walk),
            Kind::Parallel(parallel) => parallel.start(self, walk),
            Kind::Approval(approval) => approval.start(self, place, walk),
        }
    }

    /// Goes on with it: it has begun and not ended.
    fn advance(&self, place: Place<'_>, walk: &mut Walk<'_>) {
        match &self.kind {
            Kind::Plugin(plugin) => plugin.advance(self, place, walk),
            Kind::Parallel(parallel) => parallel.advance(self, place, walk),
            Kind::Approval(approval) => approval.advance(self, place, walk),
        }
    }

    /// Tries a failed step again, if its kind does that; says whether it does.
    fn try_again(&self, walk: &mut Walk<'_>) -> Option<Progress> {
        match &self.kind {
            Kind::Plugin(plugin) => plugin.try_again(self, walk),
            Kind::Parallel(_) | Kind::Approval(_) => None,
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
        if self.count == MAX_STEPS + 1 {
            self.problems.add(&node.span, format!("a workflow has at most {MAX_STEPS} steps"));
        }
        if self.count > MAX_STEPS {
            return None;
        }
        let kind = self.kind_of(node);
        let own = KINDS.iter().filter(|(name, _)| kind.is_none_or(|kind| kind == *name));
        let known: Vec<&str> = COMMON_FIELDS.iter().chain(own.flat_map(|(_, fields)| *fields)).copied().collect();
        let what = kind.map_or_else(|| "a step".to_owned(), |kind| format!("a `{kind}` step"));
        let fields = Fields::of(node, &what, &known, self.problems)?;

        let id = fields.get("id").and_then(|id| self.id(id));
        let path = id.clone().unwrap_or_else(|| place.to_owned());
        let condition = fields.get("if").map(|node| self.condition(node));
        let catch = fields.get("catch").map_or_else(Vec::new, |node| catch::read(node, &path, self));
        let span = fields.get("id").unwrap_or(node).span.clone();
        let kind = match kind? {
            "plugin" => Kind::Plugin(Plugin::read(&fields, self)?),
            "parallel" => Kind::Parallel(Parallel::read(&fields, &path, self)?),
            _ => Kind::Approval(Approval::read(&fields, self)?),
        };
        Some(Step { path, id, span, condition, catch, kind })
    }

    /// The one field that decides the kind; `None` when that is a problem.
    fn kind_of(&mut self, node: &Node) -> Option<&'static str> {
        let Content::Map(entries) = &node.content else { return None };
        let known = |name: &str| KINDS.iter().map(|(kind, _)| *kind).find(|kind| *kind == name);
        let mut given = entries.iter().filter_map(|(key, _)| Some((key, known(&key.name)?)));
        match (given.next(), given.next()) {
            (Some((_, kind)), None) => Some(kind),
            (Some((_, first)), Some((key, second))) => {
                self.problems
                    .add(&key.span, format!("a step is one thing, so `{first}` and `{second}` exclude each other"));
                None
            }
            (None, _) => {
                let kinds: Vec<&str> = KINDS.iter().map(|(kind, _)| *kind).collect();
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

    fn condition(&mut self, node: &Node) -> Template {
        let template = Template::read(node, self.problems);
        let literal = template.as_literal().is_some_and(|value| !value.is_boolean());
        if literal || (template.as_literal().is_none() && template.as_expression().is_none()) {
            let help = "write one expression, like `${{ steps.assess.output.severity == \"HIGH\" }}`";
            self.problems.add_with_help(&node.span, "`if` must be one expression, `true` or `false`", help);
        }
        template
    }

    /// A field that only steps with an id can do without.
    fn needs_id(&mut self, fields: &Fields<'_>, what: &str) {
        fields.required("id", what, self.problems);
    }
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
