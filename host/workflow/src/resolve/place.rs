//! Rules about where a step may stand: ids are unique, and no approval can be passed without a decision.

use std::collections::BTreeMap;

use super::Surroundings;
use crate::document::Workflow;
use crate::problem::{Collector, Span};
use crate::step::{Kind, Step, Then};

pub(super) fn check(workflow: &Workflow, surroundings: &Surroundings<'_>, problems: &mut Collector<'_>) {
    let asking = Asking { surroundings };
    let steps = workflow.walk();
    let mut first: BTreeMap<&str, &Span> = BTreeMap::new();
    for step in &steps {
        if let Some(id) = step.id() {
            if let Some(other) = first.get(id) {
                let line = problems.line_of(other.start);
                problems.add(step.span(), format!("the id `{id}` is taken by the step on line {line}"));
            } else {
                first.insert(id, step.span());
            }
        }
        check_no_bypass(step, &asking, problems);
    }
    for step in &workflow.on_failure {
        for (step, what) in asking.anywhere(step) {
            problems.add(step.span(), format!("{what} cannot be in `on-failure`: the run has failed already"));
        }
    }
}

/// `on-error: continue` and `then: continue` would let a run go on behind an approval that nobody gave.
fn check_no_bypass(step: &Step, asking: &Asking<'_>, problems: &mut Collector<'_>) {
    for (inner, what) in asking.steps(step) {
        if step.continues() {
            let kind = step.kind_name();
            let message =
                format!("{what} cannot be in a `{kind}` with `on-error: continue`: the run could go on without it");
            problems.add(inner.span(), message);
        }
        if step.catch().iter().any(|clause| clause.then() == Then::Continue) {
            let message =
                format!("a `catch` with `then: continue` cannot be around {what}: the run could go on without it");
            problems.add(inner.span(), message);
        }
    }
}

/// What asks people.
struct Asking<'a> {
    surroundings: &'a Surroundings<'a>,
}

impl Asking<'_> {
    /// The approvals among a step and what is inside of it, and the calls of workflows that have some.
    fn steps<'s>(&self, step: &'s Step) -> Vec<(&'s Step, String)> {
        self.among(std::iter::once(step).chain(step.inside()))
    }

    /// The same, those of its own `catch` included.
    fn anywhere<'s>(&self, step: &'s Step) -> Vec<(&'s Step, String)> {
        let mut all = Vec::new();
        step.collect(&mut all);
        self.among(all)
    }

    fn among<'s>(&self, all: impl IntoIterator<Item = &'s Step>) -> Vec<(&'s Step, String)> {
        let asks = |step: &'s Step| match step.kind() {
            Kind::Approval(_) => Some((step, "an approval".to_owned())),
            Kind::Call(call) if self.asks(call.workflow()) => {
                Some((step, format!("a call of `{}`, which asks for an approval,", call.workflow())))
            }
            _ => None,
        };
        all.into_iter().filter_map(asks).collect()
    }

    fn asks(&self, name: &str) -> bool {
        let workflows = self.surroundings.workflows;
        let find = |name: &str| workflows.and_then(|workflows| workflows.get(name)).map(|callee| callee.body.as_ref());
        find(name).is_some_and(|callee| callee.asks(&find))
    }
}
