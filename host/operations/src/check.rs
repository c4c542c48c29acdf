//! Whether an argument can be what it is meant to be. What becomes part of an ARN must be an identifier and nothing else,
//! or it would widen what a grant is compared with.

use capability::{Fault, FaultKind};

/// The fault of arguments that cannot be right.
pub(crate) fn invalid(message: impl Into<String>) -> Fault {
    Fault::known(FaultKind::Invalid, "invalid-arguments", message)
}

/// An id of EC2: the type's prefix, a hyphen, then 1 to 32 lower-case letters and digits (EC2 itself uses 8 or 17
/// hexadecimal digits, emulators do not always).
pub(crate) fn id(prefix: &str, text: &str) -> Result<(), Fault> {
    let rest = text.strip_prefix(prefix).and_then(|rest| rest.strip_prefix('-')).unwrap_or_default();
    let allowed = rest.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
    match allowed && (1..=32).contains(&rest.len()) {
        true => Ok(()),
        false => Err(invalid(format!("{} is not an id of the form `{prefix}-…`", quoted(text)))),
    }
}

/// Ids of EC2, all of one type.
pub(crate) fn ids(prefix: &str, texts: &[String]) -> Result<(), Fault> {
    texts.iter().try_for_each(|text| id(prefix, text))
}

/// The ARN of a topic (<https://docs.aws.amazon.com/sns/latest/dg/sns-create-topic.html>). Whether partition, account and
/// region are the run's is the gate's to compare.
pub(crate) fn topic_arn(text: &str) -> Result<(), Fault> {
    let word = |text: &str, more: &[u8], longest: usize| {
        let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || more.contains(&byte);
        (1..=longest).contains(&text.len()) && text.bytes().all(allowed)
    };
    let name = |text: &str| {
        let plain = text.strip_suffix(".fifo").unwrap_or(text);
        text.len() <= 256
            && !plain.is_empty()
            && plain.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
    };
    let right = match text.split(':').collect::<Vec<_>>().as_slice() {
        ["arn", partition, "sns", region, account, topic] => {
            word(partition, b"-", 32)
                && word(region, b"-", 32)
                && account.len() == 12
                && account.bytes().all(|byte| byte.is_ascii_digit())
                && name(topic)
        }
        _ => false,
    };
    match right {
        true => Ok(()),
        false => Err(invalid(format!("{} is not the ARN of a topic", quoted(text)))),
    }
}

/// User input in a message: in backticks, visible, bounded.
pub(crate) fn quoted(text: &str) -> String {
    let shown: String = text.chars().take(64).collect();
    format!("`{}`", shown.escape_debug())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// C10: what could widen an ARN or be taken for another one.
    #[test]
    fn c10_ids_are_ids() {
        for right in ["sg-1", "sg-0a1b2c3d", "sg-0123456789abcdef0"] {
            assert_eq!(id("sg", right), Ok(()), "{right}");
        }
        for wrong in [
            "",
            "sg",
            "sg-",
            "*",
            "sg-*",
            "sg-1?",
            "sg-1/2",
            "sg-1/",
            "sg-../1",
            "sg-%2f",
            "sg-1 ",
            " sg-1",
            "sg-1\n",
            "SG-1",
            "sg-A",
            "sg-1\u{0430}",
            "ѕg-1",
            "vol-1",
            "sg-1,sg-2",
            "sg-1:2",
            "sg-1\0",
        ] {
            assert_eq!(id("sg", wrong).map_err(|fault| fault.kind), Err(FaultKind::Invalid), "{wrong:?}");
        }
        assert!(id("sg", &format!("sg-{}", "0".repeat(4096))).is_err());
    }

    #[test]
    fn c10_topic_arns_are_topic_arns() {
        for right in [
            "arn:aws:sns:eu-central-1:123456789012:alerts",
            "arn:aws-us-gov:sns:us-gov-west-1:123456789012:Alerts_2-x",
            "arn:aws:sns:eu-central-1:123456789012:alerts.fifo",
        ] {
            assert_eq!(topic_arn(right), Ok(()), "{right}");
        }
        for wrong in [
            "",
            "alerts",
            "arn:aws:sns:eu-central-1:123456789012:",
            "arn:aws:sns:eu-central-1:123456789012:*",
            "arn:aws:sns:eu-central-1:*:alerts",
            "arn:aws:sns:*:123456789012:alerts",
            "arn:*:sns:eu-central-1:123456789012:alerts",
            "arn:aws:sqs:eu-central-1:123456789012:alerts",
            "arn:aws:sns:eu-central-1:123456789012:alerts:subscription",
            "arn:aws:sns:eu-central-1:123456789012:a/b",
            "arn:aws:sns:eu-central-1:123456789012:a b",
            "arn:aws:sns:eu-central-1:123456789012:аlerts",
            "arn:aws:sns:eu-central-1:12345678901:alerts",
            "arn:aws:sns:EU-central-1:123456789012:alerts",
            "arn:aws:sns:eu-central-1:123456789012:.fifo",
        ] {
            assert_eq!(topic_arn(wrong).map_err(|fault| fault.kind), Err(FaultKind::Invalid), "{wrong:?}");
        }
    }

    #[test]
    fn messages_show_what_was_meant() {
        assert_eq!(quoted("a\u{1b}`"), "`a\\u{1b}``");
        assert!(id("sg", &"x".repeat(5000)).unwrap_err().message.len() < 200);
    }
}
