//! A run as people read it: its steps as a tree, what each gave, and what the run waits for with the command that
//! answers it. What a step is, and where it stands, is the server's to say.

use jiff::Timestamp;
use serde_json::Value;

use crate::cli::page::{Line, Page, Style, cut};
use crate::cli::time;
use crate::wire::{Approval, Decision, MadeDecision, Part, Review, Run, RunStatus, Step, StepError, StepStatus};

/// Longer values are cut off; `--json` has them whole.
const SHOWN_VALUE: usize = 120;

/// The same for messages, which say more in their beginning.
const SHOWN_MESSAGE: usize = 300;

/// The run at the time `now`.
pub fn page(run: &Run, now: Timestamp) -> Page {
    let mut page = Page::default();
    head(run, now, &mut page);
    let tree = Tree { run, now };
    for (part, title) in [(Part::Steps, None), (Part::Catch, Some("catch:")), (Part::OnFailure, Some("on failure:"))] {
        let is_shown = |step: &&Step| part == Part::Steps || step.status != StepStatus::Pending;
        let top: Vec<&Step> =
            run.steps.iter().filter(|step| step.part == part && step.parent.is_none()).filter(is_shown).collect();
        page.push(match title {
            Some(_) if top.is_empty() => continue,
            Some(title) => Line::default().and(Style::Dim, title),
            None => Line::default(),
        });
        top.into_iter().for_each(|step| tree.step(step, "", "", &mut page));
    }
    // An error that is a step's as well has been said.
    let is_said = |error: &StepError| run.steps.iter().any(|step| step.error.as_ref() == Some(error));
    if let Some(error) = run.error.as_ref().filter(|error| !is_said(error)) {
        page.push(Line::default());
        page.push(Line::default().and(Style::Bad, format!("{}: ", error.code)).and(Style::Plain, message(error)));
    }
    page
}

fn head(run: &Run, now: Timestamp, page: &mut Page) {
    let info = &run.info;
    let took = time::between(info.started, info.ended.unwrap_or(now));
    let verb = if info.status.is_final() { "after" } else { "for" };
    page.push(
        Line::default()
            .and(Style::Bold, format!("{} {} ", info.run, info.workflow))
            .and(run_style(info.status), info.status.name())
            .and(Style::Plain, format!(" {verb} {took}")),
    );
    let started = time::moment(info.started);
    let place = format!("account {}, region {}", run.account, run.region);
    page.push(Line::default().and(Style::Dim, format!("started {started} by {}; {place}", info.by)));
    if let Some(cancelled) = &run.cancelled {
        let reason = cancelled.reason.as_deref().map(|reason| format!(": {reason}")).unwrap_or_default();
        page.push(Line::plain(format!("cancelled {} by {}{reason}", time::moment(cancelled.time), cancelled.by)));
    }
}

/// The command that answers what the run waits for, if it waits for a person.
pub fn answers(run: &Run) -> Vec<String> {
    let id = &run.info.run;
    let approvals = run.approvals.iter().map(|approval| format!("quell approve {id} {}", approval.step));
    let reviews = run.reviews.iter().map(|review| settle_command(id, review));
    approvals.chain(reviews).collect()
}

/// Who decided what, when and why.
fn decided(made: &MadeDecision) -> String {
    let what = match made.decision {
        Decision::Approve => "approved",
        Decision::Refuse => "refused",
    };
    let reason = made.reason.as_deref().map(|reason| format!(": {reason}")).unwrap_or_default();
    format!("{} {what} {}{reason}", made.by, time::moment(made.time))
}

struct Tree<'a> {
    run: &'a Run,
    now: Timestamp,
}

