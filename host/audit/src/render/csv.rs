//! Reports as CSV, as RFC 4180 has it (<https://www.rfc-editor.org/rfc/rfc4180>), and such that no spreadsheet takes a
//! field for a formula (<https://owasp.org/www-community/attacks/CSV_Injection>): plugins name themselves, and what they
//! call for.

use std::borrow::Cow;

use crate::Report;

impl Report {
    /// The report as CSV: the headings, then a record a row.
    pub fn csv(&self) -> String {
        let headings = Report::headings().into_iter().map(String::from).collect();
        let records = [headings].into_iter().chain(self.rows.iter().map(|row| row.cells()));
        records.map(|record| format!("{}\r\n", line(&record))).collect()
    }
}

fn line(record: &[String]) -> String {
    record.iter().map(|cell| field(cell)).collect::<Vec<_>>().join(",")
}

fn field(cell: &str) -> String {
    let text = harmless(cell);
    if text.contains(['"', ',', '\r', '\n']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text.into_owned() }
}

/// A cell that spreadsheets show and do not calculate.
fn harmless(cell: &str) -> Cow<'_, str> {
    let calculates = |c: char| matches!(c, '=' | '+' | '-' | '@' | '\t' | '\r' | '\n' | '＝' | '＋' | '－' | '＠');
    let text = printable(cell);
    if cell.starts_with(calculates) { format!("'{text}").into() } else { text }
}

/// The cell without the control characters that a terminal would obey. Tabs and line breaks are kept.
fn printable(cell: &str) -> Cow<'_, str> {
    let controls = |c: char| c.is_control() && !matches!(c, '\t' | '\r' | '\n');
    if !cell.contains(controls) {
        return cell.into();
    }
    let spelled = |c: char| if controls(c) { c.escape_unicode().to_string() } else { c.into() };
    cell.chars().map(spelled).collect::<String>().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_quoted_when_they_must() {
        for (cell, written) in [
            ("", ""),
            ("plain text; more", "plain text; more"),
            ("a,b", "\"a,b\""),
            ("a\"b", "\"a\"\"b\""),
            ("a\r\nb", "\"a\r\nb\""),
            ("a\u{1b}[31mb\0", "a\\u{1b}[31mb\\u{0}"),
        ] {
            assert_eq!(field(cell), written);
        }
    }

    #[test]
    fn no_field_is_a_formula() {
        for (cell, written) in [
            ("=1+1", "'=1+1"),
            ("+1", "'+1"),
            ("-1", "'-1"),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("\t=1", "'\t=1"),
            ("\r=1", "\"'\r=1\""),
            ("\n=1", "\"'\n=1\""),
            ("＝1", "'＝1"),
            ("=HYPERLINK(\"https://example.com\",\"x\")", "\"'=HYPERLINK(\"\"https://example.com\"\",\"\"x\"\")\""),
            ("a=1", "a=1"),
            ("'=1", "'=1"),
        ] {
            assert_eq!(field(cell), written);
        }
    }
}
