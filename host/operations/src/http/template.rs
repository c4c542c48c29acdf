//! Text in which `${secret:name}` stands for the value of a secret. Which places may hold such text, and how a value is
//! written there, is decided by the place.

use std::borrow::Cow;

use capability::Fault;

use super::secret::Values;
use crate::check::invalid;

/// How a secret begins.
const START: &str = "${secret:";
/// The longest name of a secret, in bytes.
const NAME: usize = 64;

/// Text that may have secrets in it.
#[derive(Debug, PartialEq)]
pub(crate) struct Template(Vec<Piece>);

#[derive(Debug, PartialEq)]
pub(crate) enum Piece {
    /// As it is.
    Text(String),
    /// The value of the secret of this name.
    Secret(String),
}

impl Template {
    /// Reads a text; `place` says where it stands.
    pub fn parse(text: &str, place: &str) -> Result<Template, Fault> {
        let mut pieces = vec![];
        let mut rest = text;
        while let Some((before, after)) = rest.split_once(START) {
            let named = after.split_once('}').filter(|(name, _)| is_name(name));
            let Some((name, behind)) = named else {
                return Err(invalid(format!(
                    "{place} has a `{START}` without a name: it is `{START}name}}`, where the name has lower-case letters, \
                     digits and `-`"
                )));
            };
            pieces.extend([Piece::Text(before.into()), Piece::Secret(name.into())]);
            rest = behind;
        }
        pieces.push(Piece::Text(rest.into()));
        Ok(Template(pieces))
    }

    /// The parts, in order.
    pub fn pieces(&self) -> &[Piece] {
        &self.0
    }

    /// The names of the secrets in it.
    pub fn secrets(&self) -> impl Iterator<Item = &str> {
        self.0.iter().filter_map(|piece| match piece {
            Piece::Text(_) => None,
            Piece::Secret(name) => Some(name.as_str()),
        })
    }

    /// The text with the values in it, each as `write` has it, given its name and itself. `None` when it gets longer than
    /// `longest` bytes.
    pub fn fill<'v>(
        &self,
        values: &'v Values,
        longest: usize,
        write: impl Fn(&str, &'v str) -> Result<Cow<'v, str>, Fault>,
    ) -> Result<Option<String>, Fault> {
        let mut text = String::new();
        for piece in &self.0 {
            match piece {
                Piece::Text(part) => text.push_str(part),
                Piece::Secret(name) => text.push_str(&write(name, values.value(name))?),
            }
            if text.len() > longest {
                return Ok(None);
            }
        }
        Ok(Some(text))
    }
}

/// How a secret is written in a text.
pub(crate) fn placeholder(name: &str) -> String {
    format!("{START}{name}}}")
}

fn is_name(text: &str) -> bool {
    let word = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    (1..=NAME).contains(&text.len()) && text.bytes().all(word)
}

#[cfg(test)]
mod tests {
    use capability::FaultKind;

    use super::*;

    fn text(text: &str) -> Piece {
        Piece::Text(text.into())
    }

    #[test]
    fn secrets_are_found_in_a_text() {
        let secret = |name: &str| Piece::Secret(name.into());
        for (given, pieces) in [
            ("", vec![text("")]),
            ("${other:x} ${", vec![text("${other:x} ${")]),
            ("a${secret:b-1}c", vec![text("a"), secret("b-1"), text("c")]),
            ("${secret:a}${secret:b}", vec![text(""), secret("a"), text(""), secret("b"), text("")]),
        ] {
            assert_eq!(Template::parse(given, "it"), Ok(Template(pieces)), "{given}");
        }
        for wrong in ["${secret:}", "${secret:a", "${secret:A}", "${secret:a b}", "${secret:${secret:a}}"] {
            assert_eq!(Template::parse(wrong, "it").unwrap_err().kind, FaultKind::Invalid, "{wrong}");
        }
        assert!(Template::parse(&format!("${{secret:{}}}", "x".repeat(NAME + 1)), "it").is_err());
    }
}
