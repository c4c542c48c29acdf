//! `quell grant`: policies before they are granted. What is granted to a plugin is `quell plugin grant`.

mod simulate;

use clap::Subcommand;

use super::{Error, Session};

/// Tries policies out, without a server
#[derive(Debug, Subcommand)]
pub enum Grant {
    Simulate(simulate::Simulate),
}

impl Grant {
    pub async fn run(self, session: &Session) -> Result<(), Error> {
        match self {
            Grant::Simulate(command) => command.run(session),
        }
    }
}
