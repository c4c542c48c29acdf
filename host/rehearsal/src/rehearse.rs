//! Rehearsing: driving a run with the answers of a case instead of plugins, its people instead of people, and a clock
//! that jumps.
//!
//! This decides what happens next, and nothing about what it means. It keeps no state beside the events, so that a
//! rehearsal can be cut anywhere and gone on with: whatever is due is told from the run and the case alone.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::Value;
use workflow::reading::Span;
use workflow::{Effect, Event, Millis, Run, RunInfo, StepError, StepRun, StepState, Workflow, next_remembered};

use crate::case::{Answer, Case, Outcome};
use crate::people::{Act, acts, approval, later};

/// No run of a workflow that ends has as many; one that does not would go on for ever.
const MAX_EVENTS: usize = 20_000;
/// Who starts a run that has an event and nobody who starts it.
const EVENTS: &str = "eventbridge";
/// Who starts a run by hand when the case does not say.
const SOMEBODY: &str = "somebody";

/// What came of a case.
#[derive(Clone, Debug)]
pub struct Rehearsal {
    /// Everything that happened, each event with its time. Empty when the event starts nothing.
    pub log: Vec<(Event, Millis)>,
    /// The run, as the events make it.
    pub run: Option<Run>,
    /// How it came to an end.
    pub end: End,
    /// What the case itself has wrong.
    pub faults: Vec<Fault>,
}

/// How a rehearsal comes to an end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End {
    /// The run has ended.
    Ended,
    /// Nothing in the case moves the run any more: it waits for people.
    Waiting,
    /// There is no run, and why.
    NotStarted(String),
    /// It was given up; the faults say why.
    Abandoned,
}

/// Why a case cannot be rehearsed as it is written.
#[derive(Clone, Debug, PartialEq)]
pub enum Fault {
    /// Nothing is written for an attempt.
    NoAnswer {
        /// The step.
        path: String,
        /// Its plugin.
        plugin: String,
        /// What it was given.
        input: Value,
    },
    /// A decision that should count does not, or the other way round.
    Decision {
        /// Where it stands.
        span: Span,
        /// Why it does not count; `None` when it does.
        why: Option<String>,
    },
    /// The run has more events than any that ends.
    Endless,
    /// The workflow asked for what cannot happen. That is not the case's fault.
    Illegal(String),
}

/// Something that is due, and what it does.
struct Move {
    at: Millis,
    /// Of what is due at the same time, what has ended goes first, then people, then times.
    rank: u8,
    deed: Deed,
}

enum Deed {
    Append(Box<Event>),
    Person(Act),
    Fault(Fault),
}

/// Rehearses a case from the beginning.
pub fn rehearse(workflow: &Workflow, case: &Case) -> Rehearsal {
    match start(workflow, case) {
        Ok(started) => resume(workflow, case, vec![(started.in_order(), case.starts_at)]),
        Err(why) => Rehearsal { log: vec![], run: None, end: End::NotStarted(why), faults: vec![] },
    }
}

/// Goes on behind these events, as whoever reads them from a ledger would.
pub fn resume(workflow: &Workflow, case: &Case, log: Vec<(Event, Millis)>) -> Rehearsal {
    let run = match Run::fold(log.iter().map(|(event, at)| (event, *at))) {
        Ok(run) => run,
        Err(error) => {
            let faults = vec![Fault::Illegal(error.to_string())];
            return Rehearsal { log, run: None, end: End::Abandoned, faults };
        }
    };
    let now = log.last().map_or(case.starts_at, |(_, at)| *at);
    let mut stage = Stage { workflow, case, run, log, now, tried: BTreeSet::new(), faults: vec![] };
    let end = stage.play();
    Rehearsal { log: stage.log, run: Some(stage.run), end, faults: stage.faults }
}

