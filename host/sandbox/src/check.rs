//! Uploads are checked in a child process: a component that takes the compiler's memory or time, or makes it crash, takes
//! those of a process that exists for nothing else.
//!
//! The parent's side is [`Checker`], the child's is [`check_main`]; what they say to each other is in `message`. The child
//! has no environment, writes no file, has little of everything, and answers with data: compiled code never leaves it.
//! Whoever loads the plugin compiles it again, which by then is known to stay within [`CheckLimits`].
//!
//! What an upload must be is for `inspect`; who may upload, and what is recorded of it, for the caller.

mod message;
mod child;
mod parent;

use std::time::Duration;

use crate::{description::Description, ended::Ended, inspect::Inspection, refused::Refused};

pub use child::check_main;
pub use parent::Checker;

/// What one check may use up, and how many there may be at once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckLimits {
    /// The private memory of the child that it can write to, its stacks included. Address space that wasmtime only
    /// reserves does not count.
    pub memory_bytes: u64,
    /// The processor time of the child, in whole seconds.
    pub cpu_time: Duration,
    /// From the start of the child to its answer.
    pub wall_time: Duration,
    /// How many children there may be. Each has one busy thread.
    pub at_once: usize,
    /// How many uploads may wait for a child. Each is in memory; what is beyond is refused as busy.
    pub waiting: usize,
}

impl CheckLimits {
    /// The defaults. A plugin of the usual size takes 0.1 s, and less than 50 MiB. The compiler's time grows faster than a
    /// function: one of the largest size that is nothing but branches takes it 12 s, and three of those are refused here.
    pub const DEFAULT: Self = Self {
        memory_bytes: 1 << 30,
        cpu_time: Duration::from_secs(30),
        wall_time: Duration::from_secs(60),
        at_once: 2,
        waiting: 16,
    };
}

impl Default for CheckLimits {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// An upload that is a plugin.
#[derive(Debug, Clone, PartialEq)]
pub struct Checked {
    /// What it is and what it imports.
    pub inspection: Inspection,
    /// What it says of itself.
    pub description: Description,
}

/// Why an upload was not accepted.
#[derive(Debug, thiserror::Error)]
pub enum CheckError {
    /// It is not a plugin.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// It is one, and does not say what it is.
    #[error("the plugin does not describe itself: {0}")]
    Describe(#[source] Ended),
    /// Too many uploads are being checked; the next one may succeed.
    #[error("{waiting} uploads are waiting to be checked already")]
    Busy {
        /// How many may wait.
        waiting: usize,
    },
    /// The host is at fault: no child can be started, or it cannot limit itself.
    #[error("uploads cannot be checked: {0}")]
    Host(String),
}
