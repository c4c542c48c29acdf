//! From JSON to values: strict and total.

use serde_json::{Map, Value};
use wasmtime::component::Val;

use super::NotOfType;
use crate::wit_type::Type;

/// A value from JSON.
pub(super) fn value(ty: &Type, json: &Value) -> Result<Val, NotOfType> {
    Ok(match ty {
        Type::Bool => Val::Bool(json.as_bool().ok_or_else(|| not(ty, json))?),
        Type::S8 => Val::S8(integer(ty, json)?),
        Type::U8 => Val::U8(integer(ty, json)?),
        Type::S16 => Val::S16(integer(ty, json)?),
        Type::U16 => Val::U16(integer(ty, json)?),
        Type::S32 => Val::S32(integer(ty, json)?),
        Type::U32 => Val::U32(integer(ty, json)?),
        Type::S64 => Val::S64(integer(ty, json)?),
        Type::U64 => Val::U64(integer(ty, json)?),
        Type::F32 => Val::Float32(single(ty, json)?),
        Type::F64 => Val::Float64(float(json).ok_or_else(|| not(ty, json))?),
        Type::Char => Val::Char(character(json).ok_or_else(|| not(ty, json))?),
        Type::String => Val::String(text(ty, json)?.to_owned()),
        Type::Enum(cases) => Val::Enum(known(cases, ty, json)?),
        Type::Flags(names) => Val::Flags(flags(names, ty, json)?),
        Type::List(element) => {
            let items = json.as_array().ok_or_else(|| not(ty, json))?;
            Val::List(elements(std::iter::repeat(&**element), items)?)
        }
        Type::Tuple(types) => match json.as_array() {
            Some(items) if items.len() == types.len() => Val::Tuple(elements(types, items)?),
            _ => return Err(not(ty, json)),
        },
        Type::Record(types) => Val::Record(fields(types, json)?),
        Type::Variant(cases) => {
            let (name, payload) = tagged(ty, json)?;
            let case = cases.iter().find(|(case, _)| case == name);
            let (_, ty) = case.ok_or_else(|| NotOfType::new(format!("unknown case `{name}`")))?;
            Val::Variant(name.clone(), carried(name, ty.as_ref(), payload)?)
        }
        Type::Result { ok, err } => match tagged(ty, json)? {
            (name, payload) if name == "ok" => Val::Result(Ok(carried(name, ok.as_deref(), payload)?)),
            (name, payload) if name == "err" => Val::Result(Err(carried(name, err.as_deref(), payload)?)),
            _ => return Err(not(ty, json)),
        },
        Type::Option(some) => match tagged(ty, json)? {
            (name, payload) if name == "some" => Val::Option(carried(name, Some(some), payload)?),
            (name, payload) if name == "none" => Val::Option(carried(name, None, payload)?),
            _ => return Err(not(ty, json)),
        },
    })
}

/// Checks that the JSON is `{}`, which stands where there is no value.
pub(super) fn empty(json: &Value) -> Result<(), NotOfType> {
    match json {
        Value::Object(object) if object.is_empty() => Ok(()),
        _ => Err(NotOfType::new(format!("expected {{}}, found {}", kind(json)))),
    }
}

fn fields(types: &[(String, Type)], json: &Value) -> Result<Vec<(String, Val)>, NotOfType> {
    let Value::Object(object) = json else {
        return Err(NotOfType::new(format!("expected an object, found {}", kind(json))));
    };
    if let Some(unknown) = object.keys().find(|key| !types.iter().any(|(name, _)| name == *key)) {
        return Err(NotOfType::new(format!("unknown field `{unknown}`")));
    }
    types.iter().map(|(name, ty)| Ok((name.clone(), field(name, ty, object)?))).collect()
}

