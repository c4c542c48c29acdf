//! How a step is carried out, for whoever shows it: its attempts, its times, whom it asks.

use std::time::Duration;

use super::{Kind, Step};

/// How a step is carried out, where its file says something about it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Manner {
    /// How often it is tried at most.
    pub attempts: Option<u32>,
    /// How long it may take.
    pub timeout: Option<Duration>,
    /// Whether the run goes on when something inside of it failed.
    pub continues: bool,
    /// Whether the first failure inside of it stops the rest.
    pub fail_fast: bool,
    /// By which name the steps of an `each` see their item.
    pub item: Option<String>,
    /// How many items of an `each` are carried out at once.
    pub concurrency: usize,
    /// Who may decide.
    pub approvers: Vec<String>,
    /// How many of them must approve.
    pub needs: u32,
    /// How long they have.
    pub expires: Option<Duration>,
    /// Whose results they see.
    pub show: Vec<String>,
    /// For each clause of its `catch`, whether the run goes on behind the step.
    pub catches: Vec<bool>,
}

impl Step {
    /// How it is carried out.
    pub fn manner(&self) -> Manner {
        let mut manner = Manner {
            attempts: self.retry.as_ref().map(|retry| retry.attempts),
            timeout: self.timeout,
            concurrency: 1,
            catches: self.catch.iter().map(|clause| clause.continues()).collect(),
            ..Manner::default()
        };
        match &self.kind {
            Kind::Parallel(parallel) => {
                manner.continues = parallel.policy.continues;
                manner.fail_fast = parallel.policy.fail_fast;
            }
            Kind::Each(each) => {
                manner.continues = each.policy.continues;
                manner.fail_fast = each.policy.fail_fast;
                manner.item = Some(each.name().to_owned());
                manner.concurrency = each.concurrency;
            }
            Kind::Approval(approval) => {
                manner.approvers = approval.approvers.clone();
                manner.needs = approval.needs;
                manner.expires = approval.expires;
                manner.show = approval.show().iter().map(|(id, _)| id.clone()).collect();
            }
            Kind::Plugin(_) | Kind::Choose(_) | Kind::Wait(_) | Kind::Call(_) => {}
        }
        manner
    }
}
