//! Which actions are dangerous, which statements name them, and which say that they are meant.

#![expect(clippy::unwrap_used, reason = "a helper of tests that panics fails its test")]

use std::collections::BTreeSet;

use grant::{Allowance, Context, Policy, Request, danger, dangers, decide_marked};
use serde_json::{Value, json};

fn policy(statements: Value) -> Policy {
    Policy::load("team", &json!({ "Version": "2012-10-17", "Statement": statements }).to_string()).unwrap()
}

fn allow(actions: Value) -> Value {
    json!({ "Effect": "Allow", "Action": actions, "Resource": "*" })
}

fn on(mut statement: Value, condition: Value) -> Value {
    statement.as_object_mut().unwrap().insert("Condition".into(), condition);
    statement
}

fn mark() -> Value {
    json!({ "Bool": { "quell:Dangerous": "true" } })
}

/// The statement that says of `iam:PassRole` that it is meant.
fn meant(statements: Value) -> Option<String> {
    let mut context = Context::new();
    context.insert("quell:Dangerous", "true");
    let request = Request { action: "iam:PassRole", resource: "arn:aws:iam::123456789012:role/a", context: &context };
    decide_marked(&[policy(statements)], &request).map(|decider| decider.statement)
}

#[test]
fn c22_the_list_is_sorted_and_says_why() {
    let actions: Vec<&str> = dangers().iter().map(|danger| danger.action).collect();
    assert!(actions.len() >= 40);
    assert!(actions.is_sorted());
    assert_eq!(actions.iter().collect::<BTreeSet<_>>().len(), actions.len());
    for danger in dangers() {
        assert!(danger.why.starts_with("it ") && !danger.why.ends_with('.'), "{danger:?}");
        // Each is an action that a statement can name.
        assert!(
            policy(allow(json!(danger.action))).statements().iter().all(|statement| statement.names(danger.action))
        );
    }
}

#[test]
fn c22_case_hides_nothing() {
    for action in ["iam:PassRole", "IAM:passrole", "iam:PASSROLE"] {
        assert_eq!(danger(action).map(|danger| danger.action), Some("iam:PassRole"));
    }
    // The Kelvin sign is a `k` in lower case, for statements as well.
    let kelvin = "\u{212a}ms:CreateGrant";
    assert!(policy(allow(json!("kms:*"))).statements().iter().all(|statement| statement.names(kelvin)));
    assert_eq!(danger(kelvin).map(|danger| danger.action), Some("kms:CreateGrant"));
    for action in ["iam:GetRole", "iam:PassRole ", "PassRole", "iam:*", "*", ""] {
        assert_eq!(danger(action), None, "{action}");
    }
}

#[test]
fn c22_a_marked_statement_is_found_wherever_it_stands() {
    let passes = || on(allow(json!("iam:PassRole")), mark());
    assert_eq!(meant(json!([passes()])).as_deref(), Some("Statement[0]"));
    assert_eq!(meant(json!([allow(json!("*")), passes()])).as_deref(), Some("Statement[1]"));
    let but_s3 = json!({ "Effect": "Allow", "NotAction": "s3:*", "Resource": "*", "Condition": mark() });
    assert_eq!(meant(json!([allow(json!("iam:*")), but_s3])).as_deref(), Some("Statement[1]"));
    assert_eq!(meant(json!([on(allow(json!("IAM:pass*")), mark())])).as_deref(), Some("Statement[0]"));
}

