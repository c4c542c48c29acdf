//! What a workflow means: YAML to a checked workflow, expressions, and a run as a fold over its events.
//!
//! ```text
//! load(yaml) -> Workflow            Run::apply(event, time)            next(workflow, run) -> effects
//! ```
//!
//! Everything here is a pure function of its arguments: no IO, no clock, no chance, no async. Whoever drives a run
//! performs the effects, appends the events, applies them and asks again; the same events give the same run for ever.

mod principal;
mod problem;
mod yaml;

mod network;
mod read;
pub mod reading;

mod event;
mod run;

mod control;
mod view;

mod expression;
mod pattern;

mod schema;

mod effect;
mod input;
mod step;

mod envelope;
mod schedule;
mod subject;
mod version;
mod trigger;

mod concurrency;
mod document;
mod load;
mod resolve;

mod link;
mod start;

mod format;

mod next;
mod retry;

pub use concurrency::{Beyond, Concurrency, OnUpdate};
pub use document::{Dedupe, Workflow};
pub use effect::{Effect, Jitter, Lapse};
pub use envelope::{EnvelopeError, check_envelope};
pub use event::{Decision, Event, Millis, RunInfo, RunStatus, StepError, Verdict};
pub use expression::ExpressionError;
pub use format::json_schema;
pub use input::{Input, InputError, InputKind, Inputs};
pub use link::LinkError;
pub use load::{load, to_json};
pub use next::{next, next_remembered};
pub use pattern::{Mismatch, Pattern, PatternError};
pub use principal::{Principal, PrincipalRelation, TokenMaker};
pub use problem::{Problem, Problems};
pub use read::suggestion;
pub use resolve::{PluginSchema, Surroundings};
pub use retry::{NotRetryable, retry};
pub use run::{
    Approval, Cancel, DecisionError, Failing, Illegal, MadeDecision, Queued, Run, RunInvolvement, StepRun, StepState,
};
pub use schedule::Schedule;
pub use schema::Schema;
pub use start::{EventPart, Explanation};
pub use step::{Body, Group, Label, Manner, Placed, Step};
pub use subject::{Subject, SubjectError, subject};
pub use trigger::{EventTrigger, Split, SplitError, Trigger};
pub use version::is_older;
pub use yaml::to_yaml;
