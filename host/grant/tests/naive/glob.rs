//! Wildcards, the plainest way: by trying every length of every run.

/// Takes the wildcards out of a text that is to be literal.
pub fn literal(text: &str) -> String {
    text.replace('*', "\u{1}").replace('?', "\u{2}")
}

/// Whether the pattern matches the whole text, in which nothing is a wildcard.
pub fn like(pattern: &str, text: &str) -> bool {
    let (pattern, text): (Vec<char>, Vec<char>) = (pattern.chars().collect(), literal(text).chars().collect());
    glob(&pattern, &text)
}

fn glob(pattern: &[char], text: &[char]) -> bool {
    match pattern {
        [] => text.is_empty(),
        ['*', rest @ ..] => (0..=text.len()).any(|taken| glob(rest, &text[taken..])),
        ['?', rest @ ..] => !text.is_empty() && glob(rest, &text[1..]),
        [c, rest @ ..] => text.first() == Some(c) && glob(rest, &text[1..]),
    }
}
