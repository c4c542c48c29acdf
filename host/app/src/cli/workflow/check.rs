//! `quell workflow check`: all problems of workflow files, and what their authors should know.
//!
//! Files that are checked together, or lie beside each other, may call each other. What is installed is known to the
//! server only.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use ::workflow::{Problems, Surroundings, Workflow, load};
use clap::Args;
use serde::Serialize;

use super::{about, named};
use crate::cli::client::{Body, Client};
use crate::cli::page::{Line, Page, Style};
use crate::cli::{Error, Session, files, terminal};
use crate::wire::{self, CheckedWorkflow, Fault};

/// What `quell workflow check` is given
#[derive(Debug, Args)]
pub struct Check {
    /// The YAML files
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// Ask the server, which knows the installed plugins and what they take
    #[arg(long)]
    server: bool,
    /// Print the problems as JSON, a list with an element for each file
    #[arg(long)]
    json: bool,
}

/// What there is to say of one file.
#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct Checked {
    file: PathBuf,
    /// The name that it gives itself, when nothing is wrong with it.
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    problems: Vec<Fault>,
    notes: Vec<Fault>,
    /// The same for people.
    #[serde(skip)]
    text: String,
}

impl Check {
    /// Checks every file before it says that one has problems.
    pub async fn run(self, session: &Session) -> Result<(), Error> {
        let client = if self.server { Some(session.client()?) } else { None };
        let mut all = vec![];
        for file in &self.files {
            let source = files::text(file)?;
            let checked = match &client {
                Some(client) => on_server(client, file, source).await?,
                None => here(file, &source, &self.files),
            };
            if !self.json {
                checked.show(session)?;
            }
            all.push(checked);
        }
        if self.json {
            session.terminal.print_json(&all)?;
        }
        if all.iter().all(|checked| checked.problems.is_empty()) { Ok(()) } else { Err(Error::Reported) }
    }
}

impl Checked {
    fn wrong(file: &Path, problems: &Problems) -> Checked {
        let faults = problems.iter().map(Fault::from).collect();
        Checked { file: file.to_owned(), name: None, problems: faults, notes: vec![], text: problems.render(false) }
    }

    fn show(&self, session: &Session) -> Result<(), Error> {
        let Some(name) = &self.name else {
            let error = Error::Problems { file: self.file.clone(), text: self.text.clone() };
            terminal::note(&error.page());
            return Ok(());
        };
        let ok = format!("{}: workflow {name} has no problems", self.file.display());
        let mut page = Page::from(Line::default().and(Style::Good, ok));
        if !self.text.is_empty() {
            page.push_text(&self.text);
        }
        session.terminal.print(&page)
    }
}

/// The server tells of the plugins, and of all else as well.
async fn on_server(client: &Client, file: &Path, source: String) -> Result<Checked, Error> {
    let checked: Result<CheckedWorkflow, Error> =
        client.post(&["workflow-check"], Body::document(wire::YAML, source)).await;
    match checked {
        Ok(CheckedWorkflow { name, notes, text, .. }) => {
            Ok(Checked { file: file.to_owned(), name: Some(name), problems: vec![], notes, text: named(&text, file) })
        }
        Err(Error::Server { text: Some(text), problems, .. }) if !problems.is_empty() => {
            Ok(Checked { file: file.to_owned(), name: None, problems, notes: vec![], text: named(&text, file) })
        }
        Err(error) => Err(about(file)(error)),
    }
}

