//! The report: the registry, the specs of the operations and the counted calls, brought together.

use std::collections::{BTreeMap, BTreeSet};

use capability::{Access, Spec};
use grant::Policy;
use ledger::Millis;
use registry::Registry;
use serde::{Deserialize, Serialize};

use crate::policies::{Beyond, beyond, denied_by, granted};
use crate::row::{Finding, Row};
use crate::time::rfc3339;
use crate::usage::{Place, Tally, Usage};

/// How many dangerous actions of a wildcard are named.
const SHOWN_DANGERS: usize = 5;

/// The version of the report's form.
pub const VERSION: u32 = 1;

/// What each plugin may do, and what it did.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Report {
    /// As of when, as RFC 3339 has it.
    pub at: String,
    /// The version of this form: [`VERSION`].
    pub version: u32,
    /// A row for each plugin, function and action, in this order.
    pub rows: Vec<Row>,
}

impl Report {
    /// Brings together what is known at `at`.
    pub fn new(registry: &Registry, specs: &[&Spec], usage: &Usage, at: Millis) -> Report {
        let specs = Specs::of(specs);
        let mut tallies: BTreeMap<&str, BTreeMap<(&str, Option<&str>), &Tally>> = BTreeMap::new();
        for (Place { digest, function, action }, tally) in usage.tallies() {
            tallies.entry(digest).or_default().insert((function, action.as_deref()), tally);
        }
        let plugins = registry.plugins().into_iter().map(|plugin| plugin.uploaded.digest.as_str());
        let digests: BTreeSet<&str> = plugins.chain(tallies.keys().copied()).collect();
        let mut rows: Vec<Row> = vec![];
        for digest in digests {
            let called = tallies.remove(digest).unwrap_or_default();
            rows.extend(Subject::of(registry, digest, called).rows(&specs));
        }
        rows.sort_by(|a, b| place(a).cmp(&place(b)));
        Report { at: rfc3339(at), version: VERSION, rows }
    }
}

/// Where a row stands.
fn place(row: &Row) -> [&str; 5] {
    [&row.plugin, &row.version, &row.function, &row.action, &row.digest]
}

/// What is known of the operations.
struct Specs<'a> {
    functions: BTreeMap<&'a str, &'a Spec>,
    access: BTreeMap<&'a str, Access>,
}

impl<'a> Specs<'a> {
    fn of(specs: &[&'a Spec]) -> Specs<'a> {
        Specs {
            functions: specs.iter().map(|spec| (spec.function, *spec)).collect(),
            access: specs
                .iter()
                .flat_map(|spec| spec.also.iter().copied().chain([(spec.action, spec.access)]))
                .collect(),
        }
    }

    /// The access level of an action, where an operation needs it.
    fn access(&self, action: &str) -> Option<Access> {
        self.access.get(action).copied()
    }

    /// An action as the operations spell it, or else the list of dangerous ones, or else as it was given.
    fn spelled<'s>(&'s self, action: &'s str) -> &'s str {
        let mut known = self.functions.values().flat_map(|spec| spec.actions());
        let known = known.find(|known| known.eq_ignore_ascii_case(action));
        known.or_else(|| grant::danger(action).map(|danger| danger.action)).unwrap_or(action)
    }
}

/// One plugin.
struct Subject<'a> {
    digest: &'a str,
    name: &'a str,
    version: &'a str,
    imports: BTreeSet<&'a str>,
    grant: Option<&'a Policy>,
    guardrail: Option<&'a Policy>,
    called: BTreeMap<(&'a str, Option<&'a str>), &'a Tally>,
}

impl<'a> Subject<'a> {
    fn of(
        registry: &'a Registry,
        digest: &'a str,
        called: BTreeMap<(&'a str, Option<&'a str>), &'a Tally>,
    ) -> Subject<'a> {
        // By digest only: a name could be one that looks like a digest.
        let uploaded = registry.plugin(digest).map(|plugin| &plugin.uploaded).filter(|one| one.digest == digest);
        Subject {
            digest,
            name: uploaded.map_or("", |uploaded| &uploaded.name),
            version: uploaded.map_or("", |uploaded| &uploaded.version),
            imports: uploaded.into_iter().flat_map(|uploaded| &uploaded.imports).map(String::as_str).collect(),
            grant: registry.grant(digest),
            guardrail: registry.enforced_guardrail(),
            called,
        }
    }

