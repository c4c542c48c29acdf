//! Why something that a person asked for was not done: whose fault it is, and what to do.

use ledger::LedgerError;
use registry::UnreadablePolicy;
use runner::{DriveError, HistoryError, InputError, StartError};
use sandbox::{CheckError, Ended, Refused};
use workflow::{DecisionError, Problems};

/// The result of what a person asked for.
pub type Result<T> = std::result::Result<T, Error>;

/// Why it was not done. Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no such thing.
    #[error("there is no {what} `{name}`")]
    NotFound {
        /// What kind of thing.
        what: &'static str,
        /// What was asked for.
        name: String,
    },
    /// It cannot be done to the thing as it is.
    #[error("{0}")]
    Conflict(String),
    /// The thing was changed since the person looked.
    #[error("{0}")]
    Changed(String),
    /// It must be said which state of the thing is meant.
    #[error("{0}")]
    Unconditional(String),
    /// What was given is wrong.
    #[error("{0}")]
    Invalid(String),
    /// The person may not.
    #[error("{0}")]
    Forbidden(String),
    /// The person's token has none of the scopes that it takes.
    #[error("the token of `{name}` does not have the scope `{}`, which this needs", .needed.join("` or `"))]
    NoScope {
        /// Whose token.
        name: String,
        /// The scopes of which one is needed.
        needed: Vec<String>,
    },
    /// The upload is no plugin.
    #[error("{0}")]
    Refused(#[from] Refused),
    /// The plugin cannot say what it is.
    #[error("`describe` of the plugin failed: {0}")]
    Describe(Ended),
    /// The workflow has problems.
    #[error("the workflow has problems")]
    Workflow(Problems),
    /// The policy has problems.
    #[error("{0}")]
    Policy(#[from] grant::LoadError),
    /// The decision does not fit.
    #[error(transparent)]
    Decision(#[from] DecisionError),
    /// Too many wait already.
    #[error("{0}")]
    Busy(String),
    /// The ledger takes no commits now. The reason is for anyone.
    #[error("{0}")]
    NotReady(String),
    /// Quell cannot, now.
    #[error("{0}")]
    Unavailable(String),
}

impl Error {
    /// A policy that is stored, and holds in no way but that it denies everything.
    pub fn unreadable_policy(what: &str, unreadable: &UnreadablePolicy) -> Error {
        let problems = &unreadable.problems;
        Error::Conflict(format!(
            "{what} cannot be read by this Quell, and denies everything: put a policy without this problem\n{problems}"
        ))
    }
}

impl From<LedgerError> for Error {
    fn from(error: LedgerError) -> Error {
        match error {
            LedgerError::NoRun { run } => Error::NotFound { what: "run", name: run },
            error => Error::Unavailable(error.to_string()),
        }
    }
}

impl From<CheckError> for Error {
    fn from(error: CheckError) -> Error {
        let told = error.to_string();
        match error {
            CheckError::Refused(refused) => refused.into(),
            CheckError::Describe(ended) => Error::Describe(ended),
            CheckError::Busy { .. } => Error::Busy(told),
            CheckError::Host(_) => Error::Unavailable(told),
        }
    }
}

impl From<HistoryError> for Error {
    fn from(error: HistoryError) -> Error {
        match error {
            HistoryError::Ledger(error) => error.into(),
            error => Error::Unavailable(error.to_string()),
        }
    }
}

impl From<StartError> for Error {
    fn from(error: StartError) -> Error {
        match error {
            StartError::History(error) => error.into(),
            error @ StartError::Full { .. } => Error::Conflict(error.to_string()),
            error @ StartError::WouldCancel { .. } => {
                Error::Forbidden(format!("{error}: to cancel a run takes a token with the scope `operate`"))
            }
            error @ (StartError::Inputs(_) | StartError::Key { .. }) => Error::Invalid(error.to_string()),
        }
    }
}

impl From<InputError> for Error {
    fn from(error: InputError) -> Error {
        match error {
            InputError::Decision(error) => error.into(),
            InputError::Ended { .. }
            | InputError::Full(_)
            | InputError::NotInReview { .. }
            | InputError::NotRetryable(_) => Error::Conflict(error.to_string()),
            InputError::History(error) | InputError::Drive(DriveError::History(error)) => error.into(),
            InputError::Drive(error) => Error::Unavailable(error.to_string()),
        }
    }
}
