//! `quell ledger rebuild`: works on the data folder itself, which no server may have meanwhile.

use clap::Args;
use store::Rebuilt;

use super::folder::Folder;
use crate::cli::Session;
use crate::cli::error::Error;
use crate::cli::page::{Line, Page, Style};
use crate::installation::Projection;

/// Makes all that is kept of runs beside their entries anew: status, what is due, what waits, who started it
///
/// It needs the data folder for itself: stop the server first. Entries are taken as they are; `quell ledger verify` tells
/// whether they are those that were written. A ledger of an earlier version is brought up to date.
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  quell ledger rebuild --data /var/lib/quell")]
pub struct Rebuild {
    #[command(flatten)]
    folder: Folder,
}

impl Rebuild {
    pub async fn run(self, session: &Session) -> Result<(), Error> {
        let data = self.folder.path()?;
        let rebuilt = store::rebuild(&data, &mut Projection::default()).await;
        let rebuilt = rebuilt.map_err(|error| Error::failed(&error.into()))?;
        session.terminal.print(&page(&rebuilt))
    }
}

fn page(rebuilt: &Rebuilt) -> Page {
    let Rebuilt { runs, changes, unreadable } = rebuilt;
    let mut page = Page::default();
    for change in changes {
        page.push(Line::default().and(Style::Attention, "mended: ").and(Style::Plain, change.clone()));
    }
    for run in unreadable {
        page.push(Line::default().and(Style::Bad, "unreadable: ").and(Style::Plain, run.clone()));
    }
    page.push(Line::plain(format!("{runs} chains were read")));
    let verdict = match (changes.len(), unreadable.len()) {
        (0, 0) => "everything that is kept of them was as their entries say".to_owned(),
        (mended, 0) => format!("everything that is kept of them is as their entries say; mended: {mended}"),
        (mended, unreadable) => format!("unreadable: {unreadable}, which wait for a person; mended: {mended}"),
    };
    let style = if unreadable.is_empty() { Style::Good } else { Style::Attention };
    page.push(Line::default().and(style, verdict));
    page
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rebuilding_names_what_it_mended() {
        let nothing = Rebuilt { runs: 3, ..Rebuilt::default() };
        let mended = Rebuilt {
            changes: vec!["the projection of run `r\u{1b}[2J`: has `wake` nothing, and the entries say 5".into()],
            ..nothing.clone()
        };
        let unreadable = "the history of run `s`: cannot be followed: entry 2 of run `s`: it is no event".to_owned();
        let unreadable = Rebuilt { unreadable: vec![unreadable], ..mended.clone() };
        let pages: Vec<String> =
            [nothing, mended, unreadable].iter().map(|rebuilt| page(rebuilt).render(false)).collect();
        insta::assert_snapshot!(pages.join("\n"));
    }
}
