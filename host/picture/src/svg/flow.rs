//! The layout: cards, what is beside each other, what is framed, and what catches.

use workflow::Millis;

use super::face::{HEAD, PAD, classes, face, tooltip};
use super::icon;
use super::shape::{Anchor, Block, Shape, Side};
use crate::model::{Group, Kind, Label, Node, Status};
use crate::text::{Font, visible, wrap};

/// Between steps that follow each other: room for an arrow.
const GAP: i32 = 30;
/// Between what is beside each other.
const BESIDE: i32 = 28;
/// From a step to the line that its branches hang at, and from them to the line that they meet in.
const TURN: i32 = 16;
/// How far the sides of a `choose` come to a point.
const TIP: i32 = 14;
/// What leads on from where they meet, so that the last corner can be round.
const TAIL: i32 = 10;
const CARD: i32 = 252;
/// A block without a name.
const SMALL_CARD: i32 = 132;
const APPROVAL: i32 = 300;
/// Inside of a frame, around what it frames.
const INSIDE: i32 = 20;
/// Lines that run so near to each other are made one.
const JOG: i32 = 48;
/// How wide a condition of a `choose` may be.
const WHEN: i32 = 230;

/// Steps that follow each other.
pub(super) fn sequence(nodes: &[Node], now: Millis) -> Block {
    let mut block = Block::default();
    for node in nodes {
        let from = block.height;
        let to = if from > 0 { from + GAP } else { 0 };
        if to > from {
            block.arrow(from, to);
        }
        block.place(step(node, now), 0, to);
    }
    block
}

fn step(node: &Node, now: Millis) -> Block {
    let (block, edge) = match (node.kind, node.groups.is_empty()) {
        (_, true) => edged(card(node, now)),
        (Kind::Each | Kind::Call, false) => edged(frame(node, now)),
        (_, false) => {
            let head = card(node, now);
            let edge = head.right;
            (fan(head, columns(node, now)), edge)
        }
    };
    if node.catches.is_empty() { block } else { catching(block, edge, &node.catches, now) }
}

fn edged(block: Block) -> (Block, i32) {
    let edge = block.right;
    (block, edge)
}

/// A step on its own.
fn card(node: &Node, now: Millis) -> Block {
    let says_little = node.id.is_none() && node.what.is_none() && node.notes.is_empty();
    let width = match node.kind {
        Kind::Approval => APPROVAL,
        _ if says_little && node.condition.is_none() && node.state.is_none() => SMALL_CARD,
        _ => CARD,
    };
    let face = face(node, width / 2, width / 2, now);
    let (x, height) = (-width / 2, face.height);
    let mut block = Block::default();
    block.push(Shape::Open { class: classes(node), title: tooltip(node, now) });
    match node.kind {
        Kind::Approval => block.push(octagon(x, width, height)),
        Kind::Choose => {
            block.push(hexagon(x, width, height));
            block.reach(width / 2 + TIP, width / 2 + TIP);
        }
        Kind::Wait => block.push(Shape::Box { x, y: 0, width, height, radius: HEAD / 2, class: "c" }),
        _ => block.push(Shape::Box { x, y: 0, width, height, radius: 10, class: "c" }),
    }
    if node.kind == Kind::Call {
        // Two lines at each side: something that stands elsewhere.
        for x in [x + 5, x + width - 5] {
            block.push(Shape::Line { points: vec![(x, 0), (x, height)], class: "side" });
        }
    }
    block.place(face, 0, 0);
    block.push(Shape::Close);
    block
}

fn octagon(x: i32, width: i32, height: i32) -> Shape {
    let (right, cut) = (x + width, 12);
    let points = vec![
        (x + cut, 0),
        (right - cut, 0),
        (right, cut),
        (right, height - cut),
        (right - cut, height),
        (x + cut, height),
        (x, height - cut),
        (x, cut),
    ];
    Shape::Outline { points, class: "c" }
}

fn hexagon(x: i32, width: i32, height: i32) -> Shape {
    let (right, tip) = (x + width, TIP);
    let middle = height / 2;
    let points = vec![(x, 0), (right, 0), (right + tip, middle), (right, height), (x, height), (x - tip, middle)];
    Shape::Outline { points, class: "c" }
}

/// What a step does, or may do, beside each other.
fn columns(node: &Node, now: Millis) -> Vec<Block> {
    let mut columns: Vec<Block> = node.groups.iter().map(|group| column(group, now)).collect();
    let always = node.groups.iter().any(|group| group.label == Label::Otherwise);
    if node.kind == Kind::Choose && !always {
        columns.push(pill("otherwise", Font::Sans, "go on", node.state.is_some()));
    }
    columns
}

