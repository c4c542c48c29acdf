//! Which runs could not be driven, when each is tried again, and which are to be parked. Pure.

use std::collections::HashMap;

use ledger::Millis;

/// The wait behind the first failure, which doubles with each, and the longest.
const FIRST: Millis = 1_000;
const LONGEST: Millis = 300_000;
/// After so many failures in a row that are about the run itself, and not about what it is kept on, it is parked: nothing
/// but another Quell, or another document, will make a difference.
const PARKED_AFTER: u32 = 5;

/// The runs that could not be driven. A restart forgets them, and begins to count anew.
#[derive(Debug, Default)]
pub(super) struct Failures(HashMap<String, Failing>);

#[derive(Debug, Default)]
struct Failing {
    in_a_row: u32,
    about_the_run: u32,
    again: Millis,
}

/// What follows from a failure.
#[derive(Debug, PartialEq)]
pub(super) struct Consequence {
    /// When to try again.
    pub again: Millis,
    /// After how many failures it is to be parked instead, if it is.
    pub park: Option<u32>,
}

impl Failures {
    /// Counts a failure of `run`.
    pub fn failed(&mut self, run: &str, is_about_the_run: bool, now: Millis) -> Consequence {
        let failing = self.0.entry(run.to_owned()).or_default();
        let wait = LONGEST.min(FIRST << failing.in_a_row.min(16));
        failing.in_a_row = failing.in_a_row.saturating_add(1);
        failing.about_the_run += u32::from(is_about_the_run);
        failing.again = now.saturating_add(wait);
        let park = (is_about_the_run && failing.about_the_run >= PARKED_AFTER).then_some(failing.about_the_run);
        Consequence { again: failing.again, park }
    }

    /// Forgets `run`: it was driven, or is parked.
    pub fn forget(&mut self, run: &str) {
        self.0.remove(run);
    }

    /// Until when `run` is not tried again.
    pub fn held_back(&self, run: &str, now: Millis) -> Option<Millis> {
        self.0.get(run).map(|failing| failing.again).filter(|again| *again > now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The waits in seconds behind failures of a run, and after which it is parked.
    fn course(failures: impl IntoIterator<Item = bool>) -> (Vec<Millis>, Option<usize>) {
        let (mut known, mut waits, mut parked) = (Failures::default(), vec![], None);
        for (number, is_about_the_run) in failures.into_iter().enumerate() {
            let Consequence { again, park } = known.failed("r", is_about_the_run, 7);
            assert_eq!(known.held_back("r", 7), Some(again));
            assert_eq!(known.held_back("r", again), None);
            waits.push((again - 7) / 1_000);
            parked = parked.or(park.map(|_| number + 1));
        }
        (waits, parked)
    }

    #[test]
    fn waits_double_up_to_five_minutes() {
        let (waits, parked) = course([false; 12]);
        assert_eq!(waits, [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300, 300]);
        assert_eq!(parked, None, "what passes parks no run");
    }

    #[test]
    fn failures_that_are_about_the_run_park_it() {
        assert_eq!(course([true; 6]).1, Some(5));
        let (waits, parked) = course([true, false, true, false, true, false, true, false, true]);
        assert_eq!((waits.len(), parked), (9, Some(9)));
    }

    #[test]
    fn a_run_that_was_driven_begins_anew() {
        let mut known = Failures::default();
        assert!((0..4).all(|_| known.failed("r", true, 0).park.is_none()));
        known.forget("r");
        assert_eq!(known.held_back("r", 0), None);
        assert_eq!(known.failed("r", true, 0), Consequence { again: 1_000, park: None });
    }
}
