//! Asking a person: for a secret, which is not shown while it is typed, or whether something is to be done.

use std::io::{self, IsTerminal as _};
use std::path::Path;

use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};

use super::error::Error;
use super::page;
use super::{files, terminal};

/// What is typed after `question`, or all of standard input when nobody types there; without the line's end.
pub async fn secret(question: &str) -> Result<String, Error> {
    let typed = if io::stdin().is_terminal() {
        terminal::note(&page::line(question));
        typed_unseen().await?
    } else {
        files::text(Path::new("-"))?
    };
    let line = typed.strip_suffix('\n').map_or(typed.as_str(), |line| line.strip_suffix('\r').unwrap_or(line));
    Ok(line.to_owned())
}

/// Fails unless the person in front of the terminal agrees to `question`. Where nobody can be asked, that is an error with `help`.
pub async fn agreement(question: &str, help: impl Into<String>) -> Result<(), Error> {
    if !(io::stdin().is_terminal() && io::stderr().is_terminal()) {
        let message = "nobody can be asked whether this is meant, since this is not a terminal".into();
        return Err(Error::Usage { message, help: Some(help.into()) });
    }
    terminal::note(&page::line(format!("{question} [y/N]")));
    match typed().await?.trim().to_lowercase().as_str() {
        "y" | "yes" => Ok(()),
        _ => Err(Error::Failed { message: "nothing was decided".into(), help: None }),
    }
}

/// Echo is on again afterwards, also when the person thinks better of it and presses Ctrl-C.
async fn typed_unseen() -> Result<String, Error> {
    let shown = tcgetattr(io::stdin()).map_err(unusable)?;
    let _echo = Echo::off(shown)?;
    typed().await
}

/// The next line that is typed, or nothing but an error when Ctrl-C comes first.
async fn typed() -> Result<String, Error> {
    let (tell, told) = tokio::sync::oneshot::channel();
    // A thread of its own and not one of the runtime's: nothing waits for it when there is nothing more to read.
    std::thread::spawn(move || {
        let mut line = String::new();
        let _ = tell.send(io::stdin().read_line(&mut line).map(|_| line));
    });
    tokio::select! {
        line = told => match line {
            Ok(line) => line.map_err(Error::file(Path::new("-"))),
            Err(_) => Err(Error::usage("nothing was typed")),
        },
        _ = tokio::signal::ctrl_c() => Err(Error::usage("nothing was typed")),
    }
}

/// The terminal's modes as they were; dropping it restores them.
struct Echo(Termios);

impl Echo {
    fn off(shown: Termios) -> Result<Echo, Error> {
        let mut unseen = shown.clone();
        unseen.local_modes.remove(LocalModes::ECHO);
        tcsetattr(io::stdin(), OptionalActions::Flush, &unseen).map_err(unusable)?;
        Ok(Echo(shown))
    }
}

impl Drop for Echo {
    fn drop(&mut self) {
        // A terminal that is gone has no modes to restore.
        let _ = tcsetattr(io::stdin(), OptionalActions::Now, &self.0);
    }
}

fn unusable(error: rustix::io::Errno) -> Error {
    Error::Failed {
        message: format!("the terminal cannot be switched to hidden input: {error}"),
        help: Some("give the value on standard input".into()),
    }
}
