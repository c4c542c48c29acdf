//! The filters, tests and functions of expressions: one table, and how they are called.
//!
//! This decides which there are, what arguments each takes, and that none of them costs more than it has fuel for: what
//! it is given and what it returns are weighed. What each does is left to the modules; there are none of the engine's
//! own, since some of those build or walk nested values at no cost. `docs/expressions.md` describes every one.

mod arn;
mod call;
mod list;
mod mapping;
mod network;
mod operator;
mod path;
mod test;
mod text;
mod time;
mod value;
mod weight;

use std::fmt;

use minijinja::value::{Rest, ValueOrKwargs};
use minijinja::{Environment, Error, State, Value};

pub(super) use call::Call;

/// The modules with the helpers of each.
const TABLE: &[&[Helper]] = &[
    value::HELPERS,
    path::HELPERS,
    text::HELPERS,
    list::HELPERS,
    mapping::HELPERS,
    time::HELPERS,
    arn::HELPERS,
    network::HELPERS,
    test::HELPERS,
];

/// How a helper is written in an expression.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// `x | name`
    Filter,
    /// `x is name`
    Test,
    /// `name(x)`
    Function,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Filter => "filter",
            Self::Test => "test",
            Self::Function => "function",
        })
    }
}

/// A filter, test or function.
pub(super) struct Helper {
    pub(super) kind: Kind,
    pub(super) name: &'static str,
    /// What it takes besides its subject, by position or by name: `x?` can be left out, `*` is any number more, and
    /// what stands behind that has no position.
    parameters: &'static [&'static str],
    /// Whether the subject may be missing.
    pub(super) lenient: bool,
    /// Whether it neither walks nor copies what it is given, so that there is nothing to weigh.
    picks: bool,
    /// What can be said about an argument that is written out.
    literal: fn(&str, &Value) -> Result<(), Wrong>,
    run: Run,
}

struct Parameter {
    name: &'static str,
    required: bool,
    positional: bool,
}

type Run = fn(&mut Call<'_, '_, '_>) -> Result<Value, Error>;

/// What is wrong with arguments that are written out.
#[derive(Debug)]
pub(super) enum Wrong {
    /// Any reason.
    Argument(String),
    /// It must be the name of a filter or test, and there is none of that name.
    Name(Kind, String),
}

impl Helper {
    const fn new(kind: Kind, name: &'static str, parameters: &'static [&'static str], run: Run) -> Self {
        Self { kind, name, parameters, lenient: false, picks: false, literal: |_, _| Ok(()), run }
    }

    const fn filter(name: &'static str, parameters: &'static [&'static str], run: Run) -> Self {
        Self::new(Kind::Filter, name, parameters, run)
    }

    const fn test(name: &'static str, parameters: &'static [&'static str], run: Run) -> Self {
        Self::new(Kind::Test, name, parameters, run)
    }

    const fn lenient(mut self) -> Self {
        self.lenient = true;
        self
    }

    const fn picks(mut self) -> Self {
        self.picks = true;
        self
    }

    const fn literal(mut self, check: fn(&str, &Value) -> Result<(), Wrong>) -> Self {
        self.literal = check;
        self
    }

    /// The parameters, and whether any number of arguments may follow those that have a position.
    fn parameters(&self) -> (Vec<Parameter>, bool) {
        let more = self.parameters.iter().position(|name| *name == "*");
        let named = self.parameters.iter().enumerate().filter(|(_, name)| **name != "*").map(|(at, name)| Parameter {
            name: name.strip_suffix('?').unwrap_or(name),
            required: !name.ends_with('?'),
            positional: more.is_none_or(|more| at < more),
        });
        (named.collect(), more.is_some())
    }

    /// Checks arguments before there are values: their number and names, and those that are written out.
    pub(super) fn check(&self, written: &[(Option<&str>, Option<Value>)]) -> Result<(), Wrong> {
        let (parameters, more) = self.parameters();
        let mut given = Vec::new();
        for (at, (name, value)) in written.iter().enumerate() {
            let parameter = match name {
                Some(name) => parameters.iter().find(|parameter| parameter.name == *name),
                None => parameters.get(at).filter(|parameter| parameter.positional),
            };
            let Some(Parameter { name: parameter, .. }) = parameter else {
                match name {
                    Some(name) => return Err(self.wrong(format!("has no argument `{name}`"))),
                    None if more => continue,
                    None if parameters.is_empty() => return Err(self.wrong("takes no arguments".to_owned())),
                    None => return Err(self.wrong(format!("takes at most {} arguments", parameters.len()))),
                }
            };
            if given.contains(parameter) {
                return Err(self.wrong(format!("is given `{parameter}` twice")));
            }
            given.push(*parameter);
            self.check_literal(parameter, value.as_ref())?;
        }
        match parameters.iter().find(|parameter| parameter.required && !given.contains(&parameter.name)) {
            Some(missing) => Err(self.wrong(format!("needs the argument `{}`", missing.name))),
            None => Ok(()),
        }
    }

    fn check_literal(&self, parameter: &str, value: Option<&Value>) -> Result<(), Wrong> {
        match value {
            Some(value) => (self.literal)(parameter, value),
            // Whoever sends the event must not be the one who decides what is done with it.
            None if matches!(parameter, "filter" | "test") => {
                Err(self.wrong(format!("needs the name of the {parameter} written out, in quotes")))
            }
            None => Ok(()),
        }
    }

    fn wrong(&self, reason: String) -> Wrong {
        Wrong::Argument(format!("`{}` {reason}", self.name))
    }

    fn invoke(&self, state: &mut State<'_, '_>, given: Rest<ValueOrKwargs>) -> Result<Value, Error> {
        let mut call = Call::bind(self, state, given.into_values())?;
        if !self.picks {
            call.weigh_arguments()?;
        }
        let result = (self.run)(&mut call)?;
        if !self.picks {
            weight::weigh(call.state, &result)?;
        }
        Ok(result)
    }
}

/// All helpers, in the order of the page.
pub(super) fn all() -> impl Iterator<Item = &'static Helper> {
    TABLE.iter().copied().flatten()
}

/// The helper of this name.
pub(super) fn find(kind: Kind, name: &str) -> Option<&'static Helper> {
    all().find(|helper| helper.kind == kind && helper.name == name)
}

/// The names of a kind that are words.
pub(super) fn names(kind: Kind) -> Vec<&'static str> {
    let words = all().filter(|helper| helper.kind == kind && helper.name.starts_with(|c: char| c.is_ascii_lowercase()));
    words.map(|helper| helper.name).collect()
}

/// Puts every helper into an environment that has none.
pub(super) fn install(environment: &mut Environment<'static>) {
    for helper in all() {
        let run = move |state: &mut State<'_, '_>, given: Rest<ValueOrKwargs>| helper.invoke(state, given);
        match helper.kind {
            Kind::Filter => environment.add_filter(helper.name, run),
            Kind::Test => environment.add_test(helper.name, run),
            Kind::Function => environment.add_function(helper.name, run),
        }
    }
    operator::install(environment);
}
