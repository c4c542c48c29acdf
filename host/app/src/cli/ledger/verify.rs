//! `quell ledger verify`: reads the data folder itself, so that it needs neither the server nor trust in it.

use std::path::{Path, PathBuf};

use clap::Args;
use ledger::{Fault, Head, Place, Report};

use super::folder::Folder;
use crate::cli::Session;
use crate::cli::error::Error;
use crate::cli::files;
use crate::cli::page::{Line, Page, Style};
use crate::installation::Projection;

/// Checks that the ledger on disk is what was written: every entry, chain, block, signature and payload, and all that is kept
/// of runs beside their entries
///
/// It reads the data folder, also while the server runs, and changes nothing. `quell ledger rebuild` mends what is kept of
/// runs; nothing mends entries. Every fault is listed with its place; the
/// exit code is 1 when there is one.
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  quell ledger verify --data quell-data\n  \
                        quell ledger verify --config quell.toml --heads heads-of-last-week.jsonl")]
pub struct Verify {
    #[command(flatten)]
    folder: Folder,
    /// Heads that were kept elsewhere: a copy of the data folder's `heads.jsonl`. The ledger must still have them
    #[arg(long, value_name = "FILE")]
    heads: Option<PathBuf>,
    /// Print the report as JSON
    #[arg(long)]
    json: bool,
}

impl Verify {
    pub async fn run(self, session: &Session) -> Result<(), Error> {
        let data = self.folder.path()?;
        let heads = self.heads.as_deref().map_or(Ok(vec![]), heads)?;
        let report = store::verify(&data, None, &heads, Some(&mut Projection::default()))
            .await
            .map_err(|error| Error::failed(&error.into()))?;
        if self.json {
            session.terminal.print_json(&report)?;
        } else {
            session.terminal.print(&page(&report))?;
        }
        if report.faults.is_empty() { Ok(()) } else { Err(Error::Reported) }
    }
}

/// The heads in a file: one JSON object a line.
fn heads(file: &Path) -> Result<Vec<Head>, Error> {
    let text = files::text(file)?;
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    let head = |(number, line): (usize, &str)| {
        let wrong = |error| Error::usage(format!("line {} of `{}` is no head: {error}", number + 1, file.display()));
        serde_json::from_str(line).map_err(wrong)
    };
    lines.map(head).collect()
}

fn page(report: &Report) -> Page {
    let mut page = Page::default();
    for fault in &report.faults {
        page.push(Line::default().and(Style::Bad, "fault: ").and(Style::Plain, fault.to_string()));
    }
    let Report { entries, runs, blocks, removed, .. } = report;
    page.push(Line::plain(format!("{entries} entries in {runs} chains, {blocks} blocks")));
    if *removed > 0 {
        page.push(Line::plain(format!("{removed} payloads were removed; their hashes are still in the entries")));
    }
    for head in &report.heads {
        page.push(Line::plain(format!("head: block {} of writer {}: {}", head.number, head.writer, head.hash)));
    }
    let is_history = |fault: &&Fault| matches!(fault.place, Place::History { .. });
    let is_projection = |fault: &Fault| matches!(fault.place, Place::Run { .. });
    let histories = report.faults.iter().filter(is_history).count();
    let (style, verdict) = match (report.faults.len(), histories) {
        (0, _) => (Style::Good, "the ledger is what was written".to_owned()),
        // An entry that a newer Quell wrote, or a workflow that this one does not take any more: nobody changed anything.
        (1, 1) => (Style::Bad, "the ledger is what was written; 1 history cannot be followed by this Quell".to_owned()),
        (all, histories) if all == histories => {
            let verdict = format!("the ledger is what was written; {all} histories cannot be followed by this Quell");
            (Style::Bad, verdict)
        }
        (1, _) => (Style::Bad, "the ledger is not what was written: 1 fault".to_owned()),
        (faults, _) => (Style::Bad, format!("the ledger is not what was written: {faults} faults")),
    };
    page.push(Line::default().and(style, verdict));
    let mut others = report.faults.iter().filter(|fault| !is_history(fault)).peekable();
    if others.peek().is_some() && others.all(is_projection) {
        let help =
            "help: all entries are what was written; `quell ledger rebuild` restores what is kept of runs beside them";
        page.push(Line::plain(help));
    }
    page
}

#[cfg(test)]
mod tests {
    use ledger::Hash;

    use super::*;

    #[test]
    fn a_report_names_the_place_of_every_fault() {
        let head = Head { writer: "3b1f".into(), number: 12, hash: Hash::of(b"block") };
        let whole = Report { entries: 40, runs: 3, blocks: 12, removed: 0, heads: vec![head], faults: vec![] };
        let fault = |place, what: &str| Fault { place, what: what.into() };
        let faults = vec![
            fault(Place::Entry { run: "r1\u{1b}[2J".into(), sequence: 7 }, "was changed: its hash does not match"),
            fault(Place::Block { writer: "3b1f".into(), number: 9 }, "does not continue the block before it"),
        ];
        let broken = Report { removed: 2, faults, ..whole.clone() };
        let parked = vec![fault(Place::Run { run: "r1".into() }, "has `wake` nothing, and the entries say 5")];
        let parked = Report { faults: parked, ..whole.clone() };
        let why = "cannot be followed: the workflow cannot be read here";
        let unreadable = Report { faults: vec![fault(Place::History { run: "r2".into() }, why)], ..whole.clone() };
        let pages = [whole, broken, parked, unreadable].map(|report| page(&report).render(false)).join("\n");
        insta::assert_snapshot!(pages);
    }

    #[test]
    fn heads_are_read_line_by_line() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("heads.jsonl");
        let head = Head { writer: "w".into(), number: 1, hash: Hash::of(b"x") };
        let line = serde_json::to_string(&head).unwrap();
        std::fs::write(&file, format!("{line}\n\n")).unwrap();
        assert_eq!(heads(&file).unwrap(), [head]);
        std::fs::write(&file, format!("{line}\nnot a head\n")).unwrap();
        assert!(heads(&file).unwrap_err().to_string().contains("line 2"));
    }
}
