//! What the people of a case do, and when: decide, tell what became of a write, cancel.
//!
//! This is told from the run as it is, so that whoever drives the case (the rehearsal, or a test of the real driver) asks
//! again after each event.

use std::collections::BTreeSet;
use std::time::Duration;

use workflow::{Approval, Millis, Run, StepRun, Verdict, Workflow};

use crate::case::{Case, Person};

/// Something that a person does.
#[derive(Clone, Debug, PartialEq)]
pub enum Act {
    /// Decides an approval.
    Decide {
        /// The approval.
        path: String,
        /// The person's place in [`Case::people`].
        index: usize,
    },
    /// Tells what became of a write.
    Settle {
        /// The step.
        path: String,
        /// Its attempt.
        attempt: u32,
        /// The key of the call.
        call: String,
        /// Who.
        by: String,
        /// What.
        verdict: Verdict,
    },
    /// Cancels the run.
    Cancel {
        /// Who.
        by: String,
        /// Why.
        reason: Option<String>,
    },
}

/// What people will do next to the run as it is, each with its time. `tried` are the decisions that were made already,
/// whether they counted or not, by approval and place.
pub fn acts(workflow: &Workflow, case: &Case, run: &Run, tried: &BTreeSet<(String, usize)>) -> Vec<(Millis, Act)> {
    let mut acts = Vec::new();
    for (path, approval) in run.waiting_approvals() {
        let open = case.people(path).iter().enumerate().filter(|(index, person)| {
            let counted = person.counts && approval.decisions.contains_key(&person.by);
            !counted && !tried.contains(&(path.to_owned(), *index))
        });
        acts.extend(open.map(|(index, person)| {
            (later(approval.requested_at, person.after), Act::Decide { path: path.to_owned(), index })
        }));
    }
    for (path, attempt, call) in run.open_reviews() {
        acts.extend(verdict(workflow, case, run, (path, attempt, call)));
    }
    if let Some(cancel) = case.cancel.as_ref().filter(|_| run.cancelled().is_none()) {
        let act = Act::Cancel { by: cancel.by.clone(), reason: cancel.reason.clone() };
        acts.push((later(run.started_at(), cancel.after), act));
    }
    acts
}

fn verdict(
    workflow: &Workflow,
    case: &Case,
    run: &Run,
    (path, attempt, call): (&str, u32, &str),
) -> Option<(Millis, Act)> {
    let step = run.step(path)?;
    let plugin = workflow.step_at(path, run)?.plugin()?;
    let unknown = case.answer(path, plugin, attempt, step.input())?.unknown.as_ref()?;
    let (path, call, by, verdict) = (path.to_owned(), call.to_owned(), unknown.by.clone(), unknown.verdict?);
    Some((later(step.changed_at(), unknown.after), Act::Settle { path, attempt, call, by, verdict }))
}

impl Person {
    /// Their groups: those of the case, or else all that may decide this approval.
    pub fn groups_for(&self, approval: &Approval) -> BTreeSet<String> {
        let groups = || approval.approvers.iter().filter_map(|approver| approver.strip_prefix("group:"));
        match &self.groups {
            Some(groups) => groups.iter().cloned().collect(),
            None => groups().map(str::to_owned).collect(),
        }
    }
}

/// The approval of a step.
pub(crate) fn approval<'r>(run: &'r Run, path: &str) -> Option<&'r Approval> {
    run.step(path).and_then(StepRun::approval)
}

/// A time after another.
pub(crate) fn later(at: Millis, after: Duration) -> Millis {
    at.saturating_add(Millis::try_from(after.as_millis()).unwrap_or(Millis::MAX))
}
