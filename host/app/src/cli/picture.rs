//! Pictures of workflows and runs: as what, and where to.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use picture::{Line, Tone};

use super::page::{self, Page, Style};
use super::terminal::{Terminal, write};
use super::{Error, page::line};
use crate::wire::PictureFormat;

/// How a picture is drawn, and where it goes.
#[derive(Args, Debug)]
pub struct Drawing {
    /// How it is drawn; if not given, as the name of the output says, else as a tree in a terminal and as an SVG
    /// everywhere else
    #[arg(long, value_enum)]
    format: Option<Format>,
    /// Write it into this file
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
}

/// The ways to draw.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// A picture for browsers and documents
    Svg,
    /// The text of a flowchart, which GitHub and others draw
    Mermaid,
    /// Lines for a terminal
    Tree,
}

impl Drawing {
    /// How it is to be drawn.
    pub fn format(&self, terminal: Terminal) -> Format {
        let ending = self.output.as_ref().and_then(|file| file.extension()).and_then(|ending| ending.to_str());
        let named = match ending {
            Some("svg") => Some(Format::Svg),
            Some("mmd" | "mermaid") => Some(Format::Mermaid),
            Some("txt") => Some(Format::Tree),
            _ => None,
        };
        let by_place = if terminal.interactive && self.output.is_none() { Format::Tree } else { Format::Svg };
        self.format.or(named).unwrap_or(by_place)
    }

    /// Prints a tree, or writes it into the file.
    pub fn put_page(&self, page: &Page, terminal: Terminal) -> Result<(), Error> {
        match &self.output {
            Some(_) => self.put(&page.render(false), terminal),
            None => terminal.print(page),
        }
    }

    /// Prints a document, or writes it into the file.
    pub fn put(&self, document: &str, terminal: Terminal) -> Result<(), Error> {
        let Some(file) = &self.output else { return write_document(document, terminal) };
        std::fs::write(file, document).map_err(Error::file(file))?;
        terminal.print(&line(format!("wrote {}", file.display())))
    }
}

fn write_document(document: &str, terminal: Terminal) -> Result<(), Error> {
    if terminal.interactive { terminal.print_document(document) } else { write(document) }
}

impl Format {
    /// The format as the API has it; nothing for the one that is drawn here.
    pub fn of_api(self) -> Option<PictureFormat> {
        match self {
            Format::Svg => Some(PictureFormat::Svg),
            Format::Mermaid => Some(PictureFormat::Mermaid),
            Format::Tree => None,
        }
    }
}

/// Lines of a tree as a page.
pub fn page(lines: Vec<Line>) -> Page {
    let line =
        |line: Line| line.0.into_iter().fold(page::Line::default(), |line, (tone, text)| line.and(style(tone), text));
    lines.into_iter().map(line).collect()
}

fn style(tone: Tone) -> Style {
    match tone {
        Tone::Plain => Style::Plain,
        Tone::Bold => Style::Bold,
        Tone::Dim => Style::Dim,
        Tone::Good => Style::Good,
        Tone::Bad => Style::Bad,
        Tone::Attention => Style::Attention,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(format: Option<Format>, output: Option<&str>, interactive: bool, expected: Format) {
        let drawing = Drawing { format, output: output.map(Into::into) };
        assert_eq!(drawing.format(Terminal { interactive, color: false }), expected);
    }

    #[test]
    fn a_picture_is_what_one_expects_where_it_goes() {
        check(None, None, true, Format::Tree);
        check(None, None, false, Format::Svg);
        check(None, Some("x.svg"), true, Format::Svg);
        check(None, Some("x.mmd"), true, Format::Mermaid);
        check(None, Some("x.txt"), false, Format::Tree);
        check(None, Some("x"), true, Format::Svg);
        check(Some(Format::Mermaid), Some("x.svg"), true, Format::Mermaid);
    }
}