/// What can be told without a server.
fn here(file: &Path, source: &str, together: &[PathBuf]) -> Checked {
    let name = file.display().to_string();
    let alone = match load(&name, source, &Surroundings::default()) {
        Ok(workflow) => workflow,
        Err(problems) => return Checked::wrong(file, &problems),
    };
    let others = reachable(&alone, file, together);
    let missing = missing(&alone, &others);
    let checked = match missing.is_empty() {
        true => load(&name, source, &Surroundings { workflows: Some(&others), ..Surroundings::default() }),
        false => Ok(alone.clone()),
    };
    match checked {
        Ok(workflow) => {
            let mut text = workflow.notes.render(false);
            if !text.is_empty() {
                text += "\n\n";
            }
            if !missing.is_empty() {
                text += &format!(
                    "note: `{}` is not beside it, so its calls were not checked\n",
                    missing.into_iter().collect::<Vec<_>>().join("`, `")
                );
            }
            if !workflow.plugins().is_empty() {
                text += "note: whether it fits its plugins was not checked: `--server` does that";
            }
            let notes = workflow.notes.iter().map(Fault::from).collect();
            Checked { file: file.to_owned(), name: Some(workflow.name.clone()), problems: vec![], notes, text }
        }
        Err(problems) => Checked::wrong(file, &problems),
    }
}

/// The workflows that it may call: those that are checked with it, and `NAME.yaml` beside it.
fn reachable(workflow: &Workflow, file: &Path, together: &[PathBuf]) -> BTreeMap<String, Arc<Workflow>> {
    let read = |path: &Path| {
        let source = fs::read_to_string(path).ok()?;
        load(&path.display().to_string(), &source, &Surroundings::default()).ok()
    };
    let mut found: BTreeMap<String, Arc<Workflow>> = BTreeMap::new();
    if workflow.calls().is_empty() {
        return found;
    }
    for other in together.iter().filter_map(|path| read(path)) {
        found.insert(other.name.clone(), Arc::new(other));
    }
    let mut wanted: Vec<String> = workflow.calls().into_iter().map(str::to_owned).collect();
    while let Some(name) = wanted.pop() {
        let beside = file.with_file_name(format!("{name}.yaml"));
        let callee = match found.get(&name) {
            Some(callee) => Some(callee.clone()),
            None => read(&beside).filter(|callee| callee.name == name).map(Arc::new),
        };
        let Some(callee) = callee else { continue };
        let new = found.insert(name, callee.clone()).is_none();
        if new {
            wanted.extend(callee.calls().into_iter().map(str::to_owned));
        }
    }
    found
}

/// What is called by any of them and is not among them.
fn missing<'w>(workflow: &'w Workflow, others: &'w BTreeMap<String, Arc<Workflow>>) -> BTreeSet<&'w str> {
    let all = workflow.calls().into_iter().chain(others.values().flat_map(|other| other.calls()));
    all.filter(|name| !others.contains_key(*name) && *name != workflow.name).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(files: &[(&str, &str)], name: &str) -> String {
        let folder = tempfile::tempdir().unwrap();
        let paths: Vec<PathBuf> = files.iter().map(|(name, _)| folder.path().join(name)).collect();
        files.iter().zip(&paths).for_each(|((_, text), path)| fs::write(path, text).unwrap());
        let file = folder.path().join(name);
        let checked = here(&file, &fs::read_to_string(&file).unwrap(), std::slice::from_ref(&file));
        checked.text.replace(&folder.path().display().to_string(), "folder")
    }

    #[test]
    fn what_is_called_is_looked_for_beside_the_file() {
        let outer = "name: outer\nsteps: [{ id: c, call: { workflow: inner } }]\n";
        let inner = "name: inner\ninputs: { id: { type: string } }\nsteps: [{ id: a, plugin: p }]\n";
        let told = check(&[("outer.yaml", outer), ("inner.yaml", inner)], "outer.yaml");
        assert!(told.contains("workflow `inner` needs the input `id`"), "{told}");
        let told = check(&[("outer.yaml", outer)], "outer.yaml");
        assert_eq!(told, "note: `inner` is not beside it, so its calls were not checked\n");
        let back = "name: inner\nsteps: [{ id: c, call: { workflow: outer } }]\n";
        let told = check(&[("outer.yaml", outer), ("inner.yaml", back)], "outer.yaml");
        assert!(told.contains("in a circle: outer -> inner -> outer"), "{told}");
    }
}
