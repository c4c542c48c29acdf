//! Why a document is refused: every problem with its place, its text and its help. How they are shown is left to the
//! command line and the HTTP API.

use std::fmt;

/// A policy document was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("policy `{policy}` is refused{}", Listed(.problems))]
pub struct LoadError {
    /// The name that the policy was to be known by.
    pub policy: String,
    /// All that is wrong, in the order of the document; at least one.
    pub problems: Vec<Problem>,
}

/// One thing that is wrong with a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Where.
    pub place: Place,
    /// What is wrong.
    pub fault: Fault,
}

/// A place in a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The line, from 1.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
    /// The element, such as `Statement[1].Condition`; empty for the document itself.
    pub path: String,
}

/// What is wrong at a place.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Fault {
    /// The document is longer than any that is read.
    #[error("the document has {bytes} bytes, more than {limit}")]
    TooLong {
        /// Its length.
        bytes: usize,
        /// The greatest length.
        limit: usize,
    },
    /// Not JSON; the parser's words.
    #[error("not JSON: {0}")]
    Json(String),
    /// A value of another type.
    #[error("expected {expected}, found {found}")]
    Type {
        /// What stands here in a policy.
        expected: &'static str,
        /// What stands here.
        found: &'static str,
    },
    /// A name that occurs twice in an object. JSON parsers differ in which one they take.
    #[error("`{0}` is given twice")]
    Duplicate(String),
    /// An element that no policy has.
    #[error("unknown element `{name}`")]
    UnknownElement {
        /// As written.
        name: String,
        /// The element that may be meant.
        nearest: Option<&'static str>,
    },
    /// `Principal` or `NotPrincipal`.
    #[error("`{0}` belongs in policies of resources, not in grants")]
    Principal(String),
    /// An element that a policy or a statement must have.
    #[error("`{0}` is missing")]
    Missing(&'static str),
    /// Neither or both of an element and its opposite.
    #[error("a statement has either `{0}` or `Not{0}`")]
    EitherOr(&'static str),
    /// A list or object without entries.
    #[error("`{0}` is empty")]
    Empty(String),
    /// Another version of the policy language.
    #[error("unknown version `{0}`")]
    Version(String),
    /// Neither `Allow` nor `Deny`.
    #[error("unknown effect `{0}`")]
    Effect(String),
    /// A `Sid` with other characters than letters and digits.
    #[error("sid `{0}` has characters other than letters and digits")]
    Sid(String),
    /// Two statements of one `Sid`: a denial could not say which one decided.
    #[error("sid `{0}` is used twice")]
    SidTwice(String),
    /// Not an action.
    #[error("`{text}` is not an action")]
    Action {
        /// As written.
        text: String,
        /// What to write instead.
        help: &'static str,
    },
    /// Not a resource, or not one of the statement's actions.
    #[error("`{text}` is not a resource here")]
    Resource {
        /// As written.
        text: String,
        /// What to write instead.
        help: &'static str,
    },
    /// Not a condition operator.
    #[error("unknown condition operator `{name}`")]
    Operator {
        /// As written.
        name: String,
        /// The operator that may be meant.
        nearest: Option<&'static str>,
    },
    /// `IfExists` where it means nothing.
    #[error("condition operator `{0}` combines what does not go together")]
    OperatorCombination(String),
    /// Not a condition key.
    #[error("`{0}` is not a condition key")]
    ConditionKey(String),
    /// An action that its service does not have, or a pattern that is about none.
    #[error("there is no action `{text}`")]
    UnknownAction {
        /// As written.
        text: String,
        /// The action that may be meant.
        nearest: Option<String>,
        /// Whether the service is Quell's own, all actions of which are known.
        own: bool,
    },
    /// A service whose actions are not known.
    #[error("the actions of `{service}` are not known to Quell")]
    UnknownService {
        /// As written.
        service: String,
        /// The service that may be meant.
        nearest: Option<&'static str>,
    },
    /// A condition key that no request has.
    #[error("no request of a plugin has the condition key `{key}`")]
    UnknownKey {
        /// As written.
        key: String,
        /// The key that may be meant.
        nearest: Option<String>,
        /// Whether it is Quell's own, all keys of which are known.
        own: bool,
    },
    /// A value that its operator cannot compare with.
    #[error("value `{text}` does not fit its operator")]
    ConditionValue {
        /// As written.
        text: String,
        /// What to write instead.
        help: &'static str,
    },
}

impl Fault {
    /// Whether it is nearly something that is known, or pretends to be Quell's own: what nobody can mean.
    pub fn is_misspelling(&self) -> bool {
        match self {
            Fault::UnknownAction { nearest, own, .. } | Fault::UnknownKey { nearest, own, .. } => {
                *own || nearest.is_some()
            }
            _ => false,
        }
    }

    /// What to do about it.
    pub fn help(&self) -> Option<String> {
        let fixed = match self {
            Fault::UnknownElement { nearest, .. } | Fault::Operator { nearest, .. } => {
                return nearest.map(|name| format!("did you mean `{name}`?"));
            }
            Fault::UnknownService { nearest, .. } => return nearest.map(|name| format!("did you mean `{name}`?")),
            Fault::UnknownAction { nearest: Some(name), .. } | Fault::UnknownKey { nearest: Some(name), .. } => {
                return Some(format!("did you mean `{name}`?"));
            }
            Fault::UnknownKey { own: true, .. } => {
                "Quell's keys are `quell:Workflow`, `quell:StepId`, `quell:Dangerous` and `quell:Arg/<name>`"
            }
            Fault::Action { help, .. } | Fault::Resource { help, .. } | Fault::ConditionValue { help, .. } => help,
            Fault::Principal(_) => "remove it: a grant belongs to the plugin that it is set for",
            Fault::Missing("Version") | Fault::Version(_) => {
                "write `\"Version\": \"2012-10-17\"`: older versions have no policy variables"
            }
            Fault::Effect(_) => "write `Allow` or `Deny`",
            Fault::OperatorCombination(_) => {
                "`IfExists` goes neither with `ForAllValues:`, `ForAnyValue:` nor with `Null`, and `Null` with no prefix"
            }
            Fault::ConditionKey(_) => "a condition key has a prefix, such as `aws:RequestedRegion`",
            _ => return None,
        };
        Some(fixed.into())
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {}", self.line, self.column)?;
        if self.path.is_empty() { Ok(()) } else { write!(f, ", {}", self.path) }
    }
}

/// One problem, with its help on a second line.
impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.fault)?;
        match self.fault.help() {
            Some(help) => write!(f, "\n  help: {help}"),
            None => Ok(()),
        }
    }
}

/// Problems, each on a line of its own.
struct Listed<'p>(&'p [Problem]);

impl fmt::Display for Listed<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|problem| write!(f, "\n{problem}"))
    }
}
