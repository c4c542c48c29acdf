//! `quell workflow`: checked, tried, stored, listed, disabled and enabled.

mod check;
mod rehearse;

use std::path::{Path, PathBuf};

use ::picture::{Picture, mermaid, svg, tree};
use ::workflow::Surroundings;
use clap::Subcommand;

use super::client::{Body, Client};
use super::page::{self, Page};
use super::picture::{Drawing, Format};
use super::plugin::short;
use super::terminal::Terminal;
use super::{Error, Session, files, time};
use crate::wire::{self, SwitchWorkflow, WorkflowInfo, Workflows};

/// Checks, tries, uploads, lists, disables and enables workflows
#[derive(Debug, Subcommand)]
pub enum Workflow {
    /// Checks workflow files and shows all problems, each with its place; the exit code is 1 when there are any
    ///
    /// Workflows that are checked together, or lie beside each other, may call each other.
    #[command(after_help = "Examples:\n  quell workflow check workflows/*.yaml\n  \
                            quell workflow check --server incident-response.yaml")]
    Check(check::Check),
    /// Prints the JSON Schema of the format, for editors
    Schema,
    /// Draws a workflow file: as a tree, an SVG or a Mermaid flowchart, without a server
    #[command(after_help = "Examples:\n  quell workflow picture incident-response.yaml\n  \
                            quell workflow picture incident-response.yaml --output incident-response.svg")]
    Picture {
        /// The YAML file
        file: PathBuf,
        #[command(flatten)]
        drawing: Drawing,
    },
    /// Tries workflows on their own cases, without AWS; the exit code is 1 when a case does not come to what it expects
    #[command(after_help = "Examples:\n  quell workflow test workflows/*.yaml\n  \
                            quell workflow test --case refuse workflows/tests/open-security-group.yaml\n  \
                            quell workflow test --init my-workflow.yaml")]
    Test(rehearse::Test),
    /// Uploads workflow files, each under the name in it; runs under way keep what they started with
    Push {
        /// The YAML files
        #[arg(required = true)]
        files: Vec<PathBuf>,
        /// Only if the one that is there has this digest, so that nobody's change is lost; for one file
        #[arg(long, value_name = "DIGEST")]
        if_match: Option<String>,
    },
    /// Has nothing start a workflow any more; runs under way go on
    Disable {
        /// Its name
        name: String,
        /// Why, for the ledger
        #[arg(long)]
        reason: Option<String>,
    },
    /// Lets a workflow be started again; what would have started it in between is not made up for
    Enable {
        /// Its name
        name: String,
        /// Why, for the ledger
        #[arg(long)]
        reason: Option<String>,
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
            Workflow::Check(check) => check.run(session).await,
            Workflow::Schema => terminal.print_json(&::workflow::json_schema()),
            Workflow::Picture { file, drawing } => draw(&load(&file)?.0, &drawing, *terminal),
            Workflow::Test(test) => test.run(terminal),
            Workflow::Push { files, if_match } => {
                if if_match.is_some() && files.len() > 1 {
                    return Err(Error::usage("`--if-match` is about one file"));
                }
                let client = session.client()?;
                for file in &files {
                    terminal.print(&push(&client, file, if_match.as_deref()).await?)?;
                }
                Ok(())
            }
            Workflow::Disable { name, reason } => switch(session, &name, "disable", reason).await,
            Workflow::Enable { name, reason } => switch(session, &name, "enable", reason).await,
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

async fn switch(session: &Session, name: &str, how: &str, reason: Option<String>) -> Result<(), Error> {
    let body = Body::json(&SwitchWorkflow { reason })?;
    session.client()?.tell(&["workflows", name, how], body).await?;
    session.terminal.print(&page::line(format!("{how}d {name}")))
}

async fn push(client: &Client, file: &Path, if_match: Option<&str>) -> Result<Page, Error> {
    let (name, source) = local(file)?;
    let body = Body::document(wire::YAML, source);
    client.put_if(&["workflows", &name], body, if_match).await.map_err(about(file))?;
    Ok(page::line(format!("pushed {name}")))
}

/// The name and the text of a file that has no problem in itself.
fn local(file: &Path) -> Result<(String, String), Error> {
    let (workflow, source) = load(file)?;
    Ok((workflow.name.clone(), source))
}

/// The workflow in a file that has no problem in itself, and its text.
fn load(file: &Path) -> Result<(::workflow::Workflow, String), Error> {
    let source = files::text(file)?;
    match ::workflow::load(&file.display().to_string(), &source, &Surroundings::default()) {
        Ok(workflow) => Ok((workflow, source)),
        Err(problems) => Err(Error::Problems { file: file.to_owned(), text: problems.render(false) }),
    }
}

fn draw(workflow: &::workflow::Workflow, drawing: &Drawing, terminal: Terminal) -> Result<(), Error> {
    let picture = Picture::of(workflow);
    match drawing.format(terminal) {
        Format::Tree => drawing.put_page(&super::picture::page(tree(&picture)), terminal),
        Format::Svg => drawing.put(&svg(&picture), terminal),
        Format::Mermaid => drawing.put(&mermaid(&picture), terminal),
    }
}

/// The server's text, with the name of the file, which the server does not know.
fn named(text: &str, file: &Path) -> String {
    let line = |line: &str| match line.split_once("--> ") {
        Some((before, place)) if before.trim().is_empty() => {
            let place = place.split_once(':').map_or(place, |(_, place)| place);
            format!("{before}--> {}:{place}", file.display())
        }
        _ => line.to_owned(),
    };
    text.lines().map(line).collect::<Vec<_>>().join("\n")
}

/// The server does not know the file's name.
fn about(path: &Path) -> impl FnOnce(Error) -> Error {
    let (path, file) = (path.to_owned(), path.display().to_string());
    move |error| match error {
        Error::Server { status, message, text, problems, help } => {
            let text = text.map(|text| named(&text, &path));
            Error::Server { status, message: format!("`{file}`: {message}"), text, problems, help }
        }
        error => error,
    }
}

fn list(workflows: Vec<WorkflowInfo>) -> Page {
    let row = |workflow: WorkflowInfo| {
        let starts: Vec<&str> = workflow.started_by.iter().map(|starter| starter.name()).collect();
        let starts = match (&workflow.unreadable, &workflow.disabled) {
            (Some(_), _) => "nothing: it cannot be read".to_owned(),
            (None, Some(_)) => "disabled".to_owned(),
            (None, None) => starts.join(", "),
        };
        let (digest, plugins) = (short(&workflow.digest).to_owned(), workflow.plugins.join(", "));
        vec![workflow.name, digest, starts, plugins, workflow.by, time::moment(workflow.time)]
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
