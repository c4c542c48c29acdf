//! Shapes as text: the one place that writes SVG, so that every text is escaped, whoever wrote it.

use std::fmt::Write as _;

use super::page::MARGIN;
use super::shape::{Anchor, Block, Shape, Side};
use crate::model::Picture;
use crate::text::{escape, visible};
use crate::tree;

/// How far a corner of a line is rounded.
const ROUND: i32 = 9;
/// A description is read out, so it is no longer than that.
const DESCRIPTION: usize = 8_000;
/// The style sheet, as it stands in every picture.
pub const STYLE: &str = include_str!("style.css");

/// The document with this page.
pub(super) fn document(picture: &Picture, page: Block) -> String {
    let (width, height) = (page.right + 2 * MARGIN, page.height + 2 * MARGIN);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} {height}\" \
         role=\"img\" class=\"quell\">\n<title>{}</title>\n<desc>{}</desc>\n<style>{STYLE}</style>\n",
        escape(&visible(&title(picture))),
        escape(&description(picture)),
    );
    let _ = writeln!(svg, "<rect width=\"{width}\" height=\"{height}\" rx=\"14\" class=\"page\"/>");
    let _ = writeln!(svg, "<g transform=\"translate({MARGIN} {MARGIN})\">");
    for shape in &page.shapes {
        write(shape, &mut svg);
        svg.push('\n');
    }
    svg.push_str("</g>\n</svg>\n");
    svg
}

fn title(picture: &Picture) -> String {
    match &picture.run {
        Some(run) => format!("Run {} of the workflow {}: {}", run.id, picture.title, run.status.name()),
        None => format!("The workflow {}", picture.title),
    }
}

/// What a person hears who does not see the picture: the tree.
fn description(picture: &Picture) -> String {
    let mut text = picture.description.as_deref().map(visible).unwrap_or_default();
    for line in tree::steps(picture) {
        if text.len() > DESCRIPTION {
            text.push_str("\n…");
            break;
        }
        text.push('\n');
        text.push_str(&visible(&line.text()));
    }
    text
}

fn write(shape: &Shape, svg: &mut String) {
    // Writing to a `String` cannot fail.
    let _ = match shape {
        Shape::Box { x, y, width, height, radius, class } => write!(
            svg,
            "<rect x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" rx=\"{radius}\" class=\"{class}\"/>"
        ),
        Shape::Outline { points, class } => {
            let points: Vec<String> = points.iter().map(|(x, y)| format!("{x},{y}")).collect();
            write!(svg, "<polygon points=\"{}\" class=\"{class}\"/>", points.join(" "))
        }
        Shape::Line { points, class } => write!(svg, "<path d=\"{}\" class=\"{class}\"/>", rounded(points)),
        Shape::Head { x, y, to: Side::Down } => write!(svg, "<path d=\"M{x} {y}l-4.5 -8h9z\" class=\"eh\"/>"),
        Shape::Head { x, y, to: Side::Right } => write!(svg, "<path d=\"M{x} {y}l-8 -4.5v9z\" class=\"eh ea\"/>"),
        Shape::Text { x, y, at, class, text } => {
            let anchor = match at {
                Anchor::Start => "",
                Anchor::Middle => " text-anchor=\"middle\"",
                Anchor::End => " text-anchor=\"end\"",
            };
            write!(svg, "<text x=\"{x}\" y=\"{y}\"{anchor} class=\"{class}\">{}</text>", escape(text))
        }
        Shape::Icon { x, y, size, icon, class } => {
            let scale = f64::from(*size) / 16.0;
            write!(svg, "<path transform=\"translate({x} {y}) scale({scale})\" d=\"{icon}\" class=\"{class}\"/>")
        }
        Shape::Open { class, title } => write!(svg, "<g class=\"{class}\"><title>{}</title>", escape(title)),
        Shape::Close => write!(svg, "</g>"),
    };
}

/// A line through the points, its corners rounded as far as there is room.
fn rounded(points: &[(i32, i32)]) -> String {
    let mut path = String::new();
    let mut before: Option<(i32, i32)> = None;
    for (at, &(x, y)) in points.iter().enumerate() {
        let next = points.get(at + 1);
        let _ = match (before, next) {
            (None, _) => write!(path, "M{x} {y}"),
            (Some(_), None) => write!(path, "L{x} {y}"),
            (Some(from), Some(&to)) => {
                let ((ax, ay), (bx, by)) = (towards((x, y), from), towards((x, y), to));
                write!(path, "L{ax} {ay}Q{x} {y} {bx} {by}")
            }
        };
        before = Some((x, y));
    }
    path
}

/// The point that is the radius of a corner away from it, or half of the way where that is shorter.
fn towards((x, y): (i32, i32), (to_x, to_y): (i32, i32)) -> (i32, i32) {
    let step = |from: i32, to: i32| (to - from).signum() * ROUND.min((to - from).abs() / 2);
    (x + step(x, to_x), y + step(y, to_y))
}
