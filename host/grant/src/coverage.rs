//! A policy held against what a plugin imports: what it could call and the policy does not allow.

use crate::dangerous::{Danger, MARK, danger};
use crate::policy::Policy;
use crate::statement::{Effect, Statement};

/// A function that a plugin imports, and what a call of it needs.
#[derive(Clone, Debug)]
pub struct NeededActions<'a> {
    /// The function.
    pub function: &'a str,
    /// The actions.
    pub actions: Vec<&'a str>,
    /// Whether a call needs only some of them.
    pub some: bool,
}

/// Something that a plugin imports and that a policy does not allow.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Uncovered {
    /// Nothing that the plugin imports.
    #[error("it allows nothing that the plugin can call")]
    Everything,
    /// One function.
    #[error("it does not allow `{}`, so that calls of `{function}` are denied", actions.join("`, `"))]
    Function {
        /// The function.
        function: String,
        /// What is missing.
        actions: Vec<String>,
    },
    /// A dangerous action, which no statement means.
    #[error("`{}` is denied all the same, since {}: a statement that means it has `\"Condition\": {MARK}`", .0.action, .0.why)]
    Unmarked(&'static Danger),
}

impl Policy {
    /// What of `needed` no statement of these policies of one grant allows, on no resource. Whether they allow enough of each is for
    /// their author to know.
    pub fn uncovered(policies: &[Policy], needed: &[NeededActions<'_>]) -> Vec<Uncovered> {
        let needed: Vec<_> = needed.iter().filter(|needed| !needed.actions.is_empty()).collect();
        let all = || needed.iter().flat_map(|needed| needed.actions.iter().copied());
        if !needed.is_empty() && !all().any(|action| allowing(policies, action).next().is_some()) {
            return vec![Uncovered::Everything];
        }
        let mut uncovered: Vec<Uncovered> = needed.iter().filter_map(|needed| missing(policies, needed)).collect();
        for danger in all().filter_map(danger) {
            let mut allowing = allowing(policies, danger.action).peekable();
            let unmarked = allowing.peek().is_some() && !allowing.any(Statement::is_marked);
            if unmarked && !uncovered.contains(&Uncovered::Unmarked(danger)) {
                uncovered.push(Uncovered::Unmarked(danger));
            }
        }
        uncovered
    }
}

fn missing(policies: &[Policy], needed: &NeededActions<'_>) -> Option<Uncovered> {
    let is_missing = |action: &&&str| allowing(policies, action).next().is_none();
    let missing: Vec<String> = needed.actions.iter().filter(is_missing).map(ToString::to_string).collect();
    let enough = if needed.some { missing.len() < needed.actions.len() } else { missing.is_empty() };
    (!enough).then(|| Uncovered::Function { function: needed.function.into(), actions: missing })
}

/// The statements that allow an action on some resource.
fn allowing<'p>(policies: &'p [Policy], action: &str) -> impl Iterator<Item = &'p Statement> {
    let statements = policies.iter().flat_map(Policy::statements);
    statements.filter(move |statement| statement.effect() == Effect::Allow && statement.names(action))
}
