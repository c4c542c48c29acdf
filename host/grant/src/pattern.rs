//! Text as policies write it: with the wildcards `*` and `?`, with policy variables, or both. Decides whether a text
//! matches; where wildcards or variables may stand is decided by whoever parses the pattern.

use std::borrow::Cow;

use crate::context::{Context, ContextValue};
use crate::truth::Truth;

/// A parsed pattern.
#[derive(Clone, Debug)]
pub(crate) struct Pattern {
    source: String,
    body: Body,
}

#[derive(Clone, Debug)]
enum Body {
    Fixed(Vec<Glob>),
    Variable(Vec<Piece>),
}

#[derive(Clone, Debug)]
enum Piece {
    Glob(Glob),
    Variable(Variable),
}

/// `${key}` or `${key, 'default'}`.
#[derive(Clone, Debug)]
struct Variable {
    key: String,
    default: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Glob {
    Char(char),
    AnyOne,
    AnyRun,
}

/// Whether `*` and `?` mean anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wildcards {
    Expand,
    Literal,
}

/// What is wrong with a variable.
pub(crate) type VariableFault = &'static str;

impl Pattern {
    /// Parses `text`, policy variables included
    /// (<https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html>).
    pub fn parse(text: &str, wildcards: Wildcards) -> Result<Pattern, VariableFault> {
        let mut pieces = Vec::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("${") {
            pieces.extend(before.chars().map(|c| Piece::Glob(glob_of(c, wildcards))));
            let (inside, behind) = split_variable(after)?;
            pieces.push(parse_variable(inside)?);
            rest = behind;
        }
        pieces.extend(rest.chars().map(|c| Piece::Glob(glob_of(c, wildcards))));
        let fixed = pieces.iter().map(|piece| match piece {
            Piece::Glob(glob) => Some(*glob),
            Piece::Variable(_) => None,
        });
        let body = match fixed.collect() {
            Some(globs) => Body::Fixed(globs),
            None => Body::Variable(pieces),
        };
        Ok(Pattern { source: text.into(), body })
    }

    /// A pattern of wildcards whose text is known to hold no `${`.
    pub fn without_variables(text: &str) -> Pattern {
        let globs = text.chars().map(|c| glob_of(c, Wildcards::Expand)).collect();
        Pattern { source: text.into(), body: Body::Fixed(globs) }
    }

    /// The text as the policy has it.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// The keys of the variables, in lower case.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        let pieces = match &self.body {
            Body::Fixed(_) => &[][..],
            Body::Variable(pieces) => pieces,
        };
        pieces.iter().filter_map(|piece| match piece {
            Piece::Glob(_) => None,
            Piece::Variable(variable) => Some(variable.key.as_str()),
        })
    }

    /// Whether the whole of `text` matches, upper and lower case being different.
    pub fn matches(&self, text: &str, context: &Context) -> Truth {
        self.matches_by(text, context, |a, b| a == b)
    }

    /// Whether the whole of `text` matches without regard to case.
    pub fn matches_ignoring_case(&self, text: &str, context: &Context) -> Truth {
        self.matches_by(text, context, |a, b| a == b || a.to_lowercase().eq(b.to_lowercase()))
    }

    fn matches_by(&self, text: &str, context: &Context, same: impl Fn(char, char) -> bool) -> Truth {
        let text: Vec<char> = text.chars().collect();
        match self.resolve(context) {
            Some(globs) => glob_match(&globs, &text, same).into(),
            None => Truth::Unknown,
        }
    }

    /// The pattern with its variables replaced; nothing when one has no value. What a variable brings is literal: a
    /// tag whose value is `*` is not a wildcard, else whoever may set a tag could widen a grant.
    fn resolve(&self, context: &Context) -> Option<Cow<'_, [Glob]>> {
        let pieces = match &self.body {
            Body::Fixed(globs) => return Some(Cow::Borrowed(globs)),
            Body::Variable(pieces) => pieces,
        };
        let mut globs = Vec::new();
        for piece in pieces {
            match piece {
                Piece::Glob(glob) => globs.push(*glob),
                Piece::Variable(variable) => globs.extend(variable.value(context)?.chars().map(Glob::Char)),
            }
        }
        Some(Cow::Owned(globs))
    }
}

