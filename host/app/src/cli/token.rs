//! `quell token`: who may speak to the server, and as whom.

use clap::Subcommand;

use super::client::Body;
use super::page::{self, Line, Page, Style};
use super::terminal;
use super::{Error, Session};
use crate::wire::{self, CreateToken, CreatedToken, Tokens};

/// Makes, lists and revokes the tokens of people
#[derive(Debug, Subcommand)]
pub enum Token {
    /// Makes a token and prints it: only now, and nothing else on standard output
    #[command(after_help = "Example:\n  quell token create --name alice --group security-leads")]
    Create {
        /// Who will speak with it
        #[arg(long)]
        name: String,
        /// A group that they are in, as approvals name it; `admins` may change the installation. Can be repeated
        #[arg(long = "group", required = true)]
        groups: Vec<String>,
    },
    /// Lists the tokens: their ids, not what they are
    List {
        /// Print them as JSON
        #[arg(long)]
        json: bool,
    },
    /// Makes a token count no more
    Revoke {
        /// The id, as `quell token list` has it
        id: String,
    },
}

impl Token {
    pub async fn run(self, session: &Session) -> Result<(), Error> {
        let client = session.client()?;
        match self {
            Token::Create { name, groups } => {
                let body = Body::json(&CreateToken { name, groups })?;
                let created: CreatedToken = client.post(&["tokens"], body).await?;
                terminal::note(&explanation(&created));
                terminal::write(&format!("{}\n", created.token))
            }
            Token::List { json } => {
                let Tokens { tokens } = client.get(&["tokens"]).await?;
                if json {
                    return session.terminal.print_json(&tokens);
                }
                let row = |token: wire::Token| vec![token.id, token.name, token.groups.join(", ")];
                session.terminal.print(&page::table(&["ID", "NAME", "GROUPS"], tokens.into_iter().map(row)))
            }
            Token::Revoke { id } => {
                client.delete(&["tokens", &id]).await?;
                session.terminal.print(&page::line(format!("revoked {id}")))
            }
        }
    }
}

fn explanation(created: &CreatedToken) -> Page {
    let groups = created.groups.join(", ");
    let about = format!("the token {} of {}, in {groups}; it is shown only now:", created.id, created.name);
    Line::default().and(Style::Dim, about).into()
}
