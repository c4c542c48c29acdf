//! How a plugin says that it did not do what it was asked for.

use std::fmt::Display;

use crate::Error;
use crate::bindings::exports::quell::plugin::remediation as wit;

/// Why a plugin failed: a code for workflows, a sentence for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// What a workflow compares in a `catch`: kebab case, stable.
    pub code: String,
    /// One sentence that names what is concerned.
    pub message: String,
}

impl Failure {
    /// The code of a failure that lies in the input: another input is needed, not another try.
    pub const INVALID_INPUT: &'static str = "invalid-input";

    /// A failure with this code and message.
    pub fn new(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self { code: code.into(), message: message.into() }
    }
}

/// The kind of the error becomes the code, for example `access-denied`.
impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::new(error.kind(), error.sentence())
    }
}

impl From<Failure> for wit::Failure {
    fn from(Failure { code, message }: Failure) -> Self {
        Self { code, message }
    }
}

/// Names what the plugin was about, when a call fails and the plugin fails with it.
pub trait During<T> {
    /// The failure of this error, its message behind `what`: a noun phrase, for example ``the snapshot of `vol-1` ``.
    ///
    /// # Errors
    /// That of the call.
    fn during(self, what: impl Display) -> Result<T, Failure>;
}

impl<T> During<T> for Result<T, Error> {
    fn during(self, what: impl Display) -> Result<T, Failure> {
        self.map_err(|error| Failure::new(error.kind(), format!("{what}: {}", error.sentence())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Detail;

    #[test]
    fn an_error_becomes_a_failure_of_its_kind() {
        let error = Error::NotFound(Detail { code: "InvalidGroup.NotFound".into(), message: "no such group".into() });
        let failure = Err::<(), _>(error).during("reading `sg-1`").unwrap_err();
        assert_eq!(failure, Failure::new("not-found", "reading `sg-1`: no such group (`InvalidGroup.NotFound`)"));
    }
}
