//! How an unknown outcome is decided: by looking, by sending again, or by a person.

use capability::{FaultKind, Observation, Passed, Settlement};
use serde_json::{Value, json};

use crate::world::{Step, World, failed, ok, unknown};

fn observed() -> World {
    World::new(Settlement::Observe).answering([unknown()])
}

#[tokio::test]
async fn what_is_seen_was_done() {
    let step = Step::new(observed().observing([Ok(Observation::Done(json!("seen")))]));
    assert_eq!(step.write().await, ok(json!("seen")));
    assert_eq!((step.world.sent(), step.world.waits()), (1, vec![]));
    assert_eq!(step.world.kinds(0), "intent unknown host-read settled");
    assert_eq!(step.world.facts("call.settled", "by"), ["observe"]);
    assert_eq!(step.world.facts("call.settled", "verdict"), ["done"]);
}

#[tokio::test]
async fn absence_is_believed_after_a_while() {
    let step = Step::new(observed().observing([Ok(Observation::Absent), Ok(Observation::Absent)]));
    assert_eq!(step.write().await, ok(json!({})));
    assert_eq!((step.world.sent(), step.world.waits()), (2, vec![30_000]));
    assert_eq!(step.world.kinds(0), "intent unknown host-read host-read settled intent outcome");
    assert_eq!(step.world.facts("call.settled", "verdict"), ["not-done"]);
    assert_eq!(step.world.facts("call.intent", "send"), [1, 2]);
}

#[tokio::test]
async fn an_effect_that_shows_late_is_not_repeated() {
    let late = Ok(Observation::Done(json!("late")));
    let step = Step::new(observed().observing([Ok(Observation::Absent), late]));
    assert_eq!(step.write().await, ok(json!("late")));
    assert_eq!((step.world.sent(), step.world.waits()), (1, vec![30_000]));
}

#[tokio::test]
async fn a_state_that_cannot_be_read_is_asked_for_until_a_person_is() {
    let errors = std::iter::repeat_with(|| Err(failed(FaultKind::Unavailable, "503"))).take(1_000);
    let step = Step::new(observed().observing(errors));
    assert!(step.suspends().await);
    assert_eq!(step.world.sent(), 1);
    // Every second for as long as absence is not believed, and two minutes more.
    assert_eq!(step.world.waits(), vec![1_000; 150]);
}

#[tokio::test]
async fn a_state_that_does_not_tell_is_a_persons() {
    let step = Step::new(observed().observing([Ok(Observation::Undecided("two of them".into()))]));
    assert!(step.suspends().await);
    assert_eq!((step.world.sent(), step.world.waits()), (1, vec![]));
    assert_eq!(step.world.kinds(0), "intent unknown host-read");
}

#[tokio::test]
async fn what_may_be_repeated_is_sent_again_with_the_same_token() {
    for (settlement, by) in [(Settlement::Repeatable, "repeatable"), (Settlement::Token, "token")] {
        let step = Step::new(World::new(settlement).answering([unknown(), unknown()]));
        assert_eq!(step.write().await, ok(json!({})));
        let sent = step.world.sent.lock().unwrap().clone();
        assert_eq!(sent.len(), 3);
        assert!(sent.iter().all(|token| *token == sent[0]));
        assert_eq!(step.world.kinds(0), "intent unknown settled intent unknown settled intent outcome");
        assert_eq!(step.world.facts("call.settled", "by"), [by, by]);
    }
}

#[tokio::test]
async fn nothing_is_repeated_for_ever() {
    let always = || std::iter::repeat_with(unknown).take(100);
    let step = Step::new(World::new(Settlement::Repeatable).answering(always()));
    assert!(step.suspends().await);
    assert_eq!(step.world.sent(), 5);
    let step = Step::new(World { repeat_unknown: true, ..World::new(Settlement::Review) }.answering(always()));
    assert!(step.suspends().await);
    assert_eq!(step.world.sent(), 5);
}

#[tokio::test]
async fn what_nothing_tells_is_a_persons_unless_the_step_says_otherwise() {
    let step = Step::new(World::new(Settlement::Review).answering([unknown()]));
    assert!(step.suspends().await);
    assert_eq!((step.world.sent(), step.world.kinds(0).as_str()), (1, "intent unknown"));

    let step = Step::new(World { repeat_unknown: true, ..World::new(Settlement::Review) }.answering([unknown()]));
    assert_eq!(step.write().await, ok(json!({})));
    assert_eq!(step.world.sent(), 2);
    assert_eq!(step.world.facts("call.settled", "by"), ["on-unknown"]);
}

/// A write that leads to `new`, whose answer is lost, and what is seen: before it, and then look by look.
fn compared(target: Value, states: impl IntoIterator<Item = Result<Value, capability::Fault>>) -> Step {
    let world = World { target, ..World::new(Settlement::Compare) };
    Step::new(world.answering([unknown()]).having(states))
}

