//! Decisions: who may make one, and which count.

use std::collections::BTreeSet;

use workflow::Decision::{Approve, Refuse};
use workflow::{DecisionError, Event, Illegal, Millis, Run, RunStatus};

use crate::simulation::Simulation;

const SOURCE: &str = "
name: w
steps:
  - id: ask
    approval: { title: t, approvers: ['group:leads', 'user:bob'], needs: 2, expires: 1h }
  - { id: b, plugin: p }
";
const EXPIRY: Millis = 3_600_000;

fn waiting() -> Simulation {
    let mut simulation = Simulation::new(SOURCE);
    simulation.settle();
    simulation
}

fn approved(by: &str) -> Event {
    Event::Decided { path: "ask".to_owned(), by: by.into(), decision: Approve, reason: None }
}

/// What an approval by this person, a lead unless it is Bob or Eve, comes to.
fn approve(run: &Run, by: &str, now: Millis) -> Result<(), DecisionError> {
    run.decide_check("ask", &by.into(), Approve, &groups(by), now)
}

fn groups(by: &str) -> BTreeSet<String> {
    if ["bob", "eve"].contains(&by) { BTreeSet::new() } else { BTreeSet::from(["leads".to_owned()]) }
}

fn not_waiting(path: &str) -> Result<(), DecisionError> {
    Err(DecisionError::NotWaiting { path: path.to_owned() })
}

#[test]
fn only_those_who_are_named_and_did_not_start_it_decide_in_time() {
    let simulation = waiting();
    let run = &simulation.run;
    assert_eq!(run.status(), RunStatus::Waiting);
    assert_eq!(approve(run, "bob", 0), Ok(()));
    assert_eq!(approve(run, "alice", EXPIRY - 1), Ok(()));
    assert_eq!(approve(run, "alice", EXPIRY), Err(DecisionError::Expired));
    assert_eq!(approve(run, "carol", 0), Err(DecisionError::SamePerson));
    let needs = vec!["group:leads".to_owned(), "user:bob".to_owned()];
    assert_eq!(approve(run, "eve", 0), Err(DecisionError::NotApprover { needs }));
}

#[test]
fn only_what_waits_is_decided() {
    assert_eq!(approve(&Simulation::new(SOURCE).run, "alice", 0), not_waiting("ask"));
    let mut simulation = waiting();
    assert_eq!(simulation.run.decide_check("b", &"alice".into(), Approve, &groups("alice"), 0), not_waiting("b"));
    simulation.append(Event::CancelRequested { by: "dave".to_owned(), reason: None });
    assert_eq!(approve(&simulation.run, "alice", 0), not_waiting("ask"));
}

#[test]
fn a_person_counts_once_and_does_not_change_their_mind() {
    let mut simulation = waiting();
    simulation.append(approved("alice"));
    assert_eq!(approve(&simulation.run, "alice", 1), Err(DecisionError::Duplicate));
    let otherwise = simulation.run.decide_check("ask", &"alice".into(), Refuse, &groups("alice"), 1);
    assert_eq!(otherwise, Err(DecisionError::Contradiction));
    assert_eq!(simulation.run.waiting_approvals().map(|(_, approval)| approval.approved()).collect::<Vec<_>>(), [1]);
}

#[test]
fn what_is_decided_stays_decided() {
    let mut simulation = waiting();
    simulation.append(approved("alice"));
    simulation.now = 5;
    simulation.append(approved("bob"));
    let settled = DecisionError::AlreadyDecided { by: "bob".to_owned(), decision: Approve };
    let late = simulation.run.decide_check("ask", &"dora".into(), Refuse, &groups("dora"), 6);
    assert_eq!(late, Err(settled));
    assert_eq!(approve(&simulation.run, "bob", 6), Err(DecisionError::Duplicate));
}

#[test]
fn the_fold_refuses_what_it_can_tell_whoever_appends_it() {
    let mut simulation = waiting();
    simulation.append(approved("alice"));
    let before = simulation.run.clone();
    for (by, at, error) in [
        ("alice", 1, DecisionError::Duplicate),
        ("carol", 1, DecisionError::SamePerson),
        ("bob", EXPIRY, DecisionError::Expired),
    ] {
        assert_eq!(simulation.run.apply(&approved(by), at), Err(Illegal::Decision(error)));
        assert_eq!(simulation.run, before, "nothing has changed");
    }
    let expired = Event::ApprovalExpired { path: "ask".to_owned() };
    let early = simulation.run.apply(&expired, EXPIRY - 1);
    assert_eq!(early, Err(Illegal::NotExpired { path: "ask".to_owned() }));
    assert_eq!(simulation.run.apply(&expired, EXPIRY), Ok(()));
    assert_eq!(approve(&simulation.run, "bob", EXPIRY + 1), Err(DecisionError::Expired));
}
