//! Which statements are about an action.

use std::collections::{BTreeMap, BTreeSet};

use grant::{Allowance, Danger, Effect, Policy, Statement};

use crate::row::{DeniedBy, Granted};

/// The statements that allow `action` on something.
pub(crate) fn granted(grant: Option<&Policy>, action: &str) -> Vec<Granted> {
    grant.into_iter().flat_map(|policy| policy.allowing(action)).map(Granted::from).collect()
}

/// What denies `action` on something: statements, and a guardrail that does not allow it.
pub(crate) fn denied_by(grant: Option<&Policy>, guardrail: Option<&Policy>, action: &str) -> Vec<DeniedBy> {
    let policies = guardrail.into_iter().chain(grant);
    let statements = policies.flat_map(|policy| about(policy, Effect::Deny, action));
    let silent = guardrail.filter(|policy| about(policy, Effect::Allow, action).next().is_none());
    silent.map(allows_nothing).into_iter().chain(statements.map(|(policy, entry)| denies(policy, entry))).collect()
}

/// What an entry of `Action` allows beyond what is needed.
pub(crate) struct Beyond<'p> {
    /// The entry, as the policy spells it first.
    pub entry: &'p str,
    /// The dangerous actions among them.
    pub dangers: Vec<&'static Danger>,
}

/// The entries of a policy that allow nothing that is needed, or something dangerous that is not. `NotAction` has none.
pub(crate) fn beyond<'p>(policy: &'p Policy, needed: &BTreeSet<&str>) -> Vec<Beyond<'p>> {
    let is_needed = |danger: &Danger| needed.iter().any(|action| action.eq_ignore_ascii_case(danger.action));
    let dangerous = policy.dangerous();
    let mut beyond: BTreeMap<String, Beyond<'p>> = BTreeMap::new();
    for statement in policy.statements().iter().filter(|statement| statement.effect() == Effect::Allow) {
        let names = |entry: &str, action: &str| statement.entries_naming(action).any(|naming| naming == entry);
        for entry in statement.actions().filter(|_| !statement.excludes_actions()) {
            let of_statement = dangerous.iter().filter(|allowed| allowed.statement == statement.label());
            let of_entry = of_statement.map(|allowed| allowed.action).filter(|danger| names(entry, danger.action));
            let dangers: Vec<_> = of_entry.filter(|danger| !is_needed(danger)).collect();
            if !dangers.is_empty() || !needed.iter().any(|action| names(entry, action)) {
                beyond.entry(entry.to_ascii_lowercase()).or_insert(Beyond { entry, dangers });
            }
        }
    }
    beyond.into_values().collect()
}

fn about<'a>(policy: &'a Policy, effect: Effect, action: &'a str) -> impl Iterator<Item = (&'a Policy, &'a Statement)> {
    let statements = policy.statements().iter();
    let named = statements.filter(move |statement| statement.effect() == effect && statement.names(action));
    named.map(move |statement| (policy, statement))
}

impl From<Allowance> for Granted {
    fn from(allowance: Allowance) -> Granted {
        let Allowance { policy, statement, resources, all_but, conditional, marked } = allowance;
        Granted { policy, statement, resources, all_but, conditional, marked }
    }
}

fn denies(policy: &Policy, statement: &Statement) -> DeniedBy {
    DeniedBy {
        policy: policy.name().into(),
        statement: Some(statement.label()),
        resources: statement.resources().map(String::from).collect(),
        all_but: statement.excludes_resources(),
        conditional: statement.is_conditional(),
    }
}

fn allows_nothing(policy: &Policy) -> DeniedBy {
    let resources = vec!["*".into()];
    DeniedBy { policy: policy.name().into(), statement: None, resources, all_but: false, conditional: false }
}
