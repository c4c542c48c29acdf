//! Reading fields from a YAML tree: the tools with which every part of the format is read strictly.
//!
//! This decides that an unknown field is an error (with the nearest known one as a suggestion), how durations and names
//! are written, and the wording for a value of the wrong kind. Which fields there are is left to the callers.

use std::time::Duration;

use crate::problem::{Collector, Span};
use crate::yaml::{Content, Key, Node};

/// A year: nothing in a workflow waits longer, and no sum of durations overflows.
const MAX_DURATION: Duration = Duration::from_secs(365 * 24 * 60 * 60);
/// As many names as a suggestion is looked for among.
const MAX_COMPARED: usize = 500;
/// As many names as anyone reads.
const MAX_LISTED: usize = 50;
/// Names and ids are shown in tables and used in ARNs and call keys.
const MAX_NAME: usize = 64;

/// The fields of one mapping, all of which are known.
pub struct Fields<'n> {
    entries: &'n [(Key, Node)],
    /// The place of the mapping.
    pub span: Span,
}

impl<'n> Fields<'n> {
    /// Takes a mapping and reports every field that is not in `known`. `what` names it in errors: "a step".
    pub fn of(node: &'n Node, what: &str, known: &[&str], problems: &mut Collector<'_>) -> Option<Self> {
        let Content::Map(entries) = &node.content else {
            problems.add(&node.span, format!("{what} must be a mapping, not {}", node.kind()));
            return None;
        };
        for (key, _) in entries {
            // A merge key is reported by the YAML reader already.
            if !known.contains(&key.name.as_str()) && key.name != "<<" {
                let message = || format!("unknown field `{}` in {what}", shorten(&key.name));
                unknown(|_| key.span.clone(), message, &key.name, || known.to_vec(), problems);
            }
        }
        Some(Self { entries, span: node.span.clone() })
    }

    /// A field that may be absent.
    pub fn get(&self, name: &str) -> Option<&'n Node> {
        self.entries.iter().find(|(key, _)| key.name == name).map(|(_, node)| node)
    }

    /// A field that must be there.
    pub fn required(&self, name: &str, what: &str, problems: &mut Collector<'_>) -> Option<&'n Node> {
        let node = self.get(name);
        if node.is_none() {
            problems.add(&self.span, format!("{what} needs `{name}`"));
        }
        node
    }
}

/// A name that there is not, with the nearest one that there is. What is known is asked for only if the problem is shown.
pub(crate) fn unknown<'k>(
    span: impl FnOnce(&Collector<'_>) -> Span,
    message: impl FnOnce() -> String,
    given: &str,
    known: impl FnOnce() -> Vec<&'k str>,
    problems: &mut Collector<'_>,
) {
    if !problems.is_full() {
        let span = span(problems);
        problems.add_with_help(&span, message(), suggestion(given, &known()));
    }
}

/// "did you mean" where something known is close, else what is known.
pub fn suggestion(given: &str, known: &[&str]) -> String {
    let near = known.iter().take(MAX_COMPARED).filter_map(|name| Some((within(given, name, name.len() / 2)?, *name)));
    match near.min() {
        Some((_, name)) => format!("did you mean `{}`?", shorten(name)),
        _ if known.is_empty() => "there are none here".to_owned(),
        _ => {
            let listed: Vec<String> = known.iter().take(MAX_LISTED).map(|name| shorten(name)).collect();
            let more = known.len().saturating_sub(MAX_LISTED);
            let more = if more > 0 { format!(" and {more} more") } else { String::new() };
            format!("there are: `{}`{more}", listed.join("`, `"))
        }
    }
}

/// The number of characters to insert, remove or replace (Levenshtein), with a cap on what is looked at; `None` when it is
/// more than `most`.
pub(crate) fn within(left: &str, right: &str, most: usize) -> Option<usize> {
    let right: Vec<char> = right.chars().take(MAX_NAME).collect();
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (i, a) in left.chars().take(MAX_NAME).enumerate() {
        let mut diagonal = i;
        let mut last = i + 1;
        let mut least = last;
        if let Some(first) = row.first_mut() {
            *first = last;
        }
        for (b, above) in right.iter().zip(row.iter_mut().skip(1)) {
            let cost = (diagonal + usize::from(a != *b)).min(*above + 1).min(last + 1);
            diagonal = *above;
            *above = cost;
            last = cost;
            least = least.min(cost);
        }
        // It never gets less from one row to the next.
        if least > most {
            return None;
        }
    }
    row.last().copied().filter(|distance| *distance <= most)
}

/// The place of the value that fields and numbers lead to: as far as they do; the whole, where they do not.
pub(crate) fn place_of(root: &Node, path: &[String]) -> Span {
    let mut node = root;
    let mut span = root.span.clone();
    for name in path {
        let next = match &node.content {
            Content::Map(entries) => entries.iter().find(|(key, _)| key.name == *name).map(|(_, value)| value),
            Content::List(items) => name.parse::<usize>().ok().and_then(|index| items.get(index)),
            _ => None,
        };
        let Some(next) = next else { break };
        node = next;
        span = next.span.clone();
    }
    span
}

