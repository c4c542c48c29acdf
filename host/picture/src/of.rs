//! A workflow, or a run of it, as a picture.
//!
//! What is inside of what is decided by `workflow`'s `unfold`; here it is put into the words of a picture, and each step is
//! given what a run has come to at its path.

mod manner;
mod merge;
mod start;
mod state;

use workflow::{Millis, Placed, Run, Workflow};

use crate::model::{Group, Kind, Label, Node, Picture, RunHead};

impl Picture {
    /// A workflow, with what it calls where that is linked.
    pub fn of(workflow: &Workflow) -> Picture {
        Picture::made(workflow, None)
    }

    /// A run, as it is at the time `now`; without its workflow, the steps that it has come to, one below the other.
    pub fn of_run(workflow: Option<&Workflow>, run: &Run, now: Millis) -> Picture {
        let head = RunHead {
            id: run.info().id.clone(),
            status: run.status(),
            started: run.started_at(),
            ended: run.finished_at(),
            now,
        };
        let picture = match workflow {
            Some(workflow) => Picture::made(workflow, Some(run)),
            None => {
                let steps = run.steps().map(|(path, _)| {
                    let node = Node::new(path, Kind::Unknown);
                    Node { id: Some(path.to_owned()), state: Some(state::of(run, path)), ..node }
                });
                Picture { title: run.info().workflow.clone(), steps: steps.collect(), ..Picture::default() }
            }
        };
        Picture { run: Some(head), ..picture }
    }

    fn made(workflow: &Workflow, run: Option<&Run>) -> Picture {
        let (steps, on_failure) = workflow.unfold(run);
        Picture {
            title: workflow.name.clone(),
            description: workflow.description.clone(),
            starts: workflow.triggers.iter().map(start::words).collect(),
            steps: nodes(&steps, run),
            on_failure: nodes(&on_failure, run),
            run: None,
        }
    }
}

fn nodes(placed: &[Placed<'_>], run: Option<&Run>) -> Vec<Node> {
    placed.iter().map(|placed| node(placed, run)).collect()
}

fn node(placed: &Placed<'_>, run: Option<&Run>) -> Node {
    let step = placed.step;
    let manner = step.manner();
    let mut node = Node::new(&placed.path, Kind::named(step.kind_name()));
    node.id = step.id().map(str::to_owned);
    node.what = manner::what(step, &manner);
    node.condition = step.condition();
    node.notes = manner::notes(&manner);
    node.state = run.map(|run| state::of(run, &placed.path));
    node.groups = placed
        .groups
        .iter()
        .map(|group| Group { label: label(&group.label), steps: nodes(&group.steps, run) })
        .collect();
    let continues = manner.catches.iter().copied().map(Some).chain(std::iter::repeat(None));
    node.catches = placed
        .catch
        .iter()
        .zip(continues)
        .map(|(group, continues)| {
            let codes = match &group.label {
                workflow::Label::Catch(codes) => codes.clone(),
                _ => vec![],
            };
            Group { label: Label::Catch { codes, continues }, steps: nodes(&group.steps, run) }
        })
        .collect();
    node.with_iterations()
}

fn label(label: &workflow::Label) -> Label {
    match label {
        workflow::Label::Branch(_) => Label::Branch,
        workflow::Label::When(_, condition) => Label::When(condition.clone()),
        workflow::Label::Otherwise(_) => Label::Otherwise,
        workflow::Label::Body => Label::Body,
        workflow::Label::Item(index) => Label::Item(*index),
        workflow::Label::Callee(_) => Label::Callee,
        workflow::Label::CalleeOnFailure => Label::CalleeOnFailure,
        workflow::Label::Catch(codes) => Label::Catch { codes: codes.clone(), continues: None },
    }
}
