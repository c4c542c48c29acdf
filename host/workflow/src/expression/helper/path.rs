//! `get`, and paths into values: `a.b[0].c`, `tags["aws:name"]`.
//!
//! A path that leads nowhere is not an error: what is behind it is undefined.

use minijinja::{Error, Value};

use super::call::failed;
use super::{Call, Helper, Wrong};

pub(super) const HELPERS: &[Helper] =
    &[Helper::filter("get", &["path", "default?"], get).lenient().picks().literal(literal)];

/// A path, read.
pub(super) struct Path(Vec<Value>);

impl Path {
    pub(super) fn parse(text: &str) -> Result<Self, Error> {
        let keys = keys(text).ok_or_else(|| {
            let shortened = crate::read::shorten(text);
            failed(format!("`{shortened}` is not a path: paths are written like `a.b[0].c` and `a[\"b-c\"]`"))
        })?;
        Ok(Self(keys))
    }

    /// What is at the path, undefined when something on the way is missing.
    pub(super) fn find(&self, value: &Value) -> Value {
        find(value, &self.0)
    }
}

/// What is behind the keys, undefined when one is missing.
pub(super) fn find(value: &Value, keys: &[Value]) -> Value {
    let mut at = value.clone();
    for key in keys {
        at = at.get_item(key).unwrap_or(Value::UNDEFINED);
        if at.is_undefined() {
            break;
        }
    }
    at
}

/// Checks a path that is written out.
pub(super) fn literal(parameter: &str, value: &Value) -> Result<(), Wrong> {
    match (parameter, value.as_str()) {
        ("path" | "attribute", Some(text)) => {
            let parsed = Path::parse(text).map(|_| ());
            parsed.map_err(|error| Wrong::Argument(error.detail().unwrap_or_default().to_owned()))
        }
        ("path" | "attribute", None) => Err(Wrong::Argument(format!("`{parameter}` must be text like `a.b[0].c`"))),
        _ => Ok(()),
    }
}

fn get(call: &mut Call<'_, '_, '_>) -> Result<Value, Error> {
    let path = Path::parse(call.text_argument("path")?.unwrap_or_default())?;
    call.charge_bytes(64 * path.0.len())?;
    let found = path.find(&call.subject);
    Ok(match call.argument("default") {
        Some(default) if found.is_undefined() => default.clone(),
        _ => found,
    })
}

fn keys(text: &str) -> Option<Vec<Value>> {
    let mut keys = Vec::new();
    let mut rest = text;
    loop {
        if let Some(inner) = rest.strip_prefix('[') {
            let (key, behind) = bracketed(inner)?;
            keys.push(key);
            rest = behind;
        } else {
            let name = if keys.is_empty() { rest } else { rest.strip_prefix('.')? };
            let end = name.find(['.', '[']).unwrap_or(name.len());
            let (name, behind) = name.split_at_checked(end)?;
            if name.is_empty() || name.contains(']') {
                return None;
            }
            keys.push(Value::from(name));
            rest = behind;
        }
        if rest.is_empty() {
            return Some(keys);
        }
    }
}

/// A key in brackets, behind the first of them, and what follows.
fn bracketed(inner: &str) -> Option<(Value, &str)> {
    for quote in ['"', '\''] {
        if let Some(quoted) = inner.strip_prefix(quote) {
            let (name, rest) = quoted.split_once(quote)?;
            return Some((Value::from(name), rest.strip_prefix(']')?));
        }
    }
    let (index, rest) = inner.split_once(']')?;
    let digits = index.strip_prefix('-').unwrap_or(index);
    let plain = !digits.is_empty() && digits.chars().all(|c| c.is_ascii_digit());
    plain.then(|| index.parse::<i64>().ok()).flatten().map(|index| (Value::from(index), rest))
}
