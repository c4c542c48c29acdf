//! What runs wait for.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::time;
use crate::installation;

/// What all runs wait for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Waiting {
    /// What waits longest first.
    pub waiting: Vec<Wait>,
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
    /// What there is to say of it: what is asked, the key of the call, the run in front, why it
    /// cannot be driven.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub about: Option<String>,
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

impl From<installation::Wait> for Wait {
    fn from(wait: installation::Wait) -> Wait {
        let installation::Wait { run, workflow, what, step, since, until, about } = wait;
        let what = match what {
            installation::Awaited::Approval => Awaited::Approval,
            installation::Awaited::Review => Awaited::Review,
            installation::Awaited::Timer => Awaited::Timer,
            installation::Awaited::Place => Awaited::Place,
            installation::Awaited::Resume => Awaited::Resume,
        };
        Wait { run, workflow, what, step, since: time(since), until: until.map(time), about }
    }
}
