//! `quell plugin use` and `quell plugin history`: which version of a plugin new runs take.

use clap::Args;

use crate::cli::client::Body;
use crate::cli::page::{self, Line, Page, Style};
use crate::cli::plugin::short;
use crate::cli::terminal::note;
use crate::cli::{Error, Session, time};
use crate::wire::{PluginChoice, PluginUse};

/// Has new runs take one version of a plugin
///
/// Without it, they take the newest version that has a grant, so that an upload alone changes nothing; where none has one, the newest.
/// What is chosen holds until another one is.
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  quell plugin use sg-revoke-open-ports@1.0.0\n  \
                        quell plugin use sg-revoke-open-ports --newest")]
pub struct Use {
    /// The version: `name@version` or a digest; with --newest, the plugin's name
    plugin: String,
    /// Have new runs take the newest version that has a grant again
    #[arg(long)]
    newest: bool,
}

/// Shows which version of a plugin new runs take, and who chose it when
#[derive(Args, Debug)]
pub struct History {
    /// Its name
    plugin: String,
    /// Print it as JSON
    #[arg(long)]
    json: bool,
}

impl Use {
    pub async fn run(self, session: &Session) -> Result<(), Error> {
        let client = session.client()?;
        let path = ["plugins", &self.plugin, "use"];
        let used: PluginUse = match self.newest {
            true => client.delete_for(&path).await?,
            false => client.put_for(&path, Body::document("application/json", "")).await?,
        };
        session.terminal.print(&page::line(format!("new runs take {}", version(&used))))?;
        if !used.granted {
            let version = &used.in_use.version;
            let help = format!("quell plugin grant {}@{version} --policy FILE", used.name);
            note(&page::warning(&format!("it has no grant, and may do nothing that needs one: {help}")));
        }
        Ok(())
    }
}

impl History {
    pub async fn run(self, session: &Session) -> Result<(), Error> {
        let used: PluginUse = session.client()?.get(&["plugins", &self.plugin, "use"]).await?;
        if self.json { session.terminal.print_json(&used) } else { session.terminal.print(&shown(&used)) }
    }
}

fn shown(used: &PluginUse) -> Page {
    let why = if used.chosen { "chosen" } else { "the newest with a grant, or the newest where none has one" };
    let mut page = page::line(format!("new runs take {}: {why}", version(used)));
    for PluginChoice { time, by, version } in &used.choices {
        let what = match version {
            Some(version) => format!("chose {} ({})", version.version, short(&version.digest)),
            None => "took the choice back".into(),
        };
        page.push(Line::default().and(Style::Dim, time::moment(*time)).and(Style::Plain, format!(" {by} {what}")));
    }
    page
}

fn version(used: &PluginUse) -> String {
    format!("{} {} ({})", used.name, used.in_use.version, used.in_use.digest)
}
