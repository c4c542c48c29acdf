//! The types of the API, version 1: what stands in requests and answers, on both sides of the wire. The server makes
//! them from what the installation knows, the command line reads them; neither type is used for anything else, so that
//! the inside may change and the API does not. One file per resource.
//!
//! Names are kebab case. Times are RFC 3339, in UTC. Requests with a field that is not known are refused.

mod audit;
mod entry;
mod event;
mod grant;
mod limits;
mod picture;
mod plugin;
mod problem;
mod queue;
mod run;
mod secret;
mod step;
mod token;
mod waiting;
mod whoami;
mod workflow;

use jiff::Timestamp;
use ledger::Millis;

pub use audit::{AuditFormat, AuditQuery, Moment};
pub use entry::{Entries, Entry, EntryQuery, Payload};
pub use event::{TakenEvent, TakenRun};
pub use grant::{CarryOver, CarryOverGrant, GrantChange, GrantHistory, PutGrant, Version};
pub use limits::Limits;
pub use picture::{PictureFormat, PictureQuery};
pub use plugin::{Access, Import, Plugin, PluginChoice, PluginInfo, PluginUse, Plugins};
pub use problem::{Fault, Problem};
pub use queue::{Wait, Waiting, WaitingQuery};
pub use run::{Cancel, Parked, Run, RunInfo, RunQuery, RunStatus, Runs, StartRun, StartedRun};
pub use secret::{Secret, Secrets, SetSecret};
pub use step::{Part, Step, StepError, StepStatus};
pub use token::{CreateToken, CreatedToken, Token, Tokens};
pub use waiting::{Approval, Decide, Decided, Decision, MadeDecision, PendingReview, Review, Reviews, Settle, Verdict};
pub use whoami::{Health, Whoami};
pub use workflow::{CheckedWorkflow, SwitchWorkflow, Workflow, WorkflowInfo, Workflows};

/// The media type of components.
pub const WASM: &str = "application/wasm";
/// The media type of workflows (RFC 9512).
pub const YAML: &str = "application/yaml";
/// The media type of problems (RFC 9457).
pub const PROBLEM: &str = "application/problem+json";

/// A time of the ledger as the wire has it. What no calendar has, which a broken clock may have given, becomes the epoch.
pub(crate) fn time(millis: Millis) -> Timestamp {
    Timestamp::from_millisecond(millis).unwrap_or(Timestamp::UNIX_EPOCH)
}
