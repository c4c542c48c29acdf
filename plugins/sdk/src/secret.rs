//! Secrets in requests: the host puts the value of a secret where `${secret:name}` stands in what is sent by HTTP.
//!
//! Which secrets a plugin may use is its grant's to say. This only keeps text from others, a finding's title for example,
//! from naming one: it would be sent along with the text.

/// How a secret's name begins.
const BEGIN: &str = "${secret:";

/// The same text, which names no secret any more: a blank stands behind the `$` then.
#[must_use]
pub fn without_secrets(text: &str) -> String {
    text.replace(BEGIN, "$ {secret:")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_secret_is_named_by_text_of_others() {
        let check = |text: &str, expected: &str| assert_eq!(without_secrets(text), expected);
        check("costs $5, ${secrets}", "costs $5, ${secrets}");
        check("${secret:a} and $${secret:${secret:b}}", "$ {secret:a} and $$ {secret:$ {secret:b}}");
    }
}
