//! Who may decide an approval, and what a decision does.
//!
//! This decides that a missing, late, repeated or unentitled decision is none. Whether a person is who they say, and
//! which groups they are in, is left to whoever authenticates them.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::{Run, StepState};
use crate::event::{Decision, Millis};
use crate::principal::{Principal, PrincipalRelation};

/// An approval of a run.
#[derive(Clone, Debug, PartialEq)]
pub struct Approval {
    /// What is asked.
    pub title: String,
    /// Who may decide: `group:<name>` or `user:<name>`.
    pub approvers: Vec<String>,
    /// How many different people must approve.
    pub needs: u32,
    /// When it was asked.
    pub requested_at: Millis,
    /// From when on a decision is too late.
    pub expires_at: Option<Millis>,
    /// The results that approvers see, by step id.
    pub show: Value,
    /// What was decided, by person: each counts once.
    pub decisions: BTreeMap<String, MadeDecision>,
}

/// One person's decision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MadeDecision {
    /// Whose.
    pub by: Principal,
    /// What.
    pub decision: Decision,
    /// Why, if they said.
    pub reason: Option<String>,
    /// When.
    pub at: Millis,
}

/// Why a decision does not count.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecisionError {
    /// The run has ended.
    #[error("the run has ended")]
    Finished,
    /// There is no such approval, or it is not asked yet, or the run is being stopped.
    #[error("`{path}` does not wait for an approval")]
    NotWaiting {
        /// The path that was given.
        path: String,
    },
    /// Enough people approved, or one refused.
    #[error("`{by}` has already decided this")]
    AlreadyDecided {
        /// Whose decision settled it.
        by: String,
        /// What it was.
        decision: Decision,
    },
    /// The same person has decided the same before. Nothing changes; the first one counts.
    #[error("you have already decided this")]
    Duplicate,
    /// The same person has decided otherwise before; a decision is not taken back.
    #[error("you have already decided otherwise")]
    Contradiction,
    /// Whoever started the run cannot approve it.
    #[error("you started this run, so another person must decide")]
    SamePerson,
    /// Neither can whoever had a part in that it runs, or may be one of those under another name.
    #[error("{}, so another person must decide", related(.other, *.part, *.relation))]
    NotAnother {
        /// The other one.
        other: String,
        /// What the other one did.
        part: RunInvolvement,
        /// How the two are related.
        relation: PrincipalRelation,
    },
    /// The person is none of those who may decide.
    #[error("this needs a decision by {}", .needs.join(" or "))]
    NotApprover {
        /// Those who may: `group:<name>` or `user:<name>`.
        needs: Vec<String>,
    },
    /// The question was asked again since, perhaps with other values: the decision is about another one.
    #[error("`{path}` has been asked again: look at what is asked now")]
    AskedAgain {
        /// The approval.
        path: String,
    },
    /// It is too late.
    #[error("the approval expired before the decision")]
    Expired,
}

/// What somebody did in a run, so that another person must decide.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RunInvolvement {
    /// Started it.
    Started,
    /// Started, or had go on, a run that caused this one or that it replaces.
    Caused,
    /// Had it go on after it had failed.
    Retried,
    /// Approved the same question.
    Approved,
}

fn related(other: &str, part: RunInvolvement, relation: PrincipalRelation) -> String {
    let did = match part {
        RunInvolvement::Started => "started this run",
        RunInvolvement::Caused => "started a run that led to this one",
        RunInvolvement::Retried => "retried this run",
        RunInvolvement::Approved => "has approved this already",
    };
    match (relation, part) {
        (PrincipalRelation::Same, RunInvolvement::Approved) => "you have approved this already".to_owned(),
        (PrincipalRelation::Same, _) => format!("you {did}"),
        (PrincipalRelation::Maker, _) => format!("`{other}`, who {did}, made your token, or one that it was made with"),
        (PrincipalRelation::MadeBy, _) => {
            format!("you made the token of `{other}`, who {did}, or one that it was made with")
        }
    }
}

impl Run {
    /// Whether this person may decide this approval now. `Ok` means that [`Event::Decided`](crate::Event::Decided)
    /// may be appended, if it is appended before anything else is.
    pub fn decide_check(
        &self,
        path: &str,
        by: &Principal,
        decision: Decision,
        groups: &BTreeSet<String>,
        now: Millis,
    ) -> Result<(), DecisionError> {
        let not_waiting = || DecisionError::NotWaiting { path: path.to_owned() };
        let step = self.step(path).ok_or_else(not_waiting)?;
        let approval = step.approval().ok_or_else(not_waiting)?;
        // Entitlement comes first, so that nobody else learns how an approval stands.
        self.is_another(by)?;
        if !approval.admits(&by.name, groups) {
            return Err(DecisionError::NotApprover { needs: approval.approvers.clone() });
        }
        self.decision_counts(path, by, decision, now)
    }