fn column(group: &Group, now: Millis) -> Block {
    let is_idle = group.steps.iter().all(Node::is_idle);
    let mut block = match &group.label {
        Label::When(condition) => pill(condition, Font::Mono, "", is_idle),
        Label::Otherwise => pill("otherwise", Font::Sans, "", is_idle),
        _ => return sequence(&group.steps, now),
    };
    let (from, steps) = (block.height, sequence(&group.steps, now));
    if steps.height > 0 {
        block.arrow(from, from + GAP - 6);
        block.place(steps, 0, from + GAP - 6);
    }
    block
}

/// The label of a way; `is_idle` when a run has not taken it.
fn pill(text: &str, font: Font, more: &str, is_idle: bool) -> Block {
    let (class, size) = if font == Font::Mono { ("m1", 11) } else { ("t1", 12) };
    let mut lines = wrap(text, font, size, WHEN, 4).lines;
    if !more.is_empty() {
        lines.push(more.to_owned());
    }
    let widest = lines.iter().map(|line| font.width(size, line)).max().unwrap_or(0);
    let width = (widest + 2 * PAD + 2).max(72);
    let mut block = Block::default();
    block.push(Shape::Open { class: if is_idle { "idle" } else { "way" }.to_owned(), title: visible(text) });
    let height = 10 + 15 * i32::try_from(lines.len()).unwrap_or(0);
    block.push(Shape::Box { x: -width / 2, y: 0, width, height, radius: 12, class: "w" });
    for (row, text) in (0..).zip(lines) {
        block.push(Shape::Text { x: 0, y: 16 + 15 * row, at: Anchor::Middle, class, text });
    }
    block.push(Shape::Close);
    block.reach(width / 2, width / 2);
    block.height = height;
    block
}

/// Puts columns below a head, beside each other, and lets them meet again.
fn fan(head: Block, columns: Vec<Block>) -> Block {
    let (axes, middle) = axes(&columns);
    let top = head.height;
    let below = top + 2 * TURN + 4;
    let meet = below + columns.iter().map(|column| column.height).max().unwrap_or(0) + TURN;
    let mut block = head;
    for (column, axis) in columns.into_iter().zip(axes) {
        let (x, bottom) = (axis - middle, below + column.height);
        let (down, up) = if x == 0 {
            (vec![(0, top), (0, below - 1)], vec![(0, bottom), (0, meet + TAIL)])
        } else {
            (
                vec![(0, top), (0, top + TURN), (x, top + TURN), (x, below - 1)],
                vec![(x, bottom), (x, meet), (0, meet), (0, meet + TAIL)],
            )
        };
        block.push(Shape::Line { points: down, class: "e" });
        block.push(Shape::Head { x, y: below, to: Side::Down });
        block.push(Shape::Line { points: up, class: "e" });
        block.place(column, x, below);
    }
    block.height = meet + TAIL;
    block
}

/// Where the axes of columns beside each other are, and where the one that they hang at is: in the middle of them all,
/// unless one of them is nearly there, since a small jog looks like a mistake.
fn axes(columns: &[Block]) -> (Vec<i32>, i32) {
    let mut axes = vec![];
    let mut from = 0;
    for column in columns {
        axes.push(from + column.left);
        from += column.width() + BESIDE;
    }
    let middle = (from - BESIDE) / 2;
    let middle = middle.clamp(*axes.first().unwrap_or(&0), *axes.last().unwrap_or(&0));
    let nearest = axes.iter().copied().min_by_key(|axis| (axis - middle).abs());
    let middle = nearest.filter(|axis| (axis - middle).abs() < JOG).unwrap_or(middle);
    (axes, middle)
}

