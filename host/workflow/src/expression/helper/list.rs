//! Helpers for lists.
//!
//! Texts and numbers have an order, lists and mappings have none. Texts are compared as they are: of `Admin` and
//! `admin`, `unique` keeps both, since they are two users.

use std::cmp::Ordering;
use std::collections::BTreeSet;

use minijinja::value::ValueKind;
use minijinja::{Error, ErrorKind, Value};

use super::call::{as_json, failed, is_list, shown, written};
use super::path::{self, Path};
use super::{Call, Helper, Kind, Wrong};

pub(super) const HELPERS: &[Helper] = &[
    Helper::filter("length", &[], length).picks(),
    Helper::filter("count", &[], length).picks(),
    Helper::filter("first", &[], first).picks(),
    Helper::filter("last", &[], last).picks(),
    Helper::filter("list", &[], list),
    Helper::filter("join", &["separator?", "attribute?"], join).literal(path::literal),
    Helper::filter("reverse", &[], reverse),
    Helper::filter("sort", &["attribute?", "reverse?"], sort).literal(path::literal),
    Helper::filter("unique", &["attribute?"], unique).literal(path::literal),
    Helper::filter("min", &["attribute?"], min).literal(path::literal),
    Helper::filter("max", &["attribute?"], max).literal(path::literal),
    Helper::filter("sum", &["attribute?"], sum).literal(path::literal),
    Helper::filter("flatten", &["levels?"], flatten),
    Helper::filter("map", &["filter?", "*", "attribute?", "default?"], map).literal(literal),
    Helper::filter("select", &["test?", "*"], select).literal(literal),
    Helper::filter("reject", &["test?", "*"], reject).literal(literal),
    Helper::filter("selectattr", &["attribute", "test?", "*"], select).literal(literal),
    Helper::filter("rejectattr", &["attribute", "test?", "*"], reject).literal(literal),
];

/// Names of filters and tests that are written out, and paths.
fn literal(parameter: &str, value: &Value) -> Result<(), Wrong> {
    let kind = match parameter {
        "filter" => Kind::Filter,
        "test" => Kind::Test,
        _ => return path::literal(parameter, value),
    };
    let name = value.as_str().unwrap_or_default();
    // They would be given the name of another one, which nothing has checked.
    if ["map", "select", "reject", "selectattr", "rejectattr"].contains(&name) {
        return Err(Wrong::Argument(format!("`{name}` cannot be applied to each item: use `flatten` before it")));
    }
    if super::find(kind, name).is_some() { Ok(()) } else { Err(Wrong::Name(kind, name.to_owned())) }
}

fn length(call: &mut Call<'_, '_, '_>) -> Result<Value, Error> {
    if let Some(text) = call.subject.as_str() {
        call.charge_bytes(text.len())?;
        return Ok(Value::from(text.chars().count()));
    }
    let length = call.subject.len().filter(|_| is_list(&call.subject) || call.subject.kind() == ValueKind::Map);
    length.map(Value::from).ok_or_else(|| call.wrong_subject("text, a list or a mapping"))
}

fn first(call: &mut Call<'_, '_, '_>) -> Result<Value, Error> {
    if !is_list(&call.subject) {
        return Err(call.wrong_subject("a list"));
    }
    Ok(call.subject.try_iter()?.next().unwrap_or(Value::UNDEFINED))
}

fn last(call: &mut Call<'_, '_, '_>) -> Result<Value, Error> {
    Ok(call.items()?.pop().unwrap_or(Value::UNDEFINED))
}

fn list(call: &mut Call<'_, '_, '_>) -> Result<Value, Error> {
    if call.subject.kind() == ValueKind::Map {
        return Ok(call.entries()?.into_iter().map(|(key, _)| key).collect::<Vec<_>>().into());
    }
    call.items().map(Value::from)
}

fn join(call: &mut Call<'_, '_, '_>) -> Result<Value, Error> {
    let items = keyed(call)?;
    let separator = call.text_argument("separator")?.unwrap_or_default();
    call.charge_bytes(separator.len().saturating_mul(items.len()))?;
    let texts: Vec<String> = items.iter().map(|(key, _)| written(key)).collect::<Result<_, _>>()?;
    Ok(Value::from(texts.join(separator)))
}

