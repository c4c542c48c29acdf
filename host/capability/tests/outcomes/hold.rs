//! Writes are not sent late, not judged early, and never called undone because they may be repeated.

use std::sync::atomic::Ordering;
use std::time::Duration;

use capability::{FaultKind, Passed, Settlement};
use ledger::Draft;
use serde_json::{Value, json};

use crate::world::{START, Step, WRITE, World, failed, unknown};

/// A crash right behind the intent of the first write.
async fn interrupted(settlement: Settlement) -> Step {
    let step = Step::new(World::new(settlement));
    step.write().await;
    step.world.kept.lock().unwrap().truncate(1);
    step.world.now.store(START, Ordering::Relaxed);
    step.again()
}

fn verdicts(step: &Step) -> Vec<Value> {
    step.world.facts("call.settled", "verdict")
}

/// The request of the process that died may have been sent some time after its intent, and may have been on its way for as
/// long as a request can take: only then does its absence begin to count.
#[tokio::test]
async fn absence_counts_from_when_the_request_must_have_ended() {
    let again = interrupted(Settlement::Observe).await;
    again.world.now.store(START + 30_000, Ordering::Relaxed);
    again.write().await;
    let resent = again.world.kept.lock().unwrap().iter().rfind(|draft| draft.kind == "call.intent").unwrap().time;
    assert!(resent > START + 60_000, "it is sent again {} ms after its intent", resent - START);
}

/// The step is stopped while the host looks up where the resource is.
#[tokio::test]
async fn a_write_is_not_sent_once_the_attempt_is_stopped() {
    let step = Step::new(World::new(Settlement::Review));
    step.world.lookups.forget_permits(usize::MAX);
    let (gate, attempt) = (step.gate.clone(), step.attempt.clone());
    let call = tokio::spawn(async move { gate.pass(&attempt, WRITE, &json!({})).await });
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    let attempt = step.attempt.clone();
    let quiet = tokio::spawn(async move { attempt.quiesce().await });
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    step.world.lookups.add_permits(9);
    quiet.await.unwrap();
    assert!(matches!(call.await.unwrap(), Passed::Fail { code: "cancelled", .. }));
    assert_eq!((step.world.sent(), step.world.kinds(0).contains("intent")), (0, false), "{}", step.world.kinds(0));
}

/// What may be repeated is not known to be undone.
#[tokio::test]
async fn what_may_be_repeated_is_not_called_undone() {
    for (settlement, repeat_unknown) in
        [(Settlement::Repeatable, false), (Settlement::Token, false), (Settlement::Review, true)]
    {
        let step = Step::new(World { repeat_unknown, ..World::new(settlement) }.answering([unknown()]));
        step.write().await;
        assert_eq!(verdicts(&step), ["again"], "{settlement:?}");
    }
}

/// After the word that it may be repeated, the grant is revoked: a person decides what became of the first sending.
#[tokio::test]
async fn a_repeat_that_is_denied_leaves_the_call_open() {
    let step = Step::new(World::new(Settlement::Repeatable).answering([unknown()]));
    step.world.permits.forget_permits(usize::MAX);
    let (gate, attempt) = (step.gate.clone(), step.attempt.clone());
    let call = tokio::spawn(async move { gate.pass(&attempt, WRITE, &json!({})).await });
    step.until_sent().await;
    step.world.granted.store(false, Ordering::Relaxed);
    step.world.permits.add_permits(9);
    let passed = call.await.unwrap();
    assert!(matches!(passed, Passed::Suspend(_)), "{passed:?}");
    assert!(step.attempt.suspended().is_some());
    assert_eq!(step.world.kinds(0), "intent unknown settled unknown");
    // The next process finds it open, with a person's word to wait for.
    step.world.granted.store(true, Ordering::Relaxed);
    let done = Draft::new("review.settled", START + 7, "user:alice", json!({ "verdict": "done" })).about("r-1/s/1/1");
    step.world.kept.lock().unwrap().push(done);
    assert_eq!(step.again().write().await, crate::world::ok(json!("presumed")));
    assert_eq!(step.world.sent(), 1);
}

/// A repeatable call that was interrupted and that nobody comes to again stays open.
#[tokio::test]
async fn a_repeat_that_never_comes_leaves_the_call_open() {
    let again = interrupted(Settlement::Repeatable).await;
    again.gate.settle_open(&again.attempt).await.unwrap();
    assert!(again.attempt.suspended().is_some(), "{}", again.world.kinds(1));
    assert!(!verdicts(&again).contains(&json!("not-done")));
}

/// What the second sending was turned away with says nothing of the first one.
#[tokio::test]
async fn a_repeat_that_is_turned_away_does_not_undo_the_first() {
    let turned_away = || Err(failed(FaultKind::Throttled, "code"));
    let answers = std::iter::once(unknown()).chain(std::iter::repeat_with(turned_away).take(9));
    let step = Step::new(World::new(Settlement::Repeatable).answering(answers));
    let passed = step.write().await;
    assert!(!verdicts(&step).contains(&json!("not-done")), "{:?}", verdicts(&step));
    assert!(matches!(passed, Passed::Suspend(_)), "{passed:?}");
}

