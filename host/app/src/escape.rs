//! Makes text that plugins, events and other people wrote safe to show in a terminal. Everything that this command line
//! prints passes [`escape`] or, where it is JSON, [`escape_json`]; where that happens is `page` and `terminal`.

use std::fmt::Write as _;

/// The text with every character escaped that a terminal would act upon, or that would change how the characters around
/// it are read: `\u{1b}` for the escape that starts a control sequence, `\n` for a line break. One line stays one line.
pub fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\n' => escaped.push_str("\\n"),
            '\r' => escaped.push_str("\\r"),
            '\t' => escaped.push_str("\\t"),
            c if misleads(c) => {
                let _ = write!(escaped, "\\u{{{:x}}}", u32::from(c));
            }
            c => escaped.push(c),
        }
    }
    escaped
}

/// The same for the text of a JSON document, which stays one of the same value: such a character can only stand inside
/// of a string there, where `\u001b` means it. The white space between the values stays, but for the carriage return,
/// with which a terminal would write over what it has shown.
pub fn escape_json(document: &str) -> String {
    let mut escaped = String::with_capacity(document.len());
    for c in document.chars() {
        if matches!(c, '\n' | '\t') || !misleads(c) {
            escaped.push(c);
            continue;
        }
        if c == '\r' {
            continue;
        }
        for unit in c.encode_utf16(&mut [0; 2]) {
            let _ = write!(escaped, "\\u{unit:04x}");
        }
    }
    escaped
}

/// Whether a character is a control character, is invisible, or changes the direction of text: Unicode's `Cc` and
/// `Bidi_Control`, the line and paragraph separators, and the format characters that show nothing (UTR #36, 2.10).
fn misleads(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Attacks on terminals, and what is left of them.
    const HOSTILE: &[(&str, &str)] = &[
        ("\u{1b}[2J\u{1b}[1;31mall is well", "\\u{1b}[2J\\u{1b}[1;31mall is well"),
        (
            "\u{1b}]8;;https://evil.example\u{7}click\u{1b}]8;;\u{7}",
            "\\u{1b}]8;;https://evil.example\\u{7}click\\u{1b}]8;;\\u{7}",
        ),
        ("denied\rallowed", "denied\\rallowed"),
        ("one\n2026-01-01 run.finished", "one\\n2026-01-01 run.finished"),
        ("\u{9b}31mC1", "\\u{9b}31mC1"),
        ("x\u{7f}\u{8}", "x\\u{7f}\\u{8}"),
        ("admin\u{202e}gpj.exe", "admin\\u{202e}gpj.exe"),
        ("\u{2066}isolated\u{2069}", "\\u{2066}isolated\\u{2069}"),
        ("zero\u{200b}width\u{feff}", "zero\\u{200b}width\\u{feff}"),
        ("tag\u{e0041}", "tag\\u{e0041}"),
    ];

    #[test]
    fn nothing_that_a_terminal_acts_upon_is_left() {
        for (hostile, expected) in HOSTILE {
            assert_eq!(escape(hostile), *expected);
        }
    }

    #[test]
    fn what_people_write_stays() {
        for text in ["größer als 5 €", "日本語", "שלום", "emoji 🔥", "back\\slash", ""] {
            assert_eq!(escape(text), text);
        }
    }

    #[test]
    fn escaped_json_is_json_of_the_same_value() {
        for (hostile, _) in HOSTILE {
            let value = serde_json::json!({ "text": hostile, (*hostile): [1, null] });
            let escaped = escape_json(&serde_json::to_string_pretty(&value).unwrap());
            assert_eq!(serde_json::from_str::<serde_json::Value>(&escaped).unwrap(), value);
            assert!(!escaped.chars().any(|c| c != '\n' && misleads(c)), "{escaped:?}");
        }
        assert_eq!(escape_json("{\t\"a\": 1,\r\n\t\"b\": 2}"), "{\t\"a\": 1,\n\t\"b\": 2}");
    }
}
