//! `quell token recover`: opens the data folder itself, so that it needs no token.

use std::io::Write as _;
use std::path::PathBuf;

use anyhow::Context as _;
use clap::Args;

use crate::cli::error::Error;
use crate::cli::page::{Line, Style};
use crate::cli::terminal;
use crate::config::Config;
use crate::installation::recover_token;

/// Replaces the first token, for whoever has the data folder and no token that is left
///
/// A token with all scopes is made and printed, only now; the first token, and those that replaced it before, do not count
/// any more. Tokens that people made stay. The server must be stopped; the ledger keeps that this was done.
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  quell token recover --data /var/lib/quell")]
pub struct Recover {
    /// The data folder; it wins over the configuration's
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// The configuration that names the data folder
    #[arg(long, env = "QUELL_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,
    /// Whose it is
    #[arg(long, default_value = "admin")]
    name: String,
}

impl Recover {
    pub async fn run(self) -> Result<(), Error> {
        let Recover { data, config, name } = self;
        let data = match data {
            Some(data) => data,
            None => Config::load(config.as_deref()).map_err(|error| Error::failed(&error))?.data,
        };
        let show = |text: &str, about: &str| {
            terminal::note(&Line::default().and(Style::Dim, about).into());
            let mut out = std::io::stdout().lock();
            writeln!(out, "{text}").and_then(|()| out.flush())
        };
        let recovered = recover_token(&data, &name, show).await;
        recovered.context("the token was not replaced").map_err(|error| Error::failed(&error))
    }
}