impl Tree<'_> {
    /// A step and what is inside of it. `first` stands before its line, `rest` before all that belongs to it.
    fn step(&self, step: &Step, first: &str, rest: &str, page: &mut Page) {
        page.push(self.line(step, first));
        let below = format!("{rest}  ");
        if let Some(error) = &step.error {
            let code = format!("{}: ", error.code);
            page.push(Line::default().and(Style::Dim, &below).and(Style::Bad, code).and(Style::Plain, message(error)));
        }
        let waits = self.run.approvals.iter().any(|approval| approval.step == step.path);
        for made in step.decisions.iter().filter(|_| !waits) {
            page.push(Line::default().and(Style::Dim, &below).and(Style::Plain, decided(made)));
        }
        let approvals = self.run.approvals.iter().filter(|approval| approval.step == step.path);
        approvals.for_each(|approval| self.approval(approval, &below, page));
        let reviews = self.run.reviews.iter().filter(|review| review.step == step.path);
        reviews.for_each(|review| self.review(review, &below, page));
        self.branches(step, rest, page);
    }

    /// Each branch hangs at a line of its own, its steps one below the other.
    fn branches(&self, block: &Step, rest: &str, page: &mut Page) {
        let inside = self.run.steps.iter().filter(|step| step.parent.as_deref() == Some(&block.path));
        let inside = inside.filter(|step| step.part != Part::Catch || step.status != StepStatus::Pending);
        let inside: Vec<&Step> = inside.collect();
        let last = inside.iter().filter_map(|step| step.branch).max();
        let mut before = None;
        for step in inside {
            let is_last = step.branch == last;
            let starts = before != Some(step.branch);
            before = Some(step.branch);
            let below = if is_last { "   " } else { "│  " };
            let first = match (starts, is_last) {
                (true, true) => "└─ ",
                (true, false) => "├─ ",
                (false, _) => below,
            };
            self.step(step, &format!("{rest}{first}"), &format!("{rest}{below}"), page);
        }
    }

    fn line(&self, step: &Step, first: &str) -> Line {
        let (mark, style) = mark(step.status);
        let what = step.plugin.as_ref().or(step.kind.as_ref());
        let what = what.map(|what| format!(" ({what})")).unwrap_or_default();
        let status = match step.status {
            StepStatus::Pending if self.run.info.status.is_final() => "not reached",
            StepStatus::Pending => "pending",
            StepStatus::Suspended => "needs a review",
            status => status_name(status),
        };
        let line = Line::default().and(Style::Dim, first).and(style, mark).and(Style::Plain, " ");
        let line = line.and(Style::Bold, &step.path).and(Style::Dim, what).and(style, format!(" {status}"));
        let line = line.and(Style::Plain, self.when(step));
        match &step.output {
            Some(output) => line.and(Style::Dim, format!(" {}", short(output))),
            None => line,
        }
    }

    /// How long it took or takes, and which attempt it was.
    fn when(&self, step: &Step) -> String {
        let attempt = match step.attempt {
            Some(attempt) if attempt > 1 => format!(", attempt {attempt}"),
            _ => String::new(),
        };
        let took = match (step.status, step.started, step.changed) {
            (StepStatus::Pending | StepStatus::Skipped, ..) | (_, None, _) => String::new(),
            (StepStatus::Retrying, _, _) => match step.due {
                Some(due) => format!(" in {}", time::between(self.now, due)),
                None => String::new(),
            },
            (StepStatus::Running, Some(started), _) => format!(" for {}", time::between(started, self.now)),
            (StepStatus::Waiting | StepStatus::Suspended, started, changed) => {
                changed.or(started).map(|since| format!(" for {}", time::between(since, self.now))).unwrap_or_default()
            }
            (_, Some(started), changed) => format!(" in {}", time::between(started, changed.unwrap_or(started))),
        };
        format!("{took}{attempt}")
    }

    fn approval(&self, approval: &Approval, below: &str, page: &mut Page) {
        let line = || Line::default().and(Style::Dim, below);
        page.push(line().and(Style::Bold, &approval.title));
        let approved = approval.decisions.iter().filter(|made| made.decision == Decision::Approve).count();
        let who = approval.approvers.join(" or ");
        let until = approval.expires.map(|expires| format!(", until {}", time::moment(expires))).unwrap_or_default();
        page.push(line().and(Style::Plain, format!("{approved} of {} approvals by {who}{until}", approval.needs)));
        for made in &approval.decisions {
            page.push(line().and(Style::Plain, decided(made)));
        }
        for (step, result) in approval.show.as_object().into_iter().flatten() {
            page.push(line().and(Style::Dim, format!("{step}: {}", short(result))));
        }
        let (run, step) = (&self.run.info.run, &approval.step);
        page.push(line().and(Style::Attention, format!("quell approve {run} {step}")));
        page.push(line().and(Style::Attention, format!("quell refuse {run} {step} --reason …")));
    }

    fn review(&self, review: &Review, below: &str, page: &mut Page) {
        let line = || Line::default().and(Style::Dim, below);
        let call = review.function.as_deref().unwrap_or(&review.call);
        let arguments = review.arguments.as_ref().map(|arguments| format!(" {}", short(arguments))).unwrap_or_default();
        page.push(line().and(Style::Plain, format!("{call}{arguments}")));
        let why = review.message.as_deref().map(|message| format!(" ({message})")).unwrap_or_default();
        page.push(
            line().and(Style::Plain, format!("it is unknown whether this was carried out{why}: look in AWS, then say")),
        );
        page.push(line().and(Style::Attention, settle_command(&self.run.info.run, review)));
    }
}

fn settle_command(run: &str, review: &Review) -> String {
    let call = review.call.strip_prefix(run).and_then(|call| call.strip_prefix('/')).unwrap_or(&review.call);
    format!("quell review settle {run} {call} done|not-done|give-up --reason …")
}

/// How a step's status is marked.
fn mark(status: StepStatus) -> (&'static str, Style) {
    match status {
        StepStatus::Pending => ("·", Style::Dim),
        StepStatus::Skipped => ("-", Style::Dim),
        StepStatus::Running => ("▸", Style::Bold),
        StepStatus::Retrying => ("↻", Style::Attention),
        StepStatus::Waiting => ("?", Style::Attention),
        StepStatus::Suspended => ("!", Style::Attention),
        StepStatus::Succeeded => ("✓", Style::Good),
        StepStatus::Failed | StepStatus::Refused | StepStatus::Expired => ("✗", Style::Bad),
    }
}

/// A step's status in words.
pub fn status_name(status: StepStatus) -> &'static str {
    match status {
        StepStatus::Pending => "pending",
        StepStatus::Skipped => "skipped",
        StepStatus::Running => "running",
        StepStatus::Retrying => "retrying",
        StepStatus::Waiting => "waiting",
        StepStatus::Suspended => "suspended",
        StepStatus::Succeeded => "succeeded",
        StepStatus::Failed => "failed",
        StepStatus::Refused => "refused",
        StepStatus::Expired => "expired",
    }
}

/// How a run's status is shown.
pub fn run_style(status: RunStatus) -> Style {
    match status {
        RunStatus::Running => Style::Bold,
        RunStatus::Waiting => Style::Attention,
        RunStatus::Succeeded => Style::Good,
        RunStatus::Failed | RunStatus::Refused | RunStatus::Expired | RunStatus::TimedOut | RunStatus::Cancelled => {
            Style::Bad
        }
    }
}

/// A value on one line, cut off when it is long.
pub fn short(value: &Value) -> String {
    cut(value.to_string(), SHOWN_VALUE)
}

/// The message of an error, cut off when it is long.
pub fn message(error: &StepError) -> String {
    cut(error.message.clone(), SHOWN_MESSAGE)
}

#[cfg(test)]
pub mod tests;
