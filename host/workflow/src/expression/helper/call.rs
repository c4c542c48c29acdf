//! One call of a helper: its arguments by name, and the errors when they are not what it takes.

use minijinja::value::{Kwargs, ValueKind};
use minijinja::{Error, ErrorKind, State, Value};

use super::{Helper, Kind, Parameter, weight};
use crate::expression::json;
use crate::read::shorten;

/// A call that runs.
pub(in crate::expression) struct Call<'c, 't, 'e> {
    pub(super) state: &'c mut State<'t, 'e>,
    name: &'static str,
    /// What stands before the `|` or `is`; nothing for a function.
    pub(super) subject: Value,
    arguments: Vec<(&'static str, Value)>,
    /// The arguments behind the named ones.
    pub(super) more: Vec<Value>,
}

impl<'c, 't, 'e> Call<'c, 't, 'e> {
    /// Gives each argument its name. The number and the names were checked when the expression was read, save for
    /// what `map` and `select` pass on.
    pub(super) fn bind(helper: &Helper, state: &'c mut State<'t, 'e>, values: Vec<Value>) -> Result<Self, Error> {
        let (positional, named): (&[Value], Kwargs) = minijinja::value::from_args(&values)?;
        let (subject, positional) = match (helper.kind, positional.split_first()) {
            (Kind::Filter | Kind::Test, Some((subject, rest))) => (subject.clone(), rest),
            _ => (Value::from(()), positional),
        };
        if subject.is_undefined() && !helper.lenient {
            return Err(Error::from(ErrorKind::UndefinedError));
        }
        let (parameters, takes_more) = helper.parameters();
        let mut rest = positional.iter().peekable();
        let mut arguments = Vec::new();
        for Parameter { name, required, positional } in parameters {
            let value = match rest.next_if(|_| positional) {
                Some(value) => Some(value.clone()),
                None => named.get::<Option<Value>>(name)?,
            };
            match value {
                Some(value) if value.is_undefined() => return Err(Error::from(ErrorKind::UndefinedError)),
                Some(value) => arguments.push((name, value)),
                None if required => return Err(failed(format!("`{}` needs the argument `{name}`", helper.name))),
                None => {}
            }
        }
        let more: Vec<Value> = rest.cloned().collect();
        if !more.is_empty() && !takes_more {
            return Err(failed(format!("`{}` is given too many arguments", helper.name)));
        }
        if more.iter().any(Value::is_undefined) {
            return Err(Error::from(ErrorKind::UndefinedError));
        }
        Ok(Self { state, name: helper.name, subject, arguments, more })
    }

    pub(super) fn weigh_arguments(&self) -> Result<(), Error> {
        let arguments = self.arguments.iter().map(|(_, value)| value);
        let all = std::iter::once(&self.subject).chain(arguments).chain(&self.more);
        all.into_iter().try_for_each(|value| weight::weigh(self.state, value))
    }

    /// Charges for bytes before they are made.
    pub(super) fn charge_bytes(&self, bytes: usize) -> Result<(), Error> {
        self.state.consume_fuel(bytes as u64 / 64)
    }

    /// Charges for values before they are made.
    pub(super) fn charge_values(&self, values: usize) -> Result<(), Error> {
        self.state.consume_fuel(values as u64 / 2)
    }

    pub(super) fn argument(&self, name: &str) -> Option<&Value> {
        self.arguments.iter().find(|(known, _)| *known == name).map(|(_, value)| value)
    }

    pub(super) fn text_argument(&self, name: &str) -> Result<Option<&str>, Error> {
        let Some(value) = self.argument(name) else { return Ok(None) };
        value.as_str().map(Some).ok_or_else(|| self.wrong_argument(name, "text", value))
    }

    pub(super) fn count_argument(&self, name: &str) -> Result<Option<usize>, Error> {
        let Some(value) = self.argument(name) else { return Ok(None) };
        let count = if value.is_integer() { value.as_usize() } else { None };
        count.map(Some).ok_or_else(|| self.wrong_argument(name, "a whole number from 0", value))
    }

    pub(super) fn flag_argument(&self, name: &str) -> Result<bool, Error> {
        match self.argument(name) {
            None => Ok(false),
            Some(value) if value.kind() == ValueKind::Bool => Ok(value.is_true()),
            Some(value) => Err(self.wrong_argument(name, "true or false", value)),
        }
    }

    /// The subject as text.
    pub(super) fn text(&self) -> Result<&str, Error> {
        self.subject.as_str().ok_or_else(|| self.wrong_subject("text"))
    }

    /// The items of the subject, which is a list.
    pub(super) fn items(&self) -> Result<Vec<Value>, Error> {
        if !is_list(&self.subject) {
            return Err(self.wrong_subject("a list"));
        }
        self.charge_values(self.subject.len().unwrap_or(0))?;
        Ok(self.subject.try_iter()?.collect())
    }

    /// The keys and values of the subject, which is a mapping.
    pub(super) fn entries(&self) -> Result<Vec<(Value, Value)>, Error> {
        if self.subject.kind() != ValueKind::Map {
            return Err(self.wrong_subject("a mapping"));
        }
        entries(&self.subject)
    }

    pub(super) fn wrong_subject(&self, expected: &str) -> Error {
        failed(format!("`{}` takes {expected}, not {}", self.name, shown(&self.subject)))
    }

    pub(super) fn wrong_argument(&self, name: &str, expected: &str, found: &Value) -> Error {
        failed(format!("`{name}` of `{}` must be {expected}, not {}", self.name, shown(found)))
    }
}

/// An error with this text.
pub(super) fn failed(reason: impl Into<String>) -> Error {
    Error::new(ErrorKind::InvalidOperation, reason.into())
}

/// A value in an error: texts and numbers themselves, all else by its kind.
pub(super) fn shown(value: &Value) -> String {
    match value.kind() {
        ValueKind::String => format!("`{}`", shorten(value.as_str().unwrap_or_default())),
        ValueKind::Number | ValueKind::Bool => format!("`{value}`"),
        ValueKind::None => "null".to_owned(),
        ValueKind::Seq | ValueKind::Iterable => "a list".to_owned(),
        ValueKind::Map => "a mapping".to_owned(),
        other => other.to_string(),
    }
}

pub(super) fn is_list(value: &Value) -> bool {
    matches!(value.kind(), ValueKind::Seq | ValueKind::Iterable)
}

pub(super) fn entries(mapping: &Value) -> Result<Vec<(Value, Value)>, Error> {
    mapping.try_iter()?.map(|key| mapping.get_item(&key).map(|value| (key, value))).collect()
}

/// A value as it is written into a text: text as it is, all else as JSON.
pub(super) fn written(value: &Value) -> Result<String, Error> {
    match value.as_str() {
        Some(text) => Ok(text.to_owned()),
        None => as_json(value).map(|json| json.to_string()),
    }
}

/// A value as JSON.
pub(super) fn as_json(value: &Value) -> Result<serde_json::Value, Error> {
    json::from_value(value).map_err(|flaw| match flaw {
        json::Flaw::Undefined => Error::from(ErrorKind::UndefinedError),
        json::Flaw::TooLarge => weight::too_costly(),
        json::Flaw::NotJson(found) => failed(format!("there is no JSON for {found}")),
    })
}
