//! Expressions: `${{ … }}`, Jinja by the crate `minijinja`.
//!
//! This decides what an expression may cost, and what it results in: a JSON value, never an undefined one. An
//! expression is evaluated once; its result is data and is never evaluated again. Which expressions are accepted is left
//! to [`syntax`], what can be called in them to [`helper`], where they stand in texts and structures to [`template`],
//! what they see to [`scope`].

mod helper;
pub(crate) mod json;
pub(crate) mod scope;
mod syntax;
pub(crate) mod template;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::LazyLock;

use minijinja::machinery::{eval, make_string_output};
use minijinja::{AutoEscape, Environment, Error, ErrorKind, UndefinedBehavior, Value};

use crate::read::{shorten, suggestion};

/// Longer than anything that a person writes in one expression.
const MAX_SOURCE: usize = 2 * 1024;
/// One fuel is one instruction, 64 bytes of text, or 8 values that are walked: this walks an event of a megabyte some
/// ten times, and makes at most a few megabytes.
const FUEL: u64 = 50_000;

static ENVIRONMENT: LazyLock<Environment<'static>> = LazyLock::new(|| {
    let mut environment = Environment::empty();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_fuel(Some(FUEL));
    helper::install(&mut environment);
    environment
});

/// Why an expression has no value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ExpressionError {
    /// It is not an expression.
    #[error("`{expression}` is not a valid expression: {reason}")]
    Syntax {
        /// The expression, shortened.
        expression: String,
        /// The parser's reason.
        reason: String,
    },
    /// It names a filter, test or function that there is not.
    #[error("unknown {kind} `{name}` in `{expression}`")]
    Unknown {
        /// The expression, shortened.
        expression: String,
        /// `filter`, `test` or `function`.
        kind: String,
        /// What it names.
        name: String,
        /// The nearest one that there is, or all of them.
        help: String,
    },
    /// Its source is longer than is accepted.
    #[error("`{expression}` is longer than {MAX_SOURCE} bytes")]
    TooLong {
        /// The expression, shortened.
        expression: String,
    },
    /// Something that it refers to is not there.
    #[error("`{missing}` in `{expression}` is not defined")]
    Undefined {
        /// The expression, shortened.
        expression: String,
        /// What is missing, as far as that is known.
        missing: String,
    },
    /// It takes too many steps or too much memory.
    #[error("`{expression}` is too costly to evaluate")]
    TooCostly {
        /// The expression, shortened.
        expression: String,
    },
    /// An operation in it failed.
    #[error("`{expression}` cannot be evaluated: {reason}")]
    Failed {
        /// The expression, shortened.
        expression: String,
        /// The operation's reason.
        reason: String,
    },
    /// The result, or the whole that it is a part of, is larger than is accepted.
    #[error("the result has more than {} bytes", json::MAX_RESULT)]
    TooLarge,
    /// The result is of a type that is not asked for.
    #[error("`{expression}` must result in {expected}, not {found}")]
    WrongType {
        /// The expression, shortened.
        expression: String,
        /// What is asked for.
        expected: &'static str,
        /// What it is.
        found: String,
    },
}

/// What an expression refers to: a root and the fields behind it, as far as they are written out.
pub(crate) type Reference = Vec<String>;

/// An expression that was checked. It is kept as text, since the engine's compiled form borrows from it; compiling takes
/// microseconds.
#[derive(Clone)]
pub(crate) struct Expression {
    source: String,
    references: BTreeSet<Reference>,
    /// The references without which there is no value: not those before `is defined` and the like.
    required: BTreeSet<Reference>,
    /// The steps whose results it needs. A bare `steps` is given those that the checker finds visible at its place,
    /// so that what it sees never depends on which sibling branch happens to be further.
    steps: BTreeSet<String>,
}

impl Expression {
    /// Checks the text between the delimiters.
    pub(crate) fn compile(source: &str) -> Result<Self, ExpressionError> {
        let source = source.trim().to_owned();
        if source.len() > MAX_SOURCE {
            return Err(ExpressionError::TooLong { expression: shorten(&source) });
        }
        let (_, syntax::References { all, required }) =
            syntax::read(&source).map_err(|fault| refusal(&source, fault))?;
        let steps = all.iter().filter(|path| is_root(path, "steps")).filter_map(|path| path.get(1).cloned());
        Ok(Self { steps: steps.collect(), source, references: all, required })
    }

