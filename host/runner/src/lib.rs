//! How a run is driven and recovered.
//!
//! What a run means is decided by `workflow`; here its effects are performed and its events appended. Correctness is the
//! epoch's alone: any number of drivers may try to drive a run, on one machine or many, and only the newest can write.

mod id;
mod drive;
mod invocation;
mod journal;
mod start;
mod admission;
mod parking;
mod places;
mod input;
mod embedded;
mod history;
mod people;
mod provenance;
mod record;
mod summary;
mod waits;
mod projection;
mod nudge;
mod panic;
mod port;

pub use drive::{DriveError, Runner};
pub use embedded::Embedded;
pub use history::{History, HistoryError};
pub use id::is_run_id;
pub use input::{InputError, Said};
pub use nudge::Nudge;
pub use port::{Calls, Ended, Plugins, Reply, Scheduler, Workflows};
pub use projection::{ProjectedRun, RunProjection};
pub use record::event_of;
pub use start::{Cause, Same, Start, StartError, Started};