#[test]
fn c22_what_does_not_apply_or_does_not_say_so_marks_nothing() {
    for statement in [
        allow(json!("iam:PassRole")),
        on(allow(json!("s3:*")), mark()),
        on(allow(json!("*")), json!({ "Bool": { "quell:Dangerous": "false" } })),
        on(allow(json!("*")), json!({ "Bool": { "quell:Arg/sure": "true" } })),
        on(allow(json!("*")), json!({ "Bool": { "quell:Dangerous": "true", "aws:MultiFactorAuthPresent": "true" } })),
        on(allow(json!("*")), json!({ "Null": { "quell:Dangerous": "false" } })),
        on(allow(json!("*")), json!({ "StringNotEquals": { "quell:Dangerous": "no" } })),
        json!({ "Effect": "Allow", "Action": "iam:*", "NotResource": "arn:aws:iam::*:role/*", "Condition": mark() }),
        json!({ "Effect": "Deny", "Action": "iam:PassRole", "Resource": "*", "Condition": mark() }),
    ] {
        assert_eq!(meant(json!([statement])), None, "{statement}");
    }
}

/// Statement, action, and whether it is meant.
fn named(statements: Value) -> Vec<(String, &'static str, bool)> {
    let named = policy(statements).dangerous().into_iter();
    named.map(|allowed| (allowed.statement, allowed.action.action, allowed.marked)).collect()
}

#[test]
fn a_policy_tells_which_dangerous_actions_it_names() {
    let statements = json!([
        { "Sid": "Reads", "Effect": "Allow", "Action": ["iam:Get*", "s3:*Object"], "Resource": "*" },
        { "Sid": "Never", "Effect": "Deny", "Action": "*", "Resource": "*" },
        { "Sid": "Wide", "Effect": "Allow", "Action": "iam:Put*", "Resource": "arn:aws:iam::*:role/a" },
        { "Sid": "Meant", "Effect": "Allow", "Action": ["s3:PutBucketPolicy"], "Resource": "*", "Condition": mark() },
    ]);
    let put = ["iam:PutGroupPolicy", "iam:PutRolePermissionsBoundary", "iam:PutRolePolicy"];
    let put = put.into_iter().chain(["iam:PutUserPermissionsBoundary", "iam:PutUserPolicy"]);
    let expected: Vec<_> = put.map(|action| ("Wide".to_string(), action, false)).collect();
    let expected = [expected, vec![("Meant".to_string(), "s3:PutBucketPolicy", true)]].concat();
    assert_eq!(named(statements), expected);
    assert_eq!(named(json!(allow(json!("*")))).len(), dangers().len());
    let harmless = json!({ "Bool": { "quell:Dangerous": false } });
    assert_eq!(named(on(allow(json!("*")), harmless)), []);
}

#[test]
fn a_policy_tells_which_statements_allow_an_action() {
    let policy = policy(json!([
        { "Sid": "Doors", "Effect": "Allow", "Action": "s3:Put*", "Resource": ["arn:aws:s3:::a", "arn:aws:s3:::b"] },
        { "Effect": "Allow", "NotAction": "iam:*", "NotResource": "arn:aws:s3:::c", "Condition": mark() },
        { "Sid": "No", "Effect": "Deny", "Action": "*", "Resource": "*" },
        { "Sid": "Other", "Effect": "Allow", "Action": ["s3:GetObject", "S3:PUTBUCKETPOLIC?"], "Resource": "*" },
    ]));
    let allowance = |statement: &str, resources: &[&str]| Allowance {
        policy: "team".into(),
        statement: statement.into(),
        resources: resources.iter().map(ToString::to_string).collect(),
        all_but: false,
        conditional: false,
        marked: false,
    };
    let doors = allowance("Doors", &["arn:aws:s3:::a", "arn:aws:s3:::b"]);
    let but =
        Allowance { all_but: true, conditional: true, marked: true, ..allowance("Statement[1]", &["arn:aws:s3:::c"]) };
    let other = allowance("Other", &["*"]);
    assert_eq!(policy.allowing("s3:PutBucketPolicy").collect::<Vec<_>>(), [doors, but.clone(), other.clone()]);
    assert_eq!(policy.allowing("s3:getobject").collect::<Vec<_>>(), [but, other]);
    assert_eq!(policy.allowing("iam:GetUser").count(), 0);
}
