//! `quell workflow`: checked, stored, listed.

use std::path::{Path, PathBuf};

use ::workflow::Surroundings;
use clap::Subcommand;

use super::client::{Body, Client};
use super::page::{self, Line, Page, Style};
use super::plugin::short;
use super::{Error, Session, files, terminal, time};
use crate::wire::{self, CheckedWorkflow, WorkflowInfo, Workflows};

/// Checks, uploads and lists workflows
#[derive(Debug, Subcommand)]
pub enum Workflow {
    /// Checks workflow files and shows all problems, each with its place; the exit code is 1 when there are any
    #[command(after_help = "Examples:\n  quell workflow check workflows/*.yaml\n  \
                            quell workflow check --server incident-response.yaml")]
    Check {
        /// The YAML files
        #[arg(required = true)]
        files: Vec<PathBuf>,
        /// Ask the server, which knows the installed plugins and what they take
        #[arg(long)]
        server: bool,
    },
    /// Uploads workflow files, each under the name in it; runs under way keep what they started with
    Push {
        /// The YAML files
        #[arg(required = true)]
        files: Vec<PathBuf>,
    },
    /// Lists the workflows
    List {
        /// Print them as JSON
        #[arg(long)]
        json: bool,
    },
    /// Prints a workflow as it was uploaded
    Show {
        /// Its name
        name: String,
        /// Print it as JSON, with what is known of it
        #[arg(long)]
        json: bool,
    },
}

impl Workflow {
    pub async fn run(self, session: &Session) -> Result<(), Error> {
        let Session { terminal, .. } = session;
        match self {
            Workflow::Check { files, server } => check_all(session, &files, server).await,
            Workflow::Push { files } => {
                let client = session.client()?;
                for file in &files {
                    terminal.print(&push(&client, file).await?)?;
                }
                Ok(())
            }
            Workflow::List { json } => {
                let Workflows { workflows } = session.client()?.get(&["workflows"]).await?;
                if json { terminal.print_json(&workflows) } else { terminal.print(&list(workflows)) }
            }
            Workflow::Show { name, json } => {
                let workflow: wire::Workflow = session.client()?.get(&["workflows", &name]).await?;
                if json { terminal.print_json(&workflow) } else { terminal.print_document(&workflow.source) }
            }
        }
    }
}

/// Checks every file before it says that one has problems.
async fn check_all(session: &Session, files: &[PathBuf], server: bool) -> Result<(), Error> {
    let client = if server { Some(session.client()?) } else { None };
    let mut outcome = Ok(());
    for file in files {
        match check(client.as_ref(), file).await {
            Ok(page) => session.terminal.print(&page)?,
            Err(error @ (Error::Server { text: Some(_), .. } | Error::Problems { .. })) => {
                terminal::note(&error.page());
                outcome = Err(Error::Reported);
            }
            Err(error) => return Err(error),
        }
    }
    outcome
}

async fn check(client: Option<&Client>, file: &Path) -> Result<Page, Error> {
    let (name, source) = local(file)?;
    if let Some(client) = client {
        let body = Body::document(wire::YAML, source);
        let _: CheckedWorkflow = client.post(&["workflow-check"], body).await.map_err(about(file))?;
    }
    let ok = format!("{}: workflow {name} has no problems", file.display());
    Ok(Line::default().and(Style::Good, ok).into())
}

async fn push(client: &Client, file: &Path) -> Result<Page, Error> {
    let (name, source) = local(file)?;
    client.put(&["workflows", &name], Body::document(wire::YAML, source)).await.map_err(about(file))?;
    Ok(page::line(format!("pushed {name}")))
}

/// The name and the text of a file that has no problem in itself.
fn local(file: &Path) -> Result<(String, String), Error> {
    let source = files::text(file)?;
    match ::workflow::load(&file.display().to_string(), &source, &Surroundings::default()) {
        Ok(workflow) => Ok((workflow.name.clone(), source)),
        Err(problems) => Err(Error::Problems { file: file.to_owned(), text: problems.render(false) }),
    }
}

/// The server does not know the file's name.
fn about(file: &Path) -> impl FnOnce(Error) -> Error {
    let file = file.display().to_string();
    move |error| match error {
        Error::Server { status, message, text, help } => {
            Error::Server { status, message: format!("`{file}`: {message}"), text, help }
        }
        error => error,
    }
}

fn list(workflows: Vec<WorkflowInfo>) -> Page {
    let row = |workflow: WorkflowInfo| {
        let starts = if workflow.triggered { "events" } else { "people" };
        let (digest, plugins) = (short(&workflow.digest).to_owned(), workflow.plugins.join(", "));
        vec![workflow.name, digest, starts.into(), plugins, workflow.by, time::moment(workflow.time)]
    };
    let headings = ["NAME", "DIGEST", "STARTED BY", "PLUGINS", "BY", "PUSHED"];
    page::table(&headings, workflows.into_iter().map(row))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_problems_of_a_file_are_shown_with_their_places() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("contain.yaml");
        std::fs::write(&file, "name: contain\nsteps:\n  - id: isolate\n    plugin: isolate\n    wiht: {}\n").unwrap();
        let page = local(&file).unwrap_err().page().render(false);
        insta::assert_snapshot!(page.replace(&folder.path().display().to_string(), "folder"));
    }
}
