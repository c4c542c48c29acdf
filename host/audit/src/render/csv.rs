//! CSV (RFC 4180). Texts in it are a plugin's and a policy's: what a spreadsheet would run as a formula gets an apostrophe
//! in front (<https://owasp.org/www-community/attacks/CSV_Injection>).

/// Renders headings and lines.
pub fn render<const N: usize>(headings: [&str; N], rows: impl Iterator<Item = Vec<String>>) -> String {
    let headings = headings.map(str::to_owned).to_vec();
    let lines = std::iter::once(headings).chain(rows);
    lines.map(|cells| cells.iter().map(|cell| field(cell)).collect::<Vec<_>>().join(",") + "\r\n").collect()
}

fn field(text: &str) -> String {
    let is_formula = text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']);
    let text = if is_formula { format!("'{text}") } else { text.to_owned() };
    if text.contains(['"', ',', '\r', '\n']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_quoted_and_never_formulas() {
        for (text, written) in [
            ("ec2:CreateSnapshot", "ec2:CreateSnapshot"),
            ("a, b", "\"a, b\""),
            ("a \"b\"", "\"a \"\"b\"\"\""),
            ("two\r\nlines", "\"two\r\nlines\""),
            ("=HYPERLINK(\"http://evil\")", "\"'=HYPERLINK(\"\"http://evil\"\")\""),
            ("+1", "'+1"),
            ("-1", "'-1"),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("\t=1", "'\t=1"),
            ("\r=1", "\"'\r=1\""),
        ] {
            assert_eq!(field(text), written, "{text:?}");
        }
    }

    #[test]
    fn lines_end_as_the_rfc_has_it() {
        let rows = vec![vec!["1".to_owned(), "2".to_owned()]];
        assert_eq!(render(["a", "b"], rows.into_iter()), "a,b\r\n1,2\r\n");
    }
}
