//! Every limit there is as one table, and the page that is made of it: `docs/limits.md`.
//!
//! The numbers are read from where they are enforced. What the sandbox does not know (the limits of the gate, of the API)
//! comes from its callers, as rows of the same kind.

use std::fmt::Write as _;

use serde::Serialize;

use crate::{
    check::CheckLimits,
    engine, export, json, limiter,
    limits::{Limits, SETTINGS, Unit, milliseconds},
    outline,
};

/// One limit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LimitRow {
    /// The heading under which it stands: what is limited. Rows of one heading come one after the other.
    pub of: &'static str,
    /// The name, kebab case.
    pub name: &'static str,
    /// What counts.
    pub meaning: &'static str,
    /// In what it is counted.
    pub unit: Unit,
    /// How much, unless a configuration says otherwise.
    pub default: u64,
    /// The least and the most that a configuration can say. `None` for a limit that cannot be set.
    pub bounds: Option<(u64, u64)>,
}

const INVOCATION: &str = "An invocation of a plugin";
const DESCRIBE: &str = "`describe`, when a plugin is uploaded";
const UPLOAD: &str = "An upload";
const CHECK: &str = "The process that checks an upload";

/// The limits of the sandbox.
#[must_use]
pub fn limit_rows() -> Vec<LimitRow> {
    let settings = SETTINGS.iter().map(|setting| LimitRow {
        of: INVOCATION,
        name: setting.name,
        meaning: setting.meaning,
        unit: setting.unit,
        default: (setting.get)(&Limits::DEFAULT),
        bounds: Some(((setting.get)(&Limits::MIN), (setting.get)(&Limits::MAX))),
    });
    let described = SETTINGS.iter().map(|setting| LimitRow {
        of: DESCRIBE,
        name: setting.name,
        meaning: setting.meaning,
        unit: setting.unit,
        default: (setting.get)(&Limits::DESCRIBE),
        bounds: None,
    });
    let unlike = |row: &LimitRow| {
        SETTINGS.iter().any(|setting| setting.name == row.name && (setting.get)(&Limits::DEFAULT) != row.default)
    };
    settings.chain(fixed_of_invocation()).chain(described.filter(unlike)).chain(of_upload()).chain(of_check()).collect()
}

fn fixed_of_invocation() -> impl Iterator<Item = LimitRow> {
    use Unit::{Bytes, Count};
    let rows = [
        ("stack-bytes", "the plugin's own stack", Bytes, engine::WASM_STACK_BYTES),
        ("core-instances", "instances of core modules", Count, limiter::MAX_INSTANCES),
        ("tables", "tables", Count, limiter::MAX_TABLES),
        ("memories", "linear memories", Count, limiter::MAX_MEMORIES),
        ("json-depth", "levels in the JSON of an output, and of a schema", Count, json::MAX_DEPTH),
        ("failure-code-bytes", "the code of a failure; the rest is cut off", Bytes, export::MAX_CODE_BYTES),
        ("failure-message-bytes", "the message of a failure; the rest is cut off", Bytes, export::MAX_MESSAGE_BYTES),
    ];
    rows.into_iter().map(|(name, meaning, unit, most)| fixed(INVOCATION, name, meaning, unit, most as u64))
}

fn of_upload() -> impl Iterator<Item = LimitRow> {
    use Unit::{Bytes, Count};
    let rows = [
        ("upload-bytes", "the component", Bytes, outline::MAX_UPLOAD_BYTES),
        ("imports", "imported interfaces", Count, outline::MAX_IMPORTS),
        ("exports", "exported interfaces", Count, outline::MAX_EXPORTS),
        ("nested-components", "components inside of the component", Count, outline::MAX_NESTED_COMPONENTS),
        ("core-modules", "core modules", Count, outline::MAX_CORE_MODULES),
        ("core-instances", "instances of core modules", Count, outline::MAX_CORE_INSTANCES),
        ("core-functions", "functions of all core modules, imported ones included", Count, outline::MAX_FUNCTIONS),
        ("core-exports", "exports of all core modules", Count, outline::MAX_CORE_EXPORTS),
        ("function-bytes", "one core function", Bytes, outline::MAX_FUNCTION_BYTES),
        ("custom-bytes", "all custom sections together", Bytes, outline::MAX_CUSTOM_BYTES),
    ];
    rows.into_iter().map(|(name, meaning, unit, most)| fixed(UPLOAD, name, meaning, unit, most as u64))
}

