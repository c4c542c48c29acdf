//! `quell secret`: values that the host puts into requests and plugins never see.

use clap::Subcommand;

use super::client::Body;
use super::{Error, Session, page, prompt, time};
use crate::wire::{self, Secrets, SetSecret};

/// Sets, lists and removes secrets, which plugins can name but never see
#[derive(Debug, Subcommand)]
pub enum Secret {
    /// Sets a secret: its value is read from standard input, or asked for without showing it
    #[command(after_help = "Examples:\n  \
                            Slack, for https://hooks.slack.com/services/${secret:slack-webhook}: what follows `services/`\n    \
                            printf %s T000/B000/XXXX | quell secret set slack-webhook --host hooks.slack.com\n  \
                            ServiceNow, for the header `Authorization: Basic ${secret:servicenow}`: user:password in base64\n    \
                            printf %s user:password | base64 -w0 | quell secret set servicenow --host acme.service-now.com")]
    Set {
        /// Its name: lower-case letters, digits and `-`
        name: String,
        /// A host that it may be sent to, such as `hooks.slack.com`. Can be repeated
        #[arg(long = "host", value_name = "HOST", required = true)]
        hosts: Vec<String>,
    },
    /// Lists the secrets: their names and hosts, never their values
    List {
        /// Print them as JSON
        #[arg(long)]
        json: bool,
    },
    /// Removes a secret
    Remove {
        /// Its name
        name: String,
    },
}

impl Secret {
    pub async fn run(self, session: &Session) -> Result<(), Error> {
        let client = session.client()?;
        match self {
            Secret::Set { name, hosts } => {
                let value = prompt::secret(&format!("value of the secret {name} (it is not shown):")).await?;
                let done = format!("set {name}, for {}", hosts.join(", "));
                client.put(&["secrets", &name], Body::json(&SetSecret { value, hosts })?).await?;
                session.terminal.print(&page::line(done))
            }
            Secret::List { json } => {
                let Secrets { secrets } = client.get(&["secrets"]).await?;
                if json {
                    return session.terminal.print_json(&secrets);
                }
                let row = |secret: wire::Secret| {
                    vec![secret.name, secret.hosts.join(", "), secret.by, time::moment(secret.time)]
                };
                session.terminal.print(&page::table(&["NAME", "HOSTS", "BY", "SET"], secrets.into_iter().map(row)))
            }
            Secret::Remove { name } => {
                client.delete(&["secrets", &name]).await?;
                session.terminal.print(&page::line(format!("removed {name}")))
            }
        }
    }
}
