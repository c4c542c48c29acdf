//! `quell runs`: listed, looked at, cancelled, retried.

mod steps;
pub mod tree;
pub mod watch;

use clap::{Subcommand, ValueEnum};
use jiff::Timestamp;

use super::client::{Body, Client};
use super::picture::Drawing;
use super::{Error, Session, page, question, time};
use crate::wire::{
    Cancel, PictureQuery, Run, RunInfo, RunQuery, RunStatus, Runs as RunPage, Wait, Waiting, WaitingQuery,
};

/// The most runs that the server gives at once.
const PAGE: usize = 500;

/// As much of what is waited for as a table has room for.
const ABOUT: usize = 60;

/// Lists, shows, cancels, retries and resumes runs
#[derive(Debug, Subcommand)]
pub enum Runs {
    /// Lists runs, the newest first
    #[command(after_help = "Example:\n  quell runs list --workflow incident-response --status waiting")]
    List {
        /// Of this workflow
        #[arg(long, value_name = "NAME")]
        workflow: Option<String>,
        /// Of this status
        #[arg(long)]
        status: Option<Status>,
        /// At most so many
        #[arg(long, value_name = "COUNT", default_value_t = 100)]
        limit: usize,
        /// Print them as JSON
        #[arg(long)]
        json: bool,
    },
    /// Shows runs, several side by side: their steps, what they gave, and what they wait for
    ///
    /// What people are asked is shown whole below the steps. With --watch the exit code is 1 when a run ends in any way but succeeded.
    Show {
        /// The run, or several
        #[arg(required = true, value_name = "RUN")]
        runs: Vec<String>,
        /// Show it as it happens, until it ends or waits for a person
        #[arg(long, conflicts_with = "json")]
        watch: bool,
        /// Print it as JSON; several as a list
        #[arg(long)]
        json: bool,
    },
    /// Draws a run as it is now: as a tree, an SVG or a Mermaid flowchart
    #[command(after_help = "Example:\n  quell runs picture r-0199a3b2c4d57e8f9a0b1c2d3e4f5a6b --output run.svg")]
    Picture {
        /// The run
        run: String,
        #[command(flatten)]
        drawing: Drawing,
    },
    /// Lists what runs wait for, the run that waits longest first: approvals, reviews, timers, a place, to be resumed
    Waiting {
        /// Print it as JSON
        #[arg(long)]
        json: bool,
    },
    /// Cancels a run: what runs is stopped, nothing new begins
    Cancel {
        /// The run
        run: String,
        /// Why, for the ledger
        #[arg(long)]
        reason: Option<String>,
    },
    /// Has a run that failed go on from the step that failed; what has succeeded stays
    Retry {
        /// The run
        run: String,
    },
    /// Has a run driven anew, for one that hangs or is parked: whatever drives it now loses it, and nothing is done twice
    Resume {
        /// The run
        run: String,
    },
}

/// How a run is, or how it ended.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum Status {
    Queued,
    Running,
    Waiting,
    Succeeded,
    Failed,
    Refused,
    Expired,
    TimedOut,
    Cancelled,
}

