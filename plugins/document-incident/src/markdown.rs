//! Markdown (CommonMark, with the tables of GitHub's) of text that others wrote: it shows as it is, and does nothing.

use serde_json::Value;

/// The longest text that is shown, in characters; the evidence has it whole.
const MAX_TEXT: usize = 500;

/// The longest text that is shown as code: what is longer is no name of anything.
const MAX_CODE: usize = 200;

/// What marks a text that was cut off.
const CUT: &str = "… (cut off)";

/// What means something within a line.
const ACTIVE: &str = "\\`*_[]<>&|~$@#!{}";

/// Words that are written in another way than others.
const ABBREVIATIONS: [&str; 10] = ["id", "ip", "arn", "url", "cidr", "vpc", "iam", "mfa", "kms", "dns"];

/// A text in one line, without Markdown, HTML and links, and without characters that are not seen.
pub fn text(text: &str) -> String {
    let seen = text.chars().map(|character| if character.is_control() { ' ' } else { character });
    let seen: String = seen.filter(|character| !is_direction(*character)).collect();
    let line = seen.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut shown = String::with_capacity(line.len());
    // At the beginning of a line, more means something: a list, a heading, the rule below one.
    let numbers = line.chars().take_while(char::is_ascii_digit).count();
    for (at, character) in line.chars().take(MAX_TEXT).enumerate() {
        let begins = (at == 0 && "+-=:".contains(character)) || (at == numbers && at > 0 && ".)".contains(character));
        if ACTIVE.contains(character) || begins {
            shown.push('\\');
        }
        shown.push(character);
    }
    // What looks like an address becomes a link in many readers, without any markup.
    let shown = shown.replace("://", "\\://").replace("www.", "www\\.").replace("WWW.", "WWW\\.");
    if line.chars().nth(MAX_TEXT).is_some() { format!("{shown} {CUT}") } else { shown }
}

/// A name or id as code, any other text as [`text()`].
pub fn code(value: &str) -> String {
    let plain = |character: char| character.is_ascii_graphic() && !matches!(character, '`' | '|' | '<' | '>' | '&');
    let is_name = !value.is_empty() && value.len() <= MAX_CODE && value.chars().all(plain);
    if is_name { format!("`{value}`") } else { text(value) }
}

/// A value that holds no other ones, in words; nothing for a list or a mapping that is not empty.
pub fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::Null => Some("–".to_owned()),
        Value::Bool(true) => Some("yes".to_owned()),
        Value::Bool(false) => Some("no".to_owned()),
        Value::Number(number) => Some(number.to_string()),
        Value::String(text) if text.trim().is_empty() => Some("–".to_owned()),
        Value::String(text) => Some(code(text)),
        Value::Array(items) if items.is_empty() => Some("none".to_owned()),
        Value::Object(fields) if fields.is_empty() => Some("none".to_owned()),
        Value::Array(_) | Value::Object(_) => None,
    }
}

/// Whether [`scalar`] has words for a value.
pub fn is_scalar(value: &Value) -> bool {
    match value {
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.is_empty(),
        _ => true,
    }
}

/// The name of a field as a person writes it: `snapshot_id` and `snapshotId` are `Snapshot ID`.
pub fn label(name: &str) -> String {
    let mut words = String::new();
    let mut before = ' ';
    for character in name.chars() {
        if character.is_ascii_uppercase() && before.is_ascii_lowercase() {
            words.push(' ');
        }
        words.push(if matches!(character, '_' | '-') { ' ' } else { character });
        before = character;
    }
    let word = |(at, word): (usize, &str)| {
        let lower = word.to_lowercase();
        if ABBREVIATIONS.contains(&lower.as_str()) {
            return word.to_uppercase();
        }
        let mut letters = lower.chars();
        match letters.next() {
            Some(first) if at == 0 => first.to_uppercase().chain(letters).collect(),
            _ => lower,
        }
    };
    text(&words.split_whitespace().enumerate().map(word).collect::<Vec<_>>().join(" "))
}

/// A table.
pub fn table(head: &[String], rows: &[Vec<String>]) -> String {
    let row = |cells: &[String]| format!("| {} |\n", cells.join(" | "));
    let mut table = row(head);
    table.push_str(&format!("|{}\n", "---|".repeat(head.len())));
    rows.iter().for_each(|cells| table.push_str(&row(cells)));
    table
}

/// Characters that change the direction of others, and so could make a text look like another one.
fn is_direction(character: char) -> bool {
    matches!(character, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn check(given: &str, expected: &str) {
        assert_eq!(text(given), expected, "{given:?}");
    }

    #[test]
    fn text_shows_as_it_is() {
        check("Port 22 was opened (by alice).", "Port 22 was opened (by alice).");
        check("<script>alert(1)</script>", "\\<script\\>alert(1)\\</script\\>");
        check("&lt; **b** _i_ `c` ~~d~~ $x$", "\\&lt; \\*\\*b\\*\\* \\_i\\_ \\`c\\` \\~\\~d\\~\\~ \\$x\\$");
        check("[a](javascript:x) ![b](c) a|b", "\\[a\\](javascript:x) \\!\\[b\\](c) a\\|b");
        check("see https://a.example or www.a.example, @ops", "see https\\://a.example or www\\.a.example, \\@ops");
        check("one\r\n\r\n# two\u{202e}\u{1b}[31m", "one \\# two \\[31m");
    }

    #[test]
    fn no_text_begins_a_list_a_heading_or_a_rule() {
        check("- a", "\\- a");
        check("12. a", "12\\. a");
        check("1) a", "1\\) a");
        check("=== a", "\\=== a");
        check("12.5 a", "12\\.5 a");
        check("v1.5 - a", "v1.5 - a");
    }

    #[test]
    fn long_text_is_cut_off_visibly() {
        assert_eq!(text(&"é".repeat(500)), "é".repeat(500));
        assert_eq!(text(&"é".repeat(501)), format!("{} … (cut off)", "é".repeat(500)));
    }

    #[test]
    fn names_are_code_and_nothing_else_is() {
        let check = |given: &str, expected: &str| assert_eq!(code(given), expected);
        check("arn:aws:iam::123456789012:role/app", "`arn:aws:iam::123456789012:role/app`");
        check("https://a.example/*_*", "`https://a.example/*_*`");
        check("`a`|<b>", "\\`a\\`\\|\\<b\\>");
        check("two words", "two words");
        check(&"a".repeat(201), &"a".repeat(201));
    }

    #[test]
    fn values_and_names_are_words() {
        assert_eq!(scalar(&json!(true)).as_deref(), Some("yes"));
        assert_eq!(scalar(&json!(null)).as_deref(), Some("–"));
        assert_eq!(scalar(&json!([])).as_deref(), Some("none"));
        assert_eq!(scalar(&json!([1])), None);
        assert_eq!(label("snapshot_id"), "Snapshot ID");
        assert_eq!(label("sourceIPAddress"), "Source ipaddress");
        assert_eq!(label("eventFirstSeen"), "Event first seen");
        assert_eq!(label("<b>"), "\\<b\\>");
    }
}
