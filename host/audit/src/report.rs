//! The report: a line for each plugin, function and action, as it stood at one moment.

use std::collections::{BTreeMap, BTreeSet};

use capability::{Access, Spec};
use grant::{Effect, Policy, danger};
use ledger::Millis;
use registry::{Plugin, Registry};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::row::{Finding, Row, Statement};
use crate::time;
use crate::usage::{Key, Usage};

/// The audit of capabilities.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Report {
    /// The form of this report.
    pub version: u32,
    /// The moment that it is about, RFC 3339.
    pub at: String,
    /// By plugin, version, function and action.
    pub rows: Vec<Row>,
}

/// The version of the form.
const VERSION: u32 = 1;

impl Report {
    /// The report of `at`. `registry` and `usage` are what the ledger has up to then, `specs` the operations that there are.
    /// Only plugins that are `wanted` are in it.
    pub fn new(
        registry: &Registry,
        specs: &[&Spec],
        usage: &Usage,
        at: Millis,
        wanted: impl Fn(&Plugin) -> bool,
    ) -> Report {
        let specs: BTreeMap<&str, &Spec> = specs.iter().map(|spec| (spec.function, *spec)).collect();
        let plugins = registry.plugins().into_iter().filter(|plugin| wanted(plugin));
        let mut rows: Vec<Row> =
            plugins.flat_map(|plugin| Subject { registry, plugin, specs: &specs, usage }.rows()).collect();
        rows.sort_by(|a, b| place(a).cmp(&place(b)));
        Report { version: VERSION, at: time::text(at), rows }
    }
}

/// By what lines are sorted.
fn place(row: &Row) -> (&str, Vec<u32>, &str, &str, &str) {
    let version = row.version.split('.').filter_map(|part| part.parse().ok()).collect();
    (&row.plugin, version, &row.digest, &row.function, &row.action)
}

/// One plugin, and all that is known of it.
struct Subject<'a> {
    registry: &'a Registry,
    plugin: &'a Plugin,
    specs: &'a BTreeMap<&'a str, &'a Spec>,
    usage: &'a Usage,
}

impl Subject<'_> {
    fn rows(&self) -> Vec<Row> {
        let digest = &self.plugin.uploaded.digest;
        let mut places: BTreeSet<(String, String)> = BTreeSet::new();
        for function in &self.plugin.uploaded.imports {
            // What has no operation (the log, the context) needs no grant.
            let spec = self.specs.get(function.as_str());
            let actions = spec.iter().flat_map(|spec| spec.actions());
            places.extend(actions.map(|action| (function.clone(), action.to_owned())));
        }
        for key in self.usage.keys().filter(|key| &key.digest == digest) {
            let action = if key.action.is_empty() { self.action_of(&key.function) } else { key.action.clone() };
            places.insert((key.function.clone(), action));
        }
        let needed: BTreeSet<String> = places.iter().map(|(_, action)| action.to_lowercase()).collect();
        let unneeded = self.named().into_iter().filter(|action| !needed.contains(&action.to_lowercase()));
        places.extend(unneeded.map(|action| (String::new(), action)));
        places.into_iter().map(|(function, action)| self.row(function, action)).collect()
    }

    fn row(&self, function: String, action: String) -> Row {
        let uploaded = &self.plugin.uploaded;
        let spec = self.specs.get(function.as_str());
        let imported = uploaded.imports.contains(&function);
        let granted = self.statements(Effect::Allow, &action);
        let key = |action: &str| Key {
            digest: uploaded.digest.clone(),
            function: function.clone(),
            action: action.to_owned(),
        };
        let used = self.usage.of(&key(&action));
        let mut denied = self.usage.denied_of(&key(&action));
        // Arguments that cannot be right are denied before there is an action: they are told at the function's own.
        if spec.is_some_and(|spec| spec.action == action) {
            let nameless = self.usage.denied_of(&key(""));
            denied.count += nameless.count;
            denied.last = denied.last.max(nameless.last);
            for (reason, count) in nameless.reasons {
                *denied.reasons.entry(reason).or_default() += count;
            }
        }
        let danger = danger(&action);
        let mut findings = vec![];
        if granted.is_empty() {
            findings.extend(imported.then_some(Finding::NotGranted));
        } else {
            findings.extend((!imported).then_some(Finding::NotImported));
            findings.extend((imported && used.count == 0).then_some(Finding::NeverUsed));
            if danger.is_some() {
                let marked = granted.iter().any(|statement| statement.marked);
                findings.push(if marked { Finding::Dangerous } else { Finding::DangerousNotMarked });
            }
        }
        findings.extend((denied.count > 0).then_some(Finding::Denied));
        Row {
            plugin: uploaded.name.clone(),
            version: uploaded.version.clone(),
            digest: uploaded.digest.clone(),
            access: spec.and_then(|spec| spec.access_of(&action)).map(words).unwrap_or_default(),
            dangerous: danger.map(|danger| danger.why.to_owned()),
            denied_by: self.statements(Effect::Deny, &action),
            function,
            action,
            imported,
            granted,
            used,
            denied,
            findings,
        }
    }

    /// The action that a function needs first.
    fn action_of(&self, function: &str) -> String {
        self.specs.get(function).map(|spec| spec.action.to_owned()).unwrap_or_default()
    }

    /// The statements of this effect that are about an action: the grant's, and for a Deny the guardrail's too.
    fn statements(&self, effect: Effect, action: &str) -> Vec<Statement> {
        let guardrail = self.registry.guardrail().map(|guardrail| &guardrail.policy);
        let guardrail = guardrail.filter(|_| effect == Effect::Deny);
        let policies = self.registry.grant(&self.plugin.uploaded.digest).into_iter().chain(guardrail);
        let of = |policy: &Policy| -> Vec<Statement> {
            let statements = policy.statements().iter();
            let about = statements.filter(|statement| statement.effect() == effect && statement.names(action));
            about
                .map(|statement| Statement {
                    policy: policy.name().to_owned(),
                    statement: statement.label(),
                    resources: statement.resources().map(str::to_owned).collect(),
                    all_but: statement.excludes_resources(),
                    conditional: statement.is_conditional(),
                    marked: statement.is_marked(),
                })
                .collect()
        };
        policies.flat_map(of).collect()
    }

    /// The actions that the grant allows by their whole names.
    fn named(&self) -> BTreeSet<String> {
        let statements = self.registry.grant(&self.plugin.uploaded.digest).into_iter().flat_map(Policy::statements);
        let allows =
            statements.filter(|statement| statement.effect() == Effect::Allow && !statement.excludes_actions());
        let named = allows.flat_map(|statement| statement.actions().map(str::to_owned).collect::<Vec<_>>());
        named.filter(|action| !action.contains(['*', '?'])).collect()
    }
}

/// The access level in IAM's words.
fn words(access: Access) -> String {
    json!(access).as_str().map(str::to_owned).unwrap_or_default()
}
