//! `quell event`: events, as EventBridge would send them.

use std::path::PathBuf;

use clap::Subcommand;

use super::client::{Body, JSON};
use super::{Error, Session, files, page, terminal};
use crate::wire::{TakenEvent, TakenRun};

/// Sends events
#[derive(Debug, Subcommand)]
pub enum Event {
    /// Sends an event, and lists the runs that answer it
    #[command(after_help = "Example:\n  quell event send finding.json")]
    Send {
        /// The event in EventBridge's envelope; `-` is standard input
        file: PathBuf,
        /// Print the answer as JSON
        #[arg(long)]
        json: bool,
    },
}

impl Event {
    pub async fn run(self, session: &Session) -> Result<(), Error> {
        let Event::Send { file, json } = self;
        let text = files::text(&file)?;
        files::check_json(&file, &text)?;
        let taken: TakenEvent = session.client()?.post(&["events"], Body::document(JSON, text)).await?;
        if json {
            return session.terminal.print_json(&taken);
        }
        if taken.runs.is_empty() {
            terminal::note(&page::line("no workflow is for this event; it is in the ledger"));
            return Ok(());
        }
        let row = |TakenRun { workflow, run, repeated }: TakenRun| {
            vec![workflow, run, if repeated { "repeated" } else { "new" }.into()]
        };
        session.terminal.print(&page::table(&["WORKFLOW", "RUN", "WAS"], taken.runs.into_iter().map(row)))
    }
}
