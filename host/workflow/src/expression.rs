//! Expressions: `${{ … }}`, Jinja by the crate `minijinja`.
//!
//! This decides how an expression is compiled, what it may cost, which names it refers to, and what it results in: a
//! JSON value, never an undefined one. An expression is evaluated once; its result is data and is never evaluated
//! again. Where expressions stand in texts and structures is left to [`template`]; what they see to [`scope`].

mod json;
pub(crate) mod scope;
pub(crate) mod template;

use std::collections::BTreeSet;
use std::fmt;
use std::sync::{Arc, LazyLock};

use minijinja::{Environment, Error, ErrorKind, UndefinedBehavior, Value};

use crate::read::shorten;

/// Long chains of operators recurse in the compiler: 100,000 terms overflow the stack, 2 KB cannot.
const MAX_SOURCE: usize = 2 * 1024;
/// Some 20,000 instructions, or a megabyte of intermediate values: thousands of times what real expressions use.
const FUEL: u64 = 20_000;

static ENVIRONMENT: LazyLock<Environment<'static>> = LazyLock::new(|| {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_fuel(Some(FUEL));
    // It prints whatever is in scope, which is for the author of a template engine and not of a workflow.
    environment.remove_global("debug");
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

/// A compiled expression.
#[derive(Clone)]
pub(crate) struct Expression {
    source: String,
    compiled: Arc<minijinja::Expression<'static, 'static>>,
    references: BTreeSet<Reference>,
    /// The steps whose results it needs. A bare `steps` is given those that the checker finds visible at its place,
    /// so that what it sees never depends on which sibling branch happens to be further.
    steps: BTreeSet<String>,
}

impl Expression {
    /// Compiles the text between the delimiters.
    pub(crate) fn compile(source: &str) -> Result<Self, ExpressionError> {
        let source = source.trim().to_owned();
        let expression = shorten(&source);
        if source.len() > MAX_SOURCE {
            return Err(ExpressionError::TooLong { expression });
        }
        let compiled = ENVIRONMENT.compile_expression_owned(source.clone()).map_err(|error| {
            ExpressionError::Syntax { expression, reason: error.detail().unwrap_or("syntax error").to_owned() }
        })?;
        let functions: BTreeSet<&str> = ENVIRONMENT.globals().map(|(name, _)| name).collect();
        let references: BTreeSet<Reference> = compiled
            .undeclared_variables(true)
            .iter()
            .map(|path| path.split('.').map(str::to_owned).collect::<Reference>())
            .filter(|path| path.first().is_none_or(|root| !functions.contains(root.as_str())))
            .collect();
        let steps = references.iter().filter(|path| is_root(path, "steps")).filter_map(|path| path.get(1).cloned());
        Ok(Self { steps: steps.collect(), source, compiled: Arc::new(compiled), references })
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
        let result = self.compiled.eval(context.clone()).map_err(|error| self.failure(&error, context))?;
        json::from_value(&result).map_err(|flaw| match flaw {
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
        let missing = self.references.iter().find_map(|path| first_missing(path, context));
        let expression = shorten(&self.source);
        ExpressionError::Undefined { missing: missing.unwrap_or_else(|| expression.clone()), expression }
    }
}

impl fmt::Debug for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "${{{{ {} }}}}", self.source)
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
