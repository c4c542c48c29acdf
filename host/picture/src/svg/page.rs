//! The page: what stands above the steps, what starts and ends them, and what is done on failure.

use super::face::class_of;
use super::flow::{aside, sequence};
use super::icon;
use super::shape::{Anchor, Block, Shape};
use crate::model::{Picture, RunHead, Status};
use crate::text::{Font, shorten, visible, wrap};
use crate::time::between;
use workflow::RunStatus;

/// Around everything.
pub(super) const MARGIN: i32 = 32;
/// A page is at least so wide, for its title and description.
const NARROWEST: i32 = 460;
/// Lines that are longer than this are hard to read.
const WIDEST_TEXT: i32 = 720;
const GAP: i32 = 30;

/// The whole page; its left edge is at 0.
pub(super) fn page(picture: &Picture) -> Block {
    let flow = flow(picture);
    let width = flow.width().max(NARROWEST);
    let mut page = head(picture, width);
    let axis = (width - flow.width()) / 2 + flow.left;
    let y = page.height + 28;
    page.place(flow, axis, y);
    page.reach(0, width);
    page
}

/// From what starts it to its end, and below that what is done on failure.
fn flow(picture: &Picture) -> Block {
    let now = picture.run.as_ref().map_or(0, |run| run.now);
    let mut flow = starts(&picture.starts);
    for part in [sequence(&picture.steps, now), end()] {
        let from = flow.height;
        flow.arrow(from, from + GAP);
        flow.place(part, 0, from + GAP);
    }
    if !picture.on_failure.is_empty() {
        let (title, when) = ("on failure", "when it ends failed, expired or timed out");
        let below = flow.height + 40;
        flow.place(aside(title, when, icon::WARNING, None, sequence(&picture.on_failure, now)), 0, below);
    }
    flow
}

/// What starts a run, each on lines of its own.
fn starts(starts: &[String]) -> Block {
    let (shown, rest) = starts.split_at(starts.len().min(6));
    let mut lines: Vec<String> = shown.iter().flat_map(|start| wrap(start, Font::Sans, 12, 340, 3).lines).collect();
    if lines.is_empty() {
        lines.push("started by people".to_owned());
    }
    if !rest.is_empty() {
        lines.push(format!("and {} more", rest.len()));
    }
    let widest = lines.iter().map(|line| Font::Sans.width(12, line)).max().unwrap_or(0);
    let width = widest + 56;
    let height = 16 + 16 * i32::try_from(lines.len()).unwrap_or(1);
    let mut block = Block { left: width / 2, right: width / 2, height, shapes: vec![] };
    block.push(Shape::Open { class: "start".to_owned(), title: visible(&starts.join("\n")) });
    block.push(Shape::Box { x: -width / 2, y: 0, width, height, radius: 16, class: "c" });
    block.push(Shape::Icon { x: 14 - width / 2, y: height / 2 - 7, size: 14, icon: icon::PLAY, class: "is" });
    for (at, text) in (0..).zip(lines) {
        block.push(Shape::Text { x: 36 - width / 2, y: 20 + 16 * at, at: Anchor::Start, class: "t1", text });
    }
    block.push(Shape::Close);
    block
}

fn end() -> Block {
    let mut block = Block { left: 8, right: 8, height: 16, shapes: vec![] };
    block.push(Shape::Box { x: -8, y: 0, width: 16, height: 16, radius: 8, class: "end" });
    block.push(Shape::Box { x: -4, y: 4, width: 8, height: 8, radius: 4, class: "dot" });
    block
}

/// The title, what it is for, and how a run of it is.
fn head(picture: &Picture, width: i32) -> Block {
    let mut block = Block::default();
    let mut y = 20;
    block.push(Shape::Text {
        x: 0,
        y,
        at: Anchor::Start,
        class: "h",
        text: shorten(&picture.title, Font::Bold, 20, width),
    });
    if let Some(description) = &picture.description {
        for line in wrap(description, Font::Sans, 13, width.min(WIDEST_TEXT), 4).lines {
            y += 19;
            block.push(Shape::Text { x: 0, y: y + 3, at: Anchor::Start, class: "d", text: line });
        }
    }
    if let Some(run) = &picture.run {
        y += 34;
        run_line(run, y, width, &mut block);
    }
    block.height = y + 6;
    block
}

fn run_line(run: &RunHead, y: i32, width: i32, block: &mut Block) {
    let took = between(run.started, run.ended.unwrap_or(run.now));
    let verb = if run.status.is_final() { "after" } else { "for" };
    let words = format!("{} {verb} {took}", run.status.name());
    let status = status(run.status);
    let chip = Font::Bold.width(12, &words) + 44;
    block.push(Shape::Open { class: format!("run {}", class_of(status)), title: visible(&run.id) });
    block.push(Shape::Box { x: 0, y: y - 17, width: chip, height: 25, radius: 12, class: "c" });
    block.push(Shape::Icon { x: 11, y: y - 11, size: 13, icon: icon::of_status(status), class: "is" });
    block.push(Shape::Text { x: 31, y, at: Anchor::Start, class: "st", text: words });
    let id = shorten(&run.id, Font::Mono, 11, width - chip - 14);
    block.push(Shape::Text { x: chip + 12, y, at: Anchor::Start, class: "m2", text: id });
    block.push(Shape::Close);
}

/// What a step would be that is as the run is.
fn status(run: RunStatus) -> Status {
    match run {
        RunStatus::Running => Status::Running,
        RunStatus::Queued | RunStatus::Waiting => Status::Waiting,
        RunStatus::Succeeded => Status::Succeeded,
        RunStatus::Failed => Status::Failed,
        RunStatus::Refused | RunStatus::Cancelled => Status::Refused,
        RunStatus::Expired | RunStatus::TimedOut => Status::Expired,
    }
}
