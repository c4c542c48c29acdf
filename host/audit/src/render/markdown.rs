//! Reports as Markdown: a table as GitHub has it (<https://github.github.com/gfm/#tables-extension->), in which nothing
//! that a plugin named is markup, an image to be fetched or a line of its own.

use crate::Report;

impl Report {
    /// The report as Markdown.
    pub fn markdown(&self) -> String {
        let headings: Vec<String> = Report::headings().into_iter().map(String::from).collect();
        let rule = vec!["---".to_string(); headings.len()];
        let rows = self.rows.iter().map(|row| row.cells().iter().map(|cell| escaped(cell)).collect());
        let lines = [headings, rule].into_iter().chain(rows);
        let table: String = lines.map(|cells| format!("| {} |\n", cells.join(" | "))).collect();
        format!("# Capabilities\n\nAs of {}.\n\n{table}", escaped(&self.at))
    }
}

/// A cell as text and nothing else.
fn escaped(cell: &str) -> String {
    let mut out = String::with_capacity(cell.len());
    for c in cell.chars() {
        match c {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '\\' | '|' | '`' | '*' | '_' | '~' | '[' | ']' | '!' | '$' => out.extend(['\\', c]),
            c if hides(c) => out.push_str(&format!("\\\\{}", c.escape_unicode().to_string().trim_start_matches('\\'))),
            c => out.push(c),
        }
    }
    out
}

/// Whether a character moves or hides others: a control character, a line break, a change of direction.
fn hides(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_a_cell_is_markup() {
        for (cell, written) in [
            (
                "arn:aws:ec2:eu-central-1:123456789012:instance/i-1",
                "arn:aws:ec2:eu-central-1:123456789012:instance/i-1",
            ),
            ("a | b", "a \\| b"),
            ("a \\| b", "a \\\\\\| b"),
            ("a\nb", "a\\\\u{a}b"),
            ("a\r\n\u{1b}", "a\\\\u{d}\\\\u{a}\\\\u{1b}"),
            ("a\u{202e}b", "a\\\\u{202e}b"),
            ("<script>&amp;", "&lt;script&gt;&amp;amp;"),
            ("![x](https://example.com/a_b*)", "\\!\\[x\\](https://example.com/a\\_b\\*)"),
        ] {
            assert_eq!(escaped(cell), written);
        }
    }
}
