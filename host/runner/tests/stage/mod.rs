//! The real driver, gate, fold and store, with a case's plugins and people before them and a clock that jumps. The
//! process can die at any append, and another one goes on.

mod actors;
mod clock;
mod cut;

use std::collections::BTreeSet;
use std::pin::pin;
use std::sync::{Arc, Mutex};

use ledger::{Ledger, Millis};
use rehearsal::{Act, Case, acts};
use runner::{History, HistoryError, Nudge, Runner, Scheduler, Start, Started};
use store::Store;
use workflow::StepState;

pub use actors::{Actors, Attempt, tells};
pub use clock::Jumping;
pub use cut::{Cut, Death};

use crate::world::World;

/// How often everything may go on before it is believed that nothing does.
const TURNS: usize = 20;
/// More turns of the clock than any case has.
const MAX_JUMPS: usize = 500;

/// Remembers when the run is to be driven.
#[derive(Default)]
pub struct Alarm(Mutex<Option<Millis>>);

impl Scheduler for Alarm {
    fn now(&self, _: &str) {}

    fn anew(&self, _: &str) {}

    fn at(&self, _: &str, time: Millis) {
        *self.0.lock().unwrap() = Some(time);
    }
}

/// What came of a run.
pub struct Course {
    pub history: History,
    /// What the first process appended, append by append.
    pub appends: Vec<String>,
    /// The attempts that were begun, by all processes.
    pub begun: Vec<Attempt>,
    /// Those that had an outcome when the process died.
    pub finished: BTreeSet<Attempt>,
    /// Those that were begun after it died.
    pub begun_again: Vec<Attempt>,
}

/// Where a case is played.
pub struct Stage<'w> {
    pub world: &'w World,
    pub store: Arc<Store>,
    pub case: Arc<Case>,
    clock: Jumping,
    run: String,
    known: Arc<Known>,
    tried: BTreeSet<(String, usize)>,
}

/// What is known of the run; only what is new is read.
#[derive(Default)]
pub struct Known(tokio::sync::Mutex<Option<History>>);

impl Known {
    /// The run as the ledger has it now.
    pub async fn read(&self, ledger: &dyn Ledger, run: &str) -> Result<History, HistoryError> {
        let mut known = self.0.lock().await;
        let history = match known.take() {
            Some(mut history) => {
                history.catch_up(ledger).await?;
                history
            }
            None => History::load(ledger, run).await?.0,
        };
        *known = Some(history.clone());
        Ok(history)
    }
}

/// A process: what dies with it.
struct Process {
    ledger: Arc<Cut>,
    alarm: Arc<Alarm>,
    actors: Arc<Actors>,
    runner: Runner,
}

/// How a process came to its end.
enum Outcome {
    /// The run has ended, or nothing moves it any more.
    Over,
    Died,
}

