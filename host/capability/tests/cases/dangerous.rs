//! C22: actions that widen rights or blind the audit.

use cases::case;
use grant::dangers;
use serde_json::{Value, json};

use crate::world::{THING, World, allow, on};

const UNMARKED: &str = "dangerous-not-marked by Allows of grant, 0 sent";

fn mark() -> Value {
    json!({ "Bool": { "quell:Dangerous": "true" } })
}

fn marked(actions: &str) -> Value {
    let mut statement = on(allow(actions, "*"), mark());
    statement["Sid"] = "Meant".into();
    statement
}

#[tokio::test]
async fn c22_each_dangerous_action_needs_a_statement_that_says_so() {
    let wide = World::granting(json!([allow("*", "*")])).step("a");
    for danger in dangers() {
        case(
            "C22",
            &format!("{} under an Allow of *", danger.action),
            UNMARKED,
            wide.write(danger.action, THING).await,
        );
        let exact = World::granting(json!([allow(danger.action, "*")])).step("a");
        assert_eq!(exact.write(danger.action, THING).await, UNMARKED, "{}", danger.action);
        let meant = World::granting(json!([marked(danger.action)])).step("a");
        assert_eq!(meant.write(danger.action, THING).await, "1 sent", "{}", danger.action);
    }
    assert_eq!(wide.write("thing:Put", THING).await, "1 sent");
}

#[tokio::test]
async fn c22_in_which_statement_the_mark_counts() {
    let role = "iam:PassRole";
    let but_s3 = json!({ "Sid": "ButS3", "Effect": "Allow", "NotAction": "s3:*", "Resource": "*" });
    let elsewhere = json!({ "Sid": "Elsewhere", "Effect": "Allow", "Action": role, "Resource": format!("{THING}1"), "Condition": mark() });
    let harmless = on(allow("*", "*"), json!({ "Bool": { "quell:Dangerous": "false" } }));
    let never = json!({ "Sid": "Never", "Effect": "Deny", "Action": "*", "Resource": "*", "Condition": mark() });
    for (input, grant, expected) in [
        ("iam:PassRole under NotAction s3:*", json!([but_s3]), "dangerous-not-marked by ButS3 of grant, 0 sent"),
        ("the mark on a NotAction", json!([on(but_s3.clone(), mark())]), "1 sent"),
        ("a marked statement behind an unmarked one", json!([allow("*", "*"), marked("iam:*")]), "1 sent"),
        ("the mark on other actions only", json!([allow("*", "*"), marked("s3:*")]), UNMARKED),
        ("the mark on another resource only", json!([allow("*", "*"), elsewhere]), UNMARKED),
        ("all that is not dangerous", json!([harmless]), "implicit-deny, 0 sent"),
        ("a Deny beside the mark", json!([marked("*"), never]), "explicit-deny by Never of grant, 0 sent"),
    ] {
        case("C22", input, expected, World::granting(grant).step("a").write(role, THING).await);
    }
    for action in ["IAM:PassRole", "iam:passrole"] {
        let seen = World::granting(json!([allow("iam:*", "*")])).step("a").write(action, THING).await;
        case("C22", &format!("{action} under an Allow of iam:*"), UNMARKED, seen);
    }
}

#[tokio::test]
async fn c22_the_mark_is_the_grants_and_a_guardrail_may_deny() {
    let guarded = |guardrail: Value, grant: Value| {
        let world = World::new(Some(guardrail));
        world.grant("a", grant);
        world.step("a")
    };
    let everything = allow("*", "*");
    let never = json!({ "Sid": "Never", "Effect": "Deny", "Action": "*", "Resource": "*", "Condition": mark() });
    let seen = guarded(json!([everything]), json!([marked("iam:*")])).write("iam:PassRole", THING).await;
    case("C22", "a marked grant below an unmarked guardrail", "1 sent", seen);
    let seen = guarded(json!([marked("*")]), json!([everything])).write("iam:PassRole", THING).await;
    case("C22", "an unmarked grant below a marked guardrail", UNMARKED, seen);
    let step = guarded(json!([everything, never]), json!([marked("iam:*"), everything]));
    let seen = step.write("iam:PassRole", THING).await;
    case("C22", "a guardrail against all that is dangerous", "guardrail by Never of guardrail, 0 sent", seen);
    assert_eq!(step.write("thing:Put", THING).await, "1 sent");
}

#[tokio::test]
async fn a_denial_says_what_to_add() {
    let step = World::granting(json!([allow("*", "*")])).step("a");
    step.write("iam:PutRolePolicy", THING).await;
    let kept = step.world.kept.lock().unwrap();
    assert_eq!(
        kept.last().unwrap().data["message"],
        format!(
            "`Allows` in `grant` allows `iam:PutRolePolicy` on `{THING}`, but it gives a role any rights, and no \
             statement says that this is meant: allow it in a statement with \
             `\"Condition\": {{\"Bool\": {{\"quell:Dangerous\": \"true\"}}}}`"
        )
    );
}
