//! Random workflows, driven in random orders: the order of events does not change what a run comes to, and nothing that
//! `next` asks for is ever an illegal transition.

use std::hash::{DefaultHasher, Hash, Hasher};

use proptest::prelude::*;
use serde_json::{Value, json};
use workflow::{Approval, Decision, Effect, Event, Run, RunStatus, StepError, StepState, Verdict, next, retry};

use crate::simulation::Simulation;

/// A step of a random workflow, without its id.
#[derive(Clone, Debug)]
enum Tree {
    Plugin { attempts: u32, conditional: bool, catch: Option<(bool, Vec<Tree>)> },
    Approval { needs: u32 },
    Wait,
    Block { kind: Block, attempts: u32, slow: bool, catch: Option<(bool, Vec<Tree>)> },
}

/// A block of a random workflow.
#[derive(Clone, Debug)]
enum Block {
    Parallel { branches: Vec<Vec<Tree>>, continues: bool, fail_fast: bool },
    Choose { alternatives: Vec<Vec<Tree>>, otherwise: bool },
    Each { items: usize, concurrency: usize, continues: bool, fail_fast: bool, steps: Vec<Tree> },
}

fn tree() -> impl Strategy<Value = Tree> {
    let plugin = (1..4u32, any::<bool>());
    let plugin = plugin.prop_map(|(attempts, conditional)| Tree::Plugin { attempts, conditional, catch: None });
    let approval = (1..3u32).prop_map(|needs| Tree::Approval { needs });
    let leaf = prop_oneof![6 => plugin, 2 => approval, 1 => Just(Tree::Wait)];
    leaf.prop_recursive(3, 16, 3, |inner| {
        let sequence = prop::collection::vec(inner, 1..3);
        let catch = prop::option::of((any::<bool>(), sequence.clone()));
        let branches = prop::collection::vec(sequence.clone(), 1..4);
        let parallel = (branches.clone(), any::<bool>(), any::<bool>())
            .prop_map(|(branches, continues, fail_fast)| Block::Parallel { branches, continues, fail_fast });
        let choose =
            (branches, any::<bool>()).prop_map(|(alternatives, otherwise)| Block::Choose { alternatives, otherwise });
        let each = (0..4usize, 1..4usize, any::<bool>(), any::<bool>(), sequence).prop_map(
            |(items, concurrency, continues, fail_fast, steps)| Block::Each {
                items,
                concurrency,
                continues,
                fail_fast,
                steps,
            },
        );
        let block = (prop_oneof![parallel, choose, each], 1..3u32, any::<bool>(), catch.clone());
        prop_oneof![
            (1..3u32, any::<bool>(), catch).prop_map(|(attempts, conditional, catch)| Tree::Plugin {
                attempts,
                conditional,
                catch
            }),
            block.prop_map(|(kind, attempts, slow, catch)| Tree::Block { kind, attempts, slow, catch }),
        ]
    })
}

/// Writes a workflow. Every plugin is given all that it can see, so that anything which depends on an order shows.
struct Writer {
    count: usize,
    fail_fast: bool,
}

impl Writer {
    fn workflow(steps: &[Tree], on_failure: &[Tree], fail_fast: bool) -> String {
        let mut writer = Self { count: 0, fail_fast };
        let steps = writer.sequence(steps, true);
        let mut document = json!({ "name": "w", "timeout": "1h", "steps": steps });
        if !on_failure.is_empty() {
            document["on-failure"] = writer.sequence(on_failure, false);
        }
        document.to_string()
    }

    /// Where approvals are not allowed, there are plugins instead.
    fn sequence(&mut self, trees: &[Tree], approvals: bool) -> Value {
        trees.iter().map(|tree| self.step(tree, approvals)).collect()
    }

    fn step(&mut self, tree: &Tree, approvals: bool) -> Value {
        self.count += 1;
        let id = format!("s{}", self.count);
        match tree {
            Tree::Approval { needs } if approvals => {
                json!({ "id": id, "approval": { "title": "t", "approvers": ["group:g"], "needs": needs, "expires": "1m" } })
            }
            Tree::Approval { .. } => json!({ "id": id, "plugin": "p" }),
            Tree::Wait => json!({ "id": id, "wait": { "until": "1970-01-01T00:00:00Z" } }),
            Tree::Plugin { attempts, conditional, catch } => {
                let mut step = json!({
                    "id": id, "plugin": "p", "with": { "seen": "${{ steps }}" }, "retry": { "attempts": attempts },
                });
                if *conditional {
                    step["if"] = json!("${{ steps | length % 2 == 0 }}");
                }
                self.catch(&mut step, catch.as_ref(), approvals);
                step
            }
            Tree::Block { kind, attempts, slow, catch } => {
                let around = catch.as_ref().is_some_and(|(continues, _)| *continues);
                let mut step = self.block(kind, approvals && !around);
                step["id"] = json!(id);
                step["retry"] = json!({ "attempts": attempts });
                if !slow {
                    step["timeout"] = json!("30s");
                }
                self.catch(&mut step, catch.as_ref(), approvals);
                step
            }
        }
    }

