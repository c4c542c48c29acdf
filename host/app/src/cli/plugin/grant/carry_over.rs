//! A grant over time: what it was, and what carrying it over to another version means.

use serde::Serialize;

use crate::cli::client::Body;
use crate::cli::page::{self, Line, Page, Style};
use crate::cli::plugin::{access_name, actions, short};
use crate::cli::terminal::note;
use crate::cli::{Error, Session, time};
use crate::wire::{CarryOver, CarryOverGrant, GrantHistory, Import};

#[derive(Serialize)]
struct From {
    #[serde(skip_serializing_if = "Option::is_none")]
    from: Option<String>,
}

/// Shows the difference, and carries the grant over if that is wanted.
pub async fn run(session: &Session, path: &[&str], from: Option<String>, yes: bool, json: bool) -> Result<(), Error> {
    let client = session.client()?;
    let difference: CarryOver = client.query(path, &From { from }).await?;
    if json {
        session.terminal.print_json(&difference)?;
    } else {
        session.terminal.print(&shown(&difference))?;
    }
    if !yes {
        note(&page::line("nothing is granted yet: add `--yes` to carry the grant over"));
        return Ok(());
    }
    let CarryOver { from, to, policy, new_imports, .. } = difference;
    let new_imports = new_imports.into_iter().map(|import| import.function).collect();
    let seen = CarryOverGrant { from: from.digest, to: to.digest, policy, new_imports };
    client.tell(path, Body::json(&seen)?).await?;
    note(&page::line(format!("carried the grant of {} over to {}", from.version, to.version)));
    Ok(())
}

/// Every change, with its policy.
pub fn history(history: &GrantHistory) -> Page {
    let mut page = Page::default();
    if history.changes.is_empty() {
        page.push(Line::plain("Nothing was ever granted to it."));
    }
    for change in &history.changes {
        let what = if change.policy.is_some() { "granted" } else { "revoked" };
        let when = format!("{} {what} by {}", time::moment(change.time), change.by);
        page.push(Line::default().and(Style::Bold, when));
        if let Some(policy) = &change.policy {
            page.push_text(&format!("{policy:#}"));
        }
    }
    page
}

fn shown(difference: &CarryOver) -> Page {
    let CarryOver { from, to, policy, new_imports, dropped_imports, newly_allowed } = difference;
    let mut page = Page::default();
    let version = |version: &str, digest: &str| format!("{version} ({})", short(digest));
    page.push(Line::plain(format!("from  {}", version(&from.version, &from.digest))));
    page.push(Line::plain(format!("to    {}", version(&to.version, &to.digest))));
    page.push(Line::default());
    if new_imports.is_empty() {
        page.push(Line::plain("It imports nothing that the other did not."));
    } else {
        page.push(Line::default().and(Style::Attention, "It imports what the other did not:"));
        let row = |import: &Import| {
            let actions = actions(&import.actions, import.depends).unwrap_or_else(|| "-".into());
            let allowed = import.actions.iter().any(|action| newly_allowed.contains(action));
            let allowed = if allowed { "the grant names it" } else { "" };
            vec![import.access.map_or("-", access_name).into(), actions, import.function.clone(), allowed.into()]
        };
        page.push_table(&["ACCESS", "ACTION", "FUNCTION", ""], new_imports.iter().map(row));
    }
    if !dropped_imports.is_empty() {
        page.push(Line::plain(format!("It no longer imports {}", dropped_imports.join(", "))));
    }
    page.push(Line::default());
    page.push(Line::plain("the grant:"));
    page.push_text(&format!("{policy:#}"));
    page
}
