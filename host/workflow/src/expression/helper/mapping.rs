//! Helpers for mappings, and for the lists of pairs that AWS has for tags.

use minijinja::value::ValueKind;
use minijinja::{Error, Value};

use super::call::{entries, failed, shown};
use super::{Call, Helper};

pub(super) const HELPERS: &[Helper] = &[
    Helper::filter("keys", &[], keys),
    Helper::filter("values", &[], values),
    Helper::filter("combine", &["other"], combine),
    Helper::filter("dict2items", &["key_name?", "value_name?"], dict2items),
    Helper::filter("items2dict", &["key_name?", "value_name?"], items2dict),
];

fn keys(call: &mut Call<'_, '_, '_>) -> Result<Value, Error> {
    Ok(call.entries()?.into_iter().map(|(key, _)| key).collect::<Vec<_>>().into())
}

fn values(call: &mut Call<'_, '_, '_>) -> Result<Value, Error> {
    Ok(call.entries()?.into_iter().map(|(_, value)| value).collect::<Vec<_>>().into())
}

fn combine(call: &mut Call<'_, '_, '_>) -> Result<Value, Error> {
    let other = call.argument("other").filter(|other| other.kind() == ValueKind::Map);
    let other = other.ok_or_else(|| failed("`other` of `combine` must be a mapping"))?;
    let all = call.entries()?.into_iter().chain(entries(other)?);
    Ok(Value::from_pairs(all))
}

fn dict2items(call: &mut Call<'_, '_, '_>) -> Result<Value, Error> {
    let (key_name, value_name) = names(call)?;
    let items = call.entries()?.into_iter();
    let items = items.map(|(key, value)| Value::from_pairs([(key_name, key), (value_name, value)]));
    Ok(items.collect::<Vec<_>>().into())
}

fn items2dict(call: &mut Call<'_, '_, '_>) -> Result<Value, Error> {
    let (key_name, value_name) = names(call)?;
    let pairs = call.items()?.into_iter().map(|item| {
        let (key, value) = (item.get_attr(key_name)?, item.get_attr(value_name)?);
        if key.is_undefined() || value.is_undefined() {
            return Err(failed(format!("an item of `items2dict` has no `{key_name}` or no `{value_name}`")));
        }
        if key.kind() != ValueKind::String {
            return Err(failed(format!("a key must be text, not {}", shown(&key))));
        }
        Ok((key, value))
    });
    let pairs: Vec<(Value, Value)> = pairs.collect::<Result<_, Error>>()?;
    Ok(Value::from_pairs(pairs))
}

fn names<'c>(call: &'c Call<'_, '_, '_>) -> Result<(&'c str, &'c str), Error> {
    let key_name = call.text_argument("key_name")?.unwrap_or("key");
    Ok((key_name, call.text_argument("value_name")?.unwrap_or("value")))
}
