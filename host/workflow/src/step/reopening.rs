//! Approvals that are asked again because something behind them is tried again.
//!
//! A given approval covers what is behind it for a time. This decides which approvals stand before a step, and which of
//! them are to be asked again; when they are is left to the walk, for `retry`, and to a person's retry of the run.

use super::frame::Frame;
use super::unfold::{self, Placed};
use super::{Kind, Step};
use crate::event::{Event, Millis};
use crate::run::{Run, StepRun, StepState};

/// The steps that stand before a place: in its sequence, and in those around it.
#[derive(Clone, Copy)]
pub(crate) struct Before<'a> {
    pub(crate) steps: &'a [Step],
    pub(crate) frame: &'a Frame<'a, 'a>,
    pub(crate) outer: Option<&'a Before<'a>>,
}

impl Before<'_> {
    /// From when on a retry here is no longer covered by all approvals before it; `None` when there is none.
    pub(crate) fn covered_until(&self, run: &Run) -> Option<Millis> {
        let mut until: Option<Millis> = None;
        self.each_given(run, &mut |given| until = until.into_iter().chain(given.covers_until()).min());
        until
    }

    /// When the last of the approvals before this place was given.
    pub(crate) fn given_at(&self, run: &Run) -> Option<Millis> {
        let mut at = None;
        self.each_given(run, &mut |given| at = at.max(Some(given.changed_at())));
        at
    }

    /// The event that has all approvals before `path` asked again that do not cover a retry at `time`.
    pub(crate) fn reopen(&self, path: &str, run: &Run, time: Millis) -> Event {
        let mut reopening = Reopening::default();
        let lapsed = |given: &StepRun| given.covers_until().is_some_and(|until| until <= time);
        self.each_sequence(
            &mut |placed| {
                reopening.add(&placed, run, &lapsed);
            },
            run,
        );
        Event::ApprovalReopened { path: path.to_owned(), again: reopening.again, reopened: reopening.blocks }
    }

    fn each_given(&self, run: &Run, see: &mut dyn FnMut(&StepRun)) {
        let mut all = Reopening::default();
        self.each_sequence(
            &mut |placed| {
                all.add(&placed, run, &|_| true);
            },
            run,
        );
        all.again.iter().filter_map(|path| run.step(path)).for_each(see);
    }

    /// The steps that may contain an approval, the outermost first.
    fn each_sequence(&self, see: &mut dyn FnMut(Placed<'_>), run: &Run) {
        if let Some(outer) = self.outer {
            outer.each_sequence(see, run);
        }
        for step in self.steps.iter().filter(|step| asks(step, self.frame)) {
            unfold::sequence(std::slice::from_ref(step), self.frame, Some(run)).into_iter().for_each(&mut *see);
        }
    }
}

/// Whether a step is an approval, or has one inside of it or of what it calls.
fn asks(step: &Step, frame: &Frame<'_, '_>) -> bool {
    let itself = match step.kind() {
        Kind::Approval(_) => true,
        Kind::Call(call) => frame.callee(call.workflow()).is_some_and(|callee| callee.asks(&|name| frame.callee(name))),
        _ => false,
    };
    let inside = || step.children().into_iter().chain(step.catch().iter().map(|clause| clause.steps()));
    itself || inside().flatten().any(|step| asks(step, frame))
}

/// Given approvals that are asked again, and the blocks around them, which go on until they are given.
#[derive(Default)]
pub(crate) struct Reopening {
    pub(crate) again: Vec<String>,
    pub(crate) blocks: Vec<String>,
}

impl Reopening {
    /// Adds the given approvals of a step, and of all inside of it, of which `lapsed` is true. Gives whether there are any.
    pub(crate) fn add(&mut self, placed: &Placed<'_>, run: &Run, lapsed: &dyn Fn(&StepRun) -> bool) -> bool {
        let Some(now) = run.step(&placed.path) else { return false };
        let groups = match now.state() {
            StepState::Succeeded { .. } if now.approval().is_some() => {
                let asked = lapsed(now);
                self.again.extend(asked.then(|| placed.path.clone()));
                return asked;
            }
            StepState::Succeeded { .. } => &placed.groups,
            // It was caught, or the run would not have come behind it.
            StepState::Failed { .. } => &placed.catch,
            _ => return false,
        };
        let place = self.blocks.len();
        let mut inside = false;
        for step in groups.iter().flat_map(|group| &group.steps) {
            inside |= self.add(step, run, lapsed);
        }
        if inside && matches!(now.state(), StepState::Succeeded { .. }) {
            self.blocks.insert(place, placed.path.clone());
        }
        inside
    }
}
