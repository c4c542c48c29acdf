//! Trying a workflow on its own cases: an event, what its plugins answer, what people decide, and what should come of it.
//!
//! ```text
//! load(file of cases) -> Suite        rehearse(workflow, case) -> Rehearsal        check(case, rehearsal) -> Problems
//! ```
//!
//! What runs is the real thing, `workflow::next` and `workflow::Run`; only the world around it is written down in the
//! case. Time passes at once: the clock jumps to whatever comes next. Nothing here does IO, so that the same cases can be
//! tried by the command line, by a test of the fold, and by one that drives the real runner.

mod files;
mod name;

mod case;
mod read;
mod load;

mod people;
mod rehearse;

mod differ;
mod check;

mod coverage;
mod report;
mod draft;

pub use case::{Answer, Call, Case, Outcome, Person, Suite, Unknown};
pub use check::check;
pub use coverage::{Coverage, Point};
pub use draft::draft;
pub use files::Files;
pub use load::{holds_cases, load};
pub use people::{Act, acts};
pub use rehearse::{End, Fault, Rehearsal, rehearse, resume};
pub use report::{CaseReport, Line, Report, Tone, run};
