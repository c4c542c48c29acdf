//! What people are asked, whole: all that an approver or a reviewer decides on, however long it is.

use serde_json::Value;

use super::page::{Line, Page, Style};
use super::time;
use crate::wire::{Approval, Decision, MadeDecision, Review, Run};

/// An approval: its title, who decides until when, what was decided, and the results that its workflow shows.
pub fn approval(run: &Run, approval: &Approval) -> Page {
    let mut page = head(run, &approval.step);
    page.push(Line::default().and(Style::Bold, &approval.title));
    let approved = approval.decisions.iter().filter(|made| made.decision == Decision::Approve).count();
    let who = approval.approvers.join(" or ");
    page.push(Line::plain(format!("{approved} of {} approvals by {who}", approval.needs)));
    for made in &approval.decisions {
        page.push(Line::plain(decided(made)));
    }
    let expires = approval.expires.map(|expires| format!(", expires {expires}")).unwrap_or_default();
    page.push(Line::default().and(Style::Dim, format!("requested {}{expires}", approval.requested)));
    for (step, result) in approval.show.as_object().into_iter().flatten() {
        page.push(Line::default());
        page.push(Line::default().and(Style::Bold, format!("{step}:")));
        value(result, &mut page);
    }
    page
}

/// A write whose outcome is unknown: what was called with which arguments, and why nobody knows.
pub fn review(run: &Run, review: &Review) -> Page {
    let mut page = head(run, &review.step);
    page.push(Line::default().and(Style::Bold, review.function.as_deref().unwrap_or(&review.call)));
    page.push(Line::plain(format!("call {}", review.call)));
    if let Some(message) = &review.message {
        page.push(Line::plain(message));
    }
    if let Some(arguments) = &review.arguments {
        value(arguments, &mut page);
    }
    page
}

/// Everything that a run asks of people.
pub fn all(run: &Run) -> Page {
    let approvals = run.approvals.iter().map(|asked| approval(run, asked));
    let mut page = Page::default();
    for asked in approvals.chain(run.reviews.iter().map(|asked| review(run, asked))) {
        page.push(Line::default());
        page.extend(asked);
    }
    page
}

/// Who decided what, when and why.
pub fn decided(made: &MadeDecision) -> String {
    let what = match made.decision {
        Decision::Approve => "approved",
        Decision::Refuse => "refused",
    };
    let reason = made.reason.as_deref().map(|reason| format!(": {reason}")).unwrap_or_default();
    format!("{} {what} {}{reason}", made.by, time::moment(made.time))
}

fn head(run: &Run, step: &str) -> Page {
    let mut page = Page::default();
    let info = &run.info;
    page.push(
        Line::default()
            .and(Style::Attention, format!("{step} "))
            .and(Style::Plain, format!("of {} {}, started by {}", info.workflow, info.run, info.by)),
    );
    page.push(Line::default().and(Style::Dim, format!("account {}, region {}", run.account, run.region)));
    page
}

fn value(value: &Value, page: &mut Page) {
    page.push_text(&format!("{value:#}"));
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::cli::runs::tree::tests::{in_review, waiting};

    #[test]
    fn nothing_that_is_decided_on_is_cut_off_and_nothing_misleads() {
        let long = "y".repeat(5_000);
        let mut run = waiting();
        run.approvals[0].title = format!("{long}\u{1b}[2J END\n");
        run.approvals[0].show = json!({ "revoke": { "text": format!("{long}\u{202e}END") } });
        let shown = all(&run).render(false);
        assert!(shown.contains(&format!("{long}\\u{{1b}}[2J END\\n\n")), "{shown}");
        assert!(shown.contains(&format!("{long}\\u{{202e}}END\"\n")), "{shown}");
        assert!(shown.contains("requested 2026-03-01T12:03:00Z, expires 2026-03-01T16:03:00Z"), "{shown}");
        assert!(shown.contains("user:bob approved 2026-03-01 12:04:00Z: looks right"), "{shown}");

        let mut run = in_review();
        run.reviews[0].arguments = Some(json!({ "message": format!("{long}END") }));
        let shown = all(&run).render(false);
        assert!(shown.contains(&format!("\"message\": \"{long}END\"\n")), "{shown}");
        assert!(shown.contains("quell:sns/topics@0.1.0#publish\n"), "{shown}");
    }
}
