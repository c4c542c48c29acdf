//! What waits for people: approvals, and reviews of writes whose outcome is unknown.

use jiff::Timestamp;
use ledger::Record;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::time;
use crate::installation::RunView;

/// An approval that waits for people.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Approval {
    /// The step's path.
    pub step: String,
    /// What is asked.
    pub title: String,
    /// Who may decide: `group:<name>` or `user:<name>`. Whoever started the run may not.
    pub approvers: Vec<String>,
    /// How many different people must approve.
    pub needs: u32,
    /// What was decided so far.
    pub decisions: Vec<MadeDecision>,
    /// The results that approvers are to see, by step.
    pub show: Value,
    /// When it was asked.
    #[schema(value_type = String, format = DateTime)]
    pub requested: Timestamp,
    /// From when on a decision is too late.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub expires: Option<Timestamp>,
}

/// One person's decision.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub struct MadeDecision {
    /// Who.
    pub by: String,
    /// What.
    pub decision: Decision,
    /// Why, if they said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    pub time: Timestamp,
}

/// What a person says about an approval.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Decision {
    /// The run may go on.
    Approve,
    /// The run ends.
    Refuse,
}

/// A decision on an approval.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Decide {
    /// What.
    pub decision: Decision,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// When the question was asked that is answered, as the approval has it. It must be given of one that was asked again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub requested: Option<Timestamp>,
}

/// A decision that counts, be it given for the first time or repeated.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Decided {
    /// The run.
    pub run: String,
    /// The approval's path.
    pub step: String,
    /// What was decided.
    pub decision: Decision,
}

/// A write whose outcome a person must tell.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Review {
    /// The step's path.
    pub step: String,
    /// The attempt.
    pub attempt: u32,
    /// The call's key.
    pub call: String,
    /// The WIT function that was called.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub function: Option<String>,
    /// What it was called with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub arguments: Option<Value>,
    /// Why its outcome is unknown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
}

/// The reviews of all runs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Reviews {
    /// The oldest first.
    pub reviews: Vec<PendingReview>,
}

/// A review, and the run that waits for it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub struct PendingReview {
    /// The run.
    pub run: String,
    /// Its workflow's name.
    pub workflow: String,
    /// The account that it acts in.
    pub account: String,
    /// The region that it acts in.
    pub region: String,
    /// The write.
    #[serde(flatten)]
    pub review: Review,
}

/// What a person says became of a write.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// It was carried out; the attempt goes on behind it.
    Done,
    /// It was not carried out; the attempt goes on and sends it.
    NotDone,
    /// It cannot be told; the step fails.
    GiveUp,
}

/// A person's word on a write.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Settle {
    /// The call's key.
    pub call: String,
    /// What became of it.
    pub verdict: Verdict,
    /// How they know.
    pub reason: String,
}

impl Approval {
    /// The approvals of a run that wait.
    pub(super) fn all(run: &workflow::Run) -> Vec<Approval> {
        run.waiting_approvals().map(|(path, approval)| Approval::of(path, approval)).collect()
    }

    fn of(path: &str, approval: &workflow::Approval) -> Approval {
        Approval {
            step: path.into(),
            title: approval.title.clone(),
            approvers: approval.approvers.clone(),
            needs: approval.needs,
            decisions: MadeDecision::all(approval),
            show: approval.show.clone(),
            requested: time(approval.requested_at),
            expires: approval.expires_at.map(time),
        }
    }
}

impl MadeDecision {
    /// What was decided on an approval, by person.
    pub(super) fn all(approval: &workflow::Approval) -> Vec<MadeDecision> {
        let decisions = approval.decisions.iter().map(|(by, made)| MadeDecision {
            by: by.clone(),
            decision: made.decision.into(),
            reason: made.reason.clone(),
            time: time(made.at),
        });
        decisions.collect()
    }
}

impl Review {
    /// The reviews that a run waits for.
    pub(super) fn all(view: &RunView) -> Vec<Review> {
        let reviews = view.history.run.open_reviews();
        reviews.map(|(step, attempt, call)| Review::of(step, attempt, call, &view.records)).collect()
    }

    fn of(step: &str, attempt: u32, call: &str, records: &[Record]) -> Review {
        let last = |kind: &str| {
            let entries = records.iter().rev().filter(|record| record.entry.kind == kind);
            entries.into_iter().find(|record| record.entry.call.as_deref() == Some(call))
        };
        let text = |record: &Record, name: &str| record.data.get(name).and_then(Value::as_str).map(Into::into);
        let intent = last("call.intent");
        Review {
            step: step.into(),
            attempt,
            call: call.into(),
            function: intent.and_then(|intent| text(intent, "function")),
            arguments: intent.and_then(|intent| intent.payload("arguments").ok()),
            message: last("call.unknown").and_then(|unknown| text(unknown, "message")),
        }
    }
}

impl PendingReview {
    /// The reviews that a run waits for, with the run.
    pub fn all(view: &RunView) -> Vec<PendingReview> {
        let info = view.history.run.info();
        let pending = Review::all(view).into_iter().map(|review| PendingReview {
            run: info.id.clone(),
            workflow: info.workflow.clone(),
            account: info.account.clone(),
            region: info.region.clone(),
            review,
        });
        pending.collect()
    }
}

impl From<workflow::Decision> for Decision {
    fn from(decision: workflow::Decision) -> Decision {
        match decision {
            workflow::Decision::Approve => Decision::Approve,
            workflow::Decision::Refuse => Decision::Refuse,
        }
    }
}

impl From<Decision> for workflow::Decision {
    fn from(decision: Decision) -> workflow::Decision {
        match decision {
            Decision::Approve => workflow::Decision::Approve,
            Decision::Refuse => workflow::Decision::Refuse,
        }
    }
}

impl From<Verdict> for workflow::Verdict {
    fn from(verdict: Verdict) -> workflow::Verdict {
        match verdict {
            Verdict::Done => workflow::Verdict::Done,
            Verdict::NotDone => workflow::Verdict::NotDone,
            Verdict::GiveUp => workflow::Verdict::GiveUp,
        }
    }
}
