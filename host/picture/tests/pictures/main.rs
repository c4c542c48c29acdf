//! What pictures show, and what they never do.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test fails by panicking")]

mod models;

mod mermaid;
mod run;
mod shipped;
mod svg;
mod tree;
