//! The host's own log. What strangers wrote may stand in it: a line is one line all the same, and does nothing to the
//! terminal that shows it.

use std::io::IsTerminal as _;

use tracing::field::Field;
use tracing_subscriber::field::MakeExt as _;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::fmt::format::{FormatFields, Writer, debug_fn};
use tracing_subscriber::{EnvFilter, fmt};

use crate::escape::escape;

/// Sets the log up, on the standard error: as `RUST_LOG` says, else from `info` on, without a line for each request.
pub fn begin() {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info,tower_http=warn"));
    let colour = std::io::stderr().is_terminal();
    tracing::subscriber::set_global_default(subscriber(filter, colour, std::io::stderr)).unwrap_or_default();
}

/// What writes the log to `writer`.
fn subscriber<W>(filter: EnvFilter, colour: bool, writer: W) -> impl tracing::Subscriber + Send + Sync
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    fmt::Subscriber::builder()
        .with_env_filter(filter)
        .fmt_fields(escaped_fields())
        .with_writer(writer)
        .with_ansi(colour)
        .finish()
}

/// Writes the fields of events and spans, their messages included, each escaped, however it is given to the log.
fn escaped_fields() -> impl for<'a> FormatFields<'a> + Send + Sync + 'static {
    let write = |writer: &mut Writer<'_>, field: &Field, value: &dyn std::fmt::Debug| {
        let value = escape(&format!("{value:?}"));
        if field.name() == "message" { write!(writer, "{value}") } else { write!(writer, "{field}={value}") }
    };
    debug_fn(write).delimited(" ")
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::sync::{Arc, Mutex};

    use super::*;

    #[derive(Clone, Default)]
    struct Written(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Written {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    const HOSTILE: &str = "a\r\n2026-01-01T00:00:00Z ERROR all is well\u{1b}[2J\u{9b}31m\u{202e}\u{7}";

    /// A value in every way in which it can be given to the log: each is one line.
    #[test]
    fn what_strangers_wrote_stays_in_its_line() {
        let written = Written::default();
        let to = written.clone();
        let subscriber = subscriber(EnvFilter::new("info"), false, move || to.clone());
        tracing::subscriber::with_default(subscriber, || {
            let error = io::Error::other(HOSTILE);
            let _span = tracing::info_span!("request", path = HOSTILE, method = %HOSTILE).entered();
            tracing::warn!(why = %HOSTILE, "as it is shown");
            tracing::warn!(why = ?HOSTILE, "as it is debugged");
            tracing::warn!(HOSTILE, "as text");
            tracing::warn!(error = &error as &dyn std::error::Error, "as an error");
            tracing::warn!(%error, "as an error that is shown");
            tracing::warn!("{HOSTILE}");
        });
        let text = String::from_utf8(written.0.lock().unwrap().clone()).unwrap();
        assert_eq!(text.lines().count(), 6, "{text:?}");
        let other = text.chars().find(|c| *c != '\n' && escape(&c.to_string()) != c.to_string());
        assert_eq!(other, None, "{text:?}");
        assert_eq!(text.matches("all is well").count(), 3 * 6, "nothing is left out: {text}");
        assert!(text.contains("as it is shown why=a\\r\\n2026-01-01T00:00:00Z ERROR"), "{text}");
    }
}