    /// Its text, without the delimiters.
    pub(crate) fn source(&self) -> &str {
        &self.source
    }

    /// The reference that it is, when it is no more than one.
    pub(crate) fn as_reference(&self) -> Option<&Reference> {
        self.references.first().filter(|reference| reference.join(".") == self.source)
    }

    pub(crate) fn references(&self) -> &BTreeSet<Reference> {
        &self.references
    }

    pub(crate) fn steps(&self) -> &BTreeSet<String> {
        &self.steps
    }

    /// Gives a bare `steps` the steps that are visible at its place.
    pub(crate) fn see(&mut self, visible: &[String]) {
        if self.references.iter().any(|path| is_root(path, "steps") && path.len() == 1) {
            self.steps.extend(visible.iter().cloned());
        }
    }

    /// Evaluates against a context made by [`scope::Scope::context`].
    pub(crate) fn evaluate(&self, context: &Value) -> Result<serde_json::Value, ExpressionError> {
        let (instructions, _) = syntax::read(&self.source).map_err(|fault| refusal(&self.source, fault))?;
        let (mut unused, blocks) = (String::new(), BTreeMap::new());
        let mut output = make_string_output(&mut unused);
        let evaluated = eval(&ENVIRONMENT, &instructions, context.clone(), &blocks, &mut output, AutoEscape::None);
        let (result, _) = evaluated.map_err(|error| self.failure(&error, context))?;
        json::from_value(&result.unwrap_or_default()).map_err(|flaw| match flaw {
            json::Flaw::Undefined => self.undefined(context),
            json::Flaw::TooLarge => ExpressionError::TooLarge,
            json::Flaw::NotJson(found) => self.wrong_type("JSON", found),
        })
    }

    pub(crate) fn wrong_type(&self, expected: &'static str, found: impl Into<String>) -> ExpressionError {
        ExpressionError::WrongType { expression: shorten(&self.source), expected, found: found.into() }
    }

    fn failure(&self, error: &Error, context: &Value) -> ExpressionError {
        let expression = shorten(&self.source);
        match error.kind() {
            ErrorKind::UndefinedError => self.undefined(context),
            ErrorKind::OutOfFuel => ExpressionError::TooCostly { expression },
            kind => {
                let reason = error.detail().map_or_else(|| kind.to_string(), str::to_owned);
                ExpressionError::Failed { expression, reason }
            }
        }
    }

    /// Names the first field that is missing, which the engine does not tell.
    fn undefined(&self, context: &Value) -> ExpressionError {
        let missing = self.required.iter().find_map(|path| first_missing(path, context));
        let expression = shorten(&self.source);
        ExpressionError::Undefined { missing: missing.unwrap_or_else(|| expression.clone()), expression }
    }
}

impl fmt::Debug for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "${{{{ {} }}}}", self.source)
    }
}

fn refusal(source: &str, fault: syntax::Fault) -> ExpressionError {
    let expression = shorten(source);
    match fault {
        syntax::Fault::Syntax(reason) => ExpressionError::Syntax { expression, reason },
        syntax::Fault::Unknown { kind, name } => {
            let help = suggestion(&name, &helper::names(kind));
            ExpressionError::Unknown { expression, kind: kind.to_string(), name: shorten(&name), help }
        }
    }
}

/// Whether a reference begins with `root`.
pub(crate) fn is_root(path: &[String], root: &str) -> bool {
    path.first().is_some_and(|first| first == root)
}

fn first_missing(path: &[String], context: &Value) -> Option<String> {
    let mut value = context.clone();
    for (depth, name) in path.iter().enumerate() {
        value = value.get_attr(name).ok().filter(|value| !value.is_undefined()).map_or(Value::UNDEFINED, |v| v);
        if value.is_undefined() {
            let upto: Vec<&str> = path.iter().take(depth + 1).map(String::as_str).collect();
            return Some(upto.join("."));
        }
    }
    None
}

#[cfg(test)]
mod tests;
