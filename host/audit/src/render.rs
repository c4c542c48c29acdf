//! The report as text: one definition of the columns for all forms.

mod csv;
mod markdown;

use std::collections::BTreeMap;

use crate::Report;
use crate::row::{Finding, Row, Statement};

/// What the columns are called.
const HEADINGS: [&str; 13] = [
    "plugin",
    "version",
    "function",
    "action",
    "access",
    "imported",
    "granted on",
    "by",
    "denied by",
    "used",
    "last used",
    "denied",
    "findings",
];

impl Report {
    /// What the columns are called.
    pub fn headings() -> &'static [&'static str] {
        &HEADINGS
    }

    /// As CSV (RFC 4180), safe to open in a spreadsheet.
    pub fn csv(&self) -> String {
        csv::render(HEADINGS, self.rows.iter().map(Row::cells))
    }

    /// As a table in Markdown.
    pub fn markdown(&self) -> String {
        format!("# Capabilities at {}\n\n", self.at) + &markdown::render(HEADINGS, self.rows.iter().map(Row::cells))
    }
}

impl Row {
    /// What stands in the columns.
    pub fn cells(&self) -> Vec<String> {
        let used = &self.used;
        let denied = &self.denied;
        vec![
            self.plugin.clone(),
            self.version.clone(),
            self.function.clone(),
            self.action.clone(),
            self.access.clone(),
            if self.imported { "yes" } else { "no" }.into(),
            self.granted.iter().map(resources).collect::<Vec<_>>().join("; "),
            self.granted.iter().map(name).collect::<Vec<_>>().join("; "),
            self.denied_by.iter().map(name).collect::<Vec<_>>().join("; "),
            counted(used.count, &used.results, &used.resources, used.more_resources),
            used.last.clone().unwrap_or_default(),
            counted(denied.count, &denied.reasons, &denied.resources, denied.more_resources),
            self.findings.iter().map(|finding| finding.as_str()).collect::<Vec<_>>().join(", "),
        ]
    }

    /// Whether something is to be looked at that more than being unused is wrong with.
    pub fn wants_attention(&self) -> bool {
        self.findings.iter().any(|finding| !matches!(finding, Finding::NeverUsed))
    }
}

/// What a statement is about.
fn resources(statement: &Statement) -> String {
    let resources = statement.resources.join(", ");
    let all_but = if statement.all_but { "all but " } else { "" };
    let conditional = if statement.conditional { " (under conditions)" } else { "" };
    format!("{all_but}{resources}{conditional}")
}

fn name(statement: &Statement) -> String {
    format!("{} of {}", statement.statement, statement.policy)
}

/// `3 (ok 2, not-found 1) on a, b and 2 more`.
fn counted(count: u64, by: &BTreeMap<String, u64>, resources: &[String], more: usize) -> String {
    if count == 0 {
        return "0".into();
    }
    let by = by.iter().map(|(name, count)| format!("{name} {count}")).collect::<Vec<_>>().join(", ");
    let by = if by.is_empty() { by } else { format!(" ({by})") };
    let on = if resources.is_empty() { String::new() } else { format!(" on {}", resources.join(", ")) };
    let more = if more == 0 { String::new() } else { format!(" and {more} more") };
    format!("{count}{by}{on}{more}")
}
