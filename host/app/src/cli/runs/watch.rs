//! Watching runs: they are drawn anew in a terminal, several side by side, and told line by line where there is none, until
//! each has ended or waits for a person.

use std::time::Duration;

use jiff::Timestamp;

use super::tree::{self, run_style, status_name};
use crate::cli::client::Client;
use crate::cli::error::Error;
use crate::cli::page::{Line, Page, Style};
use crate::cli::terminal::{Terminal, write};
use crate::cli::time;
use crate::wire::{Run, RunStatus, Step, StepStatus};

/// How often the server is asked: soon enough for eyes, and seldom enough for a server with many watchers.
const EVERY: Duration = Duration::from_millis(400);

/// Shows the runs until each has ended or waits for a person. One that ended otherwise than it should is an error.
pub async fn watch(client: &Client, terminal: Terminal, ids: &[String]) -> Result<(), Error> {
    let mut screen = Screen { terminal, lines: 0 };
    let mut before: Option<Vec<Run>> = None;
    loop {
        let runs = get(client, ids).await?;
        let (now, stops) = (Timestamp::now(), runs.iter().all(waits_for_nothing_else));
        if terminal.interactive {
            screen.draw(side_by_side(&runs, now), stops)?;
        } else {
            for (at, run) in runs.iter().enumerate() {
                let before = before.as_ref().and_then(|before| before.get(at));
                let name = (runs.len() > 1).then_some(run.info.workflow.as_str());
                terminal.print(&changes(name, before, run))?;
            }
        }
        if stops {
            let is_well = |run: &Run| !run.info.status.is_final() || run.info.status == RunStatus::Succeeded;
            return if runs.iter().all(is_well) { Ok(()) } else { Err(Error::Reported) };
        }
        before = Some(runs);
        tokio::time::sleep(EVERY).await;
    }
}

/// The runs as they are now.
pub async fn get(client: &Client, ids: &[String]) -> Result<Vec<Run>, Error> {
    let mut runs = vec![];
    for id in ids {
        runs.push(client.get(&["runs", id]).await?);
    }
    Ok(runs)
}

/// The runs at the time `now`, one beside the other.
pub fn side_by_side(runs: &[Run], now: Timestamp) -> Page {
    Page::beside(runs.iter().map(|run| tree::page(run, now)).collect(), Terminal::size().0)
}

/// Whether nothing will happen by itself.
fn waits_for_nothing_else(run: &Run) -> bool {
    let waits_for_people = !run.approvals.is_empty() || !run.reviews.is_empty();
    run.info.status.is_final()
        || run.info.parked.is_some()
        || (run.info.status == RunStatus::Waiting && waits_for_people)
}

/// What happened between two looks at a run: a line per step, in the order in which they changed, then the run itself
/// and, where it waits for a person, the commands that answer it. `name` tells its steps from those of other runs.
fn changes(name: Option<&str>, before: Option<&Run>, run: &Run) -> Page {
    let earlier = |step: &Step| before?.steps.iter().find(|earlier| earlier.path == step.path);
    let is_new = |step: &&Step| {
        let state = |step: &Step| (step.status, step.attempt);
        step.status != StepStatus::Pending && earlier(step).map(state) != Some(state(step))
    };
    let mut changed: Vec<&Step> = run.steps.iter().filter(is_new).collect();
    changed.sort_by_key(|step| step.changed);
    let mut page: Page = changed.into_iter().map(|step| step_line(name, step)).collect();
    if before.is_none_or(|before| before.info.status != run.info.status) {
        let at = run.info.ended.map(|ended| format!("{} ", time::clock(ended))).unwrap_or_default();
        let line = Line::plain(format!("{at}run {} ", run.info.run));
        page.push(line.and(run_style(run.info.status), run.info.status.name()));
    }
    // Said once: of several runs, others may go on.
    if waits_for_nothing_else(run) && !before.is_some_and(waits_for_nothing_else) {
        tree::answers(run).into_iter().for_each(|command| page.push(Line::plain(command)));
    }
    page
}

fn step_line(name: Option<&str>, step: &Step) -> Line {
    let at = step.changed.map(time::clock).unwrap_or_default();
    let attempt = match step.attempt {
        Some(attempt) if attempt > 1 => format!(", attempt {attempt}"),
        _ => String::new(),
    };
    let name = name.map(|name| format!("{name} ")).unwrap_or_default();
    let line = Line::plain(format!("{at} {name}{} {}{attempt}", step.path, status_name(step.status)));
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
        let fits = Terminal::size().1.saturating_sub(1);
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
        let texts = [
            changes(None, None, &first),
            changes(None, Some(&first), &second),
            changes(None, Some(&second), &second),
            changes(Some("incident-response"), Some(&first), &second),
        ];
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
