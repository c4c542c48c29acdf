//! Runs: what each part of the language does, and what holds for all workflows in all orders of events.

#![expect(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod script;
mod simulation;

mod blocks;
mod decisions;
mod principals;
mod fold;
mod queue;
mod reopening;
mod steps;
