//! Shapes and blocks of them: the algebra that a picture is laid out with.
//!
//! A block is laid out about its axis, the line that a run comes in on at the top and leaves on at the bottom. Blocks are
//! put below each other or beside each other, and their shapes move with them; none needs to know where it ends up.

/// One thing to draw. Places are relative to the block that it is in: the axis is at 0, the top at 0.
#[derive(Clone, Debug)]
pub(super) enum Shape {
    /// A rectangle with round corners.
    Box { x: i32, y: i32, width: i32, height: i32, radius: i32, class: &'static str },
    /// A closed outline through these points.
    Outline { points: Vec<(i32, i32)>, class: &'static str },
    /// A line through these points, with round corners.
    Line { points: Vec<(i32, i32)>, class: &'static str },
    /// The head of an arrow, its tip here.
    Head { x: i32, y: i32, to: Side },
    /// A text that stands here.
    Text { x: i32, y: i32, at: Anchor, class: &'static str, text: String },
    /// One of the icons, its upper left corner here.
    Icon { x: i32, y: i32, size: i32, icon: &'static str, class: &'static str },
    /// What follows belongs together, and this is its tooltip.
    Open { class: String, title: String },
    /// Up to here.
    Close,
}

/// Which part of a text stands at its place.
#[derive(Clone, Copy, Debug)]
pub(super) enum Anchor {
    Start,
    Middle,
    End,
}

/// Where an arrow points.
#[derive(Clone, Copy, Debug)]
pub(super) enum Side {
    Down,
    Right,
}

/// Shapes about an axis.
#[derive(Clone, Debug, Default)]
pub(super) struct Block {
    /// How far it reaches to the left of the axis.
    pub(super) left: i32,
    /// How far it reaches to the right of the axis.
    pub(super) right: i32,
    pub(super) height: i32,
    pub(super) shapes: Vec<Shape>,
}

impl Block {
    pub(super) fn width(&self) -> i32 {
        self.left + self.right
    }

    pub(super) fn push(&mut self, shape: Shape) {
        self.shapes.push(shape);
    }

    /// Makes room for what reaches from `left` to `right` of the axis.
    pub(super) fn reach(&mut self, left: i32, right: i32) {
        self.left = self.left.max(left);
        self.right = self.right.max(right);
    }

    /// Puts another block in, its axis at `x`, its top at `y`.
    pub(super) fn place(&mut self, other: Block, x: i32, y: i32) {
        self.reach(other.left - x, other.right + x);
        self.height = self.height.max(y + other.height);
        self.shapes.extend(other.shapes.into_iter().map(|shape| shape.moved(x, y)));
    }

    /// Draws a straight arrow down the axis.
    pub(super) fn arrow(&mut self, from: i32, to: i32) {
        self.push(Shape::Line { points: vec![(0, from), (0, to - 1)], class: "e" });
        self.push(Shape::Head { x: 0, y: to, to: Side::Down });
    }
}

impl Shape {
    fn moved(mut self, dx: i32, dy: i32) -> Shape {
        match &mut self {
            Shape::Box { x, y, .. }
            | Shape::Head { x, y, .. }
            | Shape::Text { x, y, .. }
            | Shape::Icon { x, y, .. } => {
                *x += dx;
                *y += dy;
            }
            Shape::Outline { points, .. } | Shape::Line { points, .. } => {
                for (x, y) in points {
                    *x += dx;
                    *y += dy;
                }
            }
            Shape::Open { .. } | Shape::Close => {}
        }
        self
    }
}
