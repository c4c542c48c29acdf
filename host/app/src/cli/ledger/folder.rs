//! The data folder, for commands that need no server.

use std::path::PathBuf;

use clap::Args;

use crate::cli::error::Error;
use crate::config::Config;

#[derive(Args, Debug)]
pub struct Folder {
    /// The data folder; it wins over the configuration's
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// The configuration that names the data folder
    #[arg(long, env = "QUELL_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,
}

impl Folder {
    /// The data folder.
    pub fn path(self) -> Result<PathBuf, Error> {
        match self.data {
            Some(data) => Ok(data),
            None => Ok(Config::load(self.config.as_deref()).map_err(|error| Error::failed(&error))?.data),
        }
    }
}
