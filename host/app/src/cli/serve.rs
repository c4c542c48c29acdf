//! `quell serve`.

use std::path::PathBuf;

use clap::Args;

use super::Error;
use crate::config::Config;

/// Starts the server, and lets the runs go on that were left off
///
/// At the first start it prints a token for administrators, once.
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  quell serve --config quell.toml")]
pub struct Serve {
    /// The configuration; without one, everything has its default
    #[arg(long, env = "QUELL_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,
}

impl Serve {
    pub async fn run(self) -> Result<(), Error> {
        let config = Config::load(self.config.as_deref()).map_err(|error| Error::failed(&error))?;
        crate::serve::serve(config).await.map_err(|error| Error::failed(&error))
    }
}
