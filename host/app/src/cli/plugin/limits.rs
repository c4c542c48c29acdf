//! `quell plugin limits`: what one plugin may use up.

use clap::Args;
use serde_json::{Map, Value};

use crate::cli::client::Body;
use crate::cli::page::{self, Page};
use crate::cli::{Error, Session};
use crate::wire;

/// Shows and sets what a plugin may use up
///
/// Each limit can be lowered freely, and raised to its maximum. The limits hold for the digest: another version of the
/// plugin has every plugin's.
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  quell plugin limits snapshot-volumes\n  \
                        quell plugin limits snapshot-volumes --set wall-time-ms=300000 --set memory-bytes=16777216\n  \
                        quell plugin limits snapshot-volumes --reset")]
pub struct Limits {
    /// Its name (the newest version) or digest
    plugin: String,
    /// Set a limit, in bytes, milliseconds or as a count; those that were set before stay. Can be repeated
    #[arg(long, value_name = "LIMIT=NUMBER", value_parser = limit, conflicts_with = "reset")]
    set: Vec<(String, u64)>,
    /// Give it every plugin's limits again
    #[arg(long)]
    reset: bool,
    /// Print them as JSON
    #[arg(long)]
    json: bool,
}

impl Limits {
    pub async fn run(self, session: &Session) -> Result<(), Error> {
        let client = session.client()?;
        let path = ["plugins", &self.plugin, "limits"];
        let mut told: wire::Limits = client.get(&path).await?;
        if self.reset || !self.set.is_empty() {
            let mut set = told.set.as_object().cloned().filter(|_| !self.reset).unwrap_or_else(Map::new);
            set.extend(self.set.into_iter().map(|(name, value)| (name, Value::from(value))));
            client.put(&path, Body::json(&set)?).await?;
            told = client.get(&path).await?;
        }
        if self.json { session.terminal.print_json(&told) } else { session.terminal.print(&shown(&told)) }
    }
}

fn shown(told: &wire::Limits) -> Page {
    let of = |limits: &Value, name: &str| limits.get(name).map_or_else(|| "-".into(), Value::to_string);
    let row = |(name, value): (&String, &Value)| {
        let set = if told.set.get(name).is_some() { "for this plugin" } else { "" };
        vec![name.clone(), value.to_string(), of(&told.maximum, name), set.into()]
    };
    let rows = told.limits.as_object().into_iter().flatten().map(row);
    page::table(&["LIMIT", "IS", "AT MOST", "SET"], rows)
}

fn limit(text: &str) -> Result<(String, u64), String> {
    let wrong = || "a limit is given as `name=number`, such as `wall-time-ms=300000`".to_owned();
    let (name, value) = text.split_once('=').ok_or_else(wrong)?;
    Ok((name.into(), value.parse().map_err(|_| wrong())?))
}