fn reverse(call: &mut Call<'_, '_, '_>) -> Result<Value, Error> {
    if let Some(text) = call.subject.as_str() {
        return Ok(Value::from(text.chars().rev().collect::<String>()));
    }
    Ok(call.items()?.into_iter().rev().collect::<Vec<_>>().into())
}

fn sort(call: &mut Call<'_, '_, '_>) -> Result<Value, Error> {
    let mut items = ordered(call)?;
    let comparisons = items.len().saturating_mul(items.len().checked_ilog2().unwrap_or(0) as usize + 1);
    call.charge_values(comparisons)?;
    let longest = items.iter().map(|(key, _)| key.size()).max().unwrap_or(0);
    call.charge_bytes(comparisons.saturating_mul(longest) / 16)?;
    items.sort_by(|(a, _), (b, _)| a.cmp(b));
    if call.flag_argument("reverse")? {
        items.reverse();
    }
    Ok(items.into_iter().map(|(_, item)| item).collect::<Vec<_>>().into())
}

fn unique(call: &mut Call<'_, '_, '_>) -> Result<Value, Error> {
    let mut seen = BTreeSet::new();
    let mut kept = Vec::new();
    for (key, item) in keyed(call)? {
        if seen.insert(as_json(&key)?.to_string()) {
            kept.push(item);
        }
    }
    Ok(Value::from(kept))
}

fn min(call: &mut Call<'_, '_, '_>) -> Result<Value, Error> {
    let least = ordered(call)?.into_iter().min_by(|(a, _), (b, _)| a.cmp(b));
    Ok(least.map_or(Value::UNDEFINED, |(_, item)| item))
}

fn max(call: &mut Call<'_, '_, '_>) -> Result<Value, Error> {
    let greatest = ordered(call)?.into_iter().max_by(|(a, _), (b, _)| a.cmp(b));
    Ok(greatest.map_or(Value::UNDEFINED, |(_, item)| item))
}

fn sum(call: &mut Call<'_, '_, '_>) -> Result<Value, Error> {
    let (mut whole, mut real, mut all_whole) = (0i128, 0f64, true);
    for (key, _) in keyed(call)? {
        let number = Some(&key).filter(|key| key.kind() == ValueKind::Number);
        let number = number.ok_or_else(|| failed(format!("`sum` takes numbers, not {}", shown(&key))))?;
        all_whole &= number.is_integer();
        whole = whole.saturating_add(i128::try_from(number.clone()).unwrap_or(0));
        real += f64::try_from(number.clone()).unwrap_or(0.0);
    }
    Ok(if all_whole { Value::from(whole) } else { Value::from(real) })
}

fn flatten(call: &mut Call<'_, '_, '_>) -> Result<Value, Error> {
    let levels = call.count_argument("levels")?.unwrap_or(usize::MAX);
    let mut flat = Vec::new();
    for item in call.items()? {
        push_flat(item, levels, &mut flat)?;
    }
    Ok(Value::from(flat))
}

/// It was weighed, so it is not nested too deeply.
fn push_flat(item: Value, levels: usize, flat: &mut Vec<Value>) -> Result<(), Error> {
    match levels.checked_sub(1) {
        Some(levels) if is_list(&item) => item.try_iter()?.try_for_each(|item| push_flat(item, levels, flat)),
        _ => {
            flat.push(item);
            Ok(())
        }
    }
}

