//! The picture as an SVG.
//!
//! It stands on its own: no script, nothing from elsewhere, a title and a description for who cannot see it, and colours
//! for a light and for a dark page. A run's states are told by a sign and a word as well as by a colour.

mod face;
mod flow;
mod icon;
mod page;
mod shape;
mod write;

use crate::model::Picture;

pub use write::STYLE;

/// The picture as an SVG document.
pub fn svg(picture: &Picture) -> String {
    write::document(picture, page::page(picture))
}
