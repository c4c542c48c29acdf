//! Which two may be one human being, and what follows for decisions: decided from what the events say, so that it is the
//! same on replay.

use std::collections::BTreeSet;

use workflow::Decision::{Approve, Refuse};
use workflow::{DecisionError, Event, Illegal, Principal, Run, RunInfo, TokenMaker};

/// Somebody with a token that these made, the nearest first.
fn who(name: &str, makers: &[&str]) -> Principal {
    let maker = |name: &&str| TokenMaker { name: (*name).into(), token: Some(format!("t-{name}")) };
    Principal { name: name.into(), token: Some(format!("t-{name}")), makers: makers.iter().map(maker).collect() }
}

/// A run that asks, started by the first of these and caused by the others.
fn asking(started_by: Principal, caused_by: Vec<Principal>, needs: u32) -> Vec<Event> {
    let info = RunInfo {
        id: "r".into(),
        workflow: "w".into(),
        workflow_digest: "d".into(),
        account: "1".into(),
        region: "r".into(),
        started_by,
        caused_by,
        plugins: Default::default(),
        callees: Default::default(),
    };
    let started = Event::Started { info, event: None, inputs: serde_json::json!({}) };
    let approvers = vec!["group:leads".to_owned()];
    let (path, title) = ("ask".to_owned(), "t".to_owned());
    let asked = Event::ApprovalRequested { path, title, approvers, needs, expires: None, show: serde_json::json!({}) };
    vec![started, asked]
}

fn run(events: &[Event]) -> Run {
    Run::fold(events.iter().map(|event| (event, 0))).unwrap()
}

fn decided(by: Principal) -> Event {
    Event::Decided { path: "ask".into(), by, decision: Approve, reason: None }
}

/// What an approval comes to, which must be the same whether it is asked for or read back.
fn approve(events: &[Event], by: &Principal) -> Result<(), String> {
    let leads = BTreeSet::from(["leads".to_owned()]);
    let mut run = run(events);
    let asked = run.decide_check("ask", by, Approve, &leads, 0);
    match (&asked, run.apply(&decided(by.clone()), 0)) {
        (Ok(()), Ok(())) => {}
        (Err(asked), Err(Illegal::Decision(read))) => assert_eq!(*asked, read),
        (asked, read) => panic!("asked {asked:?}, read back {read:?}"),
    }
    asked.map_err(|error| error.to_string())
}

#[test]
fn whoever_made_the_approvers_token_is_no_other_person() {
    let bob = who("bob", &["admin"]);
    let cases = [
        (who("bob", &[]), "you started this run, so another person must decide"),
        (
            who("alice", &["bob", "admin"]),
            "`bob`, who started this run, made your token, or one that it was made with, so another person must decide",
        ),
        (
            who("alice", &["eve", "bob", "admin"]),
            "`bob`, who started this run, made your token, or one that it was made with, so another person must decide",
        ),
        (
            who("admin", &[]),
            "you made the token of `bob`, who started this run, or one that it was made with, so another person must decide",
        ),
    ];
    let events = asking(bob, vec![], 1);
    for (by, why) in cases {
        assert_eq!(approve(&events, &by).unwrap_err(), why);
    }
    // That the same administrator made both is how most installations are.
    assert_eq!(approve(&events, &who("alice", &["admin"])), Ok(()));
    // The same token under another name, and the same name with another token.
    let renamed = Principal { name: "robert".into(), ..who("bob", &[]) };
    assert!(approve(&events, &renamed).is_err());
    assert!(approve(&events, &Principal { token: Some("t-2".into()), ..who("bob", &[]) }).is_err());
}

#[test]
fn whoever_caused_or_retried_a_run_is_no_other_person() {
    let events = asking("queue:events".into(), vec![who("bob", &["admin"])], 1);
    let why = "you started a run that led to this one, so another person must decide";
    assert_eq!(approve(&events, &who("bob", &["admin"])).unwrap_err(), why);
    assert!(approve(&events, &who("eve", &["bob"])).is_err());
    assert_eq!(approve(&events, &who("alice", &["admin"])), Ok(()));

    let mut events = asking(who("carol", &["admin"]), vec![], 1);
    let failed = workflow::StepError::new("x", "y");
    events.push(Event::StepFailed { path: "ask".into(), attempt: 1, error: failed.clone() });
    let status = workflow::RunStatus::Failed;
    events.push(Event::Failing { status, step: Some("ask".into()), error: failed });
    events.push(Event::Finished { status, error: None, output: None });
    events.push(Event::Retried { by: who("bob", &["admin"]), again: vec!["ask".into()], reopened: vec![] });
    events.push(asking("nobody".into(), vec![], 1).remove(1));
    let why = "you retried this run, so another person must decide";
    assert_eq!(approve(&events, &who("bob", &["admin"])).unwrap_err(), why);
    assert_eq!(approve(&events, &who("alice", &["admin"])), Ok(()));
}

#[test]
fn two_approvals_are_those_of_two_people() {
    let mut events = asking("queue:events".into(), vec![], 2);
    events.push(decided(who("alice", &["admin"])));
    assert!(approve(&events, &who("alice-2", &["alice", "admin"])).unwrap_err().contains("has approved this already"));
    assert!(approve(&events, &who("admin", &[])).unwrap_err().starts_with("you made the token of `alice`"));
    assert_eq!(approve(&events, &who("bob", &["admin"])), Ok(()));
    // A refusal needs nobody beside it.
    let leads = BTreeSet::from(["leads".to_owned()]);
    assert_eq!(run(&events).decide_check("ask", &who("alice-2", &["alice"]), Refuse, &leads, 0), Ok(()));
}

/// A ledger of before has names only, and what counted then counts on replay.
#[test]
fn what_an_older_ledger_says_counts_as_it_did() {
    let mut events = asking("carol".into(), vec![], 1);
    assert_eq!(
        run(&events).decide_check("ask", &"carol".into(), Approve, &BTreeSet::new(), 0),
        Err(DecisionError::SamePerson)
    );
    events.push(decided("bob".into()));
    assert!(run(&events).step("ask").is_some());
}
