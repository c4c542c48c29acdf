//! `quell guardrail`: the policy above all grants.

use std::path::PathBuf;

use ::grant::Policy;
use clap::Subcommand;

use super::client::{Body, JSON};
use super::terminal::note;
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
                let policy = files::text(&file)?;
                client.put(&PATH, Body::document(JSON, policy.as_str())).await?;
                let unknown = Policy::load("guardrail", &policy).and_then(|policy| policy.check_words());
                unknown.iter().flatten().for_each(|problem| note(&page::warning(&problem.to_string())));
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
