//! Helpers for text.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use minijinja::{Error, Value};

use super::call::failed;
use super::{Call, Helper};
use crate::read::shorten;

pub(super) const HELPERS: &[Helper] = &[
    Helper::filter("lower", &[], lower),
    Helper::filter("upper", &[], upper),
    Helper::filter("trim", &["characters?"], trim),
    Helper::filter("removeprefix", &["prefix"], removeprefix),
    Helper::filter("removesuffix", &["suffix"], removesuffix),
    Helper::filter("replace", &["old", "new", "count?"], replace),
    Helper::filter("split", &["separator?", "maxsplit?"], split),
    Helper::filter("truncate", &["length", "end?"], truncate),
    Helper::filter("b64encode", &[], b64encode),
    Helper::filter("b64decode", &[], b64decode),
];

fn lower(call: &mut Call<'_, '_, '_>) -> Result<Value, Error> {
    Ok(Value::from(call.text()?.to_lowercase()))
}

fn upper(call: &mut Call<'_, '_, '_>) -> Result<Value, Error> {
    Ok(Value::from(call.text()?.to_uppercase()))
}

fn trim(call: &mut Call<'_, '_, '_>) -> Result<Value, Error> {
    let text = call.text()?;
    let Some(characters) = call.text_argument("characters")? else { return Ok(Value::from(text.trim())) };
    // Each character of the text is looked up among these.
    call.charge_bytes(text.len().saturating_mul(characters.len()))?;
    Ok(Value::from(text.trim_matches(|c| characters.contains(c))))
}

fn removeprefix(call: &mut Call<'_, '_, '_>) -> Result<Value, Error> {
    let (text, prefix) = (call.text()?, call.text_argument("prefix")?.unwrap_or_default());
    Ok(Value::from(text.strip_prefix(prefix).unwrap_or(text)))
}

fn removesuffix(call: &mut Call<'_, '_, '_>) -> Result<Value, Error> {
    let (text, suffix) = (call.text()?, call.text_argument("suffix")?.unwrap_or_default());
    Ok(Value::from(text.strip_suffix(suffix).unwrap_or(text)))
}

fn replace(call: &mut Call<'_, '_, '_>) -> Result<Value, Error> {
    let text = call.text()?;
    let (old, new) = (call.text_argument("old")?.unwrap_or_default(), call.text_argument("new")?.unwrap_or_default());
    if old.is_empty() {
        return Err(failed("`old` of `replace` is empty"));
    }
    let count = call.count_argument("count")?.unwrap_or(usize::MAX);
    let found = text.matches(old).take(count).count();
    call.charge_bytes(text.len().saturating_add(found.saturating_mul(new.len())))?;
    Ok(Value::from(text.replacen(old, new, count)))
}

fn split(call: &mut Call<'_, '_, '_>) -> Result<Value, Error> {
    let text = call.text()?;
    let most = call.count_argument("maxsplit")?.map_or(usize::MAX, |splits| splits.saturating_add(1));
    let Some(separator) = call.text_argument("separator")? else {
        call.charge_values(text.split_whitespace().count())?;
        return Ok(text.split_whitespace().map(Value::from).collect::<Vec<_>>().into());
    };
    if separator.is_empty() {
        return Err(failed("`separator` of `split` is empty"));
    }
    call.charge_values(text.splitn(most, separator).count())?;
    Ok(text.splitn(most, separator).map(Value::from).collect::<Vec<_>>().into())
}

/// At most so many characters, what stands for the rest included.
fn truncate(call: &mut Call<'_, '_, '_>) -> Result<Value, Error> {
    let text = call.text()?;
    let length = call.count_argument("length")?.unwrap_or(0);
    let end = call.text_argument("end")?.unwrap_or("...");
    if text.chars().count() <= length {
        return Ok(call.subject.clone());
    }
    let kept = length.checked_sub(end.chars().count());
    let kept = kept.ok_or_else(|| failed("`length` of `truncate` must be at least the length of `end`"))?;
    Ok(Value::from(text.chars().take(kept).chain(end.chars()).collect::<String>()))
}

fn b64encode(call: &mut Call<'_, '_, '_>) -> Result<Value, Error> {
    Ok(Value::from(STANDARD.encode(call.text()?)))
}

fn b64decode(call: &mut Call<'_, '_, '_>) -> Result<Value, Error> {
    let text = call.text()?;
    let bytes = STANDARD.decode(text).map_err(|error| failed(format!("`{}` is not base64: {error}", shorten(text))))?;
    let decoded = String::from_utf8(bytes);
    decoded.map(Value::from).map_err(|_| failed(format!("`{}` is base64, but not of text", shorten(text))))
}
