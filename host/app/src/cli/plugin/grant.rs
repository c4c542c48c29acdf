//! `quell plugin grant`: what a plugin may do, as an IAM policy document.

mod carry_over;

use std::path::{Path, PathBuf};

use ::grant::{Allowed, MARK, Policy};
use clap::Args;

use crate::cli::client::{Body, JSON};
use crate::cli::page::{self, Line, Page, Style};
use crate::cli::terminal::note;
use crate::cli::{Error, Session, files};
use crate::wire::{GrantHistory, PluginInfo, PluginUse, PutGrant, Version};

/// Says what a plugin may do: exactly what an IAM policy document allows
///
/// A grant is given to the digest, which is printed: another version of the plugin starts without one. Actions and condition keys that
/// are misspelt are refused; those that do not exist, and what the plugin imports and the policy leaves out, are told.
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  quell plugin grant sg-revoke-open-ports --policy grant.json\n  \
                        quell plugin grant sg-revoke-open-ports --show\n  \
                        quell plugin grant sg-revoke-open-ports --revoke\n  \
                        quell plugin grant sg-revoke-open-ports --carry-over --from 1.0.0 --yes")]
pub struct Grant {
    /// Its name (the newest version), `name@version` or digest
    plugin: String,
    #[command(flatten)]
    what: What,
    /// With `--carry-over`: the version or digest that has the grant; without it, the newest that has one
    #[arg(long, requires = "carry_over", value_name = "VERSION")]
    from: Option<String>,
    /// With `--carry-over`: the difference was seen, the grant shall be carried over
    #[arg(long, requires = "carry_over")]
    yes: bool,
    /// With `--history` and `--carry-over`: print it as JSON
    #[arg(long)]
    json: bool,
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
    /// Print everything that was ever granted to it, the oldest first
    #[arg(long)]
    history: bool,
    /// Show what is different between this version and the one that has a grant; with `--yes`, give it that grant
    #[arg(long)]
    carry_over: bool,
}

impl Grant {
    pub async fn run(self, session: &Session) -> Result<(), Error> {
        let client = session.client()?;
        // A grant is for one version, whatever is uploaded meanwhile.
        let plugin: PluginInfo = client.get(&["plugins", &self.plugin]).await?;
        let (digest, version) =
            (plugin.digest.as_str(), format!("{} {} ({})", plugin.name, plugin.version, plugin.digest));
        let path = ["plugins", digest, "grant"];
        match self.what {
            What { policy: Some(file), .. } => {
                let policy = files::text(&file)?;
                let put: PutGrant = client.put_for(&path, Body::document(JSON, policy.as_str())).await?;
                note(&dangers(&file, &policy));
                put.warnings.iter().for_each(|warning| note(&page::warning(warning)));
                if !put.in_use {
                    let used =
                        format!("new runs take another version: quell plugin use {}@{}", put.name, put.version.version);
                    note(&page::warning(&used));
                }
                session.terminal.print(&page::line(format!("granted {} to {version}", file.display())))
            }
            What { revoke: true, .. } => {
                client.delete(&path).await?;
                session.terminal.print(&page::line(format!("revoked the grant of {version}")))?;
                // Where no version is chosen, new runs take an older one that still has a grant.
                let used: PluginUse = client.get(&["plugins", &plugin.name, "use"]).await?;
                if used.granted {
                    let Version { version, digest, .. } = &used.in_use;
                    let name = &used.name;
                    note(&page::warning(&format!(
                        "new runs take {name} {version} ({digest}), which has a grant: quell plugin grant {name}@{version} --revoke"
                    )));
                }
                Ok(())
            }
            What { history: true, .. } => {
                let history: GrantHistory = client.get(&["plugins", digest, "grants"]).await?;
                if self.json {
                    return session.terminal.print_json(&history);
                }
                session.terminal.print(&carry_over::history(&history))
            }
            What { carry_over: true, .. } => {
                let path = ["plugins", digest, "grant", "carry-over"];
                carry_over::run(session, &path, self.from, self.yes, self.json).await
            }
            What { .. } => session.terminal.print_document(&client.text(&path).await?),
        }
    }
}

/// The dangerous actions in a policy that was granted.
fn dangers(file: &Path, policy: &str) -> Page {
    let Ok(policy) = Policy::load(&file.display().to_string(), policy) else { return Page::default() };
    let line = |Allowed { statement, action, marked }: Allowed| {
        let effect = if marked {
            "it says that it means that".to_owned()
        } else {
            format!("not by this statement, which would need the condition {MARK}")
        };
        let dangerous = format!("dangerous: {statement} names {}, and {}: ", action.action, action.why);
        Line::default().and(Style::Attention, dangerous).and(Style::Plain, effect)
    };
    let mut lines: Vec<Line> = policy.dangerous().into_iter().map(line).collect();
    // A wildcard over everything is about all of them.
    let more = lines.len().saturating_sub(SHOWN_DANGERS);
    lines.truncate(SHOWN_DANGERS);
    if more > 0 {
        lines.push(Line::plain(format!("and {more} more dangerous actions")));
    }
    lines.into_iter().collect()
}

/// How many dangerous actions are told one by one.
const SHOWN_DANGERS: usize = 5;
