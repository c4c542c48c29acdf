//! `quell plugin grant`: what a plugin may do, as an IAM policy document.

use std::path::PathBuf;

use clap::Args;

use crate::cli::client::{Body, JSON};
use crate::cli::{Error, Session, files, page};

/// Says what a plugin may do: exactly what an IAM policy document allows
///
/// A grant is given to the digest: another version of the plugin starts without one.
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  quell plugin grant sg-revoke-open-ports --policy grant.json\n  \
                        quell plugin grant sg-revoke-open-ports --show\n  \
                        quell plugin grant sg-revoke-open-ports --revoke")]
pub struct Grant {
    /// Its name (the newest version) or digest
    plugin: String,
    #[command(flatten)]
    what: What,
}

#[derive(Args, Debug)]
#[group(required = true, multiple = false)]
struct What {
    /// Replace its grant by the policy document in FILE
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
    /// Print its grant
    #[arg(long)]
    show: bool,
    /// Take its grant away: it may do nothing from the next call on
    #[arg(long)]
    revoke: bool,
}

impl Grant {
    pub async fn run(self, session: &Session) -> Result<(), Error> {
        let client = session.client()?;
        let path = ["plugins", &self.plugin, "grant"];
        match self.what {
            What { policy: Some(file), .. } => {
                client.put(&path, Body::document(JSON, files::bytes(&file)?)).await?;
                session.terminal.print(&page::line(format!("granted {} to {}", file.display(), self.plugin)))
            }
            What { revoke: true, .. } => {
                client.delete(&path).await?;
                session.terminal.print(&page::line(format!("revoked the grant of {}", self.plugin)))
            }
            What { .. } => session.terminal.print_document(&client.text(&path).await?),
        }
    }
}
