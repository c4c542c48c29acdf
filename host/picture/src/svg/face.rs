//! The face of a step: all that is written on it, whatever shape it has.
//!
//! A face is as wide as it is told to be and as high as its rows need. Outlines are left to `card` and `frame`.

use workflow::Millis;

use super::icon;
use super::shape::{Anchor, Block, Shape};
use crate::model::{Kind, Node, State, Status, Tone};
use crate::text::{Font, shorten, visible, wrap};

/// Between the edge and what is written.
pub(super) const PAD: i32 = 12;
/// The field behind an icon.
const CHIP: i32 = 28;
/// The height of the row with the icon; arrows that come from the side end in its middle.
pub(super) const HEAD: i32 = 46;
/// The height of the band that marks an approval.
const BAND: i32 = 24;
const ROW: i32 = 16;
const NAME: i32 = 14;
const SMALL: i32 = 12;
const TINY: i32 = 11;
/// Longer tooltips are cut off: a picture has hundreds of them.
const TOOLTIP: usize = 2_000;

/// Writes rows, one below the other.
struct Rows {
    block: Block,
    left: i32,
    right: i32,
    y: i32,
}

/// The face of a step between `-left` and `right`.
pub(super) fn face(node: &Node, left: i32, right: i32, now: Millis) -> Block {
    let mut rows = Rows { block: Block::default(), left, right, y: 0 };
    if node.kind == Kind::Approval {
        rows.band(node);
    } else {
        rows.head(node);
    }
    if let Some(condition) = &node.condition {
        rows.condition(condition);
    }
    match node.kind {
        Kind::Approval => node.notes.iter().for_each(|note| rows.paragraph(note, Font::Sans, TINY, "t3", 2)),
        _ => rows.paragraph(&node.notes.join(" · "), Font::Sans, TINY, "t3", 3),
    }
    rows.y += 4;
    match &node.state {
        Some(state) if node.tally.is_empty() => rows.state(state, now),
        _ => {}
    }
    if !node.tally.is_empty() {
        rows.tally(&node.tally);
    }
    rows.block.reach(left, right);
    rows.block.height = rows.y + 4;
    rows.block
}

/// All that there is to know of a step, for whoever points at it.
pub(super) fn tooltip(node: &Node, now: Millis) -> String {
    let mut lines = vec![match &node.what {
        Some(what) => format!("{} ({}): {what}", node.path, node.kind.name()),
        None => format!("{} ({})", node.path, node.kind.name()),
    }];
    lines.extend(node.condition.iter().map(|condition| format!("if {condition}")));
    lines.extend(node.notes.iter().cloned());
    lines.extend(node.state.as_ref().map(|state| sentence(state, now)));
    lines.extend(node.tally.iter().map(|(status, count)| format!("{count} {}", status.word())));
    let mut text: String = lines.iter().map(|line| visible(line)).collect::<Vec<_>>().join("\n");
    if text.len() > TOOLTIP {
        text.truncate(text.floor_char_boundary(TOOLTIP));
        text.push('…');
    }
    text
}

/// The classes of a step's group: its kind, and how it is.
pub(super) fn classes(node: &Node) -> String {
    let tallied = node.tally.first().map(|(status, _)| *status);
    let status = tallied.or(node.state.as_ref().map(|state| state.status));
    let state = status.map(|status| format!(" {}", class_of(status))).unwrap_or_default();
    let idle = if node.is_idle() { " idle" } else { "" };
    format!("k-{}{state}{idle}", node.kind.name())
}

/// The class of a status.
pub(super) fn class_of(status: Status) -> &'static str {
    match (status, status.tone()) {
        (Status::Sleeping, _) => "s-run",
        (_, Tone::Good) => "s-good",
        (_, Tone::Bad) => "s-bad",
        (_, Tone::Attention) => "s-ask",
        (_, Tone::Bold) => "s-run",
        (_, Tone::Plain | Tone::Dim) => "s-idle",
    }
}

fn sentence(state: &State, now: Millis) -> String {
    let when = state.when(now).map(|when| format!(" {when}")).unwrap_or_default();
    format!("{}{when}{}", words(state), attempt(state))
}

fn words(state: &State) -> String {
    let error = state.error.as_ref().map(|code| format!(": {code}")).unwrap_or_default();
    let progress = state.progress.as_ref().map(|progress| format!(", {progress}")).unwrap_or_default();
    format!("{}{error}{progress}", state.status.word())
}

fn attempt(state: &State) -> String {
    if state.attempt > 1 { format!(", attempt {}", state.attempt) } else { String::new() }
}

impl Rows {
    fn room(&self) -> i32 {
        self.left + self.right - 2 * PAD
    }

    fn text(&mut self, x: i32, y: i32, class: &'static str, text: String) {
        self.block.push(Shape::Text { x: x - self.left, y, at: Anchor::Start, class, text });
    }

