//! How an unknown outcome is decided: by looking, by sending again, or by a person.

use capability::{FaultKind, Observation, Settlement};
use serde_json::json;

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
