//! What is to be shown, before it is known where: lines of styled text. Styles stand beside the text and not in it, so
//! that every text can be escaped, whoever wrote it, in the one place that makes a page into what is printed.

use comfy_table::{Table, presets};
use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

use crate::escape::escape;

/// How a piece of text looks on a terminal that has colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// As it is.
    Plain,
    /// What the eye should find.
    Bold,
    /// What matters less.
    Dim,
    /// Went well.
    Good,
    /// Went wrong.
    Bad,
    /// Wants a person.
    Attention,
}

impl Style {
    /// The parameters of SGR (ECMA-48, 8.3.117).
    fn sgr(self) -> Option<&'static str> {
        match self {
            Style::Plain => None,
            Style::Bold => Some("1"),
            Style::Dim => Some("2"),
            Style::Good => Some("32"),
            Style::Bad => Some("31"),
            Style::Attention => Some("33"),
        }
    }
}

/// One line.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Line(Vec<(Style, String)>);

impl Line {
    /// A line that begins with unstyled text.
    pub fn plain(text: impl Into<String>) -> Line {
        Line::default().and(Style::Plain, text)
    }

    /// The line, and `text` behind it.
    #[must_use]
    pub fn and(mut self, style: Style, text: impl Into<String>) -> Line {
        self.0.push((style, text.into()));
        self
    }

    /// The line in exactly so many columns: filled up with blanks, or cut off with a mark that there is more.
    fn fit(&self, columns: usize) -> Line {
        let texts: Vec<(Style, String)> = self.0.iter().map(|(style, text)| (*style, escape(text))).collect();
        let whole: usize = texts.iter().map(|(_, text)| text.width()).sum();
        if whole <= columns {
            return Line(texts).and(Style::Plain, " ".repeat(columns - whole));
        }
        let mut left = columns.saturating_sub(1);
        let mut fitted = Line::default();
        for (style, text) in texts {
            let (mut end, mut used) = (0, 0);
            for (at, c) in text.char_indices() {
                let wide = c.width().unwrap_or(0);
                if used + wide > left {
                    break;
                }
                used += wide;
                end = at + c.len_utf8();
            }
            fitted = fitted.and(style, text.get(..end).unwrap_or_default());
            left -= used;
            if end < text.len() {
                break;
            }
        }
        fitted.and(Style::Plain, "…".to_owned() + &" ".repeat(left))
    }

    fn render(&self, color: bool, page: &mut String) {
        for (style, text) in self.0.iter().filter(|(_, text)| !text.is_empty()) {
            match style.sgr().filter(|_| color) {
                Some(sgr) => page.push_str(&format!("\u{1b}[{sgr}m{}\u{1b}[0m", escape(text))),
                None => page.push_str(&escape(text)),
            }
        }
    }
}

/// What stands between pages that are beside each other.
const GAP: &str = " │ ";
/// A page that is beside another has so many columns at least: fewer hold no step of a run.
const NARROWEST: usize = 40;

/// Lines, one below the other.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Page(Vec<Line>);

impl Page {
    /// Adds a line.
    pub fn push(&mut self, line: Line) {
        self.0.push(line);
    }

    /// Adds a text that has several lines.
    pub fn push_text(&mut self, text: &str) {
        self.0.extend(text.lines().map(Line::plain));
    }

    /// Adds columns below their headings.
    pub fn push_table(&mut self, headings: &[&str], rows: impl IntoIterator<Item = Vec<String>>) {
        let mut table = Table::new();
        table.load_style(presets::NOTHING).set_header(headings.iter().copied());
        table.add_rows(rows.into_iter().map(|row| row.iter().map(|cell| escape(cell)).collect::<Vec<_>>()));
        for column in table.column_iter_mut() {
            column.set_padding((0, 2));
        }
        let mut lines = table.trim_fmt();
        lines.truncate(lines.trim_end().len());
        self.push_text(&lines);
    }

    /// Adds the lines of another page.
    pub fn extend(&mut self, page: Page) {
        self.0.extend(page.0);
    }

