//! C01 to C06, C15, C16, C18: what is granted, to whom, and until when.

use capability::Passed;
use cases::case;
use serde_json::json;

use crate::world::{READ, THING, WRITE, World, allow, touching};

const NOT_GRANTED: &str = "not-granted, 0 sent";
const NOT_ALLOWED: &str = "implicit-deny, 0 sent";

#[tokio::test]
async fn c01_what_is_not_granted_is_denied() {
    let step = World::new(None).step("a");
    case("C01", "a write without any grant", NOT_GRANTED, step.write("thing:Put", THING).await);
    let read = step.call(READ, touching("thing:Get", THING)).await;
    case("C01", "a read without any grant", NOT_GRANTED, read);
    let guarded = World::new(Some(json!([allow("*", "*")]))).step("a");
    let seen = guarded.write("thing:Put", THING).await;
    case("C01", "a guardrail that allows everything, without any grant", NOT_GRANTED, seen);
    let step = World::granting(json!([allow("thing:*", THING)])).step("a");
    let touches = json!([
        { "action": "thing:Put", "resource": THING }, { "action": "other:Put", "resource": THING },
    ]);
    case("C01", "a call that needs two actions, of which one is granted", NOT_ALLOWED, step.call(WRITE, touches).await);
}

#[tokio::test]
async fn c02_a_grant_is_to_one_digest() {
    let world = World::granting(json!([allow("*", "*")]));
    let other = world.step("b").write("thing:Put", THING).await;
    case("C02", "another digest of the plugin that has the grant", NOT_GRANTED, other);
    assert_eq!(world.step("a").write("thing:Put", THING).await, "1 sent");
}

#[tokio::test]
async fn c03_a_revoked_grant_holds_for_no_further_call() {
    let step = World::granting(json!([allow("thing:Put", THING)])).step("a");
    case("C03", "a call before its grant is revoked", "1 sent", step.write("thing:Put", THING).await);
    step.world.revoke("a");
    case("C03", "the next call of the same attempt", NOT_GRANTED, step.write("thing:Put", THING).await);
    step.world.grant("a", json!([allow("thing:Get", THING)]));
    case("C03", "a call when its grant was narrowed", NOT_ALLOWED, step.write("thing:Put", THING).await);
}

#[tokio::test]
async fn c04_a_call_in_flight_ends_and_the_next_is_denied() {
    let step = World::granting(json!([allow("thing:Put", THING)])).step("a");
    step.world.answers.forget_permits(usize::MAX);
    let of = step.clone();
    let in_flight = tokio::spawn(async move { of.write("thing:Put", THING).await });
    step.until_sent().await;
    step.world.revoke("a");
    assert!(!in_flight.is_finished());
    step.world.answers.add_permits(1);
    case("C04", "a call in flight when its grant is revoked", "1 sent", in_flight.await.unwrap());
    step.world.answers.add_permits(9);
    case("C04", "the next call", NOT_GRANTED, step.write("thing:Put", THING).await);
    let kinds: Vec<&str> = step.world.kept.lock().unwrap().iter().map(|draft| draft.kind).collect();
    case("C04", "the ledger", "call.intent call.outcome call.denied", kinds.join(" "));
}

#[tokio::test]
async fn c05_c06_c18_the_grant_names_actions_and_resources() {
    let listed = World::granting(json!([allow("thing:Put", "*")])).step("a");
    case("C05", "an action that is not listed", NOT_ALLOWED, listed.write("thing:Delete", THING).await);
    case(
        "C05",
        "an action with the listed one as its beginning",
        NOT_ALLOWED,
        listed.write("thing:PutAll", THING).await,
    );
    case("C05", "the action of another service", NOT_ALLOWED, listed.write("other:Put", THING).await);

    let on_eight = World::granting(json!([allow("thing:*", &THING.replace('7', "8"))])).step("a");
    case("C06", "another resource than the granted one", NOT_ALLOWED, on_eight.write("thing:Put", THING).await);
    let on_team = World::granting(json!([allow("thing:*", &THING.replace("/7", "/team-a/*"))])).step("a");
    let other_team = THING.replace("/7", "/team-b/7");
    case("C06", "a resource outside of the pattern", NOT_ALLOWED, on_team.write("thing:Put", &other_team).await);
    let two = json!([
        { "action": "thing:Put", "resource": THING.replace("/7", "/team-a/7") },
        { "action": "thing:Put", "resource": other_team },
    ]);
    case("C06", "two resources, of which one is granted", NOT_ALLOWED, on_team.call(WRITE, two).await);
    case("C06", "`*`, under a grant on one resource", NOT_ALLOWED, on_team.write("thing:Put", "*").await);

    let reads = World::granting(json!([allow("thing:Get*", "*")])).step("a");
    assert_eq!(reads.call(READ, touching("thing:Get", THING)).await, "1 sent");
    case("C18", "a write under a grant of reads", NOT_ALLOWED, reads.write("thing:Put", THING).await);
}

#[tokio::test]
async fn c15_what_one_step_found_is_not_granted_to_the_next() {
    let world = World::granting(json!([allow("thing:Get", "*")]));
    world.grant("b", json!([allow("thing:Put", THING)]));
    let first = world.step("a");
    let Passed::Answer(answer) = first.gate.pass(&first.attempt, READ, &touching("thing:Get", THING)).await else {
        panic!("it was not answered")
    };
    let found = answer["ok"].as_str().unwrap();
    assert_ne!(found, THING);
    let seen = world.step("b").write("thing:Put", found).await;
    case("C15", "step 2 writes to what step 1 found, outside of its own grant", NOT_ALLOWED, seen);
}

#[tokio::test]
async fn c16_one_plugin_has_not_what_another_was_granted() {
    let world = World::granting(json!([allow("thing:Put", THING)]));
    world.grant("b", json!([allow("thing:Get", THING)]));
    let (a, b) = (world.step("a"), world.step("b"));
    assert_eq!(a.write("thing:Put", THING).await, "1 sent");
    case("C16", "plugin B does what A is granted", NOT_ALLOWED, b.write("thing:Put", THING).await);
    let read = a.call(READ, touching("thing:Get", THING)).await;
    case("C16", "plugin A does what B is granted", NOT_ALLOWED, read);
}