    fn block(&mut self, block: &Block, approvals: bool) -> Value {
        let on_error = |continues: &bool| if *continues { "continue" } else { "fail" };
        match block {
            Block::Parallel { branches, continues, fail_fast } => {
                let inside = approvals && !continues;
                let branches: Vec<Value> =
                    branches.iter().map(|branch| json!({ "steps": self.sequence(branch, inside) })).collect();
                let fail_fast = *fail_fast && self.fail_fast;
                let on_error = on_error(continues);
                json!({ "parallel": { "branches": branches, "on-error": on_error, "fail-fast": fail_fast } })
            }
            Block::Choose { alternatives, otherwise } => {
                let mut all: Vec<Value> = Vec::new();
                for steps in alternatives {
                    let when = format!("${{{{ steps | length % {} == 0 }}}}", all.len() + 2);
                    all.push(json!({ "when": when, "steps": self.sequence(steps, approvals) }));
                }
                if *otherwise {
                    all.push(json!({ "otherwise": self.sequence(&[Tree::Wait], approvals) }));
                }
                json!({ "choose": all })
            }
            Block::Each { items, concurrency, continues, fail_fast, steps } => {
                let inside = approvals && !continues;
                let steps = self.sequence(steps, inside);
                let fail_fast = *fail_fast && self.fail_fast;
                let on_error = on_error(continues);
                json!({ "each": {
                    "in": (0..*items).collect::<Vec<_>>(), "concurrency": concurrency, "on-error": on_error,
                    "fail-fast": fail_fast, "steps": steps,
                } })
            }
        }
    }

    fn catch(&mut self, step: &mut Value, catch: Option<&(bool, Vec<Tree>)>, approvals: bool) {
        if let Some((continues, steps)) = catch {
            let then = if *continues { "continue" } else { "fail" };
            step["catch"] = json!([{ "steps": self.sequence(steps, approvals), "then": then }]);
        }
    }
}

/// What could happen next to a run.
#[derive(Debug)]
enum Move {
    Append(Event),
    /// A time has come.
    Wake(i64, Event),
}

/// How often a person has a run that failed go on.
const RETRIES: usize = 2;

/// The same for the same step, attempt and seed, whatever the order.
fn chance(seed: u64, path: &str, attempt: u32) -> u64 {
    let mut hasher = DefaultHasher::new();
    (seed, path, attempt).hash(&mut hasher);
    hasher.finish() % 100
}

fn moves(simulation: &mut Simulation, seed: u64, disturb: bool) -> Vec<Move> {
    let effects = simulation.settle();
    let mut moves: Vec<Move> =
        effects.into_iter().filter_map(|effect| perform(simulation, effect, seed, disturb)).collect();
    let now = simulation.now;
    // One whose time is over waits for nothing but to be told so.
    let in_time = |approval: &Approval| approval.expires_at.is_none_or(|expires_at| now < expires_at);
    for (path, approval) in simulation.run.waiting_approvals().filter(|(_, approval)| in_time(approval)) {
        let refuse = chance(seed, path, 0) < 25;
        let decision = if refuse { Decision::Refuse } else { Decision::Approve };
        // Who decides is part of the outcome, so there are not more people than it takes.
        let people = if refuse { 1 } else { approval.needs as usize };
        for person in ["alice", "bob"].iter().take(people).filter(|person| !approval.decisions.contains_key(**person)) {
            let (path, by) = (path.to_owned(), (*person).to_owned());
            moves.push(Move::Append(Event::Decided { path, by: by.into(), decision, reason: None }));
        }
    }
    for (path, attempt, call) in simulation.run.open_reviews() {
        let verdict = if chance(seed, call, attempt) < 50 { Verdict::Done } else { Verdict::GiveUp };
        let (path, call, by, reason) = (path.to_owned(), call.to_owned(), "dave".to_owned(), "looked".to_owned());
        moves.push(Move::Append(Event::ReviewSettled { path, attempt, call, by, verdict, reason }));
    }
    if disturb && simulation.run.cancelled().is_none() && !simulation.run.is_finished() {
        moves.push(Move::Append(Event::CancelRequested { by: "dave".to_owned(), reason: None }));
    }
    let retries = simulation.log.iter().filter(|(event, _)| matches!(event, Event::Retried { .. })).count();
    if let (true, true, Ok(event)) =
        (disturb, retries < RETRIES, retry(&simulation.workflow, &simulation.run, &"dave".into(), simulation.now))
    {
        moves.push(Move::Append(event));
    }
    moves
}

