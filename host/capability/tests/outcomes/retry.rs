//! What was surely not carried out is sent again a few times; what the guest leaves behind is seen through.

use std::sync::atomic::Ordering;

use capability::{FaultKind, Passed, Settlement};
use ledger::Millis;
use serde_json::json;

use crate::world::{READ, START, Step, World, err, failed, ok, unknown};

const PASSING: [FaultKind; 2] = [FaultKind::Throttled, FaultKind::Unavailable];
const LASTING: [FaultKind; 5] =
    [FaultKind::AccessDenied, FaultKind::NotFound, FaultKind::Conflict, FaultKind::Invalid, FaultKind::Other];

fn world(failures: usize, kind: FaultKind) -> World {
    let failures = std::iter::repeat_with(|| Err(failed(kind, "code"))).take(failures);
    World::new(Settlement::Review).answering(failures)
}

/// The longest waits, each twice the one before.
fn in_bounds(waits: &[Millis]) -> bool {
    waits.iter().zip([200, 400, 800, 1_600]).all(|(wait, longest)| (0..=longest).contains(wait))
}

#[tokio::test]
async fn a_write_is_sent_five_times_at_most() {
    for kind in PASSING {
        let step = Step::new(world(4, kind));
        assert_eq!(step.write().await, ok(json!({})));
        assert_eq!(step.world.sent(), 5);
        let kinds = format!("{}intent outcome", "intent settled ".repeat(4));
        assert_eq!(step.world.kinds(0), kinds);
        assert_eq!(step.world.facts("call.settled", "by"), ["code"; 4]);
        assert_eq!(step.world.facts("call.intent", "send"), [1, 2, 3, 4, 5]);
        assert!(step.world.waits().len() == 4 && in_bounds(&step.world.waits()), "{:?}", step.world.waits());

        let step = Step::new(world(9, kind));
        assert_eq!(step.write().await, err(kind, "code"));
        assert_eq!(step.world.sent(), 5);
    }
    for kind in LASTING {
        let step = Step::new(world(1, kind));
        assert_eq!(step.write().await, err(kind, "code"));
        assert_eq!((step.world.sent(), step.world.kinds(0).as_str()), (1, "intent outcome"));
    }
}

#[tokio::test]
async fn a_read_is_sent_five_times_at_most() {
    for kind in PASSING {
        let step = Step::new(world(4, kind));
        assert_eq!(step.call(READ, json!({})).await, ok(json!({})));
        assert_eq!((step.world.sent(), step.world.kinds(0).as_str()), (5, "read"));
        assert!(step.world.waits().len() == 4 && in_bounds(&step.world.waits()), "{:?}", step.world.waits());
        let step = Step::new(world(9, kind));
        assert_eq!(step.call(READ, json!({})).await, err(kind, "code"));
        assert_eq!(step.world.sent(), 5);
    }
    for kind in LASTING {
        let step = Step::new(world(1, kind));
        assert_eq!(step.call(READ, json!({})).await, err(kind, "code"));
        assert_eq!(step.world.sent(), 1);
    }
    // A read whose answer is missing is simply read again.
    let step = Step::new(World::new(Settlement::Review).answering([unknown()]));
    assert_eq!(step.call(READ, json!({})).await, ok(json!({})));
    assert_eq!(step.world.sent(), 2);
}

#[tokio::test]
async fn waits_are_spread_over_all_that_they_may_be() {
    let mut longest = [0; 4];
    let mut shortest = [Millis::MAX; 4];
    for _ in 0..200 {
        let step = Step::new(world(4, FaultKind::Throttled));
        step.call(READ, json!({})).await;
        for (index, wait) in step.world.waits().into_iter().enumerate() {
            longest[index] = longest[index].max(wait);
            shortest[index] = shortest[index].min(wait);
        }
    }
    assert!(in_bounds(&longest), "{longest:?}");
    for (index, bound) in [200, 400, 800, 1_600].into_iter().enumerate() {
        assert!(longest[index] > bound * 3 / 4 && shortest[index] < bound / 4, "{longest:?} {shortest:?}");
    }
}

