//! The step that the plugin runs in.

pub use crate::bindings::quell::plugin::context::Context;

/// Where and when the plugin runs. Only in a component: tests make a [`Context`] of their own.
#[must_use]
pub fn context() -> Context {
    crate::bindings::quell::plugin::context::get()
}
