//! How workflows are read, for files beside them that are written by hand as well and read as strictly.
//!
//! Nothing here is new: it is what the readers of this crate use, under one name.

pub use crate::problem::{Collector, Span};
pub use crate::read::{Fields, boolean, duration, list, shorten, suggestion, text, texts, whole, word};
pub use crate::yaml::{Content, Key, Node, parse};