impl<'w> Stage<'w> {
    /// A run of the case that has just started.
    pub async fn set(world: &'w World, store: Arc<Store>, case: Arc<Case>) -> Stage<'w> {
        let clock = Jumping::at(case.starts_at);
        let mut stage =
            Stage { world, store, case, clock, run: String::new(), known: Arc::default(), tried: BTreeSet::new() };
        let plugins = world.rules.workflow.all_plugins();
        let by_event = stage.case.event.is_some();
        let start = Start {
            workflow: world.rules.workflow.clone(),
            plugins: plugins.into_iter().map(|name| (name.to_owned(), name.to_owned())).collect(),
            event: stage.case.event.clone(),
            same: runner::Same::Nothing,
            cause: None,
            inputs: stage.case.inputs.clone(),
            account: stage.case.account.clone(),
            region: stage.case.region.clone(),
            may_cancel: true,
            by: stage.case.started_by.as_deref().unwrap_or(if by_event { "eventbridge" } else { "somebody" }).into(),
        };
        let process = stage.process(Death::Never);
        stage.run = match process.runner.start(start).await.unwrap() {
            Started::New(run) | Started::Repeated(run) => run,
        };
        stage
    }

    fn process(&self, death: Death) -> Process {
        let ledger = Cut::new(self.store.clone(), self.world.rules.clone(), death);
        let alarm = Arc::new(Alarm::default());
        let actors = Arc::new(Actors {
            case: self.case.clone(),
            run: self.run.clone(),
            ledger: ledger.clone(),
            known: Arc::default(),
            clock: self.clock.clone(),
            service: self.world.service.clone(),
            begun: Mutex::default(),
            running: Mutex::default(),
        });
        let clock = Arc::new(self.clock.clone());
        let runner = self.world.runner(ledger.clone(), clock, actors.clone(), alarm.clone());
        Process { ledger, alarm, actors, runner }
    }

    /// Plays the run to its end, with a first process that dies.
    pub async fn play(&mut self, death: Death) -> Course {
        let first = self.process(death);
        let outcome = self.live(&first).await;
        let mut begun = first.actors.begun.lock().unwrap().clone();
        let (mut finished, mut begun_again) = (BTreeSet::new(), vec![]);
        if let Outcome::Died = outcome {
            finished = self.finished().await;
            let second = self.process(Death::Never);
            assert!(matches!(self.live(&second).await, Outcome::Over));
            begun_again = second.actors.begun.lock().unwrap().clone();
            begun.extend(begun_again.iter().cloned());
        }
        Course { history: self.history().await, appends: first.ledger.appends(), begun, finished, begun_again }
    }

    async fn history(&self) -> History {
        self.known.read(self.store.as_ref(), &self.run).await.unwrap()
    }

    /// The attempts that have an outcome in the ledger.
    async fn finished(&self) -> BTreeSet<Attempt> {
        let history = self.history().await;
        let mut finished = BTreeSet::new();
        for (path, step) in history.run.steps() {
            let over = !matches!(step.state(), StepState::Running | StepState::Suspended { .. });
            let last = if over { step.attempt() } else { step.attempt() - 1 };
            let last = if matches!(step.state(), StepState::RetryWaiting { .. }) { step.attempt() - 1 } else { last };
            finished.extend((1..=last).map(|attempt| (path.to_owned(), attempt)));
        }
        finished
    }

    /// Drives until nothing is left to do, or the process dies.
    async fn live(&mut self, process: &Process) -> Outcome {
        for _ in 0..MAX_JUMPS {
            if let Outcome::Died = self.drive(process).await {
                return Outcome::Died;
            }
            let history = self.history().await;
            if history.ended.is_some() {
                return Outcome::Over;
            }
            let alarm = process.alarm.0.lock().unwrap().take();
            let act = self.next_act(&history);
            match (act, alarm) {
                (Some((at, act)), alarm) if alarm.is_none_or(|alarm| at <= alarm) => {
                    self.clock.jump(at);
                    if !self.perform(process, act).await {
                        return Outcome::Died;
                    }
                }
                (_, Some(alarm)) => self.clock.jump(alarm),
                (_, None) => return Outcome::Over,
            }
        }
        panic!("the run does not end");
    }

    fn next_act(&self, history: &History) -> Option<(Millis, Act)> {
        let acts = acts(&self.world.rules.workflow, &self.case, &history.run, &self.tried);
        acts.into_iter().min_by_key(|(at, _)| *at)
    }

    /// Has the run driven until its driver leaves it. Whenever everything waits, time passes, and people act.
    async fn drive(&mut self, process: &Process) -> Outcome {
        let nudge = Nudge::default();
        let run = self.run.clone();
        let mut drive = pin!(process.runner.drive(&run, &nudge));
        let mut still = 0;
        loop {
            tokio::select! {
                biased;
                driven = &mut drive => match driven {
                    _ if process.ledger.is_dead() => return Outcome::Died,
                    Ok(()) => return Outcome::Over,
                    Err(error) => panic!("{error}"),
                },
                () = tokio::task::yield_now() => {}
            }
            if process.ledger.is_dead() {
                return Outcome::Died;
            }
            still = if process.ledger.is_busy() { 0 } else { still + 1 };
            if still < TURNS {
                continue;
            }
            still = 0;
            let history = self.history().await;
            let (timer, act) = (self.clock.first(), self.next_act(&history));
            match (act, timer) {
                (Some((at, act)), timer) if timer.is_none_or(|timer| at < timer) => {
                    self.clock.jump(at);
                    if !self.perform(process, act).await {
                        return Outcome::Died;
                    }
                    nudge.give();
                }
                (_, Some(timer)) => self.clock.jump(timer),
                (_, None) => {}
            }
        }
    }

    /// A person acts; says whether the process lives on.
    async fn perform(&mut self, process: &Process, act: Act) -> bool {
        let runner = &process.runner;
        let done = match act {
            Act::Decide { path, index } => {
                let person = self.case.people(&path)[index].clone();
                let history = self.history().await;
                let approval = history.run.step(&path).and_then(|step| step.approval()).unwrap();
                let (groups, reason) = (person.groups_for(approval), person.reason.clone());
                let decided = {
                    let said = runner::Said { decision: person.decision, reason, asked: None };
                    runner.decide(&self.run, &path, person.by.as_str(), &groups, said).await
                };
                // Again is none: a repeat is answered as if it had been taken.
                let again = approval.decisions.contains_key(&person.by);
                if !process.ledger.is_dead() {
                    self.tried.insert((path.clone(), index));
                    assert!(decided.is_ok() == person.counts || again, "`{path}`: {decided:?}");
                }
                decided.map_err(|error| error.to_string())
            }
            Act::Settle { call, by, verdict, .. } => runner
                .settle(&self.run, &call, &by, verdict, "as the case has it")
                .await
                .map_err(|error| error.to_string()),
            Act::Cancel { by, reason } => {
                runner.cancel(&self.run, &by, reason).await.map_err(|error| error.to_string())
            }
        };
        let _ = done;
        !process.ledger.is_dead()
    }

    /// The run's id.
    pub fn run(&self) -> &str {
        &self.run
    }
}
