//! The columns of a report: the headings, and what stands beneath them. For people: where a plugin has named its
//! resources strangely, what was one and what were two shows in JSON only.

use std::collections::BTreeMap;

use serde_json::json;

use crate::{Finding, Report, Row};

/// A heading, and the cell beneath it.
type Column = (&'static str, fn(&Row) -> String);

const COLUMNS: [Column; 19] = [
    ("plugin", |row| row.plugin.clone()),
    ("version", |row| row.version.clone()),
    ("digest", |row| row.digest.clone()),
    ("function", |row| row.function.clone()),
    ("action", |row| row.action.clone()),
    ("access", |row| row.access.and_then(|access| json!(access).as_str().map(String::from)).unwrap_or_default()),
    ("dangerous", |row| row.dangerous.clone().unwrap_or_default()),
    ("imported", |row| if row.imported { "yes" } else { "no" }.into()),
    ("granted", granted),
    ("denied by", denied_by),
    ("used", |row| row.used.count.to_string()),
    ("last used", |row| row.used.last.clone().unwrap_or_default()),
    ("used on", |row| resources(&row.used.resources, row.used.more_resources)),
    ("results", |row| counts(&row.used.results)),
    ("denied", |row| row.denied.count.to_string()),
    ("last denied", |row| row.denied.last.clone().unwrap_or_default()),
    ("reasons", |row| counts(&row.denied.reasons)),
    ("denied on", |row| resources(&row.denied.resources, row.denied.more_resources)),
    ("findings", |row| list(row.findings.iter().map(|finding| Finding::name(*finding).into()))),
];

impl Report {
    /// What stands above the cells of each row.
    pub fn headings() -> Vec<&'static str> {
        COLUMNS.iter().map(|(heading, _)| *heading).collect()
    }
}

impl Row {
    /// The row as text, a cell a heading. Not escaped for anything yet.
    pub fn cells(&self) -> Vec<String> {
        COLUMNS.iter().map(|(_, cell)| cell(self)).collect()
    }
}

fn list(items: impl Iterator<Item = String>) -> String {
    items.collect::<Vec<_>>().join("; ")
}

fn counts(counts: &BTreeMap<String, u64>) -> String {
    list(counts.iter().map(|(name, count)| format!("{name}: {count}")))
}

fn resources(resources: &[String], more: u64) -> String {
    let more = (more > 0).then(|| format!("and {more} more"));
    list(resources.iter().cloned().chain(more))
}

/// `grant:abc/Doors on arn:… (conditional, marked)`
fn granted(row: &Row) -> String {
    list(row.granted.iter().map(|granted| {
        let on = on(&granted.resources, granted.all_but);
        let notes = notes(&[("conditional", granted.conditional), ("marked", granted.marked)]);
        format!("{}/{} on {on}{notes}", granted.policy, granted.statement)
    }))
}

fn denied_by(row: &Row) -> String {
    list(row.denied_by.iter().map(|denied| match &denied.statement {
        None => format!("{} does not allow it", denied.policy),
        Some(statement) => {
            let on = on(&denied.resources, denied.all_but);
            format!("{}/{statement} on {on}{}", denied.policy, notes(&[("conditional", denied.conditional)]))
        }
    }))
}

fn on(resources: &[String], all_but: bool) -> String {
    format!("{}{}", if all_but { "all but " } else { "" }, resources.join(", "))
}

fn notes(notes: &[(&str, bool)]) -> String {
    let notes: Vec<&str> = notes.iter().filter(|(_, holds)| *holds).map(|(note, _)| *note).collect();
    if notes.is_empty() { String::new() } else { format!(" ({})", notes.join(", ")) }
}
