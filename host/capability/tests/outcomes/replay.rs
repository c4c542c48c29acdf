//! The same step in another process: recorded calls are answered from the ledger, open ones are settled first.

use std::sync::atomic::Ordering;

use capability::{CallKey, FaultKind, Observation, Passed, Settlement, Touch};
use ledger::Draft;
use serde_json::{Value, json};

use crate::world::{READ, START, Step, World, failed, ok, unknown};

const LOG: &str = "quell:log/log@0.1.0#write";

/// Drops what the ledger has from the entry at `from` on: the process died there.
fn dies(step: &Step, from: usize) -> Step {
    step.world.kept.lock().unwrap().truncate(from);
    step.world.now.store(START, Ordering::Relaxed);
    step.again()
}

fn person(verdict: &str) -> Draft {
    Draft::new("review.settled", START + 7, "user:alice", json!({ "verdict": verdict })).about("r-1/s/1/1")
}

#[tokio::test]
async fn recorded_calls_are_not_made_again() {
    let step = Step::new(World::new(Settlement::Review).answering([Ok(json!("one")), Ok(json!("two"))]));
    let line = json!({ "level": "info", "message": "x" });
    assert_eq!(step.call(READ, json!({})).await, ok(json!("one")));
    assert_eq!(step.write().await, ok(json!("two")));
    step.call(LOG, line.clone()).await;
    step.world.granted.store(false, Ordering::Relaxed);
    let denied = step.call(READ, json!({ "other": 1 })).await;
    let entries = step.world.kinds(0);
    assert_eq!(entries, "read intent outcome log denied");

    // Granted again: what was denied stays denied, and nothing is sent or written.
    step.world.granted.store(true, Ordering::Relaxed);
    let again = step.again();
    assert!(again.attempt.is_behind());
    assert_eq!(again.call(READ, json!({})).await, ok(json!("one")));
    assert_eq!(again.write().await, ok(json!("two")));
    assert_eq!(again.call(LOG, line).await, Passed::Answer(json!({})));
    assert!(again.attempt.is_behind());
    assert_eq!(again.call(READ, json!({ "other": 1 })).await, denied);
    assert!(!again.attempt.is_behind());
    assert_eq!((again.world.sent(), again.world.kinds(0)), (2, entries));
    assert_eq!(again.attempt.suspended(), None);
    // Behind the last recorded call it goes on.
    assert_eq!(again.write().await, ok(json!({})));
    assert_eq!(again.world.sent(), 3);
    assert!(!again.attempt.is_behind());
}

/// Where a resource is, is asked of calls that are about to be made and of no others.
#[tokio::test]
async fn recorded_calls_are_not_located_again() {
    let touch = |path: &str| Touch { action: "thing:Put".into(), resource: format!("arn:aws:thing:::{path}/7") };
    let touches = |world: &World| world.facts("call.intent", "touches");
    let step = Step::new(World::new(Settlement::Observe));
    step.world.located.lock().unwrap().extend([Ok(Some(vec![touch("a")])), Ok(Some(vec![touch("b")]))]);
    assert_eq!(step.write().await, ok(json!({})));
    assert_eq!(step.world.kinds(0), "host-read intent outcome");
    assert_eq!(touches(&step.world), [json!([touch("a")])]);

    let again = step.again();
    assert_eq!(again.write().await, ok(json!({})));
    assert_eq!((again.world.kinds(3).as_str(), again.world.located.lock().unwrap().len()), ("", 1));

    // One that was not carried out is made anew.
    let again = dies(&step, 2);
    assert_eq!(again.write().await, ok(json!({})));
    assert_eq!(again.world.kinds(2), "host-read host-read settled host-read intent outcome");
    let purposes = again.world.facts("call.host-read", "purpose");
    assert_eq!(purposes, ["locate", "observe", "observe", "locate"]);
    assert_eq!(touches(&again.world), [json!([touch("a")]), json!([touch("b")])]);
}

#[tokio::test]
async fn other_calls_than_the_recorded_ones_fail_and_send_nothing() {
    for (function, arguments) in [(READ, json!({})), (crate::world::WRITE, json!({ "a": null })), (LOG, json!({}))] {
        let step = Step::new(World::new(Settlement::Review));
        step.write().await;
        let again = step.again();
        let passed = again.call(function, arguments).await;
        assert!(matches!(passed, Passed::Fail { code: "nondeterministic", .. }), "{passed:?}");
        assert_eq!((again.world.sent(), again.world.kinds(0).as_str()), (1, "intent outcome"));
    }
}

