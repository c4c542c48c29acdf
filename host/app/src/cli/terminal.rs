//! Standard output: whether a person looks at it, and how pages and JSON get there.

use std::io::{self, IsTerminal as _, Write as _};

use rustix::termios::tcgetwinsize;
use serde::Serialize;

use super::error::Error;
use super::page::Page;
use crate::escape::escape_json;

/// What a terminal is taken for that does not tell its size: columns and rows.
const SIZE: (u16, u16) = (80, 24);

/// Standard output.
#[derive(Clone, Copy, Debug)]
pub struct Terminal {
    /// Whether a person looks at it.
    pub interactive: bool,
    /// Whether styles are shown.
    pub color: bool,
}

impl Terminal {
    /// Standard output as it is now. `NO_COLOR` switches colours off (<https://no-color.org>).
    pub fn detect() -> Terminal {
        let interactive = io::stdout().is_terminal();
        Terminal { interactive, color: interactive && colors_wanted() }
    }

    /// How many columns and rows there are. `COLUMNS` says it where nothing else does
    /// (<https://pubs.opengroup.org/onlinepubs/9799919799/basedefs/V1_chap08.html>).
    pub fn size() -> (usize, usize) {
        let told = tcgetwinsize(io::stdout()).map_or((0, 0), |size| (size.ws_col, size.ws_row));
        let columns = || std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok()).unwrap_or(SIZE.0);
        let columns = if told.0 == 0 { columns() } else { told.0 };
        (columns.into(), if told.1 == 0 { SIZE.1 } else { told.1 }.into())
    }

    /// Prints a page.
    pub fn print(&self, page: &Page) -> Result<(), Error> {
        write(&page.render(self.color))
    }

    /// Prints a document as it is, so that a file has what the server has; to a person, without what could mislead.
    pub fn print_document(&self, document: &str) -> Result<(), Error> {
        if !self.interactive {
            return write(document);
        }
        let mut page = Page::default();
        page.push_text(document);
        self.print(&page)
    }

    /// Prints a value as JSON, for programs.
    pub fn print_json(&self, value: &impl Serialize) -> Result<(), Error> {
        let document = serde_json::to_string_pretty(value).map_err(|error| Error::Unexpected(error.to_string()))?;
        write(&format!("{}\n", escape_json(&document)))
    }

    /// Prints a value as one line of JSON.
    pub fn print_json_line(&self, value: &impl Serialize) -> Result<(), Error> {
        let document = serde_json::to_string(value).map_err(|error| Error::Unexpected(error.to_string()))?;
        write(&format!("{}\n", escape_json(&document)))
    }
}

/// Tells a person something that is not the result.
pub fn note(page: &Page) {
    let color = io::stderr().is_terminal() && colors_wanted();
    // Who closed standard error does not want to know.
    let _ = io::stderr().write_all(page.render(color).as_bytes());
}

fn colors_wanted() -> bool {
    std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
        && std::env::var_os("TERM").is_none_or(|term| term != "dumb")
}

/// Writes to standard output at once. That the reader has gone (`quell ledger query | head`) is not worth a message.
pub fn write(text: &str) -> Result<(), Error> {
    let mut out = io::stdout().lock();
    let written = out.write_all(text.as_bytes()).and_then(|()| out.flush());
    written.map_err(|error| match error.kind() {
        io::ErrorKind::BrokenPipe => Error::Reported,
        _ => Error::Unexpected(format!("standard output cannot be written: {error}")),
    })
}
