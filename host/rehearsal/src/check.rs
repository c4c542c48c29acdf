//! Whether a rehearsal came to what its case expects.
//!
//! This decides what each expectation looks at and how it is put when it does not hold. Every one that fails is a problem
//! of the file of cases, at the place where it was expected.

use std::time::Duration;

use workflow::reading::{Collector, Node, Span};
use workflow::{Event, Millis, Problems, StepError, StepRun, StepState};

use crate::case::{Case, Expect, ExpectedError, ExpectedStep, Suite};
use crate::differ::{Extent, differences, shown};
use crate::rehearse::{End, Fault, Rehearsal};

/// Everything in which a rehearsal is not as its case expects; `None` when it is.
pub fn check(suite: &Suite, case: &Case, rehearsal: &Rehearsal) -> Option<Problems> {
    let mut check = Check { problems: Collector::new(&suite.source), rehearsal, case };
    check.faults(case);
    // What follows from a fault is not said as well.
    if rehearsal.faults.is_empty() {
        check.expectations(&case.expect);
    }
    (!check.problems.is_empty()).then(|| check.problems.finish(&suite.file))
}

struct Check<'a, 's> {
    problems: Collector<'s>,
    rehearsal: &'a Rehearsal,
    case: &'a Case,
}

impl Check<'_, '_> {
    fn faults(&mut self, case: &Case) {
        for fault in &self.rehearsal.faults {
            match fault {
                Fault::NoAnswer { path, plugin, input } => {
                    let message = format!("step `{path}` ran, and the case has no answer for it");
                    let help = format!(
                        "add `answers: {{ {path}: {{ output: … }} }}`, or the same for every step of a plugin: \
                         `plugins: {{ {plugin}: {{ output: … }} }}`; it was given {}",
                        shown(input)
                    );
                    self.problems.add_with_help(&case.span, message, help);
                }
                Fault::Decision { span, why: Some(why) } => {
                    let help = "if that is what the case is about, say `counts: false`";
                    self.problems.add_with_help(span, format!("this decision does not count: {why}"), help);
                }
                Fault::Decision { span, why: None } => {
                    self.problems.add(span, "this decision counts, and `counts: false` says that it does not");
                }
                Fault::Endless => self.problems.add(&case.span, "the run does not end"),
                Fault::Illegal(why) => {
                    self.problems.add(&case.span, format!("the workflow asked for what cannot happen: {why}"));
                }
            }
        }
    }

    fn expectations(&mut self, expect: &Expect) {
        self.status(expect);
        let Some(run) = &self.rehearsal.run else { return };
        if let Some(expected) = &expect.error {
            self.error(expected, run.error(), "the run");
        }
        if let Some((expected, span)) = &expect.ran {
            self.ran(expected, span);
        }
        for step in &expect.steps {
            self.step(step);
        }
        if let Some((takes, span)) = &expect.takes {
            let took = run.finished_at().unwrap_or(run.last_at()).saturating_sub(run.started_at());
            if u128::try_from(took).ok() != Some(takes.as_millis()) {
                self.problems.add(span, format!("the run took {}", spoken(took)));
            }
        }
        if let Some(output) = &expect.output {
            match run.result() {
                Some(seen) => self.value(Some(output), seen, "the output of the run", Extent::Part),
                None => self.problems.add(&output.span, "the run has no output"),
            }
        }
    }

    fn status(&mut self, expect: &Expect) {
        let (expected, span) = &expect.status;
        let seen = self.rehearsal.status();
        if seen == *expected {
            return;
        }
        let why = match (&self.rehearsal.end, self.rehearsal.run.as_ref().and_then(|run| run.error())) {
            (End::NotStarted(why), _) => format!(": {why}"),
            (End::Waiting, _) => format!(": {}", self.waits_for()),
            (_, Some(StepError { code, message })) => format!(": {message} ({code})"),
            _ => String::new(),
        };
        self.problems.add(span, format!("the run is `{seen}`{why}"));
    }

    fn waits_for(&self) -> String {
        let Some(run) = &self.rehearsal.run else { return String::new() };
        let approvals = run.waiting_approvals().map(|(path, _)| format!("a decision on `{path}`"));
        let reviews = run.open_reviews().map(|(path, ..)| format!("a verdict on a write of `{path}`"));
        let all: Vec<String> = approvals.chain(reviews).collect();
        format!("it waits for {}, and the case has none", all.join(" and "))
    }

