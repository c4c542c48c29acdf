//! Problems of a workflow file: what is wrong, where, and how it is shown to a person.
//!
//! This decides the shape of a problem and its text with a caret. What counts as a problem is decided by the readers
//! (`yaml`, `read`, `step`, `resolve`), which all add to one [`Collector`] so that a person sees every problem at once.

use std::fmt;
use std::ops::Range;

use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};
use serde::Serialize;

/// A range of bytes in the source.
pub type Span = Range<usize>;

/// More problems than this help nobody, and a hostile file could otherwise make one out of every node.
const MAX_PROBLEMS: usize = 100;

/// A longer line is not shown whole.
const LONG_LINE: usize = 1_000;
/// So many bytes of a long line are shown before a place, and from it on.
const AROUND: usize = 200;

/// One thing that is wrong with a workflow file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// What is wrong: lower case, no full stop, the user's text in backticks.
    pub message: String,
    /// The line where it begins, from 1.
    pub line: usize,
    /// The column where it begins, from 1, in characters.
    pub column: usize,
    /// The line where it ends, from 1.
    pub end_line: usize,
    /// The column behind its last character, from 1.
    pub end_column: usize,
    /// What to do about it, where that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
    #[serde(skip)]
    span: Span,
    #[serde(skip)]
    is_note: bool,
}

/// Everything that there is to say of a workflow file, in the order of the file: what is wrong with it, which is never
/// nothing, or, of one with nothing wrong, what its author should know.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Problems {
    #[serde(skip)]
    file_name: String,
    #[serde(skip)]
    text: String,
    problems: Vec<Problem>,
}

impl Problems {
    /// The problems, in the order of the file.
    pub fn iter(&self) -> impl Iterator<Item = &Problem> {
        self.problems.iter()
    }

    /// The text that the command line and the HTTP API show: each problem with its line and a caret under the place.
    pub fn render(&self, color: bool) -> String {
        let renderer = if color { Renderer::styled() } else { Renderer::plain() };
        let renderer = renderer.decor_style(DecorStyle::Ascii);
        let texts: Vec<String> = self.problems.iter().map(|problem| self.render_one(problem, &renderer)).collect();
        texts.join("\n\n")
    }

    /// Of the source, the renderer is given the line alone, and of a long line what is around the place: it walks all that it
    /// has.
    fn render_one(&self, problem: &Problem, renderer: &Renderer) -> String {
        let span = &problem.span;
        let start = self.text.get(..span.start).and_then(|before| before.rfind('\n')).map_or(0, |at| at + 1);
        let end =
            self.text.get(span.end..).and_then(|behind| behind.find('\n')).map_or(self.text.len(), |at| span.end + at);
        let is_long = end - start > LONG_LINE;
        let from = if is_long { floor(&self.text, span.start.saturating_sub(AROUND).max(start)) } else { start };
        let to = if is_long { floor(&self.text, (span.start + AROUND).min(end)) } else { end };
        let window = self.text.get(from..to).unwrap_or_default();
        let place = span.start - from..span.end.min(to).max(span.start) - from;
        let mut snippet =
            Snippet::source(window).line_start(problem.line).annotation(AnnotationKind::Primary.span(place));
        if !is_long {
            snippet = snippet.path(self.file_name.as_str());
        }
        let level = if problem.is_note { Level::NOTE } else { Level::ERROR };
        let mut group = level.primary_title(problem.message.as_str()).element(snippet);
        if let Some(help) = &problem.help {
            group = group.element(Level::HELP.message(help.as_str()));
        }
        let text = renderer.render(&[group]);
        match text.split_once('\n').filter(|_| is_long) {
            // The renderer would count the column from where the text that it has begins.
            Some((title, rest)) => {
                let indent = problem.line.to_string().len();
                let place = format!("{}:{}:{}", self.file_name, problem.line, problem.column);
                format!("{title}\n{:indent$}--> {place}\n{rest}", "")
            }
            None => text,
        }
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.render(false))
    }
}

impl std::error::Error for Problems {}

/// Where the readers put what they find wrong.
pub struct Collector<'a> {
    source: &'a str,
    problems: Vec<Problem>,
    notes: Vec<Problem>,
}

impl<'a> Collector<'a> {
    /// Nothing is wrong with `source` so far.
    pub fn new(source: &'a str) -> Self {
        Self { source, problems: Vec::new(), notes: Vec::new() }
    }

