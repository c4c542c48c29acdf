//! The steps of a run as a tree: the document with each iteration and each called workflow in its place.
//!
//! This decides what is inside of what. Without a run, the body of an `each` stands there once.

use std::fmt;

use serde_json::Value;

use super::frame::Frame;
use super::{Kind, Step};
use crate::run::Run;

/// A step at its place in a run.
#[derive(Clone, Debug)]
pub struct Placed<'w> {
    /// Its path in the run: `revoke`, `sweep[3].revoke`, `contain.isolate`.
    pub path: String,
    /// The step, as its document has it.
    pub step: &'w Step,
    /// What is inside of it.
    pub groups: Vec<Group<'w>>,
    /// What is done when it fails, by the clauses of its `catch`.
    pub catch: Vec<Group<'w>>,
}

/// Steps that follow each other inside of a step.
#[derive(Clone, Debug)]
pub struct Group<'w> {
    /// What they are to the step.
    pub label: Label,
    /// The steps.
    pub steps: Vec<Placed<'w>>,
}

/// What a group of steps is to the step that it is inside of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Label {
    /// A branch of a `parallel`, from 0.
    Branch(usize),
    /// The alternative of a `choose` with this number, from 0, and its condition.
    When(usize, String),
    /// What a `choose` does when no condition is true; its number behind the others.
    Otherwise(usize),
    /// The steps of an `each`, for all of its items.
    Body,
    /// The steps of an `each` for the item with this number, from 0.
    Item(usize),
    /// The steps of the called workflow of this name.
    Callee(String),
    /// What the called workflow does when it fails.
    CalleeOnFailure,
    /// A clause of `catch`, for these codes; none for all.
    Catch(Vec<String>),
}

impl fmt::Display for Label {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Label::Branch(index) => write!(f, "branch {}", index + 1),
            Label::When(_, condition) => write!(f, "when {condition}"),
            Label::Otherwise(_) => f.write_str("otherwise"),
            Label::Body => f.write_str("for each"),
            Label::Item(index) => write!(f, "item {}", index + 1),
            Label::Callee(name) => write!(f, "steps of {name}"),
            Label::CalleeOnFailure => f.write_str("on failure"),
            Label::Catch(codes) if codes.is_empty() => f.write_str("catch"),
            Label::Catch(codes) => write!(f, "catch {}", codes.join(", ")),
        }
    }
}

/// All that is inside of a step, what its own `catch` does not included: path and step.
pub(crate) fn inside<'w>(step: &'w Step, frame: &Frame<'_, 'w>, run: &Run) -> Vec<(String, &'w Step)> {
    let mut all = Vec::new();
    groups(step, frame, Some(run)).into_iter().for_each(|group| flatten(group, &mut all));
    all
}

/// All steps of a group and what is inside of them, `catch` included.
fn flatten<'w>(group: Group<'w>, all: &mut Vec<(String, &'w Step)>) {
    for Placed { path, step, groups, catch } in group.steps {
        all.push((path, step));
        groups.into_iter().chain(catch).for_each(|group| flatten(group, all));
    }
}

pub(crate) fn sequence<'w>(steps: &'w [Step], frame: &Frame<'_, 'w>, run: Option<&Run>) -> Vec<Placed<'w>> {
    let placed = steps.iter().map(|step| Placed {
        path: frame.path(step),
        step,
        groups: groups(step, frame, run),
        catch: step
            .catch()
            .iter()
            .map(|clause| Group {
                label: Label::Catch(clause.codes().to_vec()),
                steps: sequence(clause.steps(), frame, run),
            })
            .collect(),
    });
    placed.collect()
}

fn groups<'w>(step: &'w Step, frame: &Frame<'_, 'w>, run: Option<&Run>) -> Vec<Group<'w>> {
    let group = |label, steps| Group { label, steps: sequence(steps, frame, run) };
    let input = run.and_then(|run| run.step(&frame.path(step))).map(|now| now.input().clone());
    match step.kind() {
        Kind::Plugin(_) | Kind::Approval(_) | Kind::Wait(_) => Vec::new(),
        Kind::Parallel(parallel) => {
            parallel.branches().iter().enumerate().map(|(index, steps)| group(Label::Branch(index), steps)).collect()
        }
        Kind::Choose(choose) => {
            choose.alternatives().iter().enumerate().map(|(index, steps)| group(choose.label(index), steps)).collect()
        }
        Kind::Each(each) => match (run, input.as_ref().and_then(Value::as_array)) {
            (Some(_), Some(items)) => {
                let item = |(index, item)| {
                    let frame = frame.iteration(step, each.name(), Some(item), index);
                    Group { label: Label::Item(index), steps: sequence(each.steps(), &frame, run) }
                };
                items.iter().enumerate().map(item).collect()
            }
            _ => {
                let frame = frame.iteration(step, each.name(), None, 0);
                vec![Group { label: Label::Body, steps: sequence(each.steps(), &frame, run) }]
            }
        },
        Kind::Call(call) => {
            let nothing = Value::Null;
            let Some(inner) = frame.call(step, call.workflow(), &nothing) else { return Vec::new() };
            let callee = inner.body();
            let mut all = vec![Group {
                label: Label::Callee(call.workflow().to_owned()),
                steps: sequence(&callee.steps, &inner, run),
            }];
            if !callee.on_failure.is_empty() {
                let steps = sequence(&callee.on_failure, &inner, run);
                all.push(Group { label: Label::CalleeOnFailure, steps });
            }
            all
        }
    }
}