    fn rows(&self, specs: &Specs<'_>) -> Vec<Row> {
        let mut places: BTreeSet<(&str, &str)> = BTreeSet::new();
        for spec in self.imports.iter().filter_map(|function| specs.functions.get(function)) {
            places.extend(spec.actions().map(|action| (spec.function, action)));
        }
        for (function, action) in self.called.keys() {
            places.insert((function, action.unwrap_or_else(|| main_action(specs, function))));
        }
        let needed: BTreeSet<&str> = places.iter().map(|(_, action)| *action).collect();
        let beyond = self.grant.map(|grant| beyond(grant, &needed)).unwrap_or_default();
        let rows = places.into_iter().map(|(function, action)| self.row(specs, function, action));
        rows.chain(beyond.into_iter().map(|beyond| self.row_beyond(specs, &beyond))).collect()
    }

    /// The row of what is granted beyond what the plugin can ask for.
    fn row_beyond(&self, specs: &Specs<'_>, Beyond { entry, dangers }: &Beyond<'_>) -> Row {
        let mut row = self.row(specs, "", specs.spelled(entry));
        if row.dangerous.is_none() && !dangers.is_empty() {
            let named: Vec<&str> = dangers.iter().map(|danger| danger.action).take(SHOWN_DANGERS).collect();
            let more = if dangers.len() > named.len() { ", …" } else { "" };
            row.dangerous = Some(format!("it names {} dangerous actions: {}{more}", dangers.len(), named.join(", ")));
            row.findings = findings(&row);
        }
        row
    }

    fn row(&self, specs: &Specs<'_>, function: &str, action: &str) -> Row {
        let tally = self.tally(specs, function, action);
        let mut row = Row {
            plugin: self.name.into(),
            version: self.version.into(),
            digest: self.digest.into(),
            function: function.into(),
            action: action.into(),
            access: specs.access(action),
            dangerous: grant::danger(action).map(|danger| danger.why.into()),
            imported: self.imports.contains(function),
            granted: granted(self.grant, action),
            denied_by: denied_by(self.grant, self.guardrail, action),
            used: tally.used(),
            denied: tally.denied(),
            findings: vec![],
        };
        row.findings = findings(&row);
        if self.does_without(specs, function) {
            row.findings.retain(|finding| *finding != Finding::NotGranted);
        }
        row
    }

    /// Whether calls of a function, which need some of its actions and not all, find one that is granted: what else they may
    /// need is lacking only if they do ask for it, and that is a denial.
    fn does_without(&self, specs: &Specs<'_>, function: &str) -> bool {
        let Some(spec) = specs.functions.get(function).filter(|spec| spec.depends()) else { return false };
        let service = |action: &str| action.split(':').next().map(str::to_owned);
        let mut own = spec.actions().filter(|action| service(action) == service(spec.action));
        own.any(|action| !granted(self.grant, action).is_empty())
    }

    fn tally(&self, specs: &Specs<'_>, function: &str, action: &str) -> Tally {
        let tally = self.called.get(&(function, Some(action))).copied().cloned().unwrap_or_default();
        match self.called.get(&(function, None)) {
            Some(other) if main_action(specs, function) == action => tally.and(other),
            _ => tally,
        }
    }
}

/// The action that a call is put down to that touches nothing; empty without an operation.
fn main_action<'a>(specs: &Specs<'a>, function: &str) -> &'a str {
    specs.functions.get(function).map_or("", |spec| spec.action)
}

fn findings(row: &Row) -> Vec<Finding> {
    let is_granted = !row.granted.is_empty();
    let is_dangerous = is_granted && row.dangerous.is_some();
    let is_marked = row.granted.iter().any(|granted| granted.marked);
    [
        (Finding::NotGranted, row.imported && !is_granted),
        (Finding::NeverUsed, row.imported && is_granted && row.used.count == 0),
        (Finding::NotImported, !row.imported),
        (Finding::Dangerous, is_dangerous),
        (Finding::DangerousNotMarked, is_dangerous && !is_marked),
    ]
    .into_iter()
    .filter_map(|(finding, holds)| holds.then_some(finding))
    .collect()
}
