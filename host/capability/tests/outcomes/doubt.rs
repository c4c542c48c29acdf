//! A write that is sent again although an earlier sending may have been carried out: whatever the later one comes to says
//! nothing of the earlier one.

use std::sync::atomic::Ordering;

use capability::{FaultKind, Passed, Settlement};
use ledger::Draft;
use serde_json::{Value, json};

use crate::world::{START, Step, World, failed, ok, unknown};

fn about(kind: &'static str, data: Value) -> Draft {
    Draft::new(kind, START + 7, "host", data).about("r-1/s/1/1")
}

/// The service answers the second sending with an error.
#[tokio::test]
async fn a_repeat_that_is_refused_does_not_undo_the_first() {
    for kind in [FaultKind::AccessDenied, FaultKind::Invalid, FaultKind::Conflict, FaultKind::NotFound] {
        let step = Step::new(World::new(Settlement::Repeatable).answering([unknown(), Err(failed(kind, "code"))]));
        let passed = step.write().await;
        assert!(matches!(passed, Passed::Suspend(_)), "{kind:?}: {passed:?}");
        assert_eq!(step.world.kinds(0), "intent unknown settled intent unknown", "{kind:?}");
    }
    // Of the first sending, it tells all.
    let step = Step::new(World::new(Settlement::Repeatable).answering([Err(failed(FaultKind::Conflict, "code"))]));
    assert_eq!(step.write().await, crate::world::err(FaultKind::Conflict, "code"));
}

/// Another wrote too, so that nobody can tell what became of the first sending. That the second one left no trace does not
/// tell either, also to the process that comes after.
#[tokio::test]
async fn a_repeat_without_effect_does_not_undo_the_first() {
    let world = World { repeat_unknown: true, target: json!("new"), ..World::new(Settlement::Compare) };
    let others = std::iter::repeat_with(|| Ok(json!("other"))).take(9);
    let step = Step::new(world.answering([unknown(), unknown()]).having([Ok(json!("old"))].into_iter().chain(others)));
    assert_eq!(step.write().await, ok(json!({})));
    assert_eq!(step.world.facts("call.settled", "verdict"), ["again", "again"], "{}", step.world.kinds(0));

    let second = step.world.kinds(0).split(' ').enumerate().filter(|(_, kind)| *kind == "intent").nth(1).unwrap().0;
    step.world.kept.lock().unwrap().truncate(second + 1);
    step.world.states.lock().unwrap().extend((0..9).map(|_| Ok(json!("other"))));
    let again = step.again();
    again.gate.settle_interrupted(&again.attempt).await.unwrap();
    assert_eq!(again.world.facts("call.settled", "verdict"), ["again", "again"], "{}", again.world.kinds(0));
}

/// An older Quell wrote `not-done` of what may be repeated, and did not know either.
#[tokio::test]
async fn what_an_older_ledger_calls_undone_may_have_been_done() {
    for (by, is_known) in [("repeatable", false), ("token", false), ("on-unknown", false), ("observe", true)] {
        let step = Step::new(World::new(Settlement::Repeatable).answering([unknown()]));
        step.write().await;
        step.world.kept.lock().unwrap().truncate(2);
        let settled = about("call.settled", json!({ "by": by, "verdict": "not-done" }));
        step.world.kept.lock().unwrap().push(settled);
        step.world.granted.store(false, Ordering::Relaxed);
        let passed = step.again().write().await;
        assert_eq!(matches!(passed, Passed::Answer(_)), is_known, "{by}: {passed:?}");
        assert_eq!(matches!(passed, Passed::Suspend(_)), !is_known, "{by}: {passed:?}");
    }
}

/// A person's word outlives a process that could do nothing with it, since the account was gone from the configuration.
#[tokio::test]
async fn a_persons_done_is_not_asked_for_twice() {
    let step = Step::new(World { repeat_unknown: true, ..World::new(Settlement::Review) }.answering([unknown()]));
    step.write().await;
    step.world.kept.lock().unwrap().truncate(2);
    step.world.kept.lock().unwrap().push(about("review.settled", json!({ "verdict": "done" })));
    let sent = step.world.sent();
    step.world.known.store(false, Ordering::Relaxed);
    let gone = step.again();
    assert!(gone.suspends().await);
    // The process dies before the run waits for a person, and the account is back.
    step.world.known.store(true, Ordering::Relaxed);
    assert_eq!(step.again().write().await, ok(json!("presumed")));
    assert_eq!(step.world.sent(), sent);
}