/// Three ways: what was before, what was written, what is now.
#[tokio::test]
async fn a_state_is_compared_with_the_one_before_and_with_what_was_written() {
    let (old, new, other) = (json!("old"), json!("new"), json!("other"));
    let done = |state: &Value| ok(json!({ "of": state }));
    let seen = |state: &Value| Ok(state.clone());
    for (before, now, expected, sent, waited) in [
        // Written, and before it was not so: nothing else can have done it, at first sight.
        (seen(&old), vec![&new], Some(done(&new)), 1, vec![]),
        (seen(&json!(null)), vec![&new], Some(done(&new)), 1, vec![]),
        // As before: sent again, once that can be believed.
        (seen(&old), vec![&old, &old, &old], Some(ok(json!({}))), 2, vec![30_000]),
        (seen(&old), vec![&old, &new], Some(done(&new)), 1, vec![30_000]),
        // Neither: another wrote too. It is given to a person, and nothing is overwritten.
        (seen(&old), vec![&other, &other], None, 1, vec![30_000]),
        (seen(&old), vec![&json!(null), &json!(null)], None, 1, vec![30_000]),
        // Only some of it is seen yet.
        (seen(&old), vec![&other, &new], Some(done(&new)), 1, vec![30_000]),
        // It was so before: it does not matter, once nothing is on its way any more.
        (seen(&new), vec![&new, &new], Some(done(&new)), 1, vec![30_000]),
        (seen(&new), vec![&other, &other], None, 1, vec![30_000]),
        // The state before could not be read: only what was written tells anything.
        (Err(failed(FaultKind::AccessDenied, "no")), vec![&new, &new], Some(done(&new)), 1, vec![30_000]),
        (Err(failed(FaultKind::AccessDenied, "no")), vec![&old, &old], None, 1, vec![30_000]),
    ] {
        let step = compared(new.clone(), [before.clone()].into_iter().chain(now.iter().map(|now| seen(now))));
        let passed = step.write().await;
        match expected {
            Some(expected) => assert_eq!(passed, expected, "{before:?} {now:?}"),
            None => assert!(matches!(passed, Passed::Suspend(_)), "{before:?} {now:?} {passed:?}"),
        }
        assert_eq!((step.world.sent(), step.world.waits()), (sent, waited), "{before:?} {now:?}");
        let by = step.world.facts("call.settled", "by");
        assert!(by.iter().all(|by| by == "compare"), "{by:?}");
    }
}

/// What is not there may not be seen yet, so an absence proves nothing at first sight.
#[tokio::test]
async fn an_absence_that_was_written_is_believed_after_a_while() {
    for (old, gone) in [(json!("old"), json!(null)), (json!(["rule"]), json!([]))] {
        let step = compared(gone.clone(), [Ok(old.clone()), Ok(gone.clone()), Ok(gone.clone())]);
        assert_eq!(step.write().await, ok(json!({ "of": gone })));
        assert_eq!((step.world.sent(), step.world.waits()), (1, vec![30_000]));
        // It was only not seen yet.
        let step = compared(gone.clone(), [Ok(old.clone()), Ok(gone.clone()), Ok(old.clone()), Ok(old)]);
        assert_eq!(step.write().await, ok(json!({})));
        assert_eq!((step.world.sent(), step.world.waits()), (2, vec![30_000]));
    }
}

#[tokio::test]
async fn what_a_write_is_not_about_does_not_count() {
    let of = |ours: &str, other: u32| Ok(json!({ "ours": ours, "other": other }));
    let step = compared(json!("new"), [of("old", 1), of("old", 2), of("old", 3)]);
    assert_eq!(step.write().await, ok(json!({})));
    assert_eq!(step.world.sent(), 2);
}

/// A resource that is not found says nothing of what it has, however long it is not found.
#[tokio::test]
async fn a_resource_that_is_not_found_proves_nothing() {
    let missing = || Err(failed(FaultKind::NotFound, "gone"));
    let step = compared(json!(null), [Ok(json!("old")), missing(), missing()]);
    assert!(step.suspends().await);
    assert_eq!((step.world.sent(), step.world.waits()), (1, vec![30_000]));
    let step = compared(json!(null), [Ok(json!("old")), missing(), Ok(json!(null))]);
    assert_eq!(step.write().await, ok(json!({ "of": null })));
}

#[tokio::test]
async fn a_state_that_cannot_be_compared_is_a_persons() {
    let step = compared(json!("new"), [Ok(json!("old")), Ok(json!({ "unreadable": 1 }))]);
    assert!(step.suspends().await);
    let step = compared(json!("new"), [Ok(json!({ "unreadable": 1 })), Ok(json!("old"))]);
    assert!(step.suspends().await);
}

/// The state before is the ledger's, so that another process compares alike.
#[tokio::test]
async fn the_state_before_outlives_the_process() {
    for (now, suspends) in [("old", false), ("new", false), ("other", true)] {
        let step = compared(json!("new"), [Ok(json!("old"))]);
        step.write().await;
        // host-read intent
        step.world.kept.lock().unwrap().truncate(2);
        step.world.states.lock().unwrap().extend(std::iter::repeat_n(Ok(json!(now)), 3));
        let again = step.again();
        let passed = again.write().await;
        assert_eq!(matches!(passed, Passed::Suspend(_)), suspends, "{now} {passed:?}");
        assert_eq!(again.world.facts("call.settled", "verdict").len(), usize::from(!suspends), "{now}");
    }
}
