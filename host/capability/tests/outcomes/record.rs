//! What is read back from a ledger, and which ledgers cannot be.

use capability::{OpenCall, Recorded, Replay, Settlement, State};
use ledger::{Draft, Record};
use serde_json::{Value, json};

use crate::world::{READ, START, Step, World, records, unknown, without};

fn refused(records: &[Record]) -> String {
    let error = Replay::read(records).unwrap_err();
    assert_eq!(error.run, "r-1");
    error.to_string()
}

fn about(kind: &'static str, data: Value) -> Draft {
    Draft::new(kind, START, "host", data).about("r-1/s/1/1")
}

#[tokio::test]
async fn calls_are_found_by_step_attempt_and_number() {
    let step = Step::new(World::new(Settlement::Review).answering([Ok(json!("a")), unknown()]));
    step.call(READ, json!({})).await;
    step.write().await;
    let replay = Replay::read(&step.world.records()).unwrap();
    let calls = replay.attempt("s", 1);
    assert_eq!(calls.keys().copied().collect::<Vec<_>>(), [1, 2]);
    assert_eq!(calls[&1].state, State::Answered(json!({ "ok": "a" })));
    let Recorded { state: State::Open(open), .. } = &calls[&2] else { panic!("{calls:?}") };
    let expected = OpenCall {
        function: crate::world::WRITE.into(),
        arguments: json!({}),
        since: START,
        under_way: false,
        sends: 1,
        before: None,
        repeat: false,
        doubt: false,
    };
    assert_eq!(*open, expected);
    assert!(replay.attempt("s", 2).is_empty() && replay.attempt("t", 1).is_empty());
}

#[tokio::test]
async fn what_is_about_no_call_or_of_another_kind_is_passed_over() {
    let other = Draft::new("step.started", START, "host", json!({}));
    let note = about("call.host-read", json!({}));
    let replay = Replay::read(&records(&[other, note])).unwrap();
    assert!(replay.attempt("s", 1).is_empty());
}

#[tokio::test]
async fn a_ledger_that_cannot_be_is_refused() {
    let step = Step::new(World::new(Settlement::Repeatable).answering([unknown()]));
    step.write().await;
    // intent unknown settled intent outcome
    let kept = step.world.kept.lock().unwrap().clone();
    let read = |drafts: Vec<Draft>| refused(&records(&drafts));
    let key = Draft::new("call.read", START, "host", json!({})).about("r-1");
    assert_eq!(read(vec![key]), "entry 1 of run `r-1`: its call key cannot be read");
    let twice = read(vec![kept[0].clone(), kept[3].clone()]);
    assert_eq!(twice, "entry 2 of run `r-1`: it announces a call that is not known to be undone");
    for kind in ["call.outcome", "call.unknown", "call.settled", "review.settled"] {
        let alone = read(vec![about(kind, json!({ "verdict": "done" }))]);
        assert_eq!(alone, "entry 1 of run `r-1`: it is about a call without an intent");
        let answered = [&kept[..], &[about(kind, json!({ "verdict": "done" }))]].concat();
        assert_eq!(read(answered), "entry 6 of run `r-1`: its call is not open");
    }
    for kind in ["call.settled", "review.settled"] {
        for data in [json!({}), json!({ "verdict": "maybe" })] {
            let no_verdict = read(vec![kept[0].clone(), about(kind, data)]);
            assert_eq!(no_verdict, "entry 2 of run `r-1`: it has no verdict");
        }
    }
    let give_up = read(vec![kept[0].clone(), about("call.settled", json!({ "verdict": "give-up" }))]);
    assert_eq!(give_up, "entry 2 of run `r-1`: it has no verdict");
    let presumed = [&kept[..2], &[about("review.settled", json!({ "verdict": "done" }))]].concat();
    let unsettled = [&presumed[..], &[about("call.outcome", json!({}))]].concat();
    assert_eq!(read(unsettled), "entry 4 of run `r-1`: its call is not open");

    let mut nameless = kept[0].clone();
    nameless.data.as_object_mut().unwrap().remove("function");
    assert_eq!(read(vec![nameless]), "entry 1 of run `r-1`: it names no function");
    let mut unhashed = kept[0].clone();
    unhashed.data.as_object_mut().unwrap().remove("arguments");
    assert_eq!(read(vec![unhashed]), "entry 1 of run `r-1`: it has no hash of its arguments");
    let removed = [without(&records(&kept)[0], "arguments")];
    assert_eq!(refused(&removed), "entry 1 of run `r-1`: its payload `arguments` was removed");
}
