//! `quell events`: events, as EventBridge would send them; and which workflows they would start.

mod matching;

use std::path::PathBuf;

use clap::Subcommand;

use super::client::{Body, JSON};
use super::{Error, Session, files, page, terminal};
use crate::wire::{TakenEvent, TakenRun};

/// Sends events, and tells which workflows they would start
#[derive(Debug, Subcommand)]
pub enum Events {
    /// Sends an event, and lists the runs that answer it
    #[command(after_help = "Example:\n  quell events send finding.json")]
    Send {
        /// The event in EventBridge's envelope; `-` is standard input
        file: PathBuf,
        /// Print the answer as JSON
        #[arg(long)]
        json: bool,
    },
    /// Prints the names of the workflows that an event would start, without a server
    ///
    /// The exit code is 0 whether there are any or not, and 1 when the file is not an EventBridge event.
    #[command(after_help = "Examples:\n  quell events match --event finding.json workflows/*.yaml\n  \
                            quell events match --event - --explain open-security-group.yaml < finding.json")]
    Match {
        /// The event in EventBridge's envelope; `-` is standard input
        #[arg(long, value_name = "FILE")]
        event: PathBuf,
        /// The YAML files of the workflows
        #[arg(required = true, value_name = "WORKFLOW")]
        workflows: Vec<PathBuf>,
        /// Show what each trigger makes of the event: each field that fails, and what was there
        #[arg(long)]
        explain: bool,
        /// Print the answer as JSON
        #[arg(long)]
        json: bool,
    },
}

impl Events {
    pub async fn run(self, session: &Session) -> Result<(), Error> {
        match self {
            Events::Send { file, json } => send(session, &file, json).await,
            Events::Match { event, workflows, explain, json } => {
                let found = matching::find(&event, &workflows, explain)?;
                if json {
                    return session.terminal.print_json(&found);
                }
                if found.iter().all(|workflow| workflow.events.is_empty()) {
                    terminal::note(&page::line("the event starts none of these workflows"));
                }
                session.terminal.print(&matching::page(&found, explain))
            }
        }
    }
}

async fn send(session: &Session, file: &std::path::Path, json: bool) -> Result<(), Error> {
    let text = files::text(file)?;
    files::check_json(file, &text)?;
    let taken: TakenEvent = session.client()?.post(&["events"], Body::document(JSON, text)).await?;
    if json {
        return session.terminal.print_json(&taken);
    }
    for workflow in &taken.disabled {
        terminal::note(&page::line(format!(
            "workflow {workflow} is for this event, and disabled; it is in the ledger"
        )));
    }
    if taken.runs.is_empty() && !taken.disabled.is_empty() {
        return Ok(());
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
