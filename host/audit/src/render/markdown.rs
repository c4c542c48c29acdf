//! A table in Markdown (GitHub's). Texts in it are a plugin's and a policy's, and stay text.

/// Renders headings and lines.
pub fn render<const N: usize>(headings: [&str; N], rows: impl Iterator<Item = Vec<String>>) -> String {
    let line = |cells: Vec<String>| format!("| {} |\n", cells.join(" | "));
    let head = line(headings.map(str::to_owned).to_vec()) + &line(vec!["---".into(); N]);
    head + &rows.map(|cells| line(cells.iter().map(|cell| cell_of(cell)).collect())).collect::<String>()
}

fn cell_of(text: &str) -> String {
    let mut cell = String::new();
    for c in text.chars() {
        match c {
            '\\' | '|' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '&' | '#' | '~' | '!' => cell.extend(['\\', c]),
            c if c.is_control() => cell.push(' '),
            c => cell.push(c),
        }
    }
    cell
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_stay_cells_and_text() {
        for (text, written) in [
            ("plain: text", "plain: text"),
            ("a | b", "a \\| b"),
            ("two\nlines\u{1b}[2J", "two lines \\[2J"),
            ("<script>", "\\<script\\>"),
            ("[a](http://evil)", "\\[a\\](http://evil)"),
            ("arn:aws:s3:::*", "arn:aws:s3:::\\*"),
        ] {
            assert_eq!(cell_of(text), written, "{text:?}");
        }
    }
}
