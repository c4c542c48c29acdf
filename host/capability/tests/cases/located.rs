//! C06, C08, C10: what the arguments name, and AWS knows by a longer name. A role's ARN holds its path, which no call to IAM
//! gives: grants, denies and the ledger are about that ARN, and a plugin is told its own words.

use capability::{Fault, FaultKind, Touch};
use cases::case;
use serde_json::{Value, json};

use crate::world::{Located, READ, Step, WRITE, World, allow, touching};

const NOT_ALLOWED: &str = "implicit-deny, 0 sent";
/// The role as a call names it, and as it is.
const NAMED: &str = "arn:aws:iam::123456789012:role/app";
const LOCATED: &str = "arn:aws:iam::123456789012:role/division/app";

fn at(resource: &str) -> Located {
    Ok(Some(vec![Touch { action: "iam:GetRole".into(), resource: resource.into() }]))
}

fn deny(resource: &str) -> Value {
    json!({ "Sid": "Denies", "Effect": "Deny", "Action": "*", "Resource": resource })
}

fn step(statements: Value, located: Located) -> Step {
    let world = World::granting(statements);
    *world.located.lock().unwrap() = located;
    world.step("a")
}

/// A write and a read of the role, which come to the same.
async fn reach(step: &Step) -> String {
    let seen = step.call(WRITE, touching("iam:GetRole", NAMED)).await;
    assert_eq!(step.call(READ, touching("iam:GetRole", NAMED)).await, seen);
    seen
}

#[tokio::test]
async fn c06_a_grant_is_held_against_the_path() {
    let path = "arn:aws:iam::123456789012:role/division/*";
    for (trick, statements, expected) in [
        ("a grant on the path", json!([allow("*", path)]), "1 sent"),
        ("a grant on the very role", json!([allow("*", LOCATED)]), "1 sent"),
        ("a grant on the name without its path", json!([allow("*", NAMED)]), NOT_ALLOWED),
        ("a grant on another path", json!([allow("*", &path.replace("division", "other"))]), NOT_ALLOWED),
        ("a Deny on the path", json!([allow("*", "*"), deny(path)]), "explicit-deny by Denies of grant, 0 sent"),
        ("a Deny on the name without its path", json!([allow("*", "*"), deny(NAMED)]), "1 sent"),
    ] {
        case("C06", &format!("a role with a path: {trick}"), expected, reach(&step(statements, at(LOCATED))).await);
    }
    let world = World::new(Some(json!([allow("*", "*"), deny(path)])));
    world.grant("a", json!([allow("*", "*")]));
    *world.located.lock().unwrap() = at(LOCATED);
    let expected = "guardrail by Denies of guardrail, 0 sent";
    case("C06", "a role with a path: a guardrail on the path", expected, reach(&world.step("a")).await);
}

#[tokio::test]
async fn c08_what_is_found_elsewhere_is_out_of_scope() {
    let step = step(json!([allow("*", "*")]), at(&LOCATED.replace("123456789012", "210987654321")));
    case("C08", "a name that is found in another account", "out-of-scope, 0 sent", reach(&step).await);
}

#[tokio::test]
async fn c10_what_cannot_be_located_is_denied() {
    let all = || json!([allow("*", "*")]);
    let denied = Fault::known(FaultKind::AccessDenied, "AccessDenied", "the host may not");
    let throttled = Fault::known(FaultKind::Throttled, "Throttling", "slower");
    let two = Ok(Some([at(LOCATED), at(LOCATED)].into_iter().flat_map(|at| at.unwrap().unwrap()).collect()));
    for (why, located) in [
        ("the host may not read it", Err(denied)),
        ("AWS throttles for too long", Err(throttled)),
        ("no answer comes", Err(Fault::unknown("time-out", "no answer"))),
        ("AWS answers nothing", Ok(Some(vec![]))),
        ("AWS answers more than was asked", two),
    ] {
        let seen = reach(&step(all(), located)).await;
        case("C10", &format!("a name whose ARN cannot be found out: {why}"), "not-located, 0 sent", seen);
    }
}

#[tokio::test]
async fn the_ledger_has_where_it_is_and_the_plugin_what_it_said() {
    let of = step(json!([allow("*", "*")]), at(LOCATED));
    assert_eq!(reach(&of).await, "1 sent");
    let kept = of.world.kept.lock().unwrap().clone();
    let kinds: Vec<&str> = kept.iter().map(|draft| draft.kind).collect();
    assert_eq!(kinds, ["call.host-read", "call.intent", "call.outcome", "call.host-read", "call.read"]);
    let touches = json!([{ "action": "iam:GetRole", "resource": LOCATED }]);
    assert_eq!((&kept[0].data["purpose"], &kept[0].data["result"]), (&json!("locate"), &json!("ok")));
    assert_eq!((&kept[1].data["touches"], &kept[4].data["touches"]), (&touches, &touches));

    let of = step(json!([allow("other:*", "*")]), at(LOCATED));
    assert_eq!(reach(&of).await, NOT_ALLOWED);
    let kept = of.world.kept.lock().unwrap().clone();
    assert_eq!(kept[1].data["resource"], LOCATED);
    assert_eq!(kept[1].data["message"], format!("no statement of the grant allows `iam:GetRole` on `{NAMED}`"));
}

/// Whether there is a role is not told to a plugin that has no grant for it, and is not even asked without any.
#[tokio::test]
async fn a_denial_does_not_tell_what_there_is() {
    let mut told = vec![];
    for located in [at(LOCATED), at(NAMED)] {
        let of = step(json!([allow("other:*", "*")]), located);
        assert_eq!(reach(&of).await, NOT_ALLOWED);
        told.push(of.world.kept.lock().unwrap()[1].data["message"].clone());
    }
    assert_eq!(told[0], told[1]);

    let world = World::new(None);
    *world.located.lock().unwrap() = at(LOCATED);
    assert_eq!(reach(&world.step("a")).await, "not-granted, 0 sent");
    assert_eq!(*world.locates.lock().unwrap(), 0);
}
