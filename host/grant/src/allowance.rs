//! What a policy could allow, for pages that people read: which statements name an action, on what, and whether a
//! dangerous one is meant. Whether a request is allowed is decided in `decide` alone.

use crate::dangerous::{Danger, dangers};
use crate::policy::Policy;
use crate::statement::{Effect, Statement};

/// A statement that allows an action on some resources, under its conditions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Allowance {
    /// The policy's name.
    pub policy: String,
    /// The statement's `Sid`, or `Statement[0]` by its place.
    pub statement: String,
    /// The entries of `Resource`, or of `NotResource`.
    pub resources: Vec<String>,
    /// Whether it is about all resources but these.
    pub all_but: bool,
    /// Whether it has a `Condition`, the mark of dangerous actions included.
    pub conditional: bool,
    /// Whether it carries the mark: see [`Statement::is_marked`].
    pub marked: bool,
}

/// A dangerous action that a statement names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Allowed {
    /// The statement's `Sid`, or `Statement[0]` by its place.
    pub statement: String,
    /// The action.
    pub action: &'static Danger,
    /// Whether the statement says that it is meant. Otherwise the gate does not let the action through.
    pub marked: bool,
}

impl Policy {
    /// The statements that allow `action` on anything under any conditions, in the order of the document. That one is
    /// listed does not mean that a call is allowed: other statements and the guardrail may deny it, and a dangerous
    /// action wants a marked one.
    pub fn allowing(&self, action: &str) -> impl Iterator<Item = Allowance> {
        let naming = self.statements().iter().filter(|statement| allows(statement, action));
        naming.map(|statement| Allowance {
            policy: self.name().into(),
            statement: statement.label(),
            resources: statement.resources().map(String::from).collect(),
            all_but: statement.excludes_resources(),
            conditional: statement.is_conditional(),
            marked: statement.is_marked(),
        })
    }

    /// The dangerous actions that each Allow statement names, in the order of the document and of the alphabet. A
    /// statement whose own condition on `quell:Dangerous` leaves dangerous actions out names none.
    pub fn dangerous(&self) -> Vec<Allowed> {
        let open = self.statements().iter().filter(|statement| !statement.spares_dangers());
        open.flat_map(|statement| {
            let named = dangers().iter().filter(|danger| allows(statement, danger.action));
            named.map(|action| Allowed { statement: statement.label(), action, marked: statement.is_marked() })
        })
        .collect()
    }
}

fn allows(statement: &Statement, action: &str) -> bool {
    statement.effect() == Effect::Allow && statement.names(action)
}
