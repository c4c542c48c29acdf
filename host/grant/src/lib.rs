//! What a plugin may do: IAM policy documents, loaded strictly and evaluated.
//!
//! A grant is an IAM policy document. [`Policy::load`] reads one and refuses whatever it does not fully understand;
//! [`decide`] answers one [`Request`] from the policies above all grants (the guardrails) and the plugin's own.
//! The logic is IAM's (<https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html>),
//! spoken also for what is not AWS: `http:Post` on `https://hooks.example.com/services/*`, `secret:Use` on a name.
//!
//! Which ARNs and condition keys a call has, and fetching tags for it, is left to the operations; recording what was
//! decided, to the gate.
//!
//! **Invariant:** no IO, no clock, no async. The time is a condition key like any other.
//!
//! **Invariant:** what cannot be decided never allows. Evaluation has a third value beside yes and no (a tag that
//! could not be fetched, a policy variable without a value, a time that does not parse, a URL that is not in normal
//! form): an Allow that meets it does not allow, a Deny that meets it denies. See [`decide`].
//!
//! The evaluator is our own, and `iam-rs` a second opinion in the tests. Version 0.8 of it cannot stand in front of
//! AWS alone: a variable without value becomes the empty text, a `*` in a tag's value becomes a wildcard, variables in
//! conditions are not replaced, `ArnEquals` has no wildcards, and it cannot be asked about the resource `*` or a URL.

mod request;
mod decide;
mod policy;
mod address;
mod allowance;
mod dangerous;
mod check;
mod coverage;
mod vocabulary;

mod statement;

mod action;
mod condition;
mod resource;

mod arn;
mod context;
mod operator;
mod pattern;
mod truth;
mod value;

mod load;

mod error;
mod json;
mod nearest;

pub use address::named_addresses;
pub use allowance::{Allowance, Allowed};
pub use check::action_fault;
pub use context::{Context, ContextValue};
pub use coverage::{NeededActions, Uncovered};
pub use dangerous::{DANGEROUS, Danger, MARK, danger, dangers};
pub use decide::{Decider, Decision, Layer, decide, decide_marked};
pub use error::{Fault, LoadError, Place, Problem};
pub use policy::Policy;
pub use request::Request;
pub use statement::{Effect, Statement};