    /// The icon, the name, and below it what the step runs.
    fn head(&mut self, node: &Node) {
        self.block.push(Shape::Box {
            x: PAD - self.left,
            y: (HEAD - CHIP) / 2,
            width: CHIP,
            height: CHIP,
            radius: 7,
            class: "chip",
        });
        let icon = icon::of_kind(node.kind);
        self.block.push(Shape::Icon { x: PAD + 6 - self.left, y: (HEAD - CHIP) / 2 + 6, size: 16, icon, class: "i" });
        let from = PAD + CHIP + 10;
        let room = self.left + self.right - from - PAD;
        let (font, size, class) =
            if node.kind == Kind::Plugin { (Font::Mono, TINY, "m2") } else { (Font::Sans, SMALL, "t2") };
        let below = match &node.what {
            Some(what) => Some((wrap(what, font, size, room, 3).lines, class)),
            None if node.id.is_some() => Some((vec![node.kind.name().to_owned()], "t2")),
            None => None,
        };
        let name = shorten(node.name(), Font::Bold, NAME, room);
        match below {
            None => self.text(from, HEAD / 2 + 5, "n", name),
            Some((lines, class)) => {
                self.text(from, 21, "n", name);
                for (at, line) in (0..).zip(lines) {
                    self.text(from, 37 + at * ROW, class, line);
                    self.y = at * ROW;
                }
            }
        }
        self.y += HEAD;
    }

    /// What nobody should overlook: that people decide here, and who.
    fn band(&mut self, node: &Node) {
        let x = -self.left;
        self.block.push(Shape::Outline {
            points: vec![(x, BAND), (x, 12), (x + 12, 0), (self.right - 12, 0), (self.right, 12), (self.right, BAND)],
            class: "band",
        });
        self.block.push(Shape::Icon { x: x + PAD, y: 5, size: 14, icon: icon::PEOPLE, class: "ib" });
        self.text(PAD + 22, 17, "b", "APPROVAL".to_owned());
        let name = shorten(node.name(), Font::Bold, NAME, self.room());
        self.text(PAD, BAND + 20, "n", name);
        self.y = BAND + 28;
        if let Some(what) = &node.what {
            self.paragraph(what, Font::Sans, SMALL, "t1", 4);
            self.y += 3;
        }
    }

    fn paragraph(&mut self, text: &str, font: Font, size: i32, class: &'static str, most: usize) {
        for line in wrap(text, font, size, self.room(), most).lines {
            self.text(PAD, self.y + 11, class, line);
            self.y += ROW;
        }
    }

    fn condition(&mut self, condition: &str) {
        let tag = 22;
        let lines = wrap(condition, Font::Mono, TINY, self.room() - tag - 6, 3).lines;
        let y = self.y;
        self.block.push(Shape::Box { x: PAD - self.left, y: y - 1, width: tag, height: 16, radius: 4, class: "tag" });
        self.text(PAD + 7, y + 11, "tg", "if".to_owned());
        for line in lines {
            self.text(PAD + tag + 6, self.y + 11, "m1", line);
            self.y += ROW;
        }
        self.y += 2;
    }

    /// A line, and below it the sign, the word and the time.
    fn state(&mut self, state: &State, now: Millis) {
        let time = state.when(now).unwrap_or_default();
        let time = if state.attempt > 1 && time.is_empty() {
            format!("attempt {}", state.attempt)
        } else {
            format!("{time}{}", attempt(state))
        };
        self.status(state.status, words(state), visible(&time));
    }

    fn tally(&mut self, tally: &[(Status, usize)]) {
        let Some((worst, _)) = tally.first() else { return };
        // No line breaks between a number and its word.
        let words = tally.iter().map(|(status, count)| format!("{count}\u{a0}{}", status.word()));
        let words: Vec<String> = words.collect();
        self.status(*worst, words.join(", "), String::new());
    }

    fn status(&mut self, status: Status, words: String, time: String) {
        let y = self.y;
        let rule = vec![(-self.left, y), (self.right, y)];
        self.block.push(Shape::Line { points: rule, class: "rule" });
        let icon = icon::of_status(status);
        self.block.push(Shape::Icon { x: PAD - self.left, y: y + 7, size: 13, icon, class: "is" });
        let room = self.room() - 20 - Font::Sans.width(TINY, &time) - if time.is_empty() { 0 } else { 8 };
        let lines = wrap(&words, Font::Bold, SMALL, room, 3).lines;
        for (row, line) in (0..).zip(lines) {
            self.text(PAD + 20, y + 18 + row * ROW, "st", line);
            self.y = y + row * ROW;
        }
        if !time.is_empty() {
            let x = self.right - PAD;
            self.block.push(Shape::Text { x, y: y + 18, at: Anchor::End, class: "t3", text: time });
        }
        self.y += 22;
    }
}
