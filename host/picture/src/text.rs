//! Text in a picture: how wide it will be, where it breaks, and how it is made safe.
//!
//! Nobody knows which font draws the picture, so widths are those of a wide one: text that is given too much room looks
//! well, and text that is given too little does not.

/// How a text is set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Font {
    Sans,
    Bold,
    /// Every character is equally wide.
    Mono,
}

/// The widths of the printable ASCII characters from the space on, in thousandths of the font's size: Helvetica's.
const ASCII: [u16; 95] = [
    278, 278, 355, 556, 556, 889, 667, 191, 333, 333, 389, 584, 278, 333, 278, 278, 556, 556, 556, 556, 556, 556, 556,
    556, 556, 556, 278, 278, 584, 584, 584, 556, 1015, 667, 667, 722, 722, 667, 611, 778, 722, 278, 500, 667, 556, 833,
    722, 778, 667, 778, 722, 667, 611, 722, 667, 944, 667, 667, 611, 278, 278, 278, 469, 556, 333, 556, 556, 500, 556,
    556, 278, 556, 556, 222, 222, 500, 222, 833, 556, 556, 556, 556, 333, 500, 278, 556, 500, 722, 500, 500, 500, 334,
    260, 334, 584,
];
/// No character of a common font is wider than an ideograph.
const WIDE: i64 = 1_000;
/// Letters with accents, Greek, Cyrillic, Hebrew, Arabic.
const LETTER: i64 = 620;
const MONO: i64 = 610;

impl Font {
    /// Thousandths of its size.
    fn advance(self, c: char) -> i64 {
        let ascii = usize::try_from(u32::from(c).wrapping_sub(0x20)).ok().and_then(|at| ASCII.get(at));
        match (self, ascii) {
            (Font::Mono, Some(_)) => MONO,
            (Font::Sans, Some(width)) => i64::from(*width) * 108 / 100,
            (Font::Bold, Some(width)) => i64::from(*width) * 116 / 100,
            (_, None) if u32::from(c) < 0x1100 => LETTER,
            (_, None) => WIDE + WIDE / 8,
        }
    }

    /// How wide a text is at a size, in pixels, rounded up.
    pub(crate) fn width(self, size: i32, text: &str) -> i32 {
        let thousandths = text.chars().map(|c| self.advance(c)).fold(0, i64::saturating_add);
        i32::try_from(thousandths.saturating_mul(i64::from(size)).saturating_add(999) / 1_000).unwrap_or(i32::MAX / 4)
    }
}

/// A text in lines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Lines {
    pub(crate) lines: Vec<String>,
    /// Whether something had to be left out.
    pub(crate) cut: bool,
}

/// Breaks a text into at most `most` lines of a width: at white space if it can, else behind punctuation, else anywhere.
/// What does not fit is left out, and marked.
pub(crate) fn wrap(text: &str, font: Font, size: i32, width: i32, most: usize) -> Lines {
    let mut rest = text.trim();
    let mut lines = vec![];
    while !rest.is_empty() && lines.len() < most {
        let (line, behind) = rest.split_at(end_of_line(rest, font, size, width));
        let behind = behind.trim_start();
        if lines.len() + 1 == most && !behind.is_empty() {
            lines.push(shorten(rest, font, size, width));
            return Lines { lines, cut: true };
        }
        lines.push(visible(line.trim_end()));
        rest = behind;
    }
    Lines { lines, cut: !rest.is_empty() }
}

/// The text as one line of a width at most, with a mark where something was left out.
pub(crate) fn shorten(text: &str, font: Font, size: i32, width: i32) -> String {
    let limit = i64::from(width).saturating_mul(1_000) / i64::from(size.max(1));
    let mut used = 0i64;
    let mut fits = 0; // with a mark behind
    for (at, c) in text.char_indices() {
        used = used.saturating_add(font.advance(c));
        if used > limit {
            return format!("{}…", visible(text.get(..fits).unwrap_or_default().trim_end()));
        }
        if used.saturating_add(font.advance('…')) <= limit {
            fits = at + c.len_utf8();
        }
    }
    visible(text)
}

