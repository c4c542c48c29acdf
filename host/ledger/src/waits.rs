//! What a run waits for, as its summary has it: bounded, so that a summary is small whatever the run does.

use serde::{Deserialize, Serialize};

use crate::Millis;

/// How many of a run's waits its summary names, those since longest.
const NAMED: usize = 50;

/// How long what there is to say of a wait may be, in bytes.
const ABOUT: usize = 300;

/// Something that a run waits for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Wait {
    /// What for.
    pub what: Awaited,
    /// The step; none when the run as a whole waits.
    pub step: Option<String>,
    /// Since when.
    pub since: Millis,
    /// Until when at most.
    pub until: Option<Millis>,
    /// What there is to say of it: a question, a call's key, the run in front, what is wrong.
    pub about: Option<String>,
}

/// What is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Awaited {
    /// People's decision on an approval.
    Approval,
    /// A person's word on a write whose outcome is unknown.
    Review,
    /// A time.
    Timer,
    /// A place among the runs of the workflow.
    Place,
    /// A person who has it driven again: it cannot be driven as it is.
    Resume,
}

/// What a run waits for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Waits {
    /// The waits since longest, those of the same time in the order of their steps.
    pub named: Vec<Wait>,
    /// How many more there are.
    pub more: usize,
}

impl Waits {
    /// All waits of a run, as far as a summary names them.
    pub fn of(mut all: Vec<Wait>) -> Waits {
        all.sort_by(|a, b| (a.since, &a.step).cmp(&(b.since, &b.step)));
        let more = all.len().saturating_sub(NAMED);
        all.truncate(NAMED);
        for about in all.iter_mut().filter_map(|wait| wait.about.as_mut()) {
            cut(about);
        }
        Waits { named: all, more }
    }

    /// Since when the run waits; `None` when it does not.
    pub fn since(&self) -> Option<Millis> {
        self.named.first().map(|wait| wait.since)
    }
}

/// Cuts a text to [`ABOUT`] bytes, at a character, and shows it.
fn cut(text: &mut String) {
    const MARK: char = '…';
    if text.len() > ABOUT {
        let end = (0..=ABOUT - MARK.len_utf8()).rev().find(|end| text.is_char_boundary(*end));
        text.truncate(end.unwrap_or(0));
        text.push(MARK);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wait(since: Millis, step: &str, about: &str) -> Wait {
        Wait { what: Awaited::Approval, step: Some(step.into()), since, until: None, about: Some(about.into()) }
    }

    #[test]
    fn the_longest_come_first_and_the_rest_is_counted() {
        let all: Vec<Wait> = (0..120).rev().map(|n| wait(n / 2, &format!("s{n:03}"), "?")).collect();
        let waits = Waits::of(all);
        assert_eq!((waits.named.len(), waits.more, waits.since()), (NAMED, 70, Some(0)));
        let steps: Vec<&str> = waits.named.iter().take(3).filter_map(|wait| wait.step.as_deref()).collect();
        assert_eq!(steps, ["s000", "s001", "s002"]);
        assert_eq!(Waits::of(vec![]), Waits::default());
    }

    #[test]
    fn a_long_text_is_cut_at_a_character() {
        let about = |text: &str| Waits::of(vec![wait(0, "a", text)]).named.remove(0).about.unwrap();
        assert_eq!(about(&"a".repeat(ABOUT)), "a".repeat(ABOUT));
        assert_eq!(about(&"a".repeat(ABOUT + 1)), format!("{}…", "a".repeat(ABOUT - 3)));
        let umlauts = about(&"ä".repeat(ABOUT));
        assert!(umlauts.len() <= ABOUT && umlauts.ends_with("ä…"), "{umlauts}");
    }
}