#[tokio::test]
async fn the_state_before_is_kept_where_there_is_one() {
    let before = |results: Vec<Result<serde_json::Value, capability::Fault>>| {
        Step::new(World::new(Settlement::Compare).having(results))
    };
    let step = before(vec![Ok(json!("old"))]);
    assert_eq!(step.write().await, ok(json!({})));
    assert_eq!(step.world.kinds(0), "host-read intent outcome");
    assert_eq!(step.world.facts("call.host-read", "purpose"), ["before"]);
    let throttled = Err(failed(FaultKind::Throttled, "code"));
    let step = before(vec![throttled, Ok(json!("old"))]);
    step.write().await;
    assert_eq!(step.world.facts("call.host-read", "result"), ["ok"]);
    // That the state cannot be read does not keep a remediation from being done.
    let step = before(vec![Err(failed(FaultKind::AccessDenied, "code"))]);
    assert_eq!(step.write().await, ok(json!({})));
    assert_eq!(step.world.facts("call.host-read", "result"), ["access-denied"]);
    // That there was nothing is a state as well.
    let step = before(vec![Ok(json!(null))]);
    step.write().await;
    assert_eq!(step.world.kinds(0), "host-read intent outcome");
    let step = Step::new(World::new(Settlement::Review).having([Ok(json!("old"))]));
    step.write().await;
    assert_eq!(step.world.kinds(0), "intent outcome");
}

#[tokio::test]
async fn a_run_that_was_lost_sends_nothing() {
    let step = Step::new(World::new(Settlement::Review));
    step.world.lost.store(true, Ordering::Relaxed);
    assert!(matches!(step.write().await, Passed::Lost(_)));
    assert_eq!((step.world.sent(), step.world.kinds(0).as_str()), (0, "intent"));
}

#[tokio::test]
async fn a_denial_between_two_sendings_ends_it() {
    let step = Step::new(World::new(Settlement::Repeatable).answering([unknown()]));
    step.world.permits.forget_permits(usize::MAX);
    let (gate, attempt) = (step.gate.clone(), step.attempt.clone());
    let call = tokio::spawn(async move { gate.pass(&attempt, crate::world::WRITE, &json!({})).await });
    step.until_sent().await;
    step.world.granted.store(false, Ordering::Relaxed);
    step.world.permits.add_permits(9);
    assert!(matches!(call.await.unwrap(), Passed::Suspend(_)));
    assert_eq!((step.world.sent(), step.world.kinds(0).as_str()), (1, "intent unknown settled unknown"));
}

#[tokio::test]
async fn what_was_sent_is_seen_through_when_the_guest_is_gone() {
    let step = Step::new(World::new(Settlement::Review));
    step.world.permits.forget_permits(usize::MAX);
    let (gate, attempt) = (step.gate.clone(), step.attempt.clone());
    let guest = tokio::spawn(async move { gate.pass(&attempt, crate::world::WRITE, &json!({})).await });
    step.until_sent().await;
    guest.abort();
    let attempt = step.attempt.clone();
    let quiet = tokio::spawn(async move { attempt.quiesce().await });
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    assert!(!quiet.is_finished());
    step.world.permits.add_permits(1);
    quiet.await.unwrap();
    assert_eq!(step.world.kinds(0), "intent outcome");
    assert_eq!(step.world.kept.lock().unwrap()[1].time, START);
}

#[tokio::test]
async fn nothing_is_sent_when_the_guest_is_gone() {
    let step = Step::new(World::new(Settlement::Review));
    step.attempt.quiesce().await;
    assert!(matches!(step.write().await, Passed::Fail { code: "cancelled", .. }));
    assert_eq!((step.world.sent(), step.world.kinds(0).as_str()), (0, ""));
}
