//! Calls of a function whose arguments say what they need: whether they read or write, what must be granted, and which
//! addresses the grant names for them.

use serde_json::{Value, json};

use crate::world::{ASK, World, on};

const HOOK: &str = "https://hooks.test/services/1";

fn allow(action: &str, resource: &str) -> Value {
    json!({ "Effect": "Allow", "Action": action, "Resource": resource })
}

fn asking(touches: &[(&str, &str)]) -> Value {
    touches.iter().map(|(action, resource)| json!({ "action": action, "resource": resource })).collect()
}

/// A write has an intent, a read does not, whatever others of the same function have.
#[tokio::test]
async fn a_call_reads_or_writes_by_its_arguments() {
    for (action, kinds) in [("http:Get", vec!["call.read"]), ("http:Post", vec!["call.intent", "call.outcome"])] {
        let world = World::granting(json!([allow("http:*", "https://hooks.test/*")]));
        assert_eq!(world.step("a").call(ASK, asking(&[(action, HOOK)])).await, "1 sent");
        let kept: Vec<&str> = world.kept.lock().unwrap().iter().map(|draft| draft.kind).collect();
        assert_eq!(kept, kinds, "{action}");
    }
}

/// What one call needs must be granted whole; what only another one would need does not have to be.
#[tokio::test]
async fn what_this_call_needs_must_be_granted() {
    let post = allow("http:Post", "https://hooks.test/services/*");
    let with_secret = [("http:Post", HOOK), ("secret:Use", "hook")];
    for (statements, touches, expected) in [
        (json!([post]), &[("http:Post", HOOK)][..], "1 sent"),
        (json!([post]), &[("http:Get", HOOK)], "implicit-deny, 0 sent"),
        (json!([post]), &[("http:Post", "https://hooks.test/admin")], "implicit-deny, 0 sent"),
        (json!([post]), &with_secret, "implicit-deny, 0 sent"),
        (json!([post, allow("secret:Use", "other")]), &with_secret, "implicit-deny, 0 sent"),
        (json!([post, allow("secret:*", "ho*")]), &with_secret, "1 sent"),
        (json!([allow("secret:Use", "hook")]), &with_secret, "implicit-deny, 0 sent"),
    ] {
        let seen = World::granting(statements.clone()).step("a").call(ASK, asking(touches)).await;
        assert_eq!(seen, expected, "{statements} {touches:?}");
    }
}

/// The gate tells whoever sends which addresses the grant names: as the host of a URL, in a statement that allows this.
#[tokio::test]
async fn the_addresses_that_the_grant_names_go_along() {
    let all = allow("*", "*");
    let denied = |resource: &str| json!({ "Effect": "Deny", "Action": "http:*", "Resource": resource });
    for (statements, guardrail, expected) in [
        (json!([all]), None, vec![]),
        (json!([all, allow("http:Post", "https://10.0.0.5/services/*")]), None, vec!["10.0.0.5"]),
        (json!([all, allow("http:*", "https://[fd00::5]/*")]), None, vec!["fd00::5"]),
        (json!([all, allow("http:Post", "https://10.0.0.5/other/*")]), None, vec![]),
        (json!([all, allow("http:Post", "https://10.0.0.5:8443/*")]), None, vec![]),
        (json!([all, allow("http:Get", "https://10.0.0.5/*")]), None, vec![]),
        (
            json!([all, on(allow("http:*", "https://10.0.0.5/*"), json!({ "StringEquals": { "quell:StepId": "t" } }))]),
            None,
            vec![],
        ),
        (
            json!([all, on(allow("http:*", "https://10.0.0.5/*"), json!({ "StringEquals": { "quell:StepId": "s" } }))]),
            None,
            vec!["10.0.0.5"],
        ),
        (json!([all, allow("http:*", "https://10.0.0.5/*"), denied("https://10.0.0.5/*")]), None, vec![]),
        (
            json!([all, allow("http:*", "https://10.0.0.5/*")]),
            Some(json!([all, denied("https://10.0.0.5/services/1")])),
            vec![],
        ),
    ] {
        let world = World::new(guardrail.clone());
        world.grant("a", statements.clone());
        assert_eq!(world.step("a").call(ASK, asking(&[("http:Post", HOOK)])).await, "1 sent", "{statements}");
        let named: Vec<String> = world.named.lock().unwrap().iter().map(ToString::to_string).collect();
        assert_eq!(named, expected, "{statements} {guardrail:?}");
    }
}