/// The guest goes another way just where a call is open: that call is decided all the same.
#[tokio::test]
async fn the_open_call_at_which_a_replay_diverges_is_settled() {
    let again = interrupted(Settlement::Review).await;
    let passed = again.call(WRITE, json!({ "other": true })).await;
    assert!(matches!(passed, Passed::Fail { code: "nondeterministic", .. }), "{passed:?}");
    again.attempt.quiesce().await;
    again.gate.settle_open(&again.attempt).await.unwrap();
    assert!(again.attempt.suspended().is_some(), "the call at which it went another way is forgotten");
}

/// A person's word is kept where the account left the configuration meanwhile.
#[tokio::test]
async fn a_persons_done_outlives_the_configuration() {
    let again = interrupted(Settlement::Review).await;
    let done = Draft::new("review.settled", START + 7, "user:alice", json!({ "verdict": "done" })).about("r-1/s/1/1");
    again.world.kept.lock().unwrap().push(done);
    let later = again.again();
    later.world.known.store(false, Ordering::Relaxed);
    let passed = later.write().await;
    assert!(matches!(passed, Passed::Suspend(_)), "{passed:?}");
    // What is written then can be read, and the account's return and a word are enough.
    later.world.known.store(true, Ordering::Relaxed);
    let done = Draft::new("review.settled", START + 9, "user:alice", json!({ "verdict": "done" })).about("r-1/s/1/1");
    later.world.kept.lock().unwrap().push(done);
    assert_eq!(later.again().write().await, crate::world::ok(json!("presumed")));
    assert_eq!(later.world.sent(), 1);
}

/// A ledger that takes longer than a write may wait for: it is not sent, and announced anew.
#[tokio::test(start_paused = true)]
async fn what_is_announced_long_ago_is_not_sent() {
    let step = Step::new(World { commit_takes: Duration::from_secs(11), ..World::new(Settlement::Review) });
    let passed = step.write().await;
    assert_eq!(step.world.sent(), 0);
    let Passed::Answer(answer) = &passed else { panic!("{passed:?}") };
    assert_eq!(answer["err"]["unavailable"]["code"], "late");
    assert_eq!(step.world.kinds(0), format!("{}intent outcome", "intent settled ".repeat(4)));
    assert_eq!(step.world.facts("call.settled", "by"), ["late"; 4]);
}

/// Without credentials there is no intent: nothing was about to be sent.
#[tokio::test]
async fn a_write_without_credentials_is_denied_before_its_intent() {
    let step = Step::new(World::new(Settlement::Review));
    step.world.prepared.lock().unwrap().push_back(Err(failed(FaultKind::AccessDenied, "AccessDenied")));
    assert_eq!(step.write().await, crate::world::err(FaultKind::AccessDenied, "AccessDenied"));
    assert_eq!((step.world.sent(), step.world.kinds(0).as_str()), (0, "denied"));
    assert_eq!(step.world.facts("call.denied", "reason"), ["no-credentials"]);
    assert_eq!(step.world.facts("call.denied", "action"), ["thing:Put"]);
    assert_eq!(step.again().write().await, crate::world::err(FaultKind::AccessDenied, "AccessDenied"));
    // A moment without them is waited out.
    let step = Step::new(World::new(Settlement::Review));
    step.world.prepared.lock().unwrap().push_back(Err(failed(FaultKind::Throttled, "Throttling")));
    assert_eq!(step.write().await, crate::world::ok(json!({})));
}

/// What a process before left open is settled before the guest is run again, so that the replay waits for nothing.
#[tokio::test]
async fn what_was_interrupted_is_settled_before_the_replay() {
    let again = interrupted(Settlement::Observe).await;
    again.gate.settle_interrupted(&again.attempt).await.unwrap();
    assert_eq!(verdicts(&again), ["not-done"]);
    let waited = again.world.waits().len();
    assert_eq!(again.write().await, crate::world::ok(json!({})));
    assert_eq!((again.world.sent(), again.world.waits().len()), (2, waited));

    let again = interrupted(Settlement::Review).await;
    again.gate.settle_interrupted(&again.attempt).await.unwrap();
    assert!(again.attempt.suspended().is_some());

    // What may be repeated is, or is left to a person.
    let again = interrupted(Settlement::Repeatable).await;
    again.gate.settle_interrupted(&again.attempt).await.unwrap();
    assert_eq!((verdicts(&again), again.attempt.suspended()), (vec![json!("again")], None));
    let other = again.again();
    assert_eq!(again.write().await, crate::world::ok(json!({})));
    assert_eq!((again.world.sent(), verdicts(&again).len()), (2, 1));
    other.gate.settle_interrupted(&other.attempt).await.unwrap();
    assert_eq!(other.attempt.suspended(), None);
    other.gate.settle_open(&other.attempt).await.unwrap();
    assert!(other.attempt.suspended().is_some(), "it was not repeated");
}
