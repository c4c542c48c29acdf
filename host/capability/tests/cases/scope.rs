//! C01 to C21: what a grant does not cover is denied, the ledger says why, and nothing is sent.

use std::collections::BTreeMap;
use std::sync::Arc;

use capability::Fault;
use cases::case;
use serde_json::{Value, json};

use crate::world::{READ, THING, World, allow, touching};

/// What is granted here unless a case says otherwise.
fn granted() -> Value {
    json!([allow("thing:Put", THING)])
}

#[tokio::test]
async fn c01_c02_c16_what_was_granted_to_nobody_or_to_another() {
    let world = World::granting(granted());
    case(
        "C01",
        "a plugin without a grant",
        "not-granted, 0 sent",
        World::new(None).step("a").write("thing:Put", THING).await,
    );
    case(
        "C02",
        "another digest of the same plugin",
        "not-granted, 0 sent",
        world.step("a-2").write("thing:Put", THING).await,
    );
    world.grant("b", json!([allow("thing:Get", THING)]));
    let seen = world.step("b").write("thing:Put", THING).await;
    case("C16", "plugin b calls what only plugin a was granted", "implicit-deny, 0 sent", seen);
    assert_eq!(world.step("a").write("thing:Put", THING).await, "1 sent");
}

#[tokio::test]
async fn c03_a_revoked_grant_holds_for_the_next_call() {
    let world = World::granting(granted());
    let step = world.step("a");
    case("C03", "before it is revoked", "1 sent", step.write("thing:Put", THING).await);
    world.grant("a", json!([allow("thing:Get", THING)]));
    case("C03", "the next call of the same step", "implicit-deny, 0 sent", step.write("thing:Put", THING).await);
}

#[tokio::test]
async fn c04_a_call_in_flight_ends_and_the_next_is_denied() {
    let world = World::granting(granted());
    world.answers.forget_permits(usize::MAX);
    let step = world.step("a");
    let flying = tokio::spawn({
        let step = step.clone();
        async move { step.write("thing:Put", THING).await }
    });
    while world.sent.lock().unwrap().is_empty() {
        tokio::task::yield_now().await;
    }
    world.grant("a", json!([allow("thing:Get", THING)]));
    world.answers.add_permits(1);
    case("C04", "the call that was in flight", "1 sent", flying.await.unwrap());
    let outcomes = world.kept.lock().unwrap().iter().filter(|draft| draft.kind == "call.outcome").count();
    case("C04", "its outcome in the ledger", "1 outcome", format!("{outcomes} outcome"));
    case("C04", "the next call", "implicit-deny, 0 sent", step.write("thing:Put", THING).await);
}

#[tokio::test]
async fn c05_c06_c15_c18_what_is_not_in_the_grant() {
    let step = World::granting(granted()).step("a");
    case("C05", "another action of the service", "implicit-deny, 0 sent", step.write("thing:Delete", THING).await);
    let other = "arn:aws:thing:eu-central-1:123456789012:thing/8";
    case("C06", "another resource", "implicit-deny, 0 sent", step.write("thing:Put", other).await);
    // What the call before answered is the target of the next one.
    step.gate.pass(&step.attempt, crate::world::WRITE, &touching("thing:Put", THING)).await;
    let output = "arn:aws:thing:eu-central-1:123456789012:thing/from-the-answer";
    case("C15", "a target taken from an answer", "implicit-deny, 0 sent", step.write("thing:Put", output).await);
    let reads = World::granting(json!([allow("thing:Get", "*")])).step("a");
    case("C18", "a write under a grant to read", "implicit-deny, 0 sent", reads.write("thing:Put", THING).await);
    assert_eq!(reads.call(READ, touching("thing:Get", THING)).await, "1 sent");
}