#[tokio::test]
async fn an_open_call_is_settled_before_it_is_sent_again() {
    let step = Step::new(World::new(Settlement::Observe));
    step.write().await;
    let again = dies(&step, 1);
    again.world.observations.lock().unwrap().push_back(Ok(Observation::Done(json!("seen"))));
    assert_eq!(again.write().await, ok(json!("seen")));
    assert_eq!((again.world.sent(), again.world.kinds(1).as_str()), (1, "host-read settled"));

    // The wait counts from when the request must have ended, not from the start of the process.
    let again = dies(&step, 1);
    again.world.now.store(START + 60_000, Ordering::Relaxed);
    assert_eq!(again.write().await, ok(json!({})));
    assert_eq!((again.world.sent(), again.world.waits()), (2, vec![5_000]));
    assert_eq!(again.world.kinds(1), "host-read host-read settled intent outcome");
    assert_eq!(again.world.facts("call.intent", "send"), [1, 2]);
}

#[tokio::test]
async fn a_call_that_is_known_to_be_undone_is_sent_and_counted() {
    let throttled = || Err(failed(FaultKind::Throttled, "code"));
    let step =
        Step::new(World::new(Settlement::Review).answering([throttled(), throttled(), throttled(), throttled()]));
    step.write().await;
    // Behind the second `settled`: two sendings, both known to have come to nothing.
    let again = dies(&step, 4);
    let more = std::iter::repeat_with(|| Err(failed(FaultKind::Throttled, "code"))).take(9);
    again.world.answers.lock().unwrap().extend(more);
    again.write().await;
    assert_eq!(again.world.facts("call.intent", "send"), [1, 2, 3, 4, 5]);
    assert_eq!(again.world.sent(), 5 + 3);
}

#[tokio::test]
async fn a_persons_word_decides() {
    let suspended = async || {
        let step = Step::new(World::new(Settlement::Review).answering([unknown()]));
        assert!(step.suspends().await);
        step
    };
    let step = suspended().await;
    step.world.kept.lock().unwrap().push(person("done"));
    let again = step.again();
    assert_eq!(again.write().await, ok(json!("presumed")));
    assert_eq!((again.world.sent(), again.world.kinds(3).as_str()), (1, "settled"));
    assert_eq!(again.again().write().await, ok(json!("presumed")));

    let step = suspended().await;
    step.world.kept.lock().unwrap().push(person("not-done"));
    let again = step.again();
    assert_eq!(again.write().await, ok(json!({})));
    assert_eq!((again.world.sent(), again.world.kinds(3).as_str()), (2, "intent outcome"));

    let step = suspended().await;
    step.world.kept.lock().unwrap().push(person("give-up"));
    assert!(step.again().suspends().await);
    assert_eq!(step.world.sent(), 1);
}

#[tokio::test]
async fn a_call_of_an_account_that_is_gone_is_a_persons() {
    let step = Step::new(World::new(Settlement::Repeatable));
    step.write().await;
    let again = dies(&step, 1);
    again.world.known.store(false, Ordering::Relaxed);
    assert!(again.suspends().await);
    assert_eq!((again.world.sent(), again.world.kinds(1).as_str()), (1, "unknown"));
    // A new call is refused.
    let Passed::Answer(answer) = again.write().await else { panic!("it was not answered") };
    assert_eq!(answer["err"]["access-denied"]["code"], "account");
    assert_eq!(again.world.facts("call.denied", "reason"), ["out-of-scope"]);
}

/// The numbers of the calls that stayed open and that nobody came to again.
async fn left_open(step: &Step) -> Option<CallKey> {
    step.gate.settle_open(&step.attempt).await.unwrap();
    step.attempt.suspended()
}

