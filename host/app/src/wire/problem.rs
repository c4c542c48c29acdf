//! Problems: how every error is told (RFC 9457). Which error has which code is decided in `http::failure`.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// An error, as RFC 9457 has it, with a code for programs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Problem {
    /// `urn:quell:` and the code.
    #[serde(rename = "type")]
    pub kind: String,
    /// The HTTP status in words.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// What went wrong this time.
    pub detail: String,
    /// What programs tell errors apart by; it never changes.
    pub code: String,
    /// What to do about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
    /// Everything that is wrong with the document that was sent.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub problems: Vec<Fault>,
    /// The same for people: each with its line and a caret under the place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
}

/// One thing that is wrong with a document, and where.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Fault {
    /// What is wrong.
    pub message: String,
    /// The line where it begins, from 1.
    pub line: usize,
    /// The column where it begins, from 1, in characters.
    pub column: usize,
    /// The line where it ends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end_line: Option<usize>,
    /// The column behind its last character.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end_column: Option<usize>,
    /// The element of a policy, such as `Statement[1].Condition`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// What to do about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
}

impl From<&workflow::Problem> for Fault {
    fn from(problem: &workflow::Problem) -> Fault {
        Fault {
            message: problem.message.clone(),
            line: problem.line,
            column: problem.column,
            end_line: Some(problem.end_line),
            end_column: Some(problem.end_column),
            path: None,
            help: problem.help.clone(),
        }
    }
}

impl From<&grant::Problem> for Fault {
    fn from(problem: &grant::Problem) -> Fault {
        let grant::Problem { place, fault } = problem;
        Fault {
            message: fault.to_string(),
            line: place.line,
            column: place.column,
            path: (!place.path.is_empty()).then(|| place.path.clone()),
            help: fault.help(),
            ..Fault::default()
        }
    }
}
