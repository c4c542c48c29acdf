//! `quell audit`: what each plugin may do and did.

use audit::{Finding, Report, Row};
use clap::{Args, ValueEnum};

use super::page::{Line, Page, Style};
use super::{Error, Session};
use crate::wire::{AuditFormat, AuditQuery, Moment};

/// Shows what plugins may do and did: imported, granted by which statement, used, denied
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  quell audit\n  quell audit snapshot-volumes --at 2026-03-01\n  \
                        quell audit --format csv > capabilities.csv")]
pub struct Audit {
    /// One plugin only: all versions of a name, or one digest
    plugin: Option<String>,
    /// As it stood then: a date, of which the end is meant (UTC), or a time such as 2026-03-01T12:00:00Z
    #[arg(long, value_name = "DATE")]
    at: Option<String>,
    /// How it is printed
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Format {
    /// For people: a table for each plugin
    Table,
    /// With all that is in it
    Json,
    /// A line for each plugin, function and action
    Csv,
    /// The same as a table in Markdown
    Markdown,
}

impl Audit {
    pub async fn run(self, session: &Session) -> Result<(), Error> {
        let Audit { plugin, at, format } = self;
        if let Some(at) = &at {
            at.parse::<Moment>().map_err(Error::usage)?;
        }
        let (client, terminal) = (session.client()?, session.terminal);
        let path = ["audit", "capabilities"];
        let query = |format| AuditQuery { plugin, at, format };
        match format {
            Format::Table => terminal.print(&page(&client.query::<Report>(&path, &query(AuditFormat::Json)).await?)),
            Format::Json => terminal.print_json(&client.query::<Report>(&path, &query(AuditFormat::Json)).await?),
            Format::Csv => terminal.print_document(&client.text_of(&path, &query(AuditFormat::Csv)).await?),
            Format::Markdown => terminal.print_document(&client.text_of(&path, &query(AuditFormat::Markdown)).await?),
        }
    }
}

/// A block for each plugin; in it, a line for each action, and below it what is granted and done.
fn page(report: &Report) -> Page {
    let mut page = Page::default();
    page.push(Line::plain(format!("Capabilities at {}", report.at)));
    if report.rows.is_empty() {
        page.push(Line::plain("There is no plugin that can ask for anything."));
    }
    let mut shown = "";
    for row in &report.rows {
        if row.digest != shown {
            shown = &row.digest;
            page.push(Line::default());
            let title = format!("{} {}", row.plugin, row.version);
            page.push(Line::default().and(Style::Bold, title).and(Style::Dim, format!("  {}", row.digest)));
        }
        push(&mut page, row);
    }
    page
}

fn push(page: &mut Page, row: &Row) {
    let cells = row.cells();
    let cell = |heading: &str| {
        let place = Report::headings().iter().position(|known| *known == heading);
        place.and_then(|place| cells.get(place)).cloned().unwrap_or_default()
    };
    let looks_wrong = row.denied.count > 0 || row.findings.iter().any(|finding| *finding != Finding::NeverUsed);
    let style = if looks_wrong { Style::Attention } else { Style::Plain };
    let action = Line::plain("  ").and(style, format!("{:<36}", row.action));
    let mut line = action.and(Style::Dim, format!("{:<24}", cell("access")));
    for finding in &row.findings {
        let style = if *finding == Finding::NeverUsed { Style::Dim } else { Style::Attention };
        line = line.and(style, format!(" {}", finding.name()));
    }
    page.push(line);
    let mut part = |name: &str, text: String| {
        if !text.is_empty() {
            page.push(Line::default().and(Style::Dim, format!("    {name:<11}")).and(Style::Plain, text));
        }
    };
    let calls = |count: u64, by: String, on: String, last: &Option<String>| match count {
        0 => String::new(),
        count => format!("{count} ({by}) on {on}, last {}", last.as_deref().unwrap_or("-")),
    };
    part("function", row.function.clone());
    part("dangerous", cell("dangerous"));
    part("granted", cell("granted"));
    part("denied by", cell("denied by"));
    part("used", calls(row.used.count, cell("results"), cell("used on"), &row.used.last));
    part("denied", calls(row.denied.count, cell("reasons"), cell("denied on"), &row.denied.last));
}
