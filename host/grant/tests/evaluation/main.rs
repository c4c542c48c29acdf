//! What `conformance.json` does not ask: guardrails, who decided, what cannot be known, URLs and secrets, and the
//! corners of patterns, variables and condition values.

#![expect(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a helper of tests that panics fails its test"
)]

mod addresses;
mod conditions;
mod corners;
mod resources;

use grant::{Context, Decision, Layer, Policy, Request, decide};
use serde_json::{Value, json};

const ALLOW: &str = "allow";
const DENY: &str = "explicit-deny";
const NONE: &str = "implicit-deny";

fn policy(name: &str, statements: Value) -> Policy {
    let document = json!({ "Version": "2012-10-17", "Statement": statements });
    Policy::load(name, &document.to_string()).unwrap()
}

/// A value per key, a list of values, or null for a value that could not be found out.
fn context(keys: &Value) -> Context {
    let mut context = Context::new();
    for (key, value) in keys.as_object().unwrap() {
        match value {
            Value::Null => context.unresolvable(key),
            Value::Array(values) => context.insert_list(key, values.iter().map(|value| value.as_str().unwrap())),
            value => context.insert(key, value.as_str().unwrap()),
        }
    }
    context
}

fn answer(decision: &Decision) -> &'static str {
    assert_eq!(decision.is_allowed(), matches!(decision, Decision::Allow(_)));
    match decision {
        Decision::Allow(_) => ALLOW,
        Decision::ExplicitDeny(_) => DENY,
        Decision::ImplicitDeny { .. } => NONE,
    }
}

/// Whether a statement of these elements applies, asked as an Allow and as a Deny beside an Allow of everything: yes,
/// no, or unknown when the Allow does not allow and the Deny denies.
fn applies(elements: Value, action: &str, resource: &str, keys: &Value) -> &'static str {
    let with = |effect: &str| {
        let mut statement = json!({ "Action": "*", "Resource": "*", "Effect": effect });
        for (name, value) in elements.as_object().unwrap() {
            statement[name] = value.clone();
        }
        statement
    };
    let context = context(keys);
    let request = Request { action, resource, context: &context };
    let allowing = policy("allowing", with("Allow"));
    let denying = policy("denying", json!([{ "Effect": "Allow", "Action": "*", "Resource": "*" }, with("Deny")]));
    match (answer(&decide(&[], &[allowing], &request)), answer(&decide(&[], &[denying], &request))) {
        (ALLOW, DENY) => "yes",
        (NONE, ALLOW) => "no",
        (NONE, DENY) => "unknown",
        other => panic!("{other:?} cannot be: {elements}"),
    }
}

#[test]
fn both_layers_must_allow_and_any_deny_decides() {
    let all = || policy("all", json!({ "Effect": "Allow", "Action": "*", "Resource": "*" }));
    let reads =
        || policy("reads", json!({ "Sid": "Reads", "Effect": "Allow", "Action": "ec2:Describe*", "Resource": "*" }));
    let frozen = || {
        policy(
            "frozen",
            json!([
                { "Sid": "All", "Effect": "Allow", "Action": "*", "Resource": "*" },
                { "Effect": "Deny", "Action": "ec2:CreateSnapshot", "Resource": "*" }
            ]),
        )
    };
    let by_guardrail = "denied: no guardrail allows it";
    let by_grant = "denied: no grant allows it";
    let by_frozen = "denied by `Statement[1]` of policy `frozen`";
    let cases: Vec<(Vec<Policy>, Vec<Policy>, &str)> = vec![
        (vec![], vec![], by_grant),
        (vec![all()], vec![], by_grant),
        (vec![], vec![all()], "allowed by `Statement[0]` of policy `all`"),
        (vec![reads()], vec![all()], by_guardrail),
        (vec![reads(), all()], vec![all()], "allowed by `Statement[0]` of policy `all`"),
        (vec![all()], vec![reads()], by_grant),
        (vec![frozen()], vec![all()], by_frozen),
        (vec![all()], vec![all(), frozen()], by_frozen),
        (vec![reads()], vec![frozen()], by_frozen),
    ];
    for (guardrails, grants, expected) in cases {
        let request = Request { action: "ec2:CreateSnapshot", resource: "*", context: &Context::new() };
        assert_eq!(decide(&guardrails, &grants, &request).to_string(), expected, "{guardrails:?} {grants:?}");
    }
    let request = Request { action: "ec2:CreateSnapshot", resource: "*", context: &Context::new() };
    assert_eq!(decide(&[reads()], &[all()], &request), Decision::ImplicitDeny { by: Layer::Guardrail });
}

#[test]
fn what_a_policy_tells_about_itself() {
    let policy = policy(
        "p",
        json!([
            { "Sid": "Own", "Effect": "Allow", "Action": ["s3:*", "ec2:X"], "Resource": "arn:aws:s3:::${aws:PrincipalTag/Team}",
              "Condition": { "StringEquals": { "aws:ResourceTag/Env": "${aws:RequestTag/Env}" } } },
            { "Sid": "", "Effect": "Deny", "NotAction": "s3:*", "NotResource": "*" }
        ]),
    );
    let keys: Vec<String> = policy.condition_keys().into_iter().collect();
    assert_eq!(keys, ["aws:principaltag/team", "aws:requesttag/env", "aws:resourcetag/env"]);
    let rows: Vec<String> = policy
        .statements()
        .iter()
        .map(|statement| {
            let actions: Vec<&str> = statement.actions().collect();
            let resources: Vec<&str> = statement.resources().collect();
            format!(
                "{} {} {}{actions:?} {}{resources:?} {}",
                statement.label(),
                statement.effect(),
                statement.excludes_actions(),
                statement.excludes_resources(),
                statement.is_conditional()
            )
        })
        .collect();
    assert_eq!(
        rows,
        [
            "Own Allow false[\"s3:*\", \"ec2:X\"] false[\"arn:aws:s3:::${aws:PrincipalTag/Team}\"] true",
            "Statement[1] Deny true[\"s3:*\"] true[\"*\"] false",
        ]
    );
}
