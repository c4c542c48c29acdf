//! Text as Slack is shown it: nothing in it mentions anybody, leads anywhere or names a secret, and it is no longer than
//! Slack takes.
//!
//! `&`, `<` and `>` are the only characters that begin something in a text object: "they must be converted to HTML entities"
//! (Slack, Formatting text for app surfaces, "Escaping text"). What Slack makes of plain `@here` and `#channel` is switched off
//! by `verbatim`, in `message`.

/// What marks a text that was cut off.
const CUT: &str = " … [cut off]";

/// Text for Slack.
#[derive(Debug, PartialEq, Eq)]
pub struct Shown {
    /// The text, escaped.
    pub text: String,
    /// Whether it was cut off.
    pub cut: bool,
}

/// The text in its lines, at most so long.
pub fn lines(text: &str, most: usize) -> Shown {
    fit(clean(text).trim(), most)
}

/// The text in one line, at most so long.
pub fn one_line(text: &str, most: usize) -> Shown {
    fit(&clean(text).split_whitespace().collect::<Vec<_>>().join(" "), most)
}

/// Without characters that are not seen, or that change how others are: those could make a text look like another one.
fn clean(text: &str) -> String {
    let seen = text.chars().filter(|character| {
        let direction =
            matches!(character, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        !direction && (!character.is_control() || matches!(character, '\n' | '\t'))
    });
    quell_sdk::without_secrets(&seen.collect::<String>())
}

/// Escaped, and cut off between two characters where it is too long. Lengths are counted in UTF-16, which is never less than
/// what Slack counts.
fn fit(text: &str, most: usize) -> Shown {
    let whole: usize = text.chars().map(length).sum();
    if whole <= most {
        return Shown { text: text.chars().map(escaped).collect(), cut: false };
    }
    let mut left = most.saturating_sub(CUT.encode_utf16().count());
    let kept = text.chars().take_while(|character| {
        let fits = length(*character) <= left;
        left = left.saturating_sub(length(*character));
        fits
    });
    let kept: String = kept.map(escaped).collect();
    Shown { text: format!("{}{CUT}", kept.trim_end()), cut: true }
}

fn length(character: char) -> usize {
    escaped(character).encode_utf16().count()
}

fn escaped(character: char) -> String {
    match character {
        '&' => "&amp;".to_owned(),
        '<' => "&lt;".to_owned(),
        '>' => "&gt;".to_owned(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &str) {
        assert_eq!(lines(text, 100), Shown { text: expected.to_owned(), cut: false }, "{text:?}");
    }

    #[test]
    fn nothing_in_a_text_mentions_anybody_or_leads_anywhere() {
        check(
            "<!channel> <@U1> <https://a.example|b> A&B",
            "&lt;!channel&gt; &lt;@U1&gt; &lt;https://a.example|b&gt; A&amp;B",
        );
        check("&lt;!channel&gt;", "&amp;lt;!channel&amp;gt;");
    }

    #[test]
    fn no_text_names_a_secret() {
        check("${secret:slack-webhook}", "$ {secret:slack-webhook}");
        check("$\u{202e}{secret:slack-webhook}", "$ {secret:slack-webhook}");
    }

    #[test]
    fn what_is_not_seen_is_left_out() {
        check(" two\r\nlines\u{7}\u{1b}[31m \u{202e}evil\u{2066} ", "two\nlines[31m evil");
        assert_eq!(one_line(" a \r\n\t b ", 100).text, "a b");
    }

    #[test]
    fn what_is_too_long_is_cut_off_visibly_and_never_within_an_entity() {
        assert_eq!(lines(&"a".repeat(20), 20), Shown { text: "a".repeat(20), cut: false });
        assert_eq!(lines(&"a".repeat(21), 20), Shown { text: format!("{} … [cut off]", "a".repeat(8)), cut: true });
        for most in 12..40 {
            let shown = lines(&"<😀&".repeat(20), most);
            assert!(shown.text.encode_utf16().count() <= most, "{shown:?}");
            let entities = shown.text.matches("&lt;").count() + shown.text.matches("&amp;").count();
            assert_eq!(shown.text.matches('&').count(), entities, "{shown:?}");
        }
    }
}