/// Where the line ends that begins the text; behind at least one character.
fn end_of_line(text: &str, font: Font, size: i32, width: i32) -> usize {
    let limit = i64::from(width).saturating_mul(1_000) / i64::from(size.max(1));
    let (mut used, mut space, mut mark, mut end) = (0i64, 0, 0, 0);
    for (at, c) in text.char_indices() {
        let behind = at + c.len_utf8();
        if c == '\n' {
            return behind;
        }
        used = used.saturating_add(font.advance(c));
        if c.is_whitespace() && c != '\u{a0}' {
            space = at;
        } else if used > limit && end > 0 {
            return if space > 0 {
                space
            } else if mark * 3 > end {
                mark
            } else {
                end
            };
        }
        if used <= limit && "./-_,:=&|".contains(c) {
            mark = behind;
        }
        end = behind;
    }
    end
}

/// The text on one line, with a replacement character for all that cannot be seen, or that changes how the text around
/// it is read, or that XML does not allow.
pub(crate) fn visible(text: &str) -> String {
    let replace = |c: char| match c {
        '\n' | '\r' | '\t' => ' ',
        c if c.is_control() => '\u{fffd}',
        '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' => '\u{fffd}',
        '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{fffe}' | '\u{ffff}' => '\u{fffd}',
        '\u{e0000}'..='\u{e007f}' => '\u{fffd}',
        c => c,
    };
    text.chars().map(replace).collect()
}

/// The text with all that means something in XML, in attributes too, as references.
pub(crate) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            c => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, width: i32, most: usize, expected: &[&str]) {
        let Lines { lines, cut } = wrap(text, Font::Mono, 10, width, most);
        assert_eq!(lines, expected);
        assert_eq!(cut, lines.last().is_some_and(|line| line.ends_with('…')));
        assert!(lines.iter().all(|line| Font::Mono.width(10, line) <= width), "{lines:?}");
    }

    #[test]
    fn lines_break_where_one_can_read_on() {
        check("one two three", 60, 3, &["one two", "three"]);
        check("one two three", 60, 1, &["one two…"]);
        check("steps.assess.output.severity", 90, 3, &["steps.assess.", "output.", "severity"]);
        check("xxxxxxxxxxxxxxxxxxxx", 61, 2, &["xxxxxxxxxx", "xxxxxxxxxx"]);
        check("xxxxxxxxxxxxxxxxxxxxx", 61, 2, &["xxxxxxxxxx", "xxxxxxxx…"]);
        check("first\nsecond", 90, 3, &["first", "second"]);
        check("", 90, 3, &[]);
    }

    #[test]
    fn no_width_and_no_text_can_stop_it() {
        for text in ["x".repeat(100_000), " ".repeat(1_000), "漢".repeat(500), "\u{301}".repeat(500)] {
            for width in [-5, 0, 1, 7, 100] {
                let Lines { lines, .. } = wrap(&text, Font::Sans, 12, width, 3);
                assert!(lines.len() <= 3);
            }
        }
    }

    #[test]
    fn what_cannot_be_seen_is_seen() {
        assert_eq!(visible("a\u{0}b\u{202e}c\nd\u{feff}\u{7f}"), "a\u{fffd}b\u{fffd}c d\u{fffd}\u{fffd}");
        assert_eq!(visible("größer 日本語 🔥 שלום"), "größer 日本語 🔥 שלום");
        assert_eq!(escape("<a href=\"x\">&'</a>"), "&lt;a href=&quot;x&quot;&gt;&amp;&#39;&lt;/a&gt;");
    }

    #[test]
    fn wide_texts_are_given_room() {
        assert!(Font::Bold.width(14, "repair") > Font::Sans.width(14, "repair"));
        assert!(Font::Sans.width(14, "iii") < Font::Sans.width(14, "WWW"));
        assert!(Font::Sans.width(14, "日本語") >= 42);
    }
}