/// The first event, or why there is none.
fn start(workflow: &Workflow, case: &Case) -> Result<Event, String> {
    let by_event = case.event.as_ref().filter(|_| case.started_by.is_none());
    let mut event = case.event.clone();
    if let Some(given) = by_event.filter(|_| workflow.events().next().is_some()) {
        // Of an event that is split, the first part that starts a run is the one that is tried.
        let parts = workflow.starts(given).map_err(|error| error.to_string())?;
        let part = parts.first().ok_or_else(|| "the event matches none of the patterns in `on`".to_owned())?.to_event();
        workflow.dedupe_key(&part).map_err(|error| format!("`dedupe.key`: {error}"))?;
        event = Some(part);
    }
    let inputs = workflow.inputs(&case.inputs).map_err(|error| error.to_string())?;
    let somebody = if case.event.is_some() { EVENTS } else { SOMEBODY };
    let info = RunInfo {
        id: "r-rehearsal".to_owned(),
        workflow: workflow.name.clone(),
        workflow_digest: workflow.digest.clone(),
        account: case.account.clone(),
        region: case.region.clone(),
        started_by: case.started_by.as_deref().unwrap_or(somebody).into(),
        caused_by: vec![],
        plugins: workflow.all_plugins().into_iter().map(|name| (name.to_owned(), name.to_owned())).collect(),
        callees: workflow.callees().map(|(name, callee)| (name.to_owned(), callee.digest.clone())).collect(),
    };
    Ok(Event::Started { info, event, inputs })
}

struct Stage<'a> {
    workflow: &'a Workflow,
    case: &'a Case,
    run: Run,
    log: Vec<(Event, Millis)>,
    now: Millis,
    /// The decisions that were made, whether they counted or not.
    tried: BTreeSet<(String, usize)>,
    faults: Vec<Fault>,
}

