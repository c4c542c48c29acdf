//! The audit of capabilities: for each plugin and each function that it can ask for, the IAM action behind it, which
//! statement grants it and on what, how often it was used, when last and on which resources, how often it was denied and
//! why; and what of all that somebody should look at.
//!
//! Nothing here does IO. Whoever wants a [`Report`] folds the `system` chain into a registry, gives the entries of all
//! runs to a [`Usage`], oldest first, and brings the catalog's specs.
//!
//! **A report says what was written down, not what would be decided.** A statement that names an action may still not
//! apply, for its resources, its conditions or the scope of a run; what the gate decides stands in `capability`.

mod report;
mod policies;
mod row;
mod usage;
mod resources;
mod time;

mod render;

pub use report::{Report, VERSION};
pub use row::{Denied, DeniedBy, Finding, Granted, Row, Used};
pub use usage::Usage;
