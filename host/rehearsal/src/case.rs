//! Cases: what is given to a run, and what is expected of it.
//!
//! This decides what a case holds. How it is written is left to `read`, what is expected is told apart by `check`.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use workflow::reading::{Node, Span};
use workflow::{Decision, Millis, StepError, Verdict, Workflow};

use crate::name::Names;

/// The cases of a workflow.
#[derive(Clone, Debug)]
pub struct Suite {
    /// The file that they stand in, for people.
    pub file: String,
    /// The text of the file.
    pub source: String,
    /// The workflow, checked, and linked with those that it calls.
    pub workflow: Workflow,
    /// Those, by name.
    pub callees: BTreeMap<String, Arc<Workflow>>,
    pub(crate) names: Arc<Names>,
    /// The cases, in the order of the file. Never empty.
    pub cases: Vec<Case>,
}

/// One case.
#[derive(Clone, Debug)]
pub struct Case {
    /// Its name, unique in the file.
    pub name: String,
    /// The event that starts the run; without one it is started by hand.
    pub event: Option<Value>,
    /// The inputs that are given.
    pub inputs: Value,
    /// Who starts the run by hand. A run that has an event and nobody here is started by the event.
    pub started_by: Option<String>,
    /// The account that the run acts in.
    pub account: String,
    /// The region that the run acts in.
    pub region: String,
    /// When the run starts.
    pub starts_at: Millis,
    /// When a person cancels it, and who.
    pub cancel: Option<Call>,
    pub(crate) answers: BTreeMap<String, Vec<Answer>>,
    pub(crate) plugins: BTreeMap<String, Vec<Answer>>,
    pub(crate) decisions: BTreeMap<String, Vec<Person>>,
    pub(crate) expect: Expect,
    pub(crate) span: Span,
    pub(crate) names: Arc<Names>,
}

/// That a person cancels the run.
#[derive(Clone, Debug, PartialEq)]
pub struct Call {
    /// Who.
    pub by: String,
    /// How long after the start.
    pub after: Duration,
    /// Why.
    pub reason: Option<String>,
}

/// What a plugin answers.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// Only to an input that has at least this.
    pub input: Option<Value>,
    /// How long it takes.
    pub takes: Duration,
    /// That the outcome of a write is unknown before it goes on.
    pub unknown: Option<Unknown>,
    /// What it comes to.
    pub outcome: Outcome,
}

/// What an attempt comes to.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// It succeeds.
    Output(Value),
    /// It fails.
    Fail(StepError),
}

/// That the outcome of a write is unknown, and what a person says about it.
#[derive(Clone, Debug, PartialEq)]
pub struct Unknown {
    /// What they say; nobody says anything when it is absent.
    pub verdict: Option<Verdict>,
    /// Who.
    pub by: String,
    /// How long after the write.
    pub after: Duration,
}

/// What a person decides about an approval.
#[derive(Clone, Debug, PartialEq)]
pub struct Person {
    /// Who.
    pub by: String,
    /// What.
    pub decision: Decision,
    /// How long after the approval was asked.
    pub after: Duration,
    /// Why.
    pub reason: Option<String>,
    /// Their groups; one of the approvers' when it is absent.
    pub groups: Option<Vec<String>>,
    /// Whether the decision should count.
    pub counts: bool,
    pub(crate) span: Span,
}

/// What is expected. Whatever is absent is not looked at.
#[derive(Clone, Debug)]
pub(crate) struct Expect {
    pub(crate) status: (&'static str, Span),
    pub(crate) error: Option<ExpectedError>,
    pub(crate) ran: Option<(Vec<(String, Span)>, Span)>,
    pub(crate) steps: Vec<ExpectedStep>,
    pub(crate) output: Option<Node>,
    pub(crate) takes: Option<(Duration, Span)>,
}

/// What is expected of one step.
#[derive(Clone, Debug)]
pub(crate) struct ExpectedStep {
    pub(crate) path: String,
    pub(crate) span: Span,
    pub(crate) status: Option<(&'static str, Span)>,
    pub(crate) attempts: Option<(u32, Span)>,
    pub(crate) input: Option<Node>,
    pub(crate) exact_input: Option<Node>,
    pub(crate) output: Option<Node>,
    pub(crate) error: Option<ExpectedError>,
    pub(crate) title: Option<Node>,
    pub(crate) show: Option<Node>,
}

/// What is expected of an error.
#[derive(Clone, Debug)]
pub(crate) struct ExpectedError {
    pub(crate) code: Option<Node>,
    pub(crate) message: Option<Node>,
    pub(crate) span: Span,
}

impl Case {
    /// What the plugin answers to this attempt of a step: what is written for this very path, or for the step, or for the
    /// plugin. The last answer is given to every further attempt.
    pub fn answer(&self, path: &str, plugin: &str, attempt: u32, input: &Value) -> Option<&Answer> {
        let name = self.name_of(path);
        let written = [self.answers.get(path), self.answers.get(&name), self.plugins.get(plugin)];
        written.into_iter().flatten().find_map(|answers| nth(answers, attempt, input))
    }

    /// The name of the step at a path of a run: the path without its iterations.
    pub fn name_of(&self, path: &str) -> String {
        self.names.name_of(path)
    }

    /// What people decide about an approval.
    pub fn people(&self, path: &str) -> &[Person] {
        let written = self.decisions.get(path).or_else(|| self.decisions.get(&self.name_of(path)));
        written.map_or(&[], Vec::as_slice)
    }

    /// The case with the plugin of one step (one of its iterations, when that is a path) failing at every attempt.
    #[must_use]
    pub fn with_failure(&self, path: &str, error: StepError) -> Case {
        let mut case = self.clone();
        let outcome = Outcome::Fail(error);
        let answer = Answer { input: None, takes: Duration::ZERO, unknown: None, outcome };
        case.answers.insert(path.to_owned(), vec![answer]);
        case
    }
}

/// Answers to an input that fits come before those to any input.
fn nth<'a>(answers: &'a [Answer], attempt: u32, input: &Value) -> Option<&'a Answer> {
    let fits = |answer: &&Answer| answer.input.as_ref().is_some_and(|wanted| has(input, wanted));
    let mut fitting: Vec<&Answer> = answers.iter().filter(fits).collect();
    if fitting.is_empty() {
        fitting = answers.iter().filter(|answer| answer.input.is_none()).collect();
    }
    let index = usize::try_from(attempt).unwrap_or(usize::MAX).saturating_sub(1);
    fitting.get(index).or(fitting.last()).copied()
}

/// Whether a value has at least what is wanted.
fn has(value: &Value, wanted: &Value) -> bool {
    match (value, wanted) {
        (Value::Object(fields), Value::Object(wanted)) => {
            wanted.iter().all(|(name, wanted)| fields.get(name).is_some_and(|field| has(field, wanted)))
        }
        _ => value == wanted,
    }
}