/// A step around others: an `each`, or a `call` of what is known.
fn frame(node: &Node, now: Millis) -> Block {
    let mut body = Block::default();
    let (apart, together): (Vec<&Group>, Vec<&Group>) =
        node.groups.iter().partition(|group| group.label == Label::CalleeOnFailure);
    for group in together {
        let y = if body.height > 0 { body.height + GAP } else { 0 };
        body.place(sequence(&group.steps, now), 0, y);
    }
    for group in apart {
        let steps = sequence(&group.steps, now);
        let aside = aside("on failure", "", icon::WARNING, None, steps);
        let x = body.right + BESIDE + aside.left;
        body.place(aside, x, 0);
    }
    let (left, right) = ((body.left + INSIDE).max(CARD / 2), (body.right + INSIDE).max(CARD / 2));
    let face = face(node, left, right, now);
    let head = face.height;
    let height = head + GAP - 6 + body.height + TURN;
    let width = left + right;
    let mut block = Block::default();
    if node.kind == Kind::Each {
        // More of the same behind it.
        for off in [8, 4] {
            block.push(Shape::Box { x: off - left, y: off, width, height, radius: 12, class: "behind k-each" });
        }
        block.reach(left, right + 8);
    }
    block.push(Shape::Open { class: classes(node), title: tooltip(node, now) });
    block.push(Shape::Box { x: -left, y: 0, width, height, radius: 12, class: "f" });
    block.push(Shape::Box { x: -left, y: 0, width, height: head, radius: 12, class: "c" });
    block.place(face, 0, 0);
    block.push(Shape::Close);
    block.arrow(head, head + GAP - 6);
    let bottom = head + GAP - 6 + body.height;
    block.place(body, 0, head + GAP - 6);
    block.push(Shape::Line { points: vec![(0, bottom), (0, height)], class: "e" });
    block.height = height + if node.kind == Kind::Each { 8 } else { 0 };
    if node.kind == Kind::Each {
        block.push(Shape::Line { points: vec![(0, height), (0, height + 8)], class: "e" });
    }
    block
}

/// Steps with an outline of broken lines: what is done when something went wrong.
pub(super) fn aside(title: &str, more: &str, icon: &'static str, foot: Option<(&str, Status)>, body: Block) -> Block {
    let lines = wrap(title, Font::Bold, 12, CARD - 30, 3).lines;
    let widest = lines.iter().map(|line| Font::Bold.width(12, line)).max().unwrap_or(0);
    let widest = widest.max(Font::Sans.width(11, more)) + 46;
    let (left, right) = ((body.left + INSIDE).max(widest / 2), (body.right + INSIDE).max(widest / 2));
    let rows = i32::try_from(lines.len()).unwrap_or(1) + i32::from(!more.is_empty());
    let top = 38 + 15 * (rows - 1);
    let mut block = Block::default();
    let tail = if foot.is_some() { 34 } else { TURN };
    let height = top + body.height + tail;
    block.push(Shape::Box { x: -left, y: 0, width: left + right, height, radius: 12, class: "a" });
    block.push(Shape::Icon { x: PAD - left, y: 10, size: 15, icon, class: "ia" });
    for (row, text) in (0..).zip(lines) {
        block.push(Shape::Text { x: PAD + 22 - left, y: 22 + 15 * row, at: Anchor::Start, class: "ta", text });
    }
    if !more.is_empty() {
        let more = more.to_owned();
        block.push(Shape::Text { x: PAD + 22 - left, y: top - 12, at: Anchor::Start, class: "t3", text: more });
    }
    block.place(body, 0, top);
    if let Some((words, sign)) = foot {
        let y = height - 24;
        block.push(Shape::Icon { x: PAD - left, y, size: 13, icon: icon::of_status(sign), class: "ia" });
        block.push(Shape::Text {
            x: PAD + 22 - left,
            y: y + 11,
            at: Anchor::Start,
            class: "ta",
            text: words.to_owned(),
        });
    }
    block.reach(left, right);
    block.height = height;
    block
}

/// Puts the clauses of a `catch` to the right of all that they watch, and leads to them from the step's own right edge.
fn catching(mut block: Block, edge: i32, catches: &[Group], now: Millis) -> Block {
    let (from, bottom, mut y, mut before) = (block.right + 44, block.height, 0, None);
    for group in catches {
        let (title, continues) = match &group.label {
            Label::Catch { codes, continues } if codes.is_empty() => ("catch any failure".to_owned(), *continues),
            Label::Catch { codes, continues } => (format!("catch {}", codes.join(", ")), *continues),
            _ => ("catch".to_owned(), None),
        };
        let foot = continues.map(|continues| match continues {
            true => ("then go on", Status::Skipped),
            false => ("then fail", Status::Failed),
        });
        let clause = aside(&title, "", icon::BOLT, foot, sequence(&group.steps, now));
        let (height, axis, entry) = (clause.height, from + clause.left, y + HEAD / 2);
        let trunk = from - 20;
        let points = match before {
            None => vec![(edge, entry), (from - 1, entry)],
            Some(before) => vec![(trunk, before), (trunk, entry), (from - 1, entry)],
        };
        block.push(Shape::Line { points, class: "e ea" });
        block.push(Shape::Head { x: from, y: entry, to: Side::Right });
        block.place(clause, axis, y);
        before = Some(entry);
        y += height + BESIDE;
    }
    if block.height > bottom {
        // Who goes on does so below the clauses.
        let points = vec![(0, bottom), (0, block.height)];
        block.push(Shape::Line { points, class: "e" });
    }
    block
}
