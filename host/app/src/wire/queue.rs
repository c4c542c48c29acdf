//! What runs wait for.

use jiff::Timestamp;
use ledger::{Parking, Summary, Waits};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::time;

/// Which page of what runs wait for.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, IntoParams)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct WaitingQuery {
    /// The page behind another one: its `next`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
    /// What at most so many runs wait for: 1 to 500, else 100.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[param(minimum = 1, maximum = 500)]
    pub limit: Option<u32>,
}

/// A page of what runs wait for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Waiting {
    /// By run, the one that waits longest first.
    pub waiting: Vec<Wait>,
    /// What to give as `after` for the next page, when there may be one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// Something that a run waits for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Wait {
    /// The run.
    pub run: String,
    /// Its workflow.
    pub workflow: String,
    /// What for.
    #[serde(rename = "for")]
    pub what: Awaited,
    /// The step's path; none when the run as a whole waits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step: Option<String>,
    /// Since when.
    #[schema(value_type = String, format = DateTime)]
    pub since: Timestamp,
    /// Until when at most.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub until: Option<Timestamp>,
    /// What there is to say of it: what is asked, the key of the call, the run in front, why it cannot be driven. A long text
    /// is cut; the run has all of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub about: Option<String>,
    /// How much more the run waits for that is not listed; with the last of its list.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub more: usize,
}

/// What is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Awaited {
    /// People's decision on an approval.
    Approval,
    /// A person's word on a write whose outcome is unknown.
    Review,
    /// A time.
    Timer,
    /// A place among the runs of the workflow.
    Place,
    /// A person who has it driven again: it is parked, or cannot be read.
    Resume,
}

impl Awaited {
    /// The word for it.
    pub fn name(self) -> &'static str {
        match self {
            Awaited::Approval => "approval",
            Awaited::Review => "review",
            Awaited::Timer => "timer",
            Awaited::Place => "place",
            Awaited::Resume => "resume",
        }
    }
}

impl From<ledger::Awaited> for Awaited {
    fn from(awaited: ledger::Awaited) -> Awaited {
        match awaited {
            ledger::Awaited::Approval => Awaited::Approval,
            ledger::Awaited::Review => Awaited::Review,
            ledger::Awaited::Timer => Awaited::Timer,
            ledger::Awaited::Place => Awaited::Place,
            ledger::Awaited::Resume => Awaited::Resume,
        }
    }
}

impl Wait {
    /// What a run waits for.
    pub fn all(summary: Summary) -> Vec<Wait> {
        let Summary { run, workflow, waits, parked, .. } = summary;
        // One that nobody can drive waits for that, whatever else it would.
        let waits = parked.map_or(waits, |Parking { why, since }| {
            let (what, about) = (ledger::Awaited::Resume, Some(why));
            Waits::of(vec![ledger::Wait { what, step: None, since, until: None, about }])
        });
        let wait = |wait: ledger::Wait| Wait {
            run: run.clone(),
            workflow: workflow.clone(),
            what: wait.what.into(),
            step: wait.step,
            since: time(wait.since),
            until: wait.until.map(time),
            about: wait.about,
            more: 0,
        };
        let mut all: Vec<Wait> = waits.named.into_iter().map(wait).collect();
        if let Some(last) = all.last_mut() {
            last.more = waits.more;
        }
        all
    }
}

fn is_zero(count: &usize) -> bool {
    *count == 0
}