fn map(call: &mut Call<'_, '_, '_>) -> Result<Value, Error> {
    let items = call.items()?;
    let (filter, attribute) = (call.text_argument("filter")?, call.text_argument("attribute")?);
    match (filter.map(str::to_owned), attribute) {
        (Some(filter), None) => {
            let mapped = items.into_iter().map(|item| {
                call.charge_values(2)?;
                let arguments: Vec<Value> = std::iter::once(item).chain(call.more.iter().cloned()).collect();
                call.state.apply_filter(&filter, &arguments)
            });
            mapped.collect::<Result<Vec<_>, _>>().map(Value::from)
        }
        (None, Some(attribute)) => {
            let path = Path::parse(attribute)?;
            let found = items.iter().map(|item| match (path.find(item), call.argument("default")) {
                (found, Some(default)) if found.is_undefined() => Ok(default.clone()),
                (found, None) if found.is_undefined() => {
                    Err(failed(format!("an item has no `{attribute}`: give `map` a `default`")))
                }
                (found, _) => Ok(found),
            });
            found.collect::<Result<Vec<_>, _>>().map(Value::from)
        }
        _ => Err(failed("`map` takes the name of a filter, or `attribute=`")),
    }
}

fn select(call: &mut Call<'_, '_, '_>) -> Result<Value, Error> {
    choose(call, true)
}

fn reject(call: &mut Call<'_, '_, '_>) -> Result<Value, Error> {
    choose(call, false)
}

/// The items that pass a test, or those that do not. An item without the attribute passes only `undefined`.
fn choose(call: &mut Call<'_, '_, '_>, wanted: bool) -> Result<Value, Error> {
    let items = call.items()?;
    let path = call.text_argument("attribute")?.map(Path::parse).transpose()?;
    let test = call.text_argument("test")?.map(str::to_owned);
    let mut chosen = Vec::new();
    for item in items {
        call.charge_values(2)?;
        let value = path.as_ref().map_or_else(|| item.clone(), |path| path.find(&item));
        let passes = match &test {
            None => value.is_true(),
            Some(test) if value.is_undefined() && test != "defined" => test == "undefined",
            Some(test) => {
                let arguments: Vec<Value> = std::iter::once(value).chain(call.more.iter().cloned()).collect();
                call.state.perform_test(test, &arguments)?
            }
        };
        if passes == wanted {
            chosen.push(item);
        }
    }
    Ok(Value::from(chosen))
}

/// The items with what `attribute` finds in each, or themselves.
fn keyed(call: &Call<'_, '_, '_>) -> Result<Vec<(Value, Value)>, Error> {
    let path = call.text_argument("attribute")?.map(Path::parse).transpose()?;
    let keys = call.items()?.into_iter().map(|item| match &path {
        None => Ok((item.clone(), item)),
        Some(path) => match path.find(&item) {
            key if key.is_undefined() => Err(Error::from(ErrorKind::UndefinedError)),
            key => Ok((key, item)),
        },
    });
    keys.collect()
}

fn ordered(call: &Call<'_, '_, '_>) -> Result<Vec<(Order, Value)>, Error> {
    let items: Vec<(Order, Value)> =
        keyed(call)?.into_iter().map(|(key, item)| Ok((Order::of(&key)?, item))).collect::<Result<_, Error>>()?;
    let texts = items.iter().filter(|(key, _)| matches!(key, Order::Text(_))).count();
    if texts > 0 && texts < items.len() {
        return Err(failed("text and numbers have no order among each other"));
    }
    Ok(items)
}

/// Something that has a place in an order, and a total one: that of the engine is not, for large numbers.
enum Order {
    Number(f64, i128),
    Text(Value),
}

impl Order {
    fn of(value: &Value) -> Result<Self, Error> {
        match value.kind() {
            ValueKind::String => Ok(Self::Text(value.clone())),
            ValueKind::Number => {
                let real = f64::try_from(value.clone()).unwrap_or(0.0);
                Ok(Self::Number(real, i128::try_from(value.clone()).unwrap_or(0)))
            }
            _ => Err(failed(format!("only text and numbers have an order, not {}", shown(value)))),
        }
    }

    fn size(&self) -> usize {
        match self {
            Self::Number(..) => 8,
            Self::Text(text) => text.as_str().map_or(0, str::len),
        }
    }

    fn cmp(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Number(a, whole), Self::Number(b, other)) => a.total_cmp(b).then(whole.cmp(other)),
            (Self::Text(a), Self::Text(b)) => a.as_str().cmp(&b.as_str()),
            (Self::Number(..), Self::Text(_)) => Ordering::Less,
            (Self::Text(_), Self::Number(..)) => Ordering::Greater,
        }
    }
}