impl Runs {
    pub async fn run(self, session: &Session) -> Result<(), Error> {
        let (client, terminal) = (session.client()?, session.terminal);
        match self {
            Runs::List { workflow, status, limit, json } => {
                let status = status.map(RunStatus::from);
                let runs = list(&client, RunQuery { workflow, status, ..RunQuery::default() }, limit).await?;
                if json { terminal.print_json(&runs) } else { terminal.print(&list_page(runs, Timestamp::now())) }
            }
            Runs::Show { runs, watch: true, .. } => watch::watch(&client, terminal, &runs).await,
            Runs::Show { runs, json, .. } => match watch::get(&client, &runs).await?.as_slice() {
                [run] if json => terminal.print_json(run),
                runs if json => terminal.print_json(&runs),
                runs => {
                    let mut page = watch::side_by_side(runs, Timestamp::now());
                    runs.iter().for_each(|run| page.extend(question::all(run)));
                    terminal.print(&page)
                }
            },
            Runs::Picture { run, drawing } => match drawing.format(terminal).of_api() {
                None => {
                    let run: Run = client.get(&["runs", &run]).await?;
                    drawing.put_page(&tree::page(&run, Timestamp::now()), terminal)
                }
                Some(format) => {
                    let query = PictureQuery { format };
                    drawing.put(&client.text_of(&["runs", &run, "picture"], &query).await?, terminal)
                }
            },
            Runs::Waiting { json } => {
                let waiting = waiting(&client).await?;
                if json {
                    terminal.print_json(&waiting)
                } else {
                    terminal.print(&waiting_page(waiting, Timestamp::now()))
                }
            }
            Runs::Cancel { run, reason } => {
                client.tell(&["runs", &run, "cancel"], Body::json(&Cancel { reason })?).await?;
                terminal.print(&page::line(format!("cancelled {run}")))
            }
            Runs::Retry { run } => {
                client.tell(&["runs", &run, "retry"], Body::document("application/json", "")).await?;
                terminal.print(&page::line(format!(
                    "{run} goes on from where it failed; what it waits for: quell runs show {run}"
                )))
            }
            Runs::Resume { run } => {
                client.tell(&["runs", &run, "resume"], Body::document("application/json", "")).await?;
                terminal.print(&page::line(format!("resumed {run}")))
            }
        }
    }
}

async fn list(client: &Client, mut query: RunQuery, limit: usize) -> Result<Vec<RunInfo>, Error> {
    let mut runs = vec![];
    while runs.len() < limit {
        query.limit = u32::try_from((limit - runs.len()).min(PAGE)).ok();
        let page: RunPage = client.query(&["runs"], &query).await?;
        runs.extend(page.runs);
        match page.next {
            Some(next) => query.before = Some(next),
            None => break,
        }
    }
    Ok(runs)
}

/// All pages of what runs wait for.
async fn waiting(client: &Client) -> Result<Vec<Wait>, Error> {
    let (mut waits, mut query) = (vec![], WaitingQuery::default());
    loop {
        query.limit = u32::try_from(PAGE).ok();
        let Waiting { waiting, next } = client.query(&["waiting"], &query).await?;
        waits.extend(waiting);
        match next {
            Some(next) => query.after = Some(next),
            None => return Ok(waits),
        }
    }
}

fn list_page(runs: Vec<RunInfo>, now: Timestamp) -> page::Page {
    let row = |RunInfo { run, workflow, status, by, started, ended, parked }: RunInfo| {
        let took = time::between(started, ended.unwrap_or(now));
        let status = if parked.is_some() { format!("{}, parked", status.name()) } else { status.name().into() };
        vec![run, workflow, status, time::moment(started), took, by]
    };
    page::table(&["RUN", "WORKFLOW", "STATUS", "STARTED", "TOOK", "BY"], runs.into_iter().map(row))
}

fn waiting_page(waiting: Vec<Wait>, now: Timestamp) -> page::Page {
    let row = |Wait { run, workflow, what, step, since, until, about, more }: Wait| {
        let waited = time::between(since, now);
        let until = until.map(time::moment).unwrap_or_default();
        let about = page::cut(about.unwrap_or_default(), ABOUT);
        let about = if more > 0 { format!("{about} (and {more} more of this run)") } else { about };
        vec![run, workflow, what.name().into(), step.unwrap_or_default(), waited, until, about]
    };
    let headings = ["RUN", "WORKFLOW", "WAITS FOR", "STEP", "SINCE", "UNTIL", "ABOUT"];
    page::table(&headings, waiting.into_iter().map(row))
}

impl From<Status> for RunStatus {
    fn from(status: Status) -> RunStatus {
        match status {
            Status::Queued => RunStatus::Queued,
            Status::Running => RunStatus::Running,
            Status::Waiting => RunStatus::Waiting,
            Status::Succeeded => RunStatus::Succeeded,
            Status::Failed => RunStatus::Failed,
            Status::Refused => RunStatus::Refused,
            Status::Expired => RunStatus::Expired,
            Status::TimedOut => RunStatus::TimedOut,
            Status::Cancelled => RunStatus::Cancelled,
        }
    }
}
