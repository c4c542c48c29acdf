//! Why a command did not do what it should: what a person reads, and the exit code.

use std::path::{Path, PathBuf};

use super::page::{Line, Page, Style};
use crate::wire::{Fault, Problem};

/// Why a command failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The command was not given what it needs, or what cannot be.
    #[error("{message}")]
    Usage {
        /// What is wrong.
        message: String,
        /// What to do.
        help: Option<String>,
    },
    /// The server did not do it; in its words.
    #[error("{message}")]
    Server {
        /// The HTTP status.
        status: u16,
        /// What the server says.
        message: String,
        /// More of it, of several lines: the problems of a workflow with their places.
        text: Option<String>,
        /// The same for programs.
        problems: Vec<Fault>,
        /// What to do.
        help: Option<String>,
    },
    /// A workflow file has problems.
    #[error("`{}` has problems", file.display())]
    Problems {
        /// The file.
        file: PathBuf,
        /// All of them, each with a caret under its place.
        text: String,
    },
    /// No server answers.
    #[error("no Quell server can be reached at {url}: {reason}")]
    Unreachable {
        /// Where it should be.
        url: String,
        /// What happened instead.
        reason: String,
    },
    /// A file cannot be read.
    #[error("`{}` cannot be read: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// The reason that the system gave.
        source: std::io::Error,
    },
    /// Something else went wrong.
    #[error("{message}")]
    Failed {
        /// What.
        message: String,
        /// What to do.
        help: Option<String>,
    },
    /// What should not happen: a server of another version, a standard output that cannot be written.
    #[error("{0}")]
    Unexpected(String),
    /// All has been said already; only the exit code is left.
    #[error("failed")]
    Reported,
}

impl Error {
    /// A mistake in what was given.
    pub fn usage(message: impl Into<String>) -> Error {
        Error::Usage { message: message.into(), help: None }
    }

    /// An error of another part of Quell, with all of its causes.
    pub fn failed(error: &anyhow::Error) -> Error {
        Error::Failed { message: format!("{error:#}"), help: None }
    }

    /// The reason why a file cannot be read.
    pub fn file(path: &Path) -> impl FnOnce(std::io::Error) -> Error + use<> {
        let path = path.to_owned();
        |source| Error::File { path, source }
    }

    /// The exit code: 2 for a mistake in what was given, as clap has it, 1 for all else.
    pub fn exit_code(&self) -> u8 {
        match self {
            Error::Usage { .. } => 2,
            _ => 1,
        }
    }

    /// What a person reads on standard error.
    pub fn page(&self) -> Page {
        let mut page = Page::default();
        if matches!(self, Error::Reported) {
            return page;
        }
        // A message of several lines (a parser that shows the place) keeps them.
        let message = self.to_string();
        let mut lines = message.lines();
        page.push(Line::default().and(Style::Bad, "error: ").and(Style::Plain, lines.next().unwrap_or_default()));
        lines.for_each(|line| page.push(Line::plain(line)));
        if let Error::Server { text: Some(text), .. } | Error::Problems { text, .. } = self {
            page.push_text(text);
        }
        if let Some(help) = self.help() {
            page.push(Line::default().and(Style::Bold, "help: ").and(Style::Plain, help));
        }
        page
    }

    fn help(&self) -> Option<String> {
        match self {
            // The server's own help is for those who speak HTTP.
            Error::Server { status: 401, .. } => Some(
                "give a token with `--token`, `QUELL_TOKEN` or `QUELL_TOKEN_FILE`; the first one is printed when \
                 `quell serve` starts on an empty folder"
                    .into(),
            ),
            Error::Usage { help, .. } | Error::Failed { help, .. } | Error::Server { help, .. } => help.clone(),
            Error::Unreachable { .. } => {
                Some("start it with `quell serve`, or say where it is with `--url` or `QUELL_URL`".into())
            }
            _ => None,
        }
    }
}

impl From<Problem> for Error {
    fn from(problem: Problem) -> Error {
        let Problem { status, detail, help, text, problems, .. } = problem;
        // Where the server does not draw the places, they are told.
        let listed = problems.iter().map(|fault| {
            let place = fault.path.as_deref().map(|path| format!(", {path}")).unwrap_or_default();
            let help = fault.help.as_deref().map(|help| format!("; {help}")).unwrap_or_default();
            format!("  line {}, column {}{place}: {}{help}", fault.line, fault.column, fault.message)
        });
        let text = text.or_else(|| (!problems.is_empty()).then(|| listed.collect::<Vec<_>>().join("\n")));
        Error::Server { status, message: detail, text, problems, help }
    }
}

#[cfg(test)]
mod tests {
    use crate::wire::Fault;

    use super::*;

    #[test]
    fn an_error_says_what_to_do() {
        let errors = [
            Error::usage("`--input` is `key=value`, not `port`"),
            Error::Unreachable { url: "http://127.0.0.1:7878/".into(), reason: "connection refused".into() },
            Error::Server {
                status: 401,
                message: "a token is needed".into(),
                text: None,
                problems: vec![],
                help: None,
            },
            Error::Server {
                status: 422,
                message: "the workflow has problems".into(),
                text: Some(
                    "error: unknown plugin `snapshot`\n  |\n3 |   plugin: snapshot\u{1b}[2J\n  |           ^^^^^^^^"
                        .into(),
                ),
                problems: vec![],
                help: Some("correct them and push again".into()),
            },
            Error::Failed { message: "the policy is not valid\n  at line 3".into(), help: None },
        ];
        let fault = Fault {
            message: "unknown element `Ressource`".into(),
            line: 4,
            column: 7,
            path: Some("Statement[0]".into()),
            help: Some("did you mean `Resource`?".into()),
            ..Fault::default()
        };
        let problem = Problem {
            kind: "urn:quell:policy-invalid".into(),
            title: "Unprocessable Content".into(),
            status: 422,
            detail: "the policy has problems".into(),
            code: "policy-invalid".into(),
            help: None,
            problems: vec![fault],
            text: None,
        };
        let errors = errors.into_iter().chain([problem.into()]);
        let pages: Vec<_> = errors.map(|error: Error| error.page().render(false)).collect();
        insta::assert_snapshot!(pages.join("\n"));
        assert_eq!(Error::Reported.page().render(false), "");
    }

    #[test]
    fn mistakes_in_what_was_given_have_their_own_exit_code() {
        assert_eq!(Error::usage("x").exit_code(), 2);
        assert_eq!(Error::Reported.exit_code(), 1);
    }
}
