//! Rules about where a step may stand: ids are unique, and no approval can be passed without a decision.

use std::collections::BTreeMap;

use crate::document::Workflow;
use crate::problem::{Collector, Span};
use crate::step::{Kind, Step, Then};

pub(super) fn check(workflow: &Workflow, problems: &mut Collector<'_>) {
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
        check_no_bypass(step, problems);
    }
    for step in &workflow.on_failure {
        for approval in approvals(step) {
            problems.add(approval.span(), "an approval cannot be in `on-failure`: the run has failed already");
        }
    }
}

/// `on-error: continue` and `then: continue` would let a run go on behind an approval that nobody gave.
fn check_no_bypass(step: &Step, problems: &mut Collector<'_>) {
    let continues = match step.kind() {
        Kind::Parallel(parallel) => parallel.continues(),
        Kind::Each(each) => each.continues(),
        _ => false,
    };
    for approval in approvals(step) {
        if continues {
            let kind = step.kind_name();
            let message = format!(
                "an approval cannot be in a `{kind}` with `on-error: continue`: the run could go on without it"
            );
            problems.add(approval.span(), message);
        }
        if step.catch().iter().any(|clause| clause.then() == Then::Continue) {
            let message =
                "a `catch` with `then: continue` cannot be around an approval: the run could go on without it";
            problems.add(approval.span(), message);
        }
    }
}

/// The approvals among a step and what is inside of it.
fn approvals(step: &Step) -> impl Iterator<Item = &Step> {
    let all = std::iter::once(step).chain(step.inside());
    all.filter(|step| matches!(step.kind(), Kind::Approval(_)))
}