#[tokio::test]
async fn c07_c08_c09_what_is_outside_of_the_run() {
    let step = World::granting(json!([allow("*", "*")])).step("a");
    for (id, input, arn) in [
        ("C07", "another region, under an Allow of *", "arn:aws:thing:us-east-1:123456789012:thing/7"),
        ("C08", "another account, under an Allow of *", "arn:aws:thing:eu-central-1:210987654321:thing/7"),
        ("C09", "aws-cn, under an Allow of *", "arn:aws-cn:thing:eu-central-1:123456789012:thing/7"),
        ("C09", "aws-us-gov, under an Allow of *", "arn:aws-us-gov:thing:eu-central-1:123456789012:thing/7"),
    ] {
        case(id, input, "out-of-scope, 0 sent", step.write("thing:Put", arn).await);
    }
    let region =
        crate::world::on(allow("thing:Put", "*"), json!({ "StringEquals": { "aws:RequestedRegion": "us-east-1" } }));
    let elsewhere = World::granting(json!([region])).step("a");
    let seen = elsewhere.write("thing:Put", "arn:aws:thing:::global/7").await;
    case("C07", "a global resource, granted for another region", "implicit-deny, 0 sent", seen);
}

#[tokio::test]
async fn c10_tricks_with_arns_do_not_match_the_clean_one() {
    let step = World::granting(granted()).step("a");
    let long = format!("{THING}{}", "7".repeat(4096));
    for (input, arn) in [
        ("`*` for the id", "arn:aws:thing:eu-central-1:123456789012:thing/*"),
        ("`?` for the id", "arn:aws:thing:eu-central-1:123456789012:thing/?"),
        ("`%2f` for the slash", "arn:aws:thing:eu-central-1:123456789012:thing%2f7"),
        ("`../` in it", "arn:aws:thing:eu-central-1:123456789012:thing/8/../7"),
        ("a slash behind it", "arn:aws:thing:eu-central-1:123456789012:thing/7/"),
        ("upper case", "arn:aws:thing:eu-central-1:123456789012:THING/7"),
        ("a Cyrillic letter", "arn:aws:thing:eu-central-1:123456789012:th\u{456}ng/7"),
        ("white space behind it", "arn:aws:thing:eu-central-1:123456789012:thing/7 "),
        ("4 KiB", &long),
    ] {
        case(
            "C10",
            &format!("the granted ARN with {input}"),
            "implicit-deny, 0 sent",
            step.write("thing:Put", arn).await,
        );
    }
}

#[tokio::test]
async fn c14_c21_tags_decide_and_a_guardrail_stands_above() {
    let tags = |world: &Arc<World>, tags: Result<&[(&str, &str)], Fault>| {
        let of = |tags: &[(&str, &str)]| {
            Some(tags.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect::<BTreeMap<_, _>>())
        };
        *world.tags.lock().unwrap() = tags.map(of);
    };
    let red = crate::world::on(allow("thing:Put", "*"), json!({ "StringEquals": { "aws:ResourceTag/team": "red" } }));
    let world = World::granting(json!([red]));
    let step = world.step("a");
    tags(&world, Ok(&[]));
    case("C14", "granted on a tag that is missing", "implicit-deny, 0 sent", step.write("thing:Put", THING).await);
    tags(&world, Ok(&[("team", "red")]));
    case("C14", "the same with the tag", "1 sent", step.write("thing:Put", THING).await);
    tags(&world, Ok(&[("team", "blue")]));
    case("C14", "the tag changed before the next call", "implicit-deny, 0 sent", step.write("thing:Put", THING).await);

    let protect = json!([
        allow("*", "*"),
        { "Sid": "DoNotTouch", "Effect": "Deny", "Action": "*", "Resource": "*",
          "Condition": { "Null": { "aws:ResourceTag/do-not-touch": "false" } } },
    ]);
    let world = World::new(Some(protect));
    world.grant("a", json!([allow("*", "*")]));
    let step = world.step("a");
    tags(&world, Ok(&[("do-not-touch", "")]));
    let denied = "guardrail by DoNotTouch of guardrail, 0 sent";
    case(
        "C21",
        "a resource with the tag do-not-touch, under an Allow of *",
        denied,
        step.write("thing:Put", THING).await,
    );
    tags(&world, Err(Fault::unknown("time-out", "30 s")));
    case("C21", "its tags cannot be read", denied, step.write("thing:Put", THING).await);
    tags(&world, Ok(&[]));
    case("C21", "a resource without it", "1 sent", step.write("thing:Put", THING).await);
}
