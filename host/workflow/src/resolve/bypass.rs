//! What can go round an approval: not an error, where the author meant it, and always to be seen.
//!
//! An approval that stands in an alternative, a branch, the steps of an `each` or a `catch`, or under an `if`, is not asked
//! in every run. The steps behind it, and those beside it, then run without it.

use crate::document::Workflow;
use crate::problem::Collector;
use crate::step::{Kind, Step};

/// More names than this help nobody.
const SHOWN: usize = 5;

pub(super) fn note(workflow: &Workflow, problems: &mut Collector<'_>) {
    let mut path = Vec::new();
    sequence(&workflow.steps, &mut path, problems);
}

/// A step on the way to an approval, and what of it is beside or behind that way.
struct Way<'w> {
    /// Why the approval may not be asked, if this step is a reason.
    reason: Option<String>,
    /// The steps that run without it then.
    without: Vec<&'w Step>,
}

fn sequence<'w>(steps: &'w [Step], path: &mut Vec<Way<'w>>, problems: &mut Collector<'_>) {
    for (index, step) in steps.iter().enumerate() {
        let behind = steps.get(index + 1..).unwrap_or_default();
        let condition = step.condition().map(|condition| format!("only if `{condition}`"));
        path.push(Way { reason: condition, without: behind.iter().collect() });
        if matches!(step.kind(), Kind::Approval(_)) {
            tell(step, path, problems);
        }
        inside(step, path, problems);
        for clause in step.catch() {
            path.push(Way { reason: Some(format!("only when {} fails", name(step))), without: Vec::new() });
            sequence(clause.steps(), path, problems);
            path.pop();
        }
        path.pop();
    }
}

fn inside<'w>(step: &'w Step, path: &mut Vec<Way<'w>>, problems: &mut Collector<'_>) {
    let groups = step.children();
    for (index, steps) in groups.iter().enumerate() {
        let others = || groups.iter().enumerate().filter(|(other, _)| *other != index).flat_map(|(_, steps)| *steps);
        let (reason, without) = match step.kind() {
            Kind::Choose(choose) => (Some(format!("in one alternative only: {}", choose.label(index))), Vec::new()),
            Kind::Parallel(_) if groups.len() > 1 => {
                (Some(format!("in branch {} only, and the others do not wait for it", index + 1)), others().collect())
            }
            Kind::Each(_) => (Some("once for each item, and not at all when there is none".to_owned()), Vec::new()),
            _ => (None, Vec::new()),
        };
        path.push(Way { reason, without });
        sequence(steps, path, problems);
        path.pop();
    }
}

/// The first reason is the outermost: what is behind it goes round the approval.
fn tell(approval: &Step, path: &[Way<'_>], problems: &mut Collector<'_>) {
    let Some(first) = path.iter().position(|way| way.reason.is_some()) else { return };
    let reasons: Vec<&str> = path.iter().filter_map(|way| way.reason.as_deref()).collect();
    // What stands behind the reason in its own sequence, and behind all that is around it.
    let round = path.iter().enumerate().filter(|(at, way)| *at <= first || way.reason.is_some());
    let mut names: Vec<String> = Vec::new();
    for step in round.flat_map(|(_, way)| &way.without) {
        let mut all = Vec::new();
        step.collect(&mut all);
        names.extend(all.iter().filter(|step| step.is_plugin()).map(|step| name(step)));
    }
    let more = names.len().saturating_sub(SHOWN);
    names.truncate(SHOWN);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    let help = match names.is_empty() {
        true => "nothing runs without it".to_owned(),
        false => format!("without it these run all the same: {}{more}", names.join(", ")),
    };
    problems.note(approval.span(), format!("{} is asked {}", name(approval), reasons.join("; ")), help);
}

fn name(step: &Step) -> String {
    format!("`{}`", step.path())
}