    /// Several pages, one beside the other in so many columns; one below the other where each would be too narrow.
    pub fn beside(pages: Vec<Page>, columns: usize) -> Page {
        let count = pages.len().max(1);
        let each = (columns + GAP.len()) / count;
        let each = each.saturating_sub(GAP.len());
        if count == 1 || each < NARROWEST {
            let blank = |page: Page| Page::from(Line::default()).0.into_iter().chain(page.0);
            return Page(pages.into_iter().flat_map(blank).skip(1).collect());
        }
        let rows = pages.iter().map(Page::len).max().unwrap_or_default();
        let row = |row: usize| {
            let mut line = Line::default();
            for (at, page) in pages.iter().enumerate() {
                if at > 0 {
                    line = line.and(Style::Dim, GAP);
                }
                line.0.extend(page.0.get(row).cloned().unwrap_or_default().fit(each).0);
            }
            line
        };
        (0..rows).map(row).collect()
    }

    /// How many lines there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// The first `lines` lines.
    #[must_use]
    pub fn top(mut self, lines: usize) -> Page {
        self.0.truncate(lines);
        self
    }

    /// What is printed, each line with its end; control sequences only with `color`, and only ours.
    pub fn render(&self, color: bool) -> String {
        let mut page = String::new();
        for line in &self.0 {
            line.render(color, &mut page);
            page.push('\n');
        }
        page
    }
}

impl FromIterator<Line> for Page {
    fn from_iter<T: IntoIterator<Item = Line>>(lines: T) -> Page {
        Page(lines.into_iter().collect())
    }
}

impl From<Line> for Page {
    fn from(line: Line) -> Page {
        Page(vec![line])
    }
}

/// The text without what is beyond its first `bytes` bytes, and a mark that there is more.
pub fn cut(mut text: String, bytes: usize) -> String {
    if text.len() > bytes {
        text.truncate(text.floor_char_boundary(bytes));
        text.push('…');
    }
    text
}

/// A page of one unstyled line.
pub fn line(text: impl Into<String>) -> Page {
    Line::plain(text).into()
}

/// A page that warns of something.
pub fn warning(text: &str) -> Page {
    let mut lines = text.lines();
    let mut page: Page =
        Line::default().and(Style::Attention, "warning: ").and(Style::Plain, lines.next().unwrap_or_default()).into();
    lines.for_each(|line| page.push(Line::plain(line)));
    page
}

/// A page that is a table.
pub fn table(headings: &[&str], rows: impl IntoIterator<Item = Vec<String>>) -> Page {
    let mut page = Page::default();
    page.push_table(headings, rows);
    page
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_our_control_sequences_are_printed_and_only_with_color() {
        let page = Page::from(Line::plain("a ").and(Style::Bad, "\u{1b}[2Jb"));
        assert_eq!(page.render(false), "a \\u{1b}[2Jb\n");
        assert_eq!(page.render(true), "a \u{1b}[31m\\u{1b}[2Jb\u{1b}[0m\n");
    }

    #[test]
    fn pages_stand_beside_each_other_where_there_is_room() {
        let long = Line::plain("a step with a name that is too long for ").and(Style::Good, "the column that it has");
        let pages = || vec![Page(vec![long.clone(), Line::plain("語\u{1b}")]), line("short")];
        insta::assert_snapshot!(Page::beside(pages(), 90).render(false).replace(' ', "·"), @r"
        a·step·with·a·name·that·is·too·long·for·t…·│·short·····································
        語\u{1b}···································│···········································
        ");
        assert_eq!(Page::beside(pages(), 60).render(false).lines().count(), 4);
        let colored = Page::beside(pages(), 120).render(true);
        assert!(colored.contains("\u{1b}[32mthe column"), "{colored:?}");
    }

    #[test]
    fn what_is_cut_off_is_marked() {
        assert_eq!(cut("größer".into(), 6), "größ…");
        assert_eq!(cut("größer".into(), 4), "grö…");
        assert_eq!(cut("größer".into(), 8), "größer");
    }

    #[test]
    fn a_table_has_one_line_a_row_whatever_is_in_it() {
        let rows = [vec!["a".into(), "one\ntwo".into()], vec!["longer".into(), "\u{202e}x".into()]];
        insta::assert_snapshot!(table(&["NAME", "WHAT"], rows).render(false), @r"
        NAME    WHAT
        a       one\ntwo
        longer  \u{202e}x
        ");
    }
}
