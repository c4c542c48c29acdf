//! What is to be shown, before it is known where: lines of styled text. Styles stand beside the text and not in it, so
//! that every text can be escaped, whoever wrote it, in the one place that makes a page into what is printed.

use comfy_table::{Table, presets};

use super::escape::escape;

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

    fn render(&self, color: bool, page: &mut String) {
        for (style, text) in self.0.iter().filter(|(_, text)| !text.is_empty()) {
            match style.sgr().filter(|_| color) {
                Some(sgr) => page.push_str(&format!("\u{1b}[{sgr}m{}\u{1b}[0m", escape(text))),
                None => page.push_str(&escape(text)),
            }
        }
    }
}

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