    /// Names without an iteration stand for any one iteration.
    fn ran(&mut self, expected: &[(String, Span)], span: &Span) {
        let seen = self.rehearsal.ran();
        let same = |(name, _): &(String, Span), path: &&str| name == path || *name == self.case.name_of(path);
        if expected.len() == seen.len() && expected.iter().zip(&seen).all(|(name, path)| same(name, path)) {
            return;
        }
        let first = expected.iter().zip(&seen).find(|(name, path)| !same(name, path)).map(|((_, span), _)| span);
        let missing = expected.get(seen.len()).map(|(_, span)| span);
        let what =
            if seen.is_empty() { "nothing ran".to_owned() } else { format!("what ran is `{}`", seen.join("`, `")) };
        self.problems.add(first.or(missing).unwrap_or(span), what);
    }

    fn step(&mut self, expected: &ExpectedStep) {
        let path = &expected.path;
        let step = self.rehearsal.run.as_ref().and_then(|run| run.step(path));
        if let Some((status, span)) = &expected.status {
            let seen = step.map_or("not-reached", |step| step.state().name());
            if seen != *status {
                self.problems.add(span, format!("step `{path}` is `{seen}`{}", why(step)));
                return;
            }
        }
        let Some(step) = step else {
            if expected.status.is_none() {
                self.problems.add(&expected.span, format!("step `{path}` was not reached"));
            }
            return;
        };
        if let Some((attempts, span)) = &expected.attempts {
            let seen = self.attempts(path);
            if seen != *attempts {
                let times = if seen == 1 { "once".to_owned() } else { format!("{seen} times") };
                self.problems.add(span, format!("step `{path}` was tried {times}"));
            }
        }
        self.value(expected.input.as_ref(), step.input(), &format!("the input of `{path}`"), Extent::Part);
        let exact = expected.exact_input.as_ref();
        self.value(exact, step.input(), &format!("the input of `{path}`"), Extent::Exactly);
        if let Some(error) = &expected.error {
            let seen = match step.state() {
                StepState::Failed { error } => Some(error),
                _ => None,
            };
            self.error(error, seen, &format!("step `{path}`"));
        }
        self.output(expected, step);
        if let Some(approval) = step.approval() {
            let title = serde_json::Value::String(approval.title.clone());
            self.value(expected.title.as_ref(), &title, &format!("the title of `{path}`"), Extent::Part);
            self.value(expected.show.as_ref(), &approval.show, &format!("what `{path}` shows"), Extent::Part);
        }
    }

    fn output(&mut self, expected: &ExpectedStep, step: &StepRun) {
        let Some(output) = &expected.output else { return };
        let path = &expected.path;
        match step.state() {
            StepState::Succeeded { output: seen } => {
                self.value(Some(output), seen, &format!("the output of `{path}`"), Extent::Part);
            }
            state => self.problems.add(&output.span, format!("step `{path}` has no output; it is `{}`", state.name())),
        }
    }

    fn value(&mut self, expected: Option<&Node>, seen: &serde_json::Value, what: &str, extent: Extent) {
        let Some(expected) = expected else { return };
        for difference in differences(expected, seen, what, extent) {
            self.problems.add(&difference.span, difference.message);
        }
    }

    fn error(&mut self, expected: &ExpectedError, seen: Option<&StepError>, what: &str) {
        let Some(seen) = seen else {
            return self.problems.add(&expected.span, format!("{what} has no error"));
        };
        let (code, message) = (seen.code.clone().into(), seen.message.clone().into());
        self.value(expected.code.as_ref(), &code, &format!("the error code of {what}"), Extent::Part);
        self.value(expected.message.as_ref(), &message, &format!("the error message of {what}"), Extent::Part);
    }

    fn attempts(&self, path: &str) -> u32 {
        let begun = self.rehearsal.log.iter().filter_map(|(event, _)| match event {
            Event::StepStarted { path: at, attempt, .. } if at == path => Some(*attempt),
            _ => None,
        });
        begun.max().unwrap_or_default()
    }
}

fn why(step: Option<&StepRun>) -> String {
    match step.map(StepRun::state) {
        Some(StepState::Failed { error }) => format!(": {} ({})", error.message, error.code),
        _ => String::new(),
    }
}

/// A duration in the largest units that it has.
pub(crate) fn spoken(millis: Millis) -> String {
    let whole = Duration::from_millis(u64::try_from(millis).unwrap_or_default());
    let seconds = whole.as_secs();
    let units = [(86_400, "d"), (3_600, "h"), (60, "m"), (1, "s")];
    let mut left = seconds;
    let mut parts = Vec::new();
    for (size, unit) in units {
        if left / size > 0 {
            parts.push(format!("{}{unit}", left / size));
            left %= size;
        }
    }
    match (parts.is_empty(), whole.as_millis()) {
        (true, 0) => "no time".to_owned(),
        (true, millis) => format!("{millis}ms"),
        _ => parts.join(" "),
    }
}
