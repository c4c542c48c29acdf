//! What the steps came to: an overview, the failures, the decisions. `steps` of a workflow has no order, so that failures come
//! first, and the rest by name.

use serde_json::{Map, Value};

use super::values;
use crate::markdown::{code, table, text};

/// How many steps a list of them has.
const MAX_LISTED: usize = 200;

/// The names of whoever approved, in the output of an approval.
const APPROVED_BY: &str = "approved_by";

/// A step.
pub struct Step<'v> {
    /// Its id.
    pub id: &'v str,
    /// What it gave.
    pub output: Option<&'v Value>,
    status: &'v str,
    error: Option<&'v Value>,
}

impl<'v> Step<'v> {
    /// All steps, those that failed first.
    pub fn all(results: &'v Map<String, Value>) -> Vec<Self> {
        let mut all: Vec<Self> = results.iter().map(|(id, result)| Self::of(id, result)).collect();
        all.sort_by_key(|step| (!step.has_failed(), step.id));
        all
    }

    fn of(id: &'v str, result: &'v Value) -> Self {
        let status = result.get("status").and_then(Value::as_str).unwrap_or("unknown");
        let output = result.get("output").filter(|output| !output.is_null());
        Self { id, status, output, error: result.get("error").filter(|error| !error.is_null()) }
    }

    fn has_failed(&self) -> bool {
        matches!(self.status, "failed" | "refused" | "expired")
    }

    fn is_approval(&self) -> bool {
        self.output.is_some_and(|output| output.get(APPROVED_BY).is_some_and(Value::is_array))
    }

    /// The code and the message of its error.
    fn problem(&self) -> (&'v str, &'v str) {
        let part = |name: &str| self.error.and_then(|error| error.get(name)).and_then(Value::as_str);
        (part("code").unwrap_or(self.status), part("message").unwrap_or("no reason is known"))
    }

    /// What became of it, in words.
    fn outcome(&self) -> String {
        match self.status {
            "succeeded" if self.is_approval() => "approved".to_owned(),
            "succeeded" => "done".to_owned(),
            "failed" => "**failed**".to_owned(),
            "refused" => "**refused**".to_owned(),
            "expired" => "**nobody decided in time**".to_owned(),
            "skipped" => "not needed".to_owned(),
            "pending" => "not reached".to_owned(),
            other => text(other),
        }
    }

    fn in_short(&self) -> String {
        match self.output {
            _ if self.has_failed() => {
                let (problem, message) = self.problem();
                format!("{}: {}", code(problem), text(message))
            }
            Some(output) => values::in_short(output),
            None => String::new(),
        }
    }

    /// What a person has to do about it.
    pub fn to_do(&self) -> Option<String> {
        let id = code(self.id);
        let (problem, _) = self.problem();
        match (self.status, problem) {
            ("failed", "unknown-outcome" | "gave-up") => {
                Some(format!("Look at what {id} was to change: nobody knows whether its last write took effect."))
            }
            ("failed", "access-denied") => {
                Some(format!("Do by hand what {id} was to do, and give it what it lacks: it was denied."))
            }
            ("failed", _) => Some(format!("Do by hand what {id} was to do: it failed ({}).", code(problem))),
            ("suspended", _) => Some(format!("Say what became of the write of {id}: `quell review list`.")),
            _ => None,
        }
    }
}

/// What became of each step.
pub fn overview(all: &[Step<'_>]) -> String {
    if all.is_empty() {
        return "Nothing: no results were given.\n".to_owned();
    }
    let row = |step: &Step<'_>| vec![code(step.id), step.outcome(), step.in_short()];
    let rows: Vec<Vec<String>> = all.iter().take(MAX_LISTED).map(row).collect();
    let shown = table(&["Step".to_owned(), "Outcome".to_owned(), "In short".to_owned()], &rows);
    format!("{shown}{}", values::more(all.len(), MAX_LISTED, "steps"))
}

/// What failed, and why; nothing where nothing did.
pub fn failures(all: &[Step<'_>]) -> Option<String> {
    let failed: Vec<&Step<'_>> = all.iter().filter(|step| step.has_failed()).collect();
    let line = |step: &&Step<'_>| {
        let (problem, message) = step.problem();
        format!("- {}: {}: {}\n", code(step.id), code(problem), text(message))
    };
    let lines: String = failed.iter().take(MAX_LISTED).map(line).collect();
    (!failed.is_empty()).then(|| format!("{lines}{}", values::more(failed.len(), MAX_LISTED, "failures")))
}

/// Who approved what; nothing where nobody was asked.
pub fn decisions(all: &[Step<'_>]) -> Option<String> {
    let mut lines = String::new();
    for step in
        all.iter().filter(|step| step.is_approval() || matches!(step.status, "refused" | "expired")).take(MAX_LISTED)
    {
        let id = code(step.id);
        lines.push_str(&match step.output {
            Some(output) => {
                let (people, rest) = approvers(output);
                format!("- {id} was approved by {people}{rest}.\n")
            }
            None => format!("- {id}: {}.\n", step.outcome()),
        });
    }
    (!lines.is_empty()).then(|| format!("{lines}\nThe ledger has when, and with which words.\n"))
}

/// The names, and whatever else the output of an approval has, the time for example.
fn approvers(output: &Value) -> (String, String) {
    let names = output.get(APPROVED_BY).and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
    let names: Vec<String> = names.map(|name| format!("**{}**", text(name))).collect();
    let people = if names.is_empty() { "nobody".to_owned() } else { names.join(", ") };
    let mut others = output.as_object().cloned().unwrap_or_default();
    others.shift_remove(APPROVED_BY);
    let rest = values::in_short(&Value::Object(others));
    (people, if rest.is_empty() { rest } else { format!(" ({rest})") })
}
