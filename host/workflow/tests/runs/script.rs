//! Scripts: what happens to a run, a line each, and the trace of what comes of it.

use serde_json::json;
use workflow::{Decision, Effect, Event, Run, StepError, Verdict, retry};

use crate::simulation::Simulation;

/// Carries out a script, a line each, and compares the trace: after each line, the effects there are.
///
/// Lines: `ok <step> [attempt]`, `fail <step> <code> [attempt]`, `approve|refuse <step> <person>`, `suspend <step>`,
/// `settle <step> done|not-done|give-up`, `retry <step> <attempt> <at>`, `wake` (the first), `at <time>`, `cancel`,
/// `go-on [person]`.
pub fn check(source: &str, script: &str, expected: &[&str]) -> Simulation {
    check_linked(source, &[], script, expected)
}

/// The same, of a workflow that calls others.
pub fn check_linked(source: &str, others: &[&str], script: &str, expected: &[&str]) -> Simulation {
    let mut simulation = Simulation::linked(source, others);
    let mut trace = vec![describe(&mut simulation)];
    for line in script.lines().map(str::trim).filter(|line| !line.is_empty()) {
        carry_out(&mut simulation, line);
        trace.push(describe(&mut simulation));
    }
    assert_eq!(trace, expected);
    let log = simulation.log.iter().map(|(event, at)| (event, *at));
    assert_eq!(Run::fold(log), Ok(simulation.run.clone()), "the same events give the same run");
    simulation
}

pub fn carry_out(simulation: &mut Simulation, line: &str) {
    let words: Vec<&str> = line.split_whitespace().collect();
    let number = |at: usize| words.get(at).map_or(1, |word| word.parse().unwrap());
    let path = words.get(1).copied().unwrap_or_default().to_owned();
    match words[0] {
        "ok" => succeed(simulation, &path, number(2)),
        "fail" => fail(simulation, &path, number(3), words[2]),
        "approve" | "refuse" => {
            let decision = if words[0] == "approve" { Decision::Approve } else { Decision::Refuse };
            simulation.append(Event::Decided { path, by: words[2].into(), decision, reason: None });
        }
        "suspend" => simulation.append(Event::StepSuspended { path, attempt: 1, call: "c".to_owned() }),
        "settle" => {
            let verdict = match words[2] {
                "done" => Verdict::Done,
                "not-done" => Verdict::NotDone,
                _ => Verdict::GiveUp,
            };
            let (by, reason) = ("dave".to_owned(), "looked".to_owned());
            simulation.append(Event::ReviewSettled { path, attempt: 1, call: "c".to_owned(), by, verdict, reason });
        }
        "retry" => {
            let at = words[3].parse().unwrap();
            simulation.append(Event::RetryScheduled { path, attempt: number(2), at });
        }
        "wake" => {
            let now = simulation.now;
            let due = |effect: &Effect| match effect {
                Effect::Wake { at, .. } => Some((now.max(*at), effect.due(now.max(*at))?.clone())),
                _ => None,
            };
            let wake = simulation.settle().iter().filter_map(due).min_by_key(|(at, _)| *at);
            let (at, event) = wake.unwrap();
            simulation.now = at;
            simulation.append(event);
        }
        "go-on" => {
            let by = words.get(1).copied().unwrap_or("dave");
            let event = retry(&simulation.workflow, &simulation.run, &by.into(), simulation.now).unwrap();
            simulation.append(event);
        }
        "at" => simulation.now = words[1].parse().unwrap(),
        "cancel" => simulation.append(Event::CancelRequested { by: "dave".to_owned(), reason: None }),
        other => panic!("{other}"),
    }
}

pub fn succeed(simulation: &mut Simulation, path: &str, attempt: u32) {
    let output = json!({ "of": path, "attempt": attempt });
    simulation.append(Event::StepSucceeded { path: path.to_owned(), attempt, output });
}

pub fn fail(simulation: &mut Simulation, path: &str, attempt: u32, code: &str) {
    let error = StepError::new(code, format!("{path} failed"));
    simulation.append(Event::StepFailed { path: path.to_owned(), attempt, error });
}

/// The effects, or the end.
pub fn describe(simulation: &mut Simulation) -> String {
    let effects = simulation.settle();
    let described = effects.iter().map(|effect| match effect {
        Effect::Invoke { path, attempt, .. } => format!("run {path}#{attempt}"),
        Effect::Stop { path, attempt, .. } => format!("stop {path}#{attempt}"),
        Effect::Schedule { path, attempt, delay, .. } => format!("retry {path}#{attempt} in {}s", delay.as_secs()),
        Effect::Wake { at, event: Event::StepStarted { path, attempt, .. }, .. } => {
            format!("start {path}#{attempt} at {at}")
        }
        Effect::Wake { at, event: Event::BlockStarted { path, attempt, .. }, .. } => {
            format!("begin {path}#{attempt} at {at}")
        }
        Effect::Wake { at, event: Event::StepTimedOut { path, .. }, .. } => format!("time out {path} at {at}"),
        Effect::Wake { at, event: Event::StepSucceeded { path, .. }, .. } => format!("go on behind {path} at {at}"),
        Effect::Wake { at, event: Event::ApprovalExpired { path }, .. } => format!("expire {path} at {at}"),
        Effect::Wake { at, event: Event::ApprovalReopened { path, again, .. }, .. } => {
            format!("ask {} before {path} at {at}", again.join(" and "))
        }
        Effect::Wake { at, event: Event::RunTimedOut, .. } => format!("time out at {at}"),
        other => panic!("{other:?}"),
    });
    let all = described.collect::<Vec<_>>().join(", ");
    let status = simulation.run.status();
    if all.is_empty() || status.is_final() { format!("{}{all}", status.name()) } else { all }
}

pub fn steps(steps: &str) -> String {
    format!("name: w\nsteps:\n{steps}")
}
