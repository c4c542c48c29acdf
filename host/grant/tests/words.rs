//! Words that mean nothing: misspelt ones are refused where a policy is put, others are told; and what a policy leaves out of
//! what a plugin imports.

#![expect(clippy::unwrap_used, reason = "a helper of tests that panics fails its test")]

use grant::{NeededActions, Policy};
use serde_json::{Value, json};

fn policy(statement: Value) -> Policy {
    let document = json!({ "Version": "2012-10-17", "Statement": statement });
    Policy::load("grant", &serde_json::to_string_pretty(&document).unwrap()).unwrap()
}

/// What is said of the words of a policy: `refused` or `told`, and what.
fn said(statement: Value) -> Vec<String> {
    let line =
        |verb: &'static str| move |problem: &grant::Problem| format!("{verb} {problem}").replace("\n  help:", ";");
    match policy(statement).check_words() {
        Ok(unknown) => unknown.iter().map(line("told")).collect(),
        Err(refused) => refused.problems.iter().map(line("refused")).collect(),
    }
}

fn action(action: &str) -> String {
    said(json!([{ "Effect": "Allow", "Action": action, "Resource": "*" }])).join(" | ")
}

fn key(key: &str) -> String {
    let condition = json!({ "StringEquals": { key: "x" } });
    said(json!([{ "Effect": "Allow", "Action": "ec2:*", "Resource": "*", "Condition": condition }])).join(" | ")
}

#[test]
fn actions_that_are_nearly_there_are_refused_and_others_are_told() {
    for known in
        ["*", "ec2:RevokeSecurityGroupEgress", "EC2:revoke*", "ec2:?reateTags", "http:Post", "secret:Use", "s3:*"]
    {
        assert_eq!(action(known), "", "{known}");
    }
    for (given, expected) in [
        (
            "ec2:RevokeSecurityGroupsEgress",
            "refused line 6, column 18: there is no action `ec2:RevokeSecurityGroupsEgress`; did you mean `ec2:RevokeSecurityGroupEgress`?",
        ),
        ("iam:PutUserPolicies", "told line 6, column 18: there is no action `iam:PutUserPolicies`"),
        ("iam:GetUser?x", "told line 6, column 18: there is no action `iam:GetUser?x`"),
        ("ec2:Sudo*", "told line 6, column 18: there is no action `ec2:Sudo*`"),
        ("http:Connect", "refused line 6, column 18: there is no action `http:Connect`"),
        ("glacier:DeleteVault", "told line 6, column 18: the actions of `glacier` are not known to Quell"),
        (
            "ecc2:CreateTags",
            "told line 6, column 18: the actions of `ecc2` are not known to Quell; did you mean `ec2`?",
        ),
    ] {
        assert_eq!(action(given), expected);
    }
    let excluded = json!([{ "Effect": "Deny", "NotAction": ["sns:Publsh", "sns:Publish"], "Resource": "*" }]);
    assert_eq!(said(excluded).len(), 1, "a word that is not there is one in a Deny as well");
}

#[test]
fn condition_keys_that_are_nearly_there_are_refused_and_others_are_told() {
    for known in
        ["aws:RequestedRegion", "AWS:currenttime", "aws:ResourceTag/team", "quell:Workflow", "quell:Arg/tag-key"]
    {
        assert_eq!(key(known), "", "{known}");
    }
    let none = "no request of a plugin has the condition key";
    for (given, expected) in [
        ("quell:Wokflow", format!("refused {none} `quell:Wokflow`; did you mean `quell:Workflow`?")),
        (
            "quell:Team",
            format!(
                "refused {none} `quell:Team`; Quell's keys are `quell:Workflow`, `quell:StepId`, `quell:Dangerous` and `quell:Arg/<name>`"
            ),
        ),
        ("quell:Arg/tag-keys", format!("refused {none} `quell:Arg/tag-keys`; did you mean `quell:Arg/tag-key`?")),
        ("quell:Arg/colour", format!("told {none} `quell:Arg/colour`")),
        (
            "aws:ResourceTags/Team",
            format!("refused {none} `aws:ResourceTags/Team`; did you mean `aws:ResourceTag/Team`?"),
        ),
        ("aws:SourceAccount", format!("told {none} `aws:SourceAccount`")),
        ("aws:PrincipalTag/team", format!("told {none} `aws:PrincipalTag/team`")),
        ("ec2:InstanceType", format!("told {none} `ec2:InstanceType`")),
    ] {
        let said = key(given);
        let (verb, rest) = said.split_once(" line ").unwrap();
        let told = format!("{verb} {}", rest.split_once(": ").unwrap().1);
        assert_eq!(told, expected);
    }
    // In a variable as well.
    let variable =
        json!([{ "Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/${quell:Workflw}/*" }]);
    assert!(said(variable).join("").contains("did you mean `quell:Workflow`?"));
}

#[test]
fn what_a_plugin_imports_and_a_policy_leaves_out_is_told() {
    let needed = |function, actions: &[&'static str], some| NeededActions { function, actions: actions.to_vec(), some };
    let needs = [
        needed("revoke", &["ec2:RevokeSecurityGroupIngress"], false),
        needed("tag", &["ec2:CreateSnapshot", "ec2:CreateTags"], false),
        needed("ask", &["http:Get", "http:Post"], true),
        needed("write", &[], false),
    ];
    let of = |statement: Value, needs: &[NeededActions<'_>]| -> Vec<String> {
        Policy::uncovered(&[policy(statement)], needs).iter().map(ToString::to_string).collect()
    };
    let allow = |actions: &[&str]| json!([{ "Effect": "Allow", "Action": actions, "Resource": "*" }]);
    assert_eq!(of(allow(&["ec2:*", "http:Post"]), &needs), [""; 0]);
    assert_eq!(of(allow(&["sns:Publish"]), &needs), ["it allows nothing that the plugin can call"]);
    assert_eq!(
        of(allow(&["ec2:RevokeSecurityGroupIngress", "ec2:CreateSnapshot"]), &needs),
        [
            "it does not allow `ec2:CreateTags`, so that calls of `tag` are denied",
            "it does not allow `http:Get`, `http:Post`, so that calls of `ask` are denied",
        ]
    );
    let deny = json!([{ "Effect": "Deny", "Action": "*", "Resource": "*" }]);
    assert_eq!(of(deny.clone(), &needs[3..]), [""; 0], "nothing is needed");
    assert_eq!(of(deny, &needs).len(), 1);
    let dangerous = [needed("put", &["s3:PutBucketPolicy"], false)];
    let marked = json!([{ "Effect": "Allow", "Action": "s3:PutBucketPolicy", "Resource": "*",
        "Condition": { "Bool": { "quell:Dangerous": "true" } } }]);
    assert_eq!(of(marked, &dangerous), [""; 0]);
    assert!(
        of(allow(&["s3:*"]), &dangerous)[0]
            .starts_with("`s3:PutBucketPolicy` is denied all the same, since it decides")
    );
}
