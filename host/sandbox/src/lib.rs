//! How a plugin runs: inspected, compiled, limited and linked, in wasmtime.
//!
//! This crate decides which bytes are a plugin at all ([`Sandbox::inspect`], and [`Checker`] for uploads), what a running plugin may use up
//! ([`Limits`]) and how a call that it makes becomes data ([`Call`]). It knows wasmtime, and no service by name: which
//! functions there are is read from the WIT ([`Contract`]).
//!
//! It leaves to its callers what a call means, who may make it and where it is recorded. Calls leave as messages
//! ([`Channel`]) and come back as messages, so that the sandbox can move into a process without credentials: no closure,
//! client or handle goes into it.
//!
//! # Invariants
//! - No code of a plugin runs before [`Sandbox::describe`] or [`Sandbox::invoke`], and no store is used for two
//!   invocations.
//! - Nothing is linked but what the WIT lists. Precompiled code is never accepted, and there is no `wasi:*`.
//! - Every limit is on. What a plugin does, a wrong answer of the host included, ends that one invocation with an
//!   [`Ended`]; it never panics.

mod check;
mod contract;
mod description;
mod ended;
mod engine;
mod error;
mod exchange;
mod export;
mod guest_clock;
mod inspect;
mod invoke;
mod json;
mod limiter;
mod limits;
mod limits_page;
mod link;
mod message;
mod outline;
mod refused;
mod sandbox;
mod signature;
mod value;
mod wit_type;

pub use check::{CheckError, CheckLimits, Checked, Checker, check_main};
pub use contract::{Contract, REMEDIATION};
pub use description::Description;
pub use ended::Ended;
pub use error::Error;
pub use inspect::Inspection;
pub use limits::{LimitInvalid, Limits, LimitsChange, Unit};
pub use limits_page::{LimitRow, limit_rows, limits_page};
pub use message::{Answer, Call, Channel, HostSide};
pub use outline::{Contents, MAX_UPLOAD_BYTES};
pub use refused::{Mismatch, Refused};
pub use sandbox::{Plugin, Sandbox};
pub use wit_type::{FunctionType, Type};
