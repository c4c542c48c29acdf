//! Watching a run: it is drawn anew in a terminal, and told line by line where there is none, until it ends or waits
//! for a person.

use std::time::Duration;

use jiff::Timestamp;
use rustix::termios::tcgetwinsize;

use super::tree::{self, run_style, status_name};
use crate::cli::client::Client;
use crate::cli::error::Error;
use crate::cli::page::{Line, Page, Style};
use crate::cli::terminal::{Terminal, write};
use crate::cli::time;
use crate::wire::{Run, RunStatus, Step, StepStatus};

/// How often the server is asked: soon enough for eyes, and seldom enough for a server with many watchers.
const EVERY: Duration = Duration::from_millis(400);

/// What a terminal is taken for that does not tell its height.
const ROWS: u16 = 24;

/// Shows the run until it ends or waits for a person. One that ended otherwise than it should is an error.
pub async fn watch(client: &Client, terminal: Terminal, id: &str) -> Result<(), Error> {
    let mut screen = Screen { terminal, lines: 0 };
    let mut before: Option<Run> = None;
    loop {
        let run: Run = client.get(&["runs", id]).await?;
        let (now, stops) = (Timestamp::now(), waits_for_nothing_else(&run));
        if terminal.interactive {
            screen.draw(tree::page(&run, now), stops)?;
        } else {
            terminal.print(&changes(before.as_ref(), &run))?;
        }
        if stops {
            let is_well = !run.info.status.is_final() || run.info.status == RunStatus::Succeeded;
            return if is_well { Ok(()) } else { Err(Error::Reported) };
        }
        before = Some(run);
        tokio::time::sleep(EVERY).await;
    }
}

/// Whether nothing will happen by itself.
fn waits_for_nothing_else(run: &Run) -> bool {
    let waits_for_people = !run.approvals.is_empty() || !run.reviews.is_empty();
    run.info.status.is_final() || (run.info.status == RunStatus::Waiting && waits_for_people)
}

/// What happened between two looks at a run: a line per step, in the order in which they changed, then the run itself
/// and, where it waits for a person, the commands that answer it.
fn changes(before: Option<&Run>, run: &Run) -> Page {
    let earlier = |step: &Step| before?.steps.iter().find(|earlier| earlier.path == step.path);
    let is_new = |step: &&Step| {
        let state = |step: &Step| (step.status, step.attempt);
        step.status != StepStatus::Pending && earlier(step).map(state) != Some(state(step))
    };
    let mut changed: Vec<&Step> = run.steps.iter().filter(is_new).collect();
    changed.sort_by_key(|step| step.changed);
    let mut page: Page = changed.into_iter().map(step_line).collect();
    if before.is_none_or(|before| before.info.status != run.info.status) {
        let at = run.info.ended.map(|ended| format!("{} ", time::clock(ended))).unwrap_or_default();
        let line = Line::plain(format!("{at}run {} ", run.info.run));
        page.push(line.and(run_style(run.info.status), run.info.status.name()));
    }
    if waits_for_nothing_else(run) {
        tree::answers(run).into_iter().for_each(|command| page.push(Line::plain(command)));
    }
    page
}

fn step_line(step: &Step) -> Line {
    let at = step.changed.map(time::clock).unwrap_or_default();
    let attempt = match step.attempt {
        Some(attempt) if attempt > 1 => format!(", attempt {attempt}"),
        _ => String::new(),
    };
    let line = Line::plain(format!("{at} {} {}{attempt}", step.path, status_name(step.status)));
    match (&step.error, &step.output) {
        (Some(error), _) => line.and(Style::Plain, format!(": {}: {}", error.code, tree::message(error))),
        (None, Some(output)) => line.and(Style::Plain, format!(": {}", tree::short(output))),
        (None, None) => line,
    }
}

/// The part of the terminal that is drawn anew.
struct Screen {
    terminal: Terminal,
    /// How many lines were drawn.
    lines: usize,
}

impl Screen {
    /// Draws over what was drawn before. What does not fit is left out until the last time: lines that have scrolled
    /// away cannot be drawn over.
    fn draw(&mut self, page: Page, is_last: bool) -> Result<(), Error> {
        let rows = tcgetwinsize(std::io::stdout()).map_or(0, |size| size.ws_row);
        let fits = usize::from(if rows == 0 { ROWS } else { rows }).saturating_sub(1);
        let page = if is_last || page.len() <= fits { page } else { page.top(fits) };
        let text = self.redraw(&page, is_last);
        self.lines = page.len();
        write(&text)
    }

    /// CPL and ED move up and clear (ECMA-48, 8.3.13 and 8.3.39). DEC's autowrap mode is off meanwhile, so that a line
    /// of the page is one of the terminal; it is on again in the same write, so that no Ctrl-C comes between.
    fn redraw(&self, page: &Page, is_last: bool) -> String {
        let up = if self.lines > 0 { format!("\u{1b}[{}F", self.lines) } else { String::new() };
        let page = page.render(self.terminal.color);
        if is_last { format!("{up}\u{1b}[J{page}") } else { format!("{up}\u{1b}[J\u{1b}[?7l{page}\u{1b}[?7h") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::runs::tree::tests::{failed, running, waiting};

    #[test]
    fn every_change_is_one_line() {
        let (first, second) = (running(), waiting());
        let texts = [changes(None, &first), changes(Some(&first), &second), changes(Some(&second), &second)];
        insta::assert_snapshot!(texts.map(|page| page.render(false)).join("--\n"));
    }

    #[test]
    fn watching_stops_where_only_a_person_can_go_on() {
        assert!(!waits_for_nothing_else(&running()));
        assert!(waits_for_nothing_else(&waiting()));
        assert!(waits_for_nothing_else(&failed()));
        let mut retrying = waiting();
        retrying.approvals.clear();
        assert!(!waits_for_nothing_else(&retrying));
    }

    #[test]
    fn a_drawing_covers_the_one_before() {
        let mut screen = Screen { terminal: Terminal { interactive: true, color: false }, lines: 0 };
        let page = Page::from(Line::plain("x"));
        assert_eq!(screen.redraw(&page, false), "\u{1b}[J\u{1b}[?7lx\n\u{1b}[?7h");
        screen.lines = 3;
        assert_eq!(screen.redraw(&page, true), "\u{1b}[3F\u{1b}[Jx\n");
    }
}
