//! The report: what was found, what was done about it, what failed, who decided, when, and what is to be done now. For people
//! who were not there.
//!
//! The most important comes first, and what each step gave comes last, since the report is cut off behind [`MAX_BODY`]; the
//! evidence has all of it. What the parts hold is in `finding`, `steps`, `timeline` and `values`.

mod finding;
mod steps;
mod timeline;
mod values;

use quell_sdk::Context;

use crate::Input;
use crate::evidence::{Evidence, MAX_OBJECT};
use crate::markdown::{code, table, text};
use crate::report::finding::Finding;
use crate::report::steps::Step;

/// How much of an object the report may take, less what stands at its end.
const MAX_BODY: usize = MAX_OBJECT - 4096;

/// How many things to do are listed; whatever failed is in the section above.
const MAX_TO_DO: usize = 50;

/// The report.
pub struct Report {
    /// The document.
    pub text: String,
    /// Whether something is missing that belongs into it.
    pub cut: bool,
}

impl Report {
    /// The report of this input, written by this step, beside this evidence.
    pub fn of(input: &Input, context: &Context, evidence: &Evidence, evidence_sha256: &str) -> Self {
        let finding = input.finding.as_ref().map(Finding::new);
        let all = Step::all(&input.results);
        let mut paper = Paper::default();
        paper.add(&head(input, context, finding.as_ref()));
        if let Some(found) = finding.as_ref().and_then(Finding::section) {
            paper.add(&format!("## What was found\n\n{found}"));
        }
        paper.add(&format!("## What was done\n\n{}", steps::overview(&all)));
        if let Some(failures) = steps::failures(&all) {
            paper.add(&format!("## What failed\n\n{failures}"));
        }
        if let Some(decisions) = steps::decisions(&all) {
            paper.add(&format!("## Who decided\n\n{decisions}"));
        }
        paper.add(&format!("## What to do now\n\n{}", to_do(&all, context)));
        if let Some(times) = timeline::section(input) {
            paper.add(&format!("## Timeline\n\n{times}"));
        }
        let details: Vec<(&Step<'_>, String)> =
            all.iter().filter_map(|step| Some((step, values::section(step.output?)?))).collect();
        if !details.is_empty() {
            paper.add("## What each step gave\n");
        }
        for (step, detail) in &details {
            paper.add(&format!("### {}\n\n{detail}", code(step.id)));
        }
        paper.finish(evidence, evidence_sha256)
    }
}

/// What is written so far.
#[derive(Default)]
struct Paper {
    text: String,
    missing: usize,
}

impl Paper {
    /// Adds a part, unless it has no place any more.
    fn add(&mut self, part: &str) {
        if self.text.len() + part.len() + 1 > MAX_BODY {
            self.missing += 1;
            return;
        }
        if !self.text.is_empty() {
            self.text.push('\n');
        }
        self.text.push_str(part);
    }

    fn finish(mut self, evidence: &Evidence, evidence_sha256: &str) -> Report {
        if self.missing > 0 {
            let parts = if self.missing == 1 { "1 part has" } else { &format!("{} parts have", self.missing) };
            self.text.push_str(&format!(
                "\n**This report is cut off: {parts} no place in it.** `evidence.json` has them.\n"
            ));
        }
        self.text.push_str(&format!(
            "\n## Evidence\n\n`evidence.json`, beside this report, has the finding and the results of all steps. Its SHA-256 is \
             `{evidence_sha256}`.\n"
        ));
        if evidence.is_cut() {
            self.text.push_str(
                "\n**It is cut off as well**, at the places that its `cut` names. The ledger has all of it.\n",
            );
        }
        Report { text: self.text, cut: self.missing > 0 }
    }
}

fn head(input: &Input, context: &Context, finding: Option<&Finding<'_>>) -> String {
    let given = |text: &Option<String>| text.clone().filter(|text| !text.trim().is_empty());
    let title = given(&input.title).or_else(|| finding?.first(&["title"]));
    let title = title.map_or_else(|| "Incident".to_owned(), |title| format!("Incident: {}", text(&title)));
    let severity = given(&input.severity).or_else(|| finding?.severity());
    let row = |name: &str, value: String| vec![name.to_owned(), value];
    let mut rows = vec![
        row("Account", code(&context.account)),
        row("Region", code(&context.region)),
        row("Run of Quell", code(&context.run)),
    ];
    if let Some(severity) = severity {
        rows.insert(0, row("Severity", format!("**{}**", text(&severity))));
    }
    format!("# {title}\n\n{}", table(&[String::new(), String::new()], &rows))
}

/// What is left for people.
fn to_do(all: &[Step<'_>], context: &Context) -> String {
    let mut lines: Vec<String> = all.iter().filter_map(Step::to_do).take(MAX_TO_DO).collect();
    lines.push("Find the cause, and remove it: what was done above contains it.".to_owned());
    lines.push(format!(
        "For every call, decision and time of it, ask the ledger: `quell ledger query --run {}`.",
        context.run
    ));
    lines.iter().map(|line| format!("- {line}\n")).collect()
}

#[cfg(test)]
mod tests;
