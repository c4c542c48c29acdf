//! From values to JSON. That the value has the type is wasmtime's promise; where it does not hold this is an error, not a
//! panic. The one thing that a guest decides is whether a float is finite.

use serde_json::{Map, Number, Value};
use wasmtime::component::Val;

use super::NotOfType;
use crate::wit_type::Type;

/// A value as JSON.
pub(super) fn value(ty: &Type, value: &Val) -> Result<Value, NotOfType> {
    Ok(match (ty, value) {
        (Type::Bool, Val::Bool(it)) => Value::Bool(*it),
        (Type::S8, Val::S8(it)) => (*it).into(),
        (Type::U8, Val::U8(it)) => (*it).into(),
        (Type::S16, Val::S16(it)) => (*it).into(),
        (Type::U16, Val::U16(it)) => (*it).into(),
        (Type::S32, Val::S32(it)) => (*it).into(),
        (Type::U32, Val::U32(it)) => (*it).into(),
        (Type::S64, Val::S64(it)) => (*it).into(),
        (Type::U64, Val::U64(it)) => (*it).into(),
        (Type::F32, Val::Float32(it)) => float(f64::from(*it))?,
        (Type::F64, Val::Float64(it)) => float(*it)?,
        (Type::Char, Val::Char(it)) => Value::String(it.to_string()),
        (Type::String, Val::String(it)) => Value::String(it.clone()),
        (Type::Enum(_), Val::Enum(case)) => Value::String(case.clone()),
        (Type::Flags(names), Val::Flags(set)) => {
            names.iter().filter(|name| set.contains(name)).map(|name| Value::String(name.clone())).collect()
        }
        (Type::List(element), Val::List(items)) => elements(std::iter::repeat(&**element), items)?,
        (Type::Tuple(types), Val::Tuple(items)) if types.len() == items.len() => elements(types, items)?,
        (Type::Record(types), Val::Record(values)) => fields(types, values.iter().map(|(_, value)| value))?,
        (Type::Variant(cases), Val::Variant(name, payload)) => {
            let Some((_, ty)) = cases.iter().find(|(case, _)| case == name) else {
                return Err(not(ty));
            };
            tagged(name, ty.as_ref(), payload.as_deref())?
        }
        (Type::Result { ok, .. }, Val::Result(Ok(payload))) => tagged("ok", ok.as_deref(), payload.as_deref())?,
        (Type::Result { err, .. }, Val::Result(Err(payload))) => tagged("err", err.as_deref(), payload.as_deref())?,
        (Type::Option(some), Val::Option(Some(value))) => tagged("some", Some(some), Some(value))?,
        (Type::Option(_), Val::Option(None)) => tagged("none", None, None)?,
        (ty, _) => return Err(not(ty)),
    })
}

/// Fields or parameters as an object, where an option that is none is left out.
pub(super) fn fields<'v>(
    types: &[(String, Type)],
    values: impl ExactSizeIterator<Item = &'v Val>,
) -> Result<Value, NotOfType> {
    if types.len() != values.len() {
        return Err(NotOfType::new(format!("expected {} fields, found {}", types.len(), values.len())));
    }
    let mut object = Map::new();
    for ((name, ty), field) in types.iter().zip(values) {
        let json = match (ty, field) {
            (Type::Option(_), Val::Option(None)) => continue,
            (Type::Option(some), Val::Option(Some(field))) => value(some, field),
            (ty, field) => value(ty, field),
        };
        object.insert(name.clone(), json.map_err(|error| error.within(format!(".{name}")))?);
    }
    Ok(Value::Object(object))
}

fn elements<'t>(types: impl IntoIterator<Item = &'t Type>, items: &[Val]) -> Result<Value, NotOfType> {
    let items = types.into_iter().zip(items).enumerate();
    items.map(|(index, (ty, item))| value(ty, item).map_err(|error| error.within(format!("[{index}]")))).collect()
}

fn tagged(name: &str, ty: Option<&Type>, payload: Option<&Val>) -> Result<Value, NotOfType> {
    let payload = match (ty, payload) {
        (Some(ty), Some(payload)) => value(ty, payload).map_err(|error| error.within(format!(".{name}")))?,
        (None, None) => Value::Object(Map::new()),
        _ => {
            return Err(NotOfType::new(format!("`{name}` and its type differ in whether there is a payload")));
        }
    };
    Ok(Value::Object(Map::from_iter([(name.to_owned(), payload)])))
}

fn float(number: f64) -> Result<Value, NotOfType> {
    Number::from_f64(number).map(Value::Number).ok_or_else(|| NotOfType::new("a float must be finite"))
}

fn not(ty: &Type) -> NotOfType {
    NotOfType::new(format!("expected {ty}"))
}