fn of_check() -> impl Iterator<Item = LimitRow> {
    use Unit::{Bytes, Count, Milliseconds};
    let limits = CheckLimits::DEFAULT;
    let rows = [
        ("check-memory-bytes", "private memory that can be written to", Bytes, limits.memory_bytes),
        ("check-cpu-time", "processor time", Milliseconds, milliseconds(limits.cpu_time)),
        (
            "check-wall-time",
            "from the start of the process to its answer",
            Milliseconds,
            milliseconds(limits.wall_time),
        ),
        ("checks-at-once", "processes", Count, limits.at_once as u64),
        ("checks-waiting", "uploads that wait for one; the next is answered as busy", Count, limits.waiting as u64),
    ];
    rows.into_iter().map(|(name, meaning, unit, most)| fixed(CHECK, name, meaning, unit, most))
}

fn fixed(of: &'static str, name: &'static str, meaning: &'static str, unit: Unit, default: u64) -> LimitRow {
    LimitRow { of, name, meaning, unit, default, bounds: None }
}

/// What stands above the tables.
const HEAD: &str = "\
# Limits

<!-- Made from the code: `QUELL_LIMITS=write cargo test limits_page` writes it, and that test fails while it is not up to date. -->

Every limit is on. Those with bounds can be set within them, for the installation and for a plugin; the others are part of
this version. What a plugin uses up is counted from the start of an attempt, alike when it is replayed.
";

/// The page: the limits of the sandbox, and `more`.
#[must_use]
pub fn limits_page(more: &[LimitRow]) -> String {
    let mut page = HEAD.to_owned();
    let mut heading = "";
    for row in limit_rows().iter().chain(more) {
        if row.of != heading {
            heading = row.of;
            page.push_str(&format!(
                "\n## {heading}\n\n| limit | what counts | default | can be set to |\n|---|---|---|---|\n"
            ));
        }
        let shown = |amount| amount_of(row.unit, amount);
        let bounds = row.bounds.map_or("-".to_owned(), |(least, most)| format!("{} to {}", shown(least), shown(most)));
        // Writing to a string cannot fail.
        let _ = writeln!(page, "| `{}` | {} | {} | {bounds} |", row.name, row.meaning, shown(row.default));
    }
    page
}

/// An amount in the largest unit in which it is whole.
fn amount_of(unit: Unit, amount: u64) -> String {
    let steps: &[(&str, u64)] = match unit {
        Unit::Bytes => &[("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10), ("bytes", 1)],
        Unit::Milliseconds => &[("min", 60_000), ("s", 1_000), ("ms", 1)],
        Unit::Count => &[],
    };
    match steps.iter().find(|(_, step)| amount >= *step && amount.is_multiple_of(*step)) {
        Some((name, step)) => format!("{} {name}", grouped(amount / step)),
        None => grouped(amount),
    }
}

/// Digits in threes: 1,000,000.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::{LimitRow, amount_of, limit_rows, limits_page};
    use crate::limits::Unit;

    #[test]
    fn amounts_are_read_easily() {
        let seen = [0, 999, 1_000, 1 << 20, 90_000].map(|amount| amount_of(Unit::Count, amount));
        assert_eq!(seen, ["0", "999", "1,000", "1,048,576", "90,000"]);
        let seen = [0, 16, 1_000, 1 << 10, 256 << 20, 1 << 30].map(|amount| amount_of(Unit::Bytes, amount));
        assert_eq!(seen, ["0", "16 bytes", "1,000 bytes", "1 KiB", "256 MiB", "1 GiB"]);
        let seen = [10, 1_500, 60_000].map(|amount| amount_of(Unit::Milliseconds, amount));
        assert_eq!(seen, ["10 ms", "1,500 ms", "1 min"]);
    }

    #[test]
    fn a_name_stands_once_under_its_heading() {
        let rows = limit_rows();
        let names: HashSet<_> = rows.iter().map(|row| (row.of, row.name)).collect();
        assert_eq!(names.len(), rows.len());
    }

    #[test]
    fn rows_of_others_are_on_the_page() {
        let row = LimitRow {
            of: "The gate",
            name: "operations",
            meaning: "operations of one attempt",
            unit: Unit::Count,
            default: 200,
            bounds: Some((1, 10_000)),
        };
        let page = limits_page(&[row]);
        let end = "## The gate\n\n| limit | what counts | default | can be set to |\n|---|---|---|---|\n\
                   | `operations` | operations of one attempt | 200 | 1 to 10,000 |\n";
        assert!(page.ends_with(end), "{page}");
    }
}
