//! One statement of a policy: an effect on the requests that it applies to.

use std::fmt;

use crate::action::ActionPattern;
use crate::condition::Condition;
use crate::context::Context;
use crate::dangerous::DANGEROUS;
use crate::request::Request;
use crate::resource::ResourcePattern;
use crate::truth::Truth;

/// What a statement does to the requests that it applies to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Allows them, unless another statement denies them.
    Allow,
    /// Denies them, whatever other statements say.
    Deny,
}

/// One statement of a policy.
#[derive(Clone, Debug)]
pub struct Statement {
    pub(crate) index: usize,
    pub(crate) sid: Option<String>,
    pub(crate) effect: Effect,
    pub(crate) actions: Scope<ActionPattern>,
    pub(crate) resources: Scope<ResourcePattern>,
    /// All must hold.
    pub(crate) conditions: Vec<Condition>,
}

/// The entries of `Action` or `NotAction`, `Resource` or `NotResource`.
#[derive(Clone, Debug)]
pub(crate) struct Scope<P> {
    pub entries: Vec<P>,
    /// `Not…`: all but the entries.
    pub all_but: bool,
}

impl<P> Scope<P> {
    fn includes(&self, matches: impl FnMut(&P) -> Truth) -> Truth {
        Truth::any(self.entries.iter().map(matches)).negated_if(self.all_but)
    }
}

impl Statement {
    /// What denials call the statement: its `Sid`, or `Statement[0]` by its place in the document.
    pub fn label(&self) -> String {
        self.sid.clone().unwrap_or_else(|| format!("Statement[{}]", self.index))
    }

    /// Its effect.
    pub fn effect(&self) -> Effect {
        self.effect
    }

    /// The entries of `Action`, or of `NotAction` when [`Statement::excludes_actions`].
    pub fn actions(&self) -> impl Iterator<Item = &str> {
        self.actions.entries.iter().map(ActionPattern::source)
    }

    /// Whether it is about all actions but the listed ones.
    pub fn excludes_actions(&self) -> bool {
        self.actions.all_but
    }

    /// The entries of `Resource`, or of `NotResource` when [`Statement::excludes_resources`].
    pub fn resources(&self) -> impl Iterator<Item = &str> {
        self.resources.entries.iter().map(ResourcePattern::source)
    }

    /// Whether it is about all resources but the listed ones.
    pub fn excludes_resources(&self) -> bool {
        self.resources.all_but
    }

    /// Whether it has a `Condition`.
    pub fn is_conditional(&self) -> bool {
        !self.conditions.is_empty()
    }

    /// Whether it is about `action`, whatever the resource and the conditions.
    pub fn names(&self, action: &str) -> bool {
        self.actions.includes(|entry| entry.matches(action)) == Truth::Yes
    }

    /// The entries of `Action` that name this action; none for a `NotAction`.
    pub fn entries_naming(&self, action: &str) -> impl Iterator<Item = &str> {
        let entries = self.actions.entries.iter().filter(|_| !self.actions.all_but);
        entries.filter(move |entry| entry.matches(action) == Truth::Yes).map(ActionPattern::source)
    }

    /// Whether it says that dangerous actions are meant, by the condition `"Bool": {"quell:Dangerous": "true"}`. Other
    /// operators on that key say nothing: one that is negated, or asks for its absence, holds by accident.
    pub fn is_marked(&self) -> bool {
        self.on_danger().any(Condition::expects_true)
    }

    /// Whether its conditions on `quell:Dangerous` leave dangerous actions out.
    pub(crate) fn spares_dangers(&self) -> bool {
        let mut dangerous = Context::new();
        dangerous.insert(DANGEROUS, "true");
        Truth::all(self.on_danger().map(|condition| condition.holds(&dangerous))) == Truth::No
    }

    fn on_danger(&self) -> impl Iterator<Item = &Condition> {
        self.conditions.iter().filter(|condition| condition.key().eq_ignore_ascii_case(DANGEROUS))
    }

    /// The entries of `Resource`; none for a `NotResource`.
    pub(crate) fn named_resources(&self) -> impl Iterator<Item = &ResourcePattern> {
        self.resources.entries.iter().filter(|_| !self.resources.all_but)
    }

    /// The condition keys that it asks for, those of its variables included, in lower case.
    pub(crate) fn keys(&self) -> impl Iterator<Item = &str> {
        let in_resources = self.resources.entries.iter().flat_map(ResourcePattern::keys);
        self.conditions.iter().flat_map(Condition::keys).chain(in_resources)
    }

    /// Whether the statement applies to a request.
    pub(crate) fn applies(&self, request: &Request<'_>) -> Truth {
        let action = std::iter::once_with(|| self.actions.includes(|entry| entry.matches(request.action)));
        let resource =
            std::iter::once_with(|| self.resources.includes(|entry| entry.matches(request.resource, request.context)));
        let conditions = self.conditions.iter().map(|condition| condition.holds(request.context));
        Truth::all(action.chain(resource).chain(conditions))
    }
}

impl fmt::Display for Effect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Effect::Allow => "Allow",
            Effect::Deny => "Deny",
        })
    }
}
