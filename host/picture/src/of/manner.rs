//! What a step does and how, in a few words.

use workflow::{Manner, Step};

use crate::time::duration;

/// What it runs, asks, waits for, goes through or calls.
pub(super) fn what(step: &Step, manner: &Manner) -> Option<String> {
    let named = step.plugin().or(step.callee()).map(str::to_owned);
    let subject = || step.subject().map(|subject| plain(&subject));
    let subject = || match &manner.item {
        Some(item) => subject().map(|list| format!("{item} in {list}")),
        None => subject(),
    };
    named.or_else(subject)
}

/// A text with its expressions in single braces: easier to read, and as clear.
fn plain(text: &str) -> String {
    text.replace("${{ ", "{").replace(" }}", "}")
}

/// What else there is to know of it.
pub(super) fn notes(manner: &Manner) -> Vec<String> {
    let mut notes = vec![];
    if !manner.approvers.is_empty() {
        notes.push(format!("{} of {}", manner.needs, manner.approvers.join(" or ")));
    }
    if !manner.show.is_empty() {
        notes.push(format!("shows {}", manner.show.join(", ")));
    }
    notes.extend(manner.expires.map(|expires| format!("refused after {}", duration(expires))));
    if manner.concurrency > 1 {
        notes.push(format!("{} at once", manner.concurrency));
    }
    if manner.continues {
        notes.push("goes on when one fails".to_owned());
    }
    if manner.fail_fast {
        notes.push("stops at the first failure".to_owned());
    }
    notes.extend(manner.attempts.filter(|attempts| *attempts > 1).map(|attempts| format!("up to {attempts} attempts")));
    notes.extend(manner.timeout.map(|timeout| format!("at most {}", duration(timeout))));
    notes
}