impl Variable {
    /// The one value of the key, or the default when the key is absent. A key with several values is no variable in
    /// IAM, and one that could not be found out is not absent.
    fn value<'a>(&'a self, context: &'a Context) -> Option<&'a str> {
        match context.get(&self.key) {
            None => self.default.as_deref(),
            Some(ContextValue::Unresolvable) => None,
            Some(ContextValue::Values(values)) => match values.as_slice() {
                [] => self.default.as_deref(),
                [value] => Some(value),
                _ => None,
            },
        }
    }
}

fn glob_of(c: char, wildcards: Wildcards) -> Glob {
    match (c, wildcards) {
        ('*', Wildcards::Expand) => Glob::AnyRun,
        ('?', Wildcards::Expand) => Glob::AnyOne,
        _ => Glob::Char(c),
    }
}

/// Splits what follows `${` at the closing brace; a brace inside quotes belongs to the default value.
fn split_variable(text: &str) -> Result<(&str, &str), VariableFault> {
    let mut quoted = false;
    for (at, c) in text.char_indices() {
        match c {
            '\'' => quoted = !quoted,
            '}' if !quoted => {
                let (inside, behind) = text.split_at(at);
                return Ok((inside, behind.strip_prefix('}').unwrap_or(behind)));
            }
            _ => {}
        }
    }
    Err("the variable is not closed")
}

fn parse_variable(inside: &str) -> Result<Piece, VariableFault> {
    // The escapes of a character that would mean something else.
    match inside {
        "*" => return Ok(Piece::Glob(Glob::Char('*'))),
        "?" => return Ok(Piece::Glob(Glob::Char('?'))),
        "$" => return Ok(Piece::Glob(Glob::Char('$'))),
        _ => {}
    }
    let (key, default) = match inside.split_once(',') {
        None => (inside, None),
        Some((key, default)) => {
            let text = default.trim();
            let quoted = text.strip_prefix('\'').and_then(|text| text.strip_suffix('\''));
            (key, Some(quoted.ok_or("the default value of a variable stands in single quotes")?))
        }
    };
    let key = key.trim();
    if !is_condition_key(key) {
        return Err("a variable names a condition key such as `aws:PrincipalTag/team`");
    }
    if key.to_lowercase().starts_with("secret:") {
        return Err(
            "a secret has no value here: a `*` stands for it in the URL, and `secret:Use` on its name allows it",
        );
    }
    Ok(Piece::Variable(Variable { key: key.to_lowercase(), default: default.map(String::from) }))
}

/// Whether `text` can be a condition key: a prefix of letters, digits, `-` and `.`, a colon, a name.
pub(crate) fn is_condition_key(text: &str) -> bool {
    text.split_once(':').is_some_and(|(prefix, name)| {
        !prefix.is_empty()
            && prefix.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '.')
            && !name.trim().is_empty()
            && !name.contains(['$', '{', '}', '*', '?'])
            && !name.chars().any(char::is_control)
    })
}

/// Matches the whole text. Goes back to the last run only, so that no pattern takes longer than pattern times text.
fn glob_match(pattern: &[Glob], text: &[char], same: impl Fn(char, char) -> bool) -> bool {
    let (mut p, mut t) = (0, 0);
    let mut last_run: Option<(usize, usize)> = None;
    while let Some(&c) = text.get(t) {
        match pattern.get(p) {
            Some(Glob::AnyRun) => {
                p += 1;
                last_run = Some((p, t));
            }
            Some(Glob::AnyOne) => (p, t) = (p + 1, t + 1),
            Some(Glob::Char(expected)) if same(*expected, c) => (p, t) = (p + 1, t + 1),
            _ => match last_run {
                None => return false,
                Some((after, taken)) => {
                    (p, t) = (after, taken + 1);
                    last_run = Some((after, taken + 1));
                }
            },
        }
    }
    pattern.iter().skip(p).all(|glob| *glob == Glob::AnyRun)
}
