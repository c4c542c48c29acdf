//! Failures: every answer that is an error, as `application/problem+json` (RFC 9457). Which error of the installation
//! becomes which one is decided in `problems`.

use axum::Json;
use axum::http::header::{CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};

use crate::wire::{self, Fault, Problem};

/// An answer that is an error.
#[derive(Debug)]
pub struct Failure {
    status: StatusCode,
    problem: Box<Problem>,
}

impl Failure {
    /// The answer `status`, with a code that never changes and what went wrong this time.
    pub fn new(status: StatusCode, code: &str, detail: impl Into<String>) -> Failure {
        let problem = Problem {
            kind: format!("urn:quell:{code}"),
            title: status.canonical_reason().unwrap_or_default().into(),
            status: status.as_u16(),
            detail: detail.into(),
            code: code.into(),
            help: None,
            problems: vec![],
            text: None,
        };
        Failure { status, problem: Box::new(problem) }
    }

    /// Quell cannot, now.
    pub fn unavailable(detail: &str) -> Failure {
        Failure::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", detail)
            .help("try again; the server's log says more")
    }

    /// What is told.
    #[cfg(test)]
    pub fn problem(&self) -> &Problem {
        &self.problem
    }

    /// The same, with what to do about it.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Failure {
        self.problem.help = Some(help.into());
        self
    }

    /// The same, about a place of the document that was sent.
    #[must_use]
    pub fn at(mut self, fault: Fault) -> Failure {
        self.problem.problems.push(fault);
        self
    }

    /// The same, with all problems as a text.
    #[must_use]
    pub fn text(mut self, text: String) -> Failure {
        self.problem.text = Some(text);
        self
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let mut response = (self.status, Json(self.problem)).into_response();
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(wire::PROBLEM));
        match self.status {
            StatusCode::UNAUTHORIZED => {
                headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"quell\""));
            }
            StatusCode::TOO_MANY_REQUESTS => {
                headers.insert(RETRY_AFTER, HeaderValue::from_static("5"));
            }
            StatusCode::SERVICE_UNAVAILABLE => {
                headers.insert(RETRY_AFTER, HeaderValue::from_static("1"));
            }
            _ => {}
        }
        response
    }
}
