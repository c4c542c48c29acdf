//! `quell plugin`: looked at, uploaded, listed, granted.

mod grant;
mod inspection;
mod limits;
mod usage;

use std::path::{Path, PathBuf};

use clap::Subcommand;

use super::client::{Body, Client};
use super::page::{self, Line, Page, Style};
use super::terminal::note;
use super::{Error, Session, files, time};
use crate::wire::{self, Access, Import, PluginInfo, Plugins};

/// Inspects, uploads, lists and grants plugins
#[derive(Debug, Subcommand)]
pub enum Plugin {
    /// Shows what a component could ask for, without running it and without a server
    #[command(after_help = "Examples:\n  quell plugin inspect sg-revoke-open-ports.wasm\n  \
                            quell plugin inspect new.wasm --previous old.wasm")]
    Inspect {
        /// The component
        file: PathBuf,
        /// The component of the version before: what it did not import is marked
        #[arg(long, value_name = "FILE")]
        previous: Option<PathBuf>,
        /// Print it as JSON
        #[arg(long)]
        json: bool,
    },
    /// Uploads components; each can do nothing until it has a grant
    Push {
        /// The components
        #[arg(required = true)]
        files: Vec<PathBuf>,
    },
    /// Lists the uploaded plugins
    List {
        /// Print them as JSON
        #[arg(long)]
        json: bool,
    },
    /// Shows a plugin: what it is, what it may ask for, what it takes and gives
    Show {
        /// Its name (the newest version), `name@version` or digest
        plugin: String,
        /// Print it as JSON
        #[arg(long)]
        json: bool,
    },
    Use(usage::Use),
    History(usage::History),
    Grant(grant::Grant),
    Limits(limits::Limits),
}

impl Plugin {
    pub async fn run(self, session: &Session) -> Result<(), Error> {
        let Session { terminal, .. } = session;
        match self {
            Plugin::Inspect { file, previous, json } => {
                let inspected = inspection::inspect(&file, previous.as_deref())?;
                if json { terminal.print_json(&inspected) } else { terminal.print(&inspected.page()) }
            }
            Plugin::Push { files } => {
                let client = session.client()?;
                for file in files {
                    push(session, &client, files::bytes(&file)?).await?;
                }
                Ok(())
            }
            Plugin::List { json } => {
                let Plugins { plugins } = session.client()?.get(&["plugins"]).await?;
                if json { terminal.print_json(&plugins) } else { terminal.print(&list(plugins)) }
            }
            Plugin::Show { plugin, json } => {
                let plugin: wire::Plugin = session.client()?.get(&["plugins", &plugin]).await?;
                if json { terminal.print_json(&plugin) } else { terminal.print(&show(&plugin)) }
            }
            Plugin::Use(command) => command.run(session).await,
            Plugin::History(command) => command.run(session).await,
            Plugin::Grant(command) => command.run(session).await,
            Plugin::Limits(command) => command.run(session).await,
        }
    }
}

/// Inspects a component.
pub fn inspect(file: &Path) -> Result<inspection::Inspected, Error> {
    inspection::inspect(file, None)
}

async fn push(session: &Session, client: &Client, component: Vec<u8>) -> Result<(), Error> {
    let body = Body::document(wire::WASM, component);
    let (plugin, is_new): (PluginInfo, bool) = client.create(&["plugins"], body).await?;
    let PluginInfo { name, version, digest, granted, imports, in_use, .. } = plugin;
    let was = if is_new { "pushed" } else { "unchanged" };
    session.terminal.print(&page::line(format!("{was} {name} {version} {digest}")))?;
    let news: Vec<_> = imports.iter().filter(|import| import.is_new).map(|import| import.function.as_str()).collect();
    if !news.is_empty() {
        note(&page::line(format!("the version before did not import {}", news.join(", "))));
    }
    if !granted {
        note(&page::line(format!("it may do nothing yet: quell plugin grant {name}@{version} --policy FILE")));
    }
    if !in_use {
        note(&page::line(format!("new runs take another version: see quell plugin history {name}")));
    }
    Ok(())
}

fn list(plugins: Vec<PluginInfo>) -> Page {
    let row = |plugin: PluginInfo| {
        let granted = if plugin.granted { "yes" } else { "no" };
        let used = if plugin.in_use { "yes" } else { "no" };
        let digest = short(&plugin.digest).to_owned();
        vec![plugin.name, plugin.version, used.into(), granted.into(), digest, plugin.by, time::moment(plugin.time)]
    };
    let headings = ["NAME", "VERSION", "IN USE", "GRANT", "DIGEST", "BY", "UPLOADED"];
    page::table(&headings, plugins.into_iter().map(row))
}

fn show(plugin: &wire::Plugin) -> Page {
    let wire::Plugin { info, input_schema, output_schema } = plugin;
    let mut page = Page::default();
    page.push(Line::default().and(Style::Bold, format!("{} {}", info.name, info.version)));
    page.push(Line::plain(&info.summary));
    page.push(Line::plain(format!("digest    {}", info.digest)));
    page.push(Line::plain(format!("size      {} bytes", info.size)));
    page.push(Line::plain(format!("uploaded  {} by {}", time::moment(info.time), info.by)));
    page.push(Line::plain(if info.in_use {
        "in use    yes: new runs take it"
    } else {
        "in use    no: new runs take another version"
    }));
    if info.damaged {
        page.push(Line::default().and(Style::Bad, "damaged   what is stored is not what was uploaded: it cannot run"));
    }
    page.push(if info.granted {
        Line::plain(format!("grant     yes: quell plugin grant {} --show", info.digest))
    } else {
        Line::plain("grant     ").and(Style::Attention, "none: it may do nothing")
    });
    let row = |import: &Import| {
        let access = import.access.map_or("-", access_name).to_owned();
        let actions = actions(&import.actions, import.depends).unwrap_or_else(|| "-".into());
        vec![access, actions, import.function.clone(), marks(import.dangerous.as_deref(), import.is_new)]
    };
    for (title, schema) in [("input", input_schema), ("output", output_schema)] {
        page.push(Line::default());
        page.push(Line::plain(format!("{title}:")));
        page.push_text(&format!("{schema:#}"));
    }
    page.push(Line::default());
    page.push_table(&["ACCESS", "ACTION", "FUNCTION", ""], info.imports.iter().map(row));
    page
}

/// The actions that a function needs, or of which it needs some; `None` where it needs none.
fn actions(actions: &[impl AsRef<str>], depends: bool) -> Option<String> {
    let actions: Vec<&str> = actions.iter().map(AsRef::as_ref).collect();
    let some = if depends { "some of " } else { "" };
    (!actions.is_empty()).then(|| format!("{some}{}", actions.join(", ")))
}

/// What to look at in an import.
fn marks(dangerous: Option<&str>, is_new: bool) -> String {
    let dangerous = dangerous.map(|why| format!("dangerous: {why}"));
    let is_new = is_new.then(|| "new".to_owned());
    dangerous.into_iter().chain(is_new).collect::<Vec<_>>().join(", ")
}

/// As IAM's documentation writes it.
fn access_name(access: Access) -> &'static str {
    match access {
        Access::List => "List",
        Access::Read => "Read",
        Access::Write => "Write",
        Access::Tagging => "Tagging",
        Access::PermissionsManagement => "Permissions management",
    }
}

/// The first digits of a digest, for people.
pub fn short(digest: &str) -> &str {
    digest.get(..12).unwrap_or(digest)
}
