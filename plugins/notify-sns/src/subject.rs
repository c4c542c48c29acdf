//! What SNS takes as a subject: "ASCII text that begins with a letter, number, or punctuation mark; must not include
//! line breaks or control characters", at most 100 characters (SNS API reference, Publish).

/// The longest subject, in characters.
const MAX: usize = 100;

/// What marks a subject that was cut off.
const CUT: &str = "...";

/// The subject as SNS takes it: white space joined, everything else outside printable ASCII replaced by `?`, cut off
/// behind [`MAX`] characters. Nothing when nothing is left.
pub fn sanitise(subject: &str) -> Option<String> {
    let words: Vec<&str> =
        subject.split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty()).collect();
    let mut subject: String = words.join(" ").chars().map(|c| if c.is_ascii() { c } else { '?' }).collect();
    if subject.len() > MAX {
        subject.truncate(MAX - CUT.len());
        subject.truncate(subject.trim_end().len());
        subject.push_str(CUT);
    }
    (!subject.is_empty()).then_some(subject)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(subject: &str, expected: Option<&str>) {
        assert_eq!(sanitise(subject).as_deref(), expected, "{subject:?}");
    }

    #[test]
    fn what_sns_takes_is_left_alone() {
        check("[quell] sg-1 repaired (6 rules)", Some("[quell] sg-1 repaired (6 rules)"));
        check(&"a".repeat(100), Some(&"a".repeat(100)));
    }

    #[test]
    fn what_sns_refuses_is_replaced() {
        check("  two\r\nlines\tand\u{7f}DEL ", Some("two lines and DEL"));
        check("Überfällig – sofort", Some("?berf?llig ? sofort"));
        check("\u{1b}[31mred", Some("[31mred"));
        check("", None);
        check("\n\u{a0}", None);
    }

    #[test]
    fn what_is_too_long_is_cut_off_visibly() {
        let cut = sanitise(&"a".repeat(101)).unwrap();
        assert_eq!(cut, format!("{}...", "a".repeat(97)));
        check(&format!("{} {}", "a".repeat(96), "b".repeat(9)), Some(&format!("{}...", "a".repeat(96))));
    }
}