impl Stage<'_> {
    fn play(&mut self) -> End {
        while self.log.len() <= MAX_EVENTS {
            let effects = next_remembered(self.workflow, &mut self.run);
            let (records, rest): (Vec<Effect>, Vec<Effect>) =
                effects.into_iter().partition(|effect| matches!(effect, Effect::Record(_)));
            if records.is_empty() {
                if let Some(end) = self.turn(&rest) {
                    return end;
                }
                continue;
            }
            for effect in records {
                if let Effect::Record(event) = effect
                    && let Some(end) = self.append(event)
                {
                    return end;
                }
            }
        }
        self.give_up(Fault::Endless)
    }

    /// Makes the first of all moves; the end when there is none.
    fn turn(&mut self, effects: &[Effect]) -> Option<End> {
        if self.run.is_finished() {
            return Some(End::Ended);
        }
        let mut moves: Vec<Move> = effects.iter().filter_map(|effect| self.perform(effect)).collect();
        let people = acts(self.workflow, self.case, &self.run, &self.tried);
        moves.extend(people.into_iter().map(|(at, act)| Move { at, rank: 1, deed: Deed::Person(act) }));
        // Stable, so that steps that are due at the same time come in the order of the document.
        moves.sort_by_key(|due| (due.at, due.rank));
        let Some(due) = moves.into_iter().next() else { return Some(End::Waiting) };
        self.now = self.now.max(due.at);
        match due.deed {
            Deed::Append(event) => self.append(*event),
            Deed::Person(Act::Decide { path, index }) => self.decide(&path, index),
            Deed::Person(Act::Cancel { by, reason }) => self.append(Event::CancelRequested { by, reason }),
            Deed::Person(Act::Settle { path, attempt, call, by, verdict }) => {
                let reason = "as the case has it".to_owned();
                self.append(Event::ReviewSettled { path, attempt, call, by, verdict, reason })
            }
            Deed::Fault(fault) => Some(self.give_up(fault)),
        }
    }

    fn append(&mut self, event: Event) -> Option<End> {
        let event = event.in_order();
        match self.run.apply(&event, self.now) {
            Ok(()) => {
                self.log.push((event, self.now));
                None
            }
            Err(error) => Some(self.give_up(Fault::Illegal(error.to_string()))),
        }
    }

    fn give_up(&mut self, fault: Fault) -> End {
        self.faults.push(fault);
        End::Abandoned
    }

    fn perform(&self, effect: &Effect) -> Option<Move> {
        match effect {
            Effect::Invoke { path, attempt, plugin, input, timeout, repeat_unknown, .. } => {
                let Some(answer) = self.case.answer(path, plugin, *attempt, input) else {
                    let fault =
                        Fault::NoAnswer { path: path.clone(), plugin: plugin.clone(), input: input.as_ref().clone() };
                    return Some(Move { at: self.now, rank: 0, deed: Deed::Fault(fault) });
                };
                self.outcome(path, *attempt, answer, *timeout, *repeat_unknown)
            }
            Effect::Stop { path, attempt, .. } => {
                let error = StepError::new(StepError::CANCELLED, "the step was stopped");
                let event = Event::StepFailed { path: path.clone(), attempt: *attempt, error };
                Some(Move { at: self.now, rank: 0, deed: Deed::Append(Box::new(event)) })
            }
            Effect::Schedule { path, attempt, delay, .. } => {
                // The longest that jitter can come to, so that a case is the same each time.
                let at = later(self.now, *delay);
                let event = Event::RetryScheduled { path: path.clone(), attempt: *attempt, at };
                Some(Move { at: self.now, rank: 0, deed: Deed::Append(Box::new(event)) })
            }
            Effect::Wake { at, .. } => {
                let event = effect.due(self.now.max(*at))?.clone();
                Some(Move { at: *at, rank: 2, deed: Deed::Append(Box::new(event)) })
            }
            Effect::Record(_) => None,
        }
    }

    /// How an attempt that runs comes out, and when.
    fn outcome(
        &self,
        path: &str,
        attempt: u32,
        answer: &Answer,
        timeout: Option<Duration>,
        repeat_unknown: bool,
    ) -> Option<Move> {
        let began = self.run.step(path).map_or(self.now, StepRun::changed_at);
        let (path, key) = (path.to_owned(), call(path, attempt));
        let late = timeout.filter(|timeout| *timeout < answer.takes);
        let event = match (&answer.unknown, &answer.outcome) {
            _ if late.is_some() => {
                let error = StepError::new(StepError::TIMED_OUT, "it took longer than its `timeout`");
                Event::StepFailed { path, attempt, error }
            }
            (Some(_), _) if !repeat_unknown && !self.was_suspended(&key) => {
                Event::StepSuspended { path, attempt, call: key }
            }
            (_, Outcome::Output(output)) => Event::StepSucceeded { path, attempt, output: output.clone() },
            (_, Outcome::Fail(error)) => Event::StepFailed { path, attempt, error: error.clone() },
        };
        let at = later(began, late.unwrap_or(answer.takes));
        Some(Move { at, rank: 0, deed: Deed::Append(Box::new(event)) })
    }

    fn was_suspended(&self, key: &str) -> bool {
        self.log.iter().any(|(event, _)| matches!(event, Event::StepSuspended { call, .. } if call == key))
    }

    fn decide(&mut self, path: &str, index: usize) -> Option<End> {
        self.tried.insert((path.to_owned(), index));
        let person = self.case.people(path).get(index)?;
        let groups = person.groups_for(approval(&self.run, path)?);
        let checked = self.run.decide_check(path, &person.by.as_str().into(), person.decision, &groups, self.now);
        let why = checked.as_ref().err().map(ToString::to_string);
        if checked.is_ok() != person.counts {
            return Some(self.give_up(Fault::Decision { span: person.span.clone(), why }));
        }
        if why.is_some() {
            return None;
        }
        let (path, by, decision) = (path.to_owned(), person.by.as_str().into(), person.decision);
        self.append(Event::Decided { path, by, decision, reason: person.reason.clone() })
    }
}

impl Rehearsal {
    /// The run's status as a case names it.
    pub fn status(&self) -> &'static str {
        match (&self.end, &self.run) {
            (End::NotStarted(_), _) | (_, None) => "not-started",
            (End::Waiting, _) => "waiting",
            (_, Some(run)) => run.status().name(),
        }
    }

    /// The plugin steps that ran, by path, in the order in which they began.
    pub fn ran(&self) -> Vec<&str> {
        let begun = self.log.iter().filter_map(|(event, _)| match event {
            Event::StepStarted { path, attempt: 1, .. } => Some(path.as_str()),
            _ => None,
        });
        begun.collect()
    }

    /// The last state of a step; `None` when it was not reached.
    pub fn state(&self, path: &str) -> Option<&StepState> {
        self.run.as_ref()?.step(path).map(StepRun::state)
    }
}

/// A key as that of a call of this attempt.
fn call(path: &str, attempt: u32) -> String {
    format!("r-rehearsal/{path}/{attempt}/1")
}
