//! The numbered cases of the gate: what attacks and mistakes come to, seen from outside.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "where a test cannot go on, it has failed"
)]

mod world;

mod dangerous;
mod grants;
mod limits;
mod located;
mod requests;
mod scope;
