//! The permission policy of the Lambda functions that Quell takes the place of, as a grant. `lambda-permissions.json` is
//! that text byte for byte, down to the line end behind the last brace.

#![expect(clippy::unwrap_used, reason = "a helper of tests that panics fails its test")]

use std::collections::BTreeSet;

use cases::case;
use grant::{Context, Policy, Request, decide, decide_marked};

const TEXT: &str = include_str!("lambda-permissions.json");

fn policy() -> Policy {
    Policy::load("lambda", TEXT).unwrap()
}

fn ask(action: &str, resource: &str) -> String {
    let request = Request { action, resource, context: &Context::new() };
    decide(&[], &[policy()], &request).to_string()
}

#[test]
fn it_loads_verbatim() {
    let policy = policy();
    assert_eq!(policy.source(), TEXT);
    // What was counted in the original, so that nobody mends the copy.
    assert_eq!((TEXT.len(), TEXT.lines().count()), (788, 41));
    let actions: Vec<usize> = policy.statements().iter().map(|statement| statement.actions().count()).collect();
    assert_eq!(actions, [4, 2, 2, 4]);
    assert_eq!(policy.condition_keys(), BTreeSet::new());
}

#[test]
fn it_allows_what_it_names_and_nothing_else() {
    let group = "arn:aws:ec2:eu-central-1:123456789012:security-group/sg-1";
    for (action, resource, statement) in [
        ("ec2:RevokeSecurityGroupIngress", group, 0),
        ("ec2:CreateSnapshot", "arn:aws:ec2:eu-central-1::snapshot/*", 0),
        ("ec2:ModifyInstanceAttribute", "arn:aws:ec2:eu-central-1:123456789012:instance/i-1", 0),
        ("ec2:CreateSecurityGroup", "*", 0),
        ("iam:PutRolePolicy", "arn:aws:iam::123456789012:role/app", 1),
        ("s3:PutBucketPolicy", "arn:aws:s3:::acme", 2),
        ("s3:PutPublicAccessBlock", "arn:aws:s3:::acme", 2),
        ("sns:Publish", "arn:aws:sns:eu-central-1:123456789012:alerts", 3),
        ("logs:PutLogEvents", "arn:aws:logs:eu-central-1:123456789012:log-group:g:log-stream:s", 3),
        ("SNS:publish", "arn:aws:sns:eu-central-1:123456789012:alerts", 3),
    ] {
        let expected = format!("allowed by `Statement[{statement}]` of policy `lambda`");
        assert_eq!(ask(action, resource), expected, "{action}");
    }
    // `PutPublicAccessBlock` is the name of the API; the IAM action that it needs is another one.
    for action in [
        "s3:PutBucketPublicAccessBlock",
        "ec2:TerminateInstances",
        "iam:GetRole",
        "s3:DeleteBucketPolicy",
        "sts:AssumeRole",
        "ec2:*",
    ] {
        case("C05", &format!("{action} under the Lambda policy"), "denied: no grant allows it", ask(action, "*"));
    }
}

#[test]
fn c22_what_is_dangerous_in_it_is_not_marked() {
    let dangerous: Vec<_> = policy().dangerous();
    let named: Vec<&str> = dangerous.iter().map(|allowed| allowed.action.action).collect();
    assert_eq!(named, ["iam:PutRolePolicy", "iam:UpdateAssumeRolePolicy", "s3:PutBucketPolicy"]);
    for allowed in dangerous {
        let mut context = Context::new();
        context.insert("quell:Dangerous", "true");
        let request = Request { action: allowed.action.action, resource: "*", context: &context };
        let meant = decide_marked(&[policy()], &request).is_some();
        case("C22", &format!("is {} meant in the Lambda policy", allowed.action.action), false, meant);
    }
}