    /// Whether a decision is about the question that is asked now: one that was asked then. An approval in a block that was
    /// tried again, or in a run that was, is asked again, and then a decision must say which question it answers.
    pub fn asks(&self, path: &str, asked: Option<Millis>) -> Result<(), DecisionError> {
        let step = self.step(path);
        let again = match (asked, step.and_then(|step| step.approval())) {
            (Some(asked), Some(approval)) => asked != approval.requested_at,
            (None, Some(_)) => step.is_some_and(|step| step.attempt() > 1),
            (_, None) => false,
        };
        if again { Err(DecisionError::AskedAgain { path: path.to_owned() }) } else { Ok(()) }
    }

    /// What the fold itself can tell of a decision, which is all but the person's groups.
    pub(super) fn decision_counts(
        &self,
        path: &str,
        by: &Principal,
        decision: Decision,
        at: Millis,
    ) -> Result<(), DecisionError> {
        let not_waiting = || DecisionError::NotWaiting { path: path.to_owned() };
        let step = self.step(path).ok_or_else(not_waiting)?;
        let approval = step.approval().ok_or_else(not_waiting)?;
        self.is_another(by)?;
        match approval.decisions.get(&by.name) {
            Some(made) if made.decision == decision => return Err(DecisionError::Duplicate),
            Some(_) => return Err(DecisionError::Contradiction),
            None => {}
        }
        match step.state() {
            StepState::Succeeded { .. } | StepState::Refused => {
                return Err(approval.settled_by().unwrap_or_else(not_waiting));
            }
            StepState::Expired => return Err(DecisionError::Expired),
            _ if self.is_finished() => return Err(DecisionError::Finished),
            StepState::Waiting if self.is_stopping() => return Err(not_waiting()),
            StepState::Waiting => {}
            _ => return Err(not_waiting()),
        }
        if approval.expires_at.is_some_and(|expires_at| at >= expires_at) {
            return Err(DecisionError::Expired);
        }
        // Two approvals are those of two people; a refusal needs nobody beside it.
        let approvals = approval.decisions.values().filter(|made| made.decision == Decision::Approve);
        let mut related = approvals.filter(|_| decision == Decision::Approve).map(|made| &made.by);
        related.find_map(|who| not_another(by, RunInvolvement::Approved, who)).map_or(Ok(()), Err)
    }

    /// Whether this is another person than all who had a part in that the run is, and goes on.
    fn is_another(&self, by: &Principal) -> Result<(), DecisionError> {
        let retried = self.retried_by.iter().map(|who| (RunInvolvement::Retried, who));
        let mut behind = self.started_through().chain(retried);
        behind.find_map(|(part, who)| not_another(by, part, who)).map_or(Ok(()), Err)
    }

    /// Whether the run is there because of this person, or of one who may be the same.
    pub(crate) fn is_started_through(&self, by: &Principal) -> bool {
        self.started_through().any(|(_, who)| by.relation(who).is_some())
    }

    fn started_through(&self) -> impl Iterator<Item = (RunInvolvement, &Principal)> {
        let info = self.info();
        let caused = info.caused_by.iter().map(|who| (RunInvolvement::Caused, who));
        std::iter::once((RunInvolvement::Started, &info.started_by)).chain(caused)
    }

    /// Whether nothing new may begin.
    pub(crate) fn is_stopping(&self) -> bool {
        self.cancelled.is_some() || (self.timed_out && self.failing.is_none())
    }
}

fn not_another(by: &Principal, part: RunInvolvement, who: &Principal) -> Option<DecisionError> {
    match (part, by.relation(who)?) {
        (RunInvolvement::Started, PrincipalRelation::Same) => Some(DecisionError::SamePerson),
        (part, relation) => Some(DecisionError::NotAnother { other: who.name.clone(), part, relation }),
    }
}

impl Approval {
    /// How many people have approved.
    pub fn approved(&self) -> usize {
        self.decisions.values().filter(|made| made.decision == Decision::Approve).count()
    }

    fn admits(&self, by: &str, groups: &BTreeSet<String>) -> bool {
        self.approvers.iter().any(|approver| match approver.split_once(':') {
            Some(("group", group)) => groups.contains(group),
            Some(("user", user)) => user == by,
            _ => false,
        })
    }

    fn settled_by(&self) -> Option<DecisionError> {
        let last = self.decisions.iter().max_by_key(|(_, made)| (made.decision == Decision::Refuse, made.at))?;
        Some(DecisionError::AlreadyDecided { by: last.0.clone(), decision: last.1.decision })
    }
}