    /// Something is wrong at `span`.
    pub fn add(&mut self, span: &Span, message: impl Into<String>) {
        self.push(span, message.into(), None);
    }

    /// Something is wrong at `span`, and this is what to do about it.
    pub fn add_with_help(&mut self, span: &Span, message: impl Into<String>, help: impl Into<String>) {
        self.push(span, message.into(), Some(help.into()));
    }

    /// The same, where there may be nothing to say about what to do.
    pub(crate) fn add_flaw(&mut self, span: &Span, message: impl Into<String>, help: Option<String>) {
        self.push(span, message.into(), help);
    }

    /// Something that is not wrong, and that the author should know.
    pub(crate) fn note(&mut self, span: &Span, message: impl Into<String>, help: impl Into<String>) {
        if self.notes.len() < MAX_PROBLEMS {
            let note = self.problem(span, message.into(), Some(help.into()), true);
            self.notes.push(note);
        }
    }

    /// Whether as much was found wrong as is shown: what else is wrong need not be told.
    pub(crate) fn is_full(&self) -> bool {
        self.problems.len() >= MAX_PROBLEMS
    }

    /// Whether nothing was found wrong.
    pub fn is_empty(&self) -> bool {
        self.problems.is_empty()
    }

    /// The part of `span` that holds `text`, when the source has it there as it is (no escapes, no folding).
    pub fn narrow(&self, span: &Span, text: &str) -> Span {
        if self.is_full() {
            return span.clone();
        }
        let slice = self.source.get(span.clone()).unwrap_or_default();
        let continues = |c: char| c.is_ascii_alphanumeric() || c == '_';
        // `steps.a.output.x` is not where `steps.a.output.xy` stands.
        let is_whole = |at: &usize| !slice.get(at + text.len()..).unwrap_or_default().starts_with(continues);
        let found = slice.match_indices(text).map(|(at, _)| at).find(is_whole).or_else(|| slice.find(text));
        found.map_or_else(|| span.clone(), |at| span.start + at..span.start + at + text.len())
    }

    /// Whether the source has `text` at `span` as it is, without quotes.
    pub(crate) fn is_plain(&self, span: &Span, text: &str) -> bool {
        self.source.get(span.clone()) == Some(text)
    }

    /// The line of a place, from 1.
    pub fn line_of(&self, offset: usize) -> usize {
        position(self.source, offset).0
    }

    /// Everything found.
    pub fn finish(self, file_name: &str) -> Problems {
        let Self { source, problems, notes } = self;
        // Of what is wrong, notes may be wrong.
        let mut problems = if problems.is_empty() { notes } else { problems };
        problems.sort_by_key(|problem| problem.span.start);
        Problems { file_name: file_name.to_owned(), text: source.to_owned(), problems }
    }

    fn push(&mut self, span: &Span, message: String, help: Option<String>) {
        if !self.is_full() {
            let problem = self.problem(span, message, help, false);
            self.problems.push(problem);
        }
    }

    fn problem(&self, span: &Span, message: String, help: Option<String>, is_note: bool) -> Problem {
        let span = self.first_line(span);
        let (line, column) = position(self.source, span.start);
        let (end_line, end_column) = position(self.source, span.end);
        Problem { message, line, column, end_line, end_column, help, span, is_note }
    }

    /// A caret under a whole block says less than one under its first line.
    fn first_line(&self, span: &Span) -> Span {
        let start = floor(self.source, span.start);
        let end = floor(self.source, span.end.max(start));
        let text = self.source.get(start..end).unwrap_or_default();
        let line = text.lines().next().unwrap_or_default().trim_end();
        start..start + line.len()
    }
}

/// The next place at or before `offset` that is in the text and between two characters.
fn floor(source: &str, offset: usize) -> usize {
    source.floor_char_boundary(offset.min(source.len()))
}

/// Line and column, from 1, the column in characters.
fn position(source: &str, offset: usize) -> (usize, usize) {
    let before = source.get(..floor(source, offset)).unwrap_or_default();
    let line_start = before.rfind('\n').map_or(0, |at| at + 1);
    let column = before.get(line_start..).unwrap_or_default().chars().count();
    (before.matches('\n').count() + 1, column + 1)
}
