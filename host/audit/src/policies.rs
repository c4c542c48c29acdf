//! Which statements are about an action.

use std::collections::BTreeMap;

use grant::{Danger, Effect, Policy, Statement, dangers};

use crate::row::{DeniedBy, Granted};

/// The statements that allow `action` on something.
pub(crate) fn granted(grant: Option<&Policy>, action: &str) -> Vec<Granted> {
    let statements = grant.into_iter().flat_map(|policy| about(policy, Effect::Allow, action));
    statements.map(|(policy, statement)| allows(policy, statement)).collect()
}

/// What denies `action` on something: statements, and a guardrail that does not allow it.
pub(crate) fn denied_by(grant: Option<&Policy>, guardrail: Option<&Policy>, action: &str) -> Vec<DeniedBy> {
    let policies = guardrail.into_iter().chain(grant);
    let statements = policies.flat_map(|policy| about(policy, Effect::Deny, action));
    let silent = guardrail.filter(|policy| about(policy, Effect::Allow, action).next().is_none());
    silent.map(allows_nothing).into_iter().chain(statements.map(|(policy, entry)| denies(policy, entry))).collect()
}

/// The actions that the policy allows by their full name, as it spells them. The first spelling of each counts.
pub(crate) fn allowed_by_name(policy: &Policy) -> Vec<&str> {
    let allows = |statement: &&Statement| statement.effect() == Effect::Allow && !statement.excludes_actions();
    let actions = policy.statements().iter().filter(allows).flat_map(Statement::actions);
    let mut named = BTreeMap::new();
    for action in actions.filter(|action| !action.contains(['*', '?'])) {
        named.entry(action.to_ascii_lowercase()).or_insert(action);
    }
    named.into_values().collect()
}

/// The entries with a wildcard that allow dangerous actions, each with those.
pub(crate) fn dangerous_wildcards(policy: &Policy) -> BTreeMap<&str, Vec<&'static Danger>> {
    let mut wildcards: BTreeMap<&str, Vec<&'static Danger>> = BTreeMap::new();
    let allows = |statement: &&Statement| statement.effect() == Effect::Allow && !statement.excludes_actions();
    let actions = policy.statements().iter().filter(allows).flat_map(Statement::actions);
    for action in actions.filter(|action| action.contains(['*', '?'])) {
        let named: Vec<_> = dangers().iter().filter(|danger| matches(action, danger.action)).collect();
        if !named.is_empty() {
            wildcards.insert(action, named);
        }
    }
    wildcards
}

/// Whether an entry of `Action` with wildcards names an action: what a policy of that entry alone says.
fn matches(entry: &str, action: &str) -> bool {
    let document = serde_json::json!({
        "Version": "2012-10-17", "Statement": { "Effect": "Allow", "Action": entry, "Resource": "*" },
    });
    let policy = Policy::load("entry", &document.to_string());
    policy.is_ok_and(|policy| policy.statements().iter().any(|statement| statement.names(action)))
}

fn about<'a>(policy: &'a Policy, effect: Effect, action: &'a str) -> impl Iterator<Item = (&'a Policy, &'a Statement)> {
    let statements = policy.statements().iter();
    let named = statements.filter(move |statement| statement.effect() == effect && statement.names(action));
    named.map(move |statement| (policy, statement))
}

fn allows(policy: &Policy, statement: &Statement) -> Granted {
    Granted {
        policy: policy.name().into(),
        statement: statement.label(),
        resources: statement.resources().map(String::from).collect(),
        all_but: statement.excludes_resources(),
        conditional: statement.is_conditional(),
        marked: statement.is_marked(),
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
