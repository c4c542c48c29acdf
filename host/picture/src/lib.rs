//! How a workflow or a run looks: a model of it, and three renderings.
//!
//! ```text
//! Picture::of(workflow)  ─┐               ┌─▶ svg      a picture, made here: no browser, no layout engine
//!                         ├─▶  Picture  ──┼─▶ mermaid  the same as text, for pages that draw it themselves
//! Picture::of_run(…)     ─┘               └─▶ tree     lines for a terminal
//! ```
//!
//! The model says what there is to be seen and nothing about where; a rendering decides only that. All of it is a pure
//! function of its arguments: the same picture gives the same bytes, and the time at which a run is looked at is given.

mod model;
mod time;

mod text;

mod mermaid;
mod svg;
mod tree;

mod of;

pub use mermaid::mermaid;
pub use model::{Detail, Group, Kind, Label, Node, Picture, RunHead, State, Status, Tone};
pub use svg::{STYLE, svg};
pub use time::{between, duration};
pub use tree::{Line, steps, tree};
