//! What trying the cases of a workflow came to: for people as lines, for programs as a value.

use serde::Serialize;
use workflow::{Placed, Problems, Run, StepError, StepState, Workflow};

use crate::case::{Case, Suite};
use crate::check::{check, spoken};
use crate::coverage::Coverage;
use crate::rehearse::{Rehearsal, rehearse};

/// What came of the cases of one file.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// The file of cases.
    pub file: String,
    /// The workflow's name.
    pub workflow: String,
    /// The cases that were tried, in the order of the file.
    pub cases: Vec<CaseReport>,
    /// How many things there are to try in the workflow.
    pub points: usize,
    /// Those that no case tries; `None` when not all cases were tried.
    pub untried: Option<Vec<String>>,
}

/// What came of one case.
#[derive(Clone, Debug, Serialize)]
pub struct CaseReport {
    /// The case.
    pub name: String,
    /// Whether everything was as expected.
    pub passed: bool,
    /// How the run ended.
    pub status: String,
    /// How long it took, by the clock of the case.
    pub took_ms: i64,
    /// The steps that were reached and what became of each, in the order of the document.
    pub steps: Vec<String>,
    /// What is not as expected.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub problems: Option<Problems>,
}

/// How a line is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// As it is.
    Plain,
    /// It went well.
    Good,
    /// It went wrong.
    Bad,
    /// Somebody should look at it.
    Attention,
    /// It matters less.
    Dim,
}

/// A line for people: parts, each with its tone.
pub type Line = Vec<(Tone, String)>;

/// Tries the cases of a file whose names have `wanted` in them; without any, all cases.
pub fn run(suite: &Suite, wanted: &[String]) -> Report {
    let picked = |case: &&Case| wanted.is_empty() || wanted.iter().any(|wanted| case.name.contains(wanted));
    let mut coverage = Coverage::new(suite);
    let mut cases = Vec::new();
    for case in suite.cases.iter().filter(picked) {
        let rehearsal = rehearse(&suite.workflow, case);
        coverage.add(&rehearsal);
        cases.push(CaseReport::new(suite, case, &rehearsal));
    }
    let untried =
        (cases.len() == suite.cases.len()).then(|| coverage.untried().into_iter().map(ToString::to_string).collect());
    Report { file: suite.file.clone(), workflow: suite.workflow.name.clone(), cases, points: coverage.len(), untried }
}

impl CaseReport {
    fn new(suite: &Suite, case: &Case, rehearsal: &Rehearsal) -> Self {
        let problems = check(suite, case, rehearsal);
        let run = rehearsal.run.as_ref();
        Self {
            name: case.name.clone(),
            passed: problems.is_none(),
            status: rehearsal.status().to_owned(),
            took_ms: run.map_or(0, |run| run.finished_at().unwrap_or(run.last_at()) - run.started_at()),
            steps: story(&suite.workflow, rehearsal),
            problems,
        }
    }
}

impl Report {
    /// Whether every case is as expected.
    pub fn passed(&self) -> bool {
        self.cases.iter().all(|case| case.passed)
    }

    /// Whether the cases try all that can happen, as far as all of them were tried.
    pub fn is_complete(&self) -> bool {
        self.untried.as_ref().is_none_or(Vec::is_empty)
    }

    /// What a person reads.
    pub fn lines(&self) -> Vec<Line> {
        let mut lines = vec![vec![(Tone::Plain, format!("{} ({})", self.workflow, self.file))]];
        for case in &self.cases {
            lines.extend(case.lines());
        }
        let passed = self.cases.iter().filter(|case| case.passed).count();
        let failed = self.cases.len() - passed;
        let tone = if failed == 0 { Tone::Good } else { Tone::Bad };
        lines.push(vec![(tone, format!("{passed} passed, {failed} failed"))]);
        match &self.untried {
            Some(untried) if untried.is_empty() => {
                lines.push(vec![(Tone::Dim, format!("the cases try all {} things that can happen", self.points))]);
            }
            Some(untried) => {
                let text = format!("no case tries {} of {} things that can happen:", untried.len(), self.points);
                lines.push(vec![(Tone::Attention, text)]);
                lines.extend(untried.iter().map(|point| vec![(Tone::Plain, format!("  {point}"))]));
            }
            None => {}
        }
        lines
    }
}

impl CaseReport {
    fn lines(&self) -> Vec<Line> {
        let (tone, word) = if self.passed { (Tone::Good, "ok") } else { (Tone::Bad, "FAILED") };
        let after = if self.took_ms > 0 { format!(" after {}", spoken(self.took_ms)) } else { String::new() };
        let how = format!("  {}{after}", self.status);
        let mut lines = vec![vec![
            (Tone::Plain, "  ".to_owned()),
            (tone, format!("{word:<6}")),
            (Tone::Plain, format!("  {}", self.name)),
            (Tone::Dim, how),
        ]];
        if let Some(problems) = &self.problems {
            lines.extend(problems.render(false).lines().map(|line| vec![(Tone::Plain, line.to_owned())]));
            let steps = if self.steps.is_empty() { "nothing".to_owned() } else { self.steps.join(", ") };
            lines.push(vec![(Tone::Dim, format!("what happened: {steps}"))]);
            lines.push(vec![]);
        }
        lines
    }
}

/// The steps that were reached and what became of each.
fn story(workflow: &Workflow, rehearsal: &Rehearsal) -> Vec<String> {
    let Some(run) = &rehearsal.run else { return vec![] };
    let (steps, on_failure) = workflow.unfold(Some(run));
    let mut told = Vec::new();
    tell(steps, run, &mut told);
    tell(on_failure, run, &mut told);
    told
}

fn tell(steps: Vec<Placed<'_>>, run: &Run, told: &mut Vec<String>) {
    for Placed { path, groups, catch, .. } in steps {
        let Some(reached) = run.step(&path) else { continue };
        let attempts = reached.attempt();
        let again = if attempts > 1 { format!(" at attempt {attempts}") } else { String::new() };
        told.push(match reached.state() {
            StepState::Failed { error: StepError { code, .. } } => format!("`{path}` failed{again} ({code})"),
            state => format!("`{path}` {}{again}", state.name()),
        });
        groups.into_iter().chain(catch).for_each(|group| tell(group.steps, run, told));
    }
}
