//! `quell guardrail`: the policy above all grants.

use std::path::PathBuf;

use clap::Subcommand;

use super::client::{Body, JSON};
use super::{Error, Session, files, page};

/// The path of the one guardrail.
const PATH: [&str; 1] = ["guardrail"];

/// Sets the policy above all grants: what it does not allow, no plugin may do
#[derive(Debug, Subcommand)]
pub enum Guardrail {
    /// Sets the guardrail to the IAM policy document in FILE
    Set {
        /// The policy document
        file: PathBuf,
    },
    /// Prints the guardrail
    Show,
    /// Removes the guardrail: grants alone decide
    Remove,
}

impl Guardrail {
    pub async fn run(self, session: &Session) -> Result<(), Error> {
        let client = session.client()?;
        match self {
            Guardrail::Set { file } => {
                client.put(&PATH, Body::document(JSON, files::bytes(&file)?)).await?;
                session.terminal.print(&page::line(format!("set the guardrail to {}", file.display())))
            }
            Guardrail::Show => session.terminal.print_document(&client.text(&PATH).await?),
            Guardrail::Remove => {
                client.delete(&PATH).await?;
                session.terminal.print(&page::line("removed the guardrail"))
            }
        }
    }
}