fn field(name: &str, ty: &Type, object: &Map<String, Value>) -> Result<Val, NotOfType> {
    let found = match (ty, object.get(name)) {
        (Type::Option(_), None) => return Ok(Val::Option(None)),
        (Type::Option(some), Some(json)) => value(some, json).map(|some| Val::Option(Some(Box::new(some)))),
        (ty, Some(json)) => value(ty, json),
        (_, None) => return Err(NotOfType::new(format!("missing field `{name}`"))),
    };
    found.map_err(|error| error.within(format!(".{name}")))
}

fn elements<'t>(types: impl IntoIterator<Item = &'t Type>, items: &[Value]) -> Result<Vec<Val>, NotOfType> {
    let items = types.into_iter().zip(items).enumerate();
    items.map(|(index, (ty, item))| value(ty, item).map_err(|error| error.within(format!("[{index}]")))).collect()
}

fn tagged<'j>(ty: &Type, json: &'j Value) -> Result<(&'j String, &'j Value), NotOfType> {
    let object = json.as_object().filter(|object| object.len() == 1);
    object.and_then(|object| object.iter().next()).ok_or_else(|| not(ty, json))
}

fn carried(name: &str, ty: Option<&Type>, payload: &Value) -> Result<Option<Box<Val>>, NotOfType> {
    let payload = match ty {
        Some(ty) => value(ty, payload).map(|value| Some(Box::new(value))),
        None => empty(payload).map(|()| None),
    };
    payload.map_err(|error| error.within(format!(".{name}")))
}

/// `1.0` and `1e0` are not integers here: one value has one form.
fn integer<T: TryFrom<i128>>(ty: &Type, json: &Value) -> Result<T, NotOfType> {
    let number = json.as_u64().map(i128::from).or_else(|| json.as_i64().map(i128::from));
    let number = number.ok_or_else(|| not(ty, json))?;
    T::try_from(number).map_err(|_| NotOfType::new(format!("{number} is out of the range of {ty}")))
}

#[expect(clippy::cast_possible_truncation, reason = "rounding to the nearest f32 is what the form says")]
fn single(ty: &Type, json: &Value) -> Result<f32, NotOfType> {
    let single = float(json).ok_or_else(|| not(ty, json))? as f32;
    if single.is_finite() { Ok(single) } else { Err(NotOfType::new(format!("{json} is out of the range of {ty}"))) }
}

#[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, reason = "what is lost is found by going back")]
fn float(json: &Value) -> Option<f64> {
    let Value::Number(number) = json else {
        return None;
    };
    let integer = number.as_u64().map(i128::from).or_else(|| number.as_i64().map(i128::from));
    match integer {
        Some(integer) => Some(integer as f64).filter(|float| *float as i128 == integer),
        None => number.as_f64(),
    }
}

fn character(json: &Value) -> Option<char> {
    let mut characters = json.as_str()?.chars();
    characters.next().filter(|_| characters.next().is_none())
}

fn text<'j>(ty: &Type, json: &'j Value) -> Result<&'j str, NotOfType> {
    json.as_str().ok_or_else(|| not(ty, json))
}

fn known(names: &[String], ty: &Type, json: &Value) -> Result<String, NotOfType> {
    let name = text(ty, json)?;
    let known = names.iter().find(|known| *known == name);
    known.cloned().ok_or_else(|| NotOfType::new(format!("unknown name `{name}`")))
}

fn flags(names: &[String], ty: &Type, json: &Value) -> Result<Vec<String>, NotOfType> {
    let items = json.as_array().ok_or_else(|| not(ty, json))?;
    let mut set: Vec<String> = Vec::new();
    for (index, item) in items.iter().enumerate() {
        let name = known(names, ty, item).map_err(|error| error.within(format!("[{index}]")))?;
        if set.contains(&name) {
            return Err(NotOfType::new(format!("repeated flag `{name}`")));
        }
        set.push(name);
    }
    Ok(set)
}

fn not(ty: &Type, json: &Value) -> NotOfType {
    NotOfType::new(format!("expected {ty}, found {}", kind(json)))
}

/// What is shown of a value that has another type: never the value itself, which may be large or secret.
fn kind(json: &Value) -> &'static str {
    match json {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}
