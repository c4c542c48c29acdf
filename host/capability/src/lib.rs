//! What a call is: the operation, and the one gate that every operation of every plugin passes.
//!
//! Pure but for its ports: `operations` carries operations out, `runner` keeps the journal of a run, `registry` knows
//! the policies. The gate itself knows no service, no database and no sandbox.

mod gate;
mod operation;
mod port;

mod attempt;
mod key;
mod scope;
mod fault;
mod limits;

mod authorise;
mod decision;
mod apply;
mod carry;
mod settle;
mod local;

mod drafts;
mod record;

pub use attempt::{Attempt, Caller};
pub use decision::{ALWAYS_KNOWN, PolicyDecision, decide};
pub use fault::{Fault, FaultKind};
pub use gate::{Gate, Passed};
pub use key::{CallKey, TokenKey};
pub use limits::Limits;
pub use local::LOCAL;
pub use operation::{Access, Effect, Marker, Observation, Operation, Settlement, Spec, Touch};
pub use port::{Catalog, Clock, Effective, Journal, Policies};
pub use record::{OpenCall, Recorded, Replay, State, may_have_been_done};
pub use scope::Scope;