fn perform(simulation: &Simulation, effect: Effect, seed: u64, disturb: bool) -> Option<Move> {
    match effect {
        Effect::Invoke { path, attempt, input, .. } => {
            Some(Move::Append(outcome(simulation, path, attempt, &input, seed)))
        }
        Effect::Stop { path, attempt, .. } => {
            let error = StepError::new(StepError::CANCELLED, "stopped");
            Some(Move::Append(Event::StepFailed { path, attempt, error }))
        }
        Effect::Schedule { path, attempt, .. } => {
            // Some behind the window of the approvals before it.
            let at = if disturb && chance(seed, &path, attempt).is_multiple_of(2) { 90_000 } else { 0 };
            Some(Move::Append(Event::RetryScheduled { path, attempt, at }))
        }
        Effect::Wake {
            event: Event::ApprovalExpired { .. } | Event::RunTimedOut | Event::StepTimedOut { .. }, ..
        } if !disturb => None,
        Effect::Wake { at, .. } => {
            let event = effect.due(simulation.now.max(at)).unwrap().clone();
            Some(Move::Wake(at, event))
        }
        Effect::Record(event) => panic!("not settled: {event:?}"),
    }
}

fn outcome(simulation: &Simulation, path: String, attempt: u32, input: &Value, seed: u64) -> Event {
    let call = format!("{path}/{attempt}");
    // An attempt that was resumed goes on to its end.
    let resumed = simulation
        .log
        .iter()
        .any(|(event, _)| matches!(event, Event::StepSuspended { call: other, .. } if *other == call));
    match chance(seed, &path, attempt) {
        0..=54 => Event::StepSucceeded { output: json!({ "of": path, "was given": size(input) }), path, attempt },
        55..=69 if !resumed => Event::StepSuspended { call, path, attempt },
        other => {
            let error = StepError::new(if other % 2 == 0 { "a" } else { "b" }, format!("{path} failed"));
            Event::StepFailed { path, attempt, error }
        }
    }
}

fn size(value: &Value) -> usize {
    value.to_string().len()
}

/// Drives a run to its end; `choices` decides each time which of the possible moves is made.
fn drive(source: &str, seed: u64, choices: &[usize], disturb: bool) -> Simulation {
    let mut simulation = Simulation::new(source);
    for turn in 0.. {
        assert!(turn < 10_000, "the run does not end");
        let mut moves = moves(&mut simulation, seed, disturb);
        if moves.is_empty() {
            break;
        }
        let choice = choices.get(turn % choices.len()).copied().unwrap_or_default().wrapping_add(turn / choices.len());
        match moves.swap_remove(choice % moves.len()) {
            Move::Append(event) => simulation.append(event),
            Move::Wake(at, event) => {
                simulation.now = simulation.now.max(at);
                simulation.append(event);
            }
        }
    }
    simulation
}

/// What is true of every run that has ended.
fn check_end(simulation: &Simulation) -> Result<(), TestCaseError> {
    let run = &simulation.run;
    prop_assert!(run.is_finished(), "stuck: {:#?}", run);
    prop_assert_eq!(next(&simulation.workflow, run), vec![]);
    for (path, step) in run.steps() {
        let ended = !step.state().is_waiting() && !matches!(step.state(), StepState::Running | StepState::Open);
        prop_assert!(ended, "{} is {}", path, step.state().name());
    }
    let refused = run.steps().any(|(_, step)| *step.state() == StepState::Refused);
    prop_assert!(!refused || !matches!(run.status(), RunStatus::Succeeded | RunStatus::Failed | RunStatus::Expired));
    let folded = Run::fold(simulation.log.iter().map(|(event, at)| (event, *at)));
    prop_assert_eq!(folded.as_ref(), Ok(run));
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_order_of_events_does_not_change_the_end(
        steps in prop::collection::vec(tree(), 1..4),
        on_failure in prop::collection::vec(tree(), 0..2),
        seed in any::<u64>(),
        left in prop::collection::vec(any::<usize>(), 1..40),
        right in prop::collection::vec(any::<usize>(), 1..40),
    ) {
        let source = Writer::workflow(&steps, &on_failure, false);
        let left = drive(&source, seed, &left, false);
        let right = drive(&source, seed, &right, false);
        check_end(&left)?;
        prop_assert_eq!(&left.run, &right.run);
    }

    #[test]
    fn whatever_disturbs_it_a_run_ends_and_no_transition_is_illegal(
        steps in prop::collection::vec(tree(), 1..4),
        on_failure in prop::collection::vec(tree(), 0..2),
        seed in any::<u64>(),
        choices in prop::collection::vec(any::<usize>(), 1..40),
    ) {
        let source = Writer::workflow(&steps, &on_failure, true);
        check_end(&drive(&source, seed, &choices, true))?;
    }
}