/// Text; `what` names the value in errors.
pub fn text<'n>(node: &'n Node, what: &str, problems: &mut Collector<'_>) -> Option<&'n str> {
    match &node.content {
        Content::Text(text) => Some(text),
        _ => {
            problems.add(&node.span, format!("{what} must be text, not {}", node.kind()));
            None
        }
    }
}

/// One of a few words.
pub fn word<T: Copy>(node: &Node, what: &str, words: &[(&str, T)], problems: &mut Collector<'_>) -> Option<T> {
    let given = text(node, what, problems)?;
    let found = words.iter().find(|(word, _)| *word == given).map(|(_, value)| *value);
    if found.is_none() {
        let message = || format!("{what} cannot be `{}`", shorten(given));
        let known = || words.iter().map(|(word, _)| *word).collect();
        unknown(|_| node.span.clone(), message, given, known, problems);
    }
    found
}

/// `true` or `false`.
pub fn boolean(node: &Node, what: &str, problems: &mut Collector<'_>) -> Option<bool> {
    match node.content {
        Content::Bool(value) => Some(value),
        _ => {
            problems.add(&node.span, format!("{what} must be `true` or `false`, not {}", node.kind()));
            None
        }
    }
}

/// A list.
pub fn list<'n>(node: &'n Node, what: &str, problems: &mut Collector<'_>) -> Option<&'n [Node]> {
    match &node.content {
        Content::List(items) => Some(items),
        _ => {
            problems.add(&node.span, format!("{what} must be a list, not {}", node.kind()));
            None
        }
    }
}

/// A list of texts that is not empty.
pub fn texts(node: &Node, what: &str, problems: &mut Collector<'_>) -> Option<Vec<String>> {
    let items = list(node, what, problems)?;
    if items.is_empty() {
        problems.add(&node.span, format!("{what} must not be empty"));
    }
    let texts = items.iter().filter_map(|item| text(item, what, problems)).map(str::to_owned);
    Some(texts.collect())
}

/// A whole number within limits.
pub fn whole(node: &Node, what: &str, min: u32, max: u32, problems: &mut Collector<'_>) -> Option<u32> {
    let value = match &node.content {
        Content::Number(number) => number.as_u64().and_then(|value| u32::try_from(value).ok()),
        _ => None,
    };
    let value = value.filter(|value| (min..=max).contains(value));
    if value.is_none() {
        problems.add(&node.span, format!("{what} must be a whole number from {min} to {max}"));
    }
    value
}

/// A duration: a whole number and one of `s`, `m`, `h`, `d`; from one second to a year.
pub fn duration(node: &Node, what: &str, problems: &mut Collector<'_>) -> Option<Duration> {
    let parsed = match &node.content {
        Content::Text(text) => parse_duration(text),
        _ => None,
    };
    if parsed.is_none() {
        let message = format!("{what} must be a duration from `1s` to `365d`");
        problems.add_with_help(&node.span, message, "durations are written like `30s`, `5m`, `4h`, `1d`");
    }
    parsed
}

/// A duration as the format writes it, from one second to a year.
pub(crate) fn parse_duration(text: &str) -> Option<Duration> {
    parse_seconds(text).map(Duration::from_secs).filter(|duration| !duration.is_zero() && *duration <= MAX_DURATION)
}

/// The seconds of any duration as the format writes it.
pub(crate) fn parse_seconds(text: &str) -> Option<u64> {
    let (digits, seconds) = match text.char_indices().next_back()? {
        (at, 's') => (text.get(..at)?, 1),
        (at, 'm') => (text.get(..at)?, 60),
        (at, 'h') => (text.get(..at)?, 60 * 60),
        (at, 'd') => (text.get(..at)?, 24 * 60 * 60),
        _ => return None,
    };
    let plain = !digits.is_empty() && digits.chars().all(|c| c.is_ascii_digit());
    let number: u64 = if plain { digits.parse().ok()? } else { return None };
    number.checked_mul(seconds)
}

/// Which names are taken where.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Naming {
    /// Ids and inputs are used in expressions, where `-` is minus: `[a-z][a-z0-9_]*`.
    Identifier,
    /// Workflows and plugins: `[a-z][a-z0-9-]*`.
    Kebab,
}

/// A name, of at most 64 characters.
pub fn name(name: &str, span: &Span, what: &str, naming: Naming, problems: &mut Collector<'_>) -> bool {
    let separator = if naming == Naming::Identifier { '_' } else { '-' };
    let starts = name.starts_with(|c: char| c.is_ascii_lowercase());
    let rest = name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == separator);
    let fits = starts && rest && name.len() <= MAX_NAME;
    if !fits {
        let rule =
            format!("write a lower-case letter, then lower-case letters, digits or `{separator}`, up to {MAX_NAME}");
        problems.add_with_help(span, format!("`{}` cannot be {what}", shorten(name)), rule);
    }
    fits
}

/// User input as an error message may hold it.
pub fn shorten(text: &str) -> String {
    shorten_to(text, MAX_NAME)
}

/// The first so many characters of a text.
pub(crate) fn shorten_to(text: &str, most: usize) -> String {
    let mut shortened: String = text.chars().take(most).collect();
    if shortened.len() < text.len() {
        shortened.push('…');
    }
    shortened
}
