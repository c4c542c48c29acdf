//! `quell ledger`: read through the server, verified and rebuilt without it.

mod folder;
mod line;
mod rebuild;
mod verify;

use clap::{Args, Subcommand};
use jiff::Timestamp;

use super::client::Client;
use super::page::Page;
use super::{Error, Session};
use crate::wire::{Entries, EntryQuery, Plugins};
use line::Names;

/// The most entries that the server gives at once.
const PAGE: usize = 500;

/// Queries, verifies and rebuilds the ledger
#[derive(Debug, Subcommand)]
pub enum Ledger {
    Query(Query),
    Verify(verify::Verify),
    Rebuild(rebuild::Rebuild),
}

/// Lists entries, the oldest first: all that fit what is asked for
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  quell ledger query --run r-0199a3b2 --kind call.\n  \
                        quell ledger query --kind call.denied --since 2026-03-01T00:00:00Z")]
pub struct Query {
    /// Of this run; `system` is the installation itself: plugins, grants, workflows, tokens
    #[arg(long)]
    run: Option<String>,
    /// Of this kind, such as `call.denied`; all kinds that begin so when it ends in `.`
    #[arg(long)]
    kind: Option<String>,
    /// By this actor: `user:NAME`, `plugin:DIGEST`, `host`
    #[arg(long)]
    actor: Option<String>,
    /// Not before this time, such as 2026-03-01T12:00:00Z
    #[arg(long, value_name = "TIME")]
    since: Option<Timestamp>,
    /// Before this time
    #[arg(long, value_name = "TIME")]
    until: Option<Timestamp>,
    /// At most so many
    #[arg(long, value_name = "COUNT")]
    limit: Option<usize>,
    /// Print each entry as one line of JSON, with all that is in it
    #[arg(long)]
    json: bool,
}

impl Ledger {
    pub async fn run(self, session: &Session) -> Result<(), Error> {
        match self {
            Ledger::Query(query) => query.run(session).await,
            Ledger::Verify(command) => command.run(session).await,
            Ledger::Rebuild(command) => command.run(session).await,
        }
    }
}

impl Query {
    async fn run(self, session: &Session) -> Result<(), Error> {
        let (client, terminal) = (session.client()?, session.terminal);
        let names = if self.json { Names::default() } else { names(&client).await };
        let Query { run, kind, actor, since, until, limit, json } = self;
        let shows_run = run.is_none();
        let mut left = limit.unwrap_or(usize::MAX);
        let mut query = EntryQuery { run, kind, actor, since, until, after: None, limit: None };
        while left > 0 {
            query.limit = u32::try_from(left.min(PAGE)).ok();
            let Entries { entries, next } = client.query(&["ledger"], &query).await?;
            left = left.saturating_sub(entries.len());
            let mut page = Page::default();
            for entry in &entries {
                if json {
                    terminal.print_json_line(entry)?;
                } else {
                    page.push(line::line(entry, &names, shows_run));
                }
            }
            terminal.print(&page)?;
            match next {
                Some(next) => query.after = Some(next),
                None => break,
            }
        }
        Ok(())
    }
}

/// The plugins' names. Without them, entries are shown with digests alone.
async fn names(client: &Client) -> Names {
    let plugins = client.get::<Plugins>(&["plugins"]).await;
    plugins.map_or_else(|_| Names::default(), |plugins| Names::of(&plugins.plugins))
}