#[tokio::test]
async fn open_calls_that_nobody_comes_to_again_are_settled_and_not_sent() {
    let step = Step::new(World::new(Settlement::Observe));
    step.write().await;
    let again = dies(&step, 1);
    again.world.observations.lock().unwrap().push_back(Ok(Observation::Done(json!("seen"))));
    assert_eq!(left_open(&again).await, None);
    assert_eq!((again.world.sent(), again.world.kinds(1).as_str()), (1, "host-read settled"));

    let key = CallKey { run: "r-1".into(), step: "s".into(), attempt: 1, number: 1 };
    for (known, settlement) in [(true, Settlement::Review), (false, Settlement::Review), (true, Settlement::Repeatable)]
    {
        let step = Step::new(World::new(settlement));
        step.write().await;
        let again = dies(&step, 1);
        again.world.known.store(known, Ordering::Relaxed);
        assert_eq!(left_open(&again).await, Some(key.clone()));
        assert_eq!((again.world.sent(), again.world.kinds(1).as_str()), (1, "unknown"));
    }
}

/// A lookup is a request to where the plugin said, with what the plugin was granted: a grant that is revoked holds for it. What
/// the host asks AWS is its own.
#[tokio::test]
async fn what_is_granted_no_more_is_not_looked_up() {
    for (touched, asks) in [("https://hooks.test/services/1", false), ("arn:aws:s3:::bucket/a://b", true)] {
        for comes_again in [true, false] {
            let step = Step::new(World { touched, ..World::new(Settlement::Observe) });
            step.write().await;
            let again = dies(&step, 1);
            again.world.granted.store(false, Ordering::Relaxed);
            again.world.observations.lock().unwrap().push_back(Ok(Observation::Done(json!("seen"))));
            match comes_again {
                true => again.write().await,
                false => Passed::Answer(json!(left_open(&again).await.map(|key| key.to_string()))),
            };
            assert_eq!(again.world.observations.lock().unwrap().is_empty(), asks, "{touched} {comes_again}");
            assert_eq!(again.attempt.suspended().is_some(), !asks, "{touched} {comes_again}");
            assert_eq!(again.world.sent(), 1);
            let why = &again.world.records()[1];
            let why = Value::to_string(&why.payload("answer").unwrap());
            assert_eq!(why.contains("the plugin has no grant"), !asks, "{why}");
        }
    }
}

/// Also while it is looked for again and again: the grant is asked each time.
#[tokio::test]
async fn a_grant_that_is_revoked_ends_the_looking() {
    let step = Step::new(World { touched: "https://hooks.test/1", ..World::new(Settlement::Observe) });
    step.write().await;
    let again = dies(&step, 1);
    again.world.revoking.store(true, Ordering::Relaxed);
    again.world.observations.lock().unwrap().extend([Ok(Observation::Absent), Ok(Observation::Done(json!("seen")))]);
    assert!(again.suspends().await);
    assert_eq!((again.world.sent(), again.world.observations.lock().unwrap().len()), (1, 1));
}

#[tokio::test]
async fn only_open_calls_that_nobody_came_to_are_settled() {
    // Answered: nothing to settle.
    let step = Step::new(World::new(Settlement::Review));
    step.write().await;
    assert_eq!(left_open(&step.again()).await, None);
    assert_eq!(step.world.kinds(0), "intent outcome");
    // Open, but the guest came to it: that call settles it itself.
    let step = Step::new(World::new(Settlement::Review));
    step.write().await;
    let again = dies(&step, 1);
    assert!(again.suspends().await);
    again.gate.settle_open(&again.attempt).await.unwrap();
    assert_eq!(again.world.kinds(1), "");
}

#[tokio::test]
async fn a_replayed_log_counts_as_it_did() {
    let line = |text: &str| json!({ "level": "info", "message": text });
    let step = Step::new(World::new(Settlement::Review));
    for _ in 0..999 {
        step.call(LOG, line("x")).await;
    }
    let again = step.again();
    for _ in 0..1_002 {
        again.call(LOG, line("x")).await;
    }
    let kept = again.world.kept.lock().unwrap();
    let message = |draft: &Draft| {
        let value: Value = serde_json::from_slice(&draft.payloads["arguments"]).unwrap();
        value["message"].as_str().unwrap().to_string()
    };
    assert_eq!(kept.len(), 1_001);
    assert_eq!((message(&kept[999]).as_str(), message(&kept[1_000]).as_str()), ("x", "log truncated"));
}
