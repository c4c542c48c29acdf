//! A run as people read it: how it is, its steps as a tree, and what the run waits for with the command that answers it.

use jiff::Timestamp;
use serde_json::Value;

use super::steps;
use crate::cli::page::{Line, Page, Style, cut};
use crate::cli::{picture, time};
use crate::wire::{Parked, Review, Run, RunStatus, StepError, StepStatus};

/// Longer values are cut off; `--json` has them whole.
const SHOWN_VALUE: usize = 120;

/// The same for messages, which say more in their beginning.
const SHOWN_MESSAGE: usize = 300;

/// The run at the time `now`.
pub fn page(run: &Run, now: Timestamp) -> Page {
    let mut page = Page::default();
    head(run, now, &mut page);
    page.push(Line::default());
    page.extend(picture::page(::picture::steps(&steps::picture(run, now))));
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
    if let Some(Parked { since, why }) = &info.parked {
        let since = time::moment(*since);
        let why = cut(why.clone(), SHOWN_MESSAGE);
        page.push(Line::default().and(Style::Bad, format!("parked since {since}: ")).and(Style::Plain, why));
        page.push(Line::plain(format!("quell runs resume {} has it tried again, once that is mended", info.run)));
    }
    if let Some(unreadable) = &run.unreadable {
        let why = cut(unreadable.clone(), SHOWN_MESSAGE);
        page.push(
            Line::default()
                .and(Style::Bad, "shown as it was before an entry that cannot be read: ")
                .and(Style::Plain, why),
        );
    }
    if let Some(queued) = &run.queued {
        let why = match &queued.behind {
            Some(behind) => format!("until run {behind} has ended"),
            None => "for a place: its workflow says how many runs there are at once".into(),
        };
        page.push(Line::default().and(Style::Attention, format!("waits since {} {why}", time::moment(queued.since))));
    }
    for update in &run.updates {
        let id = update.event.as_ref().and_then(|event| event.get("id")).and_then(Value::as_str).unwrap_or("?");
        page.push(Line::plain(format!("updated {} by the event {id}", time::moment(update.time))));
    }
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
    let resume = run.info.parked.iter().map(|_| format!("quell runs resume {id}"));
    approvals.chain(reviews).chain(resume).collect()
}

/// The command that settles a review.
pub fn settle_command(run: &str, review: &Review) -> String {
    let call = review.call.strip_prefix(run).and_then(|call| call.strip_prefix('/')).unwrap_or(&review.call);
    format!("quell review settle {run} {call} done|not-done|give-up --reason …")
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
        RunStatus::Queued | RunStatus::Waiting => Style::Attention,
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
