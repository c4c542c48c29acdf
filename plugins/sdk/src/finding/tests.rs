//! Findings that AWS published, and the shapes that none of them has.

use serde_json::json;

use super::named::{Credential, Instance};
use super::*;

/// The `detail` of a published event.
fn detail(event: &str) -> Value {
    let path = format!("{}/../../tests/events/real/{event}.json", env!("CARGO_MANIFEST_DIR"));
    let mut event: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    event["detail"].take()
}

fn credential(parts: [&str; 5]) -> Credential {
    let [account, access_key_id, principal_id, user_type, user_name] =
        parts.map(|part| (!part.is_empty()).then(|| part.to_owned()));
    Credential { account, access_key_id, principal_id, user_type, user_name }
}

fn hub(resources: Value) -> Value {
    json!({ "ProductArn": "arn:aws:securityhub:eu-west-1::product/aws/guardduty", "Resources": resources })
}

#[test]
fn published_findings_are_read() {
    let given = detail("guardduty-iam");
    let finding = Finding::read(&given).unwrap();
    assert_eq!((finding.source, finding.id().unwrap()), (Source::Guardduty, "30bf285e52a1e405084ff6ec28e06e17"));
    assert_eq!((finding.account(), finding.region()), (Some("123456789012"), Some("us-east-1")));
    assert_eq!(finding.last_seen(), Some("2022-01-13T00:00:47.000Z"));
    let expected =
        ["", "GeneratedFindingAccessKeyId", "GeneratedFindingPrincipalId", "IAMUser", "GeneratedFindingUserName"];
    assert_eq!(finding.credentials(), [credential(expected)]);
    let profile = "arn:aws:iam::755484374681:example/instance/profile".to_owned();
    let instance = Instance { instance_id: "i-99999999".to_owned(), instance_profile: Some(profile) };
    assert_eq!(finding.instances(), [instance]);

    let given = detail("guardduty-ec2");
    let finding = Finding::read(&given).unwrap();
    assert_eq!(finding.credentials(), []);
    assert_eq!(finding.instances()[0].instance_id, "i-05746eb48123455e0");
    assert_eq!(finding.instances()[0].instance_profile, None);

    let given = detail("afsbp-iam.3");
    let finding = Finding::read(&given).unwrap();
    assert_eq!((finding.source, finding.account()), (Source::SecurityHub, Some("111111111111")));
    assert_eq!(finding.last_seen(), Some("2022-01-24T14:16:38.468Z"));
    assert_eq!(finding.credentials(), [credential(["111111111111", "", "", "IAMUser", "test-admin2"])]);

    let given = detail("afsbp-s3.1");
    assert_eq!(Finding::read(&given).unwrap().credentials(), []);
    let given = detail("afsbp-s3.8");
    assert_eq!(Finding::read(&given).unwrap().buckets().len(), 1);
}

#[test]
fn keys_users_and_roles_in_security_hub_are_credentials() {
    let key = |id: &str, details: Value| json!({ "Type": "AwsIamAccessKey", "Id": id, "Details": { "AwsIamAccessKey": details } });
    let details = json!({ "PrincipalId": "AROA1:i-1", "PrincipalType": "AssumedRole", "PrincipalName": "app" });
    for (resource, expected) in [
        (key("AWS::IAM::AccessKey:ASIA1", details), ["", "ASIA1", "AROA1:i-1", "AssumedRole", "app"]),
        (key("AKIA1", json!({ "UserName": "bob" })), ["", "AKIA1", "", "", "bob"]),
        (
            key("arn:aws:iam::123456789012:user/bob", json!({ "AccountId": "210987654321", "PrincipalName": "bob" })),
            ["210987654321", "", "", "", "bob"],
        ),
        (
            json!({ "Type": "AwsIamRole", "Id": "arn:aws:iam::123456789012:role/team/app" }),
            ["123456789012", "", "", "Role", "app"],
        ),
    ] {
        let given = hub(json!([resource, { "Type": "AwsAccount", "Id": "AWS::::Account:123456789012" }]));
        assert_eq!(Finding::read(&given).unwrap().credentials(), [credential(expected)], "{resource}");
    }
    let details = json!({ "AwsEc2Instance": { "IamInstanceProfileArn": "arn:aws:iam::1:instance-profile/web" } });
    let given =
        hub(json!([{ "Type": "AwsEc2Instance", "Id": "arn:aws:ec2:eu-west-1:1:instance/i-0abc", "Details": details }]));
    let profile = Some("arn:aws:iam::1:instance-profile/web".to_owned());
    let expected = Instance { instance_id: "i-0abc".to_owned(), instance_profile: profile };
    assert_eq!(Finding::read(&given).unwrap().instances(), [expected]);
}

#[test]
fn an_attack_sequence_names_its_actors_and_instances() {
    let user = json!({ "name": "app", "type": "AssumedRole", "uid": "AROA1", "credentialUid": "ASIA1", "account": { "uid": "1" } });
    let sequence = json!({
        "actors": [{ "id": "a", "user": user }, { "id": "b", "user": user }, { "id": "c" }],
        "resources": [
            { "resourceType": "EC2_INSTANCE", "uid": "arn:aws:ec2:eu-west-1:1:instance/i-0abc" },
            { "resourceType": "S3_BUCKET", "uid": "arn:aws:s3:::bucket" },
        ],
    });
    let given = json!({
        "resource": { "resourceType": "AttackSequence" },
        "service": { "detection": { "sequence": sequence } },
    });
    let finding = Finding::read(&given).unwrap();
    assert_eq!(finding.credentials(), [credential(["1", "ASIA1", "AROA1", "AssumedRole", "app"])]);
    assert_eq!(finding.instances(), [Instance { instance_id: "i-0abc".to_owned(), instance_profile: None }]);
}

#[test]
fn a_finding_of_another_account_is_refused() {
    let given = detail("guardduty-ec2");
    let finding = Finding::read(&given).unwrap();
    assert_eq!(finding.must_be_of("123456789012"), Ok(()));
    let refused = finding.must_be_of("210987654321").unwrap_err();
    assert_eq!(refused.code, OTHER_ACCOUNT);
    assert!(refused.message.contains("account `123456789012`"), "{}", refused.message);
    let given = json!({ "service": {} });
    assert_eq!(Finding::read(&given).unwrap().must_be_of("1").unwrap_err().code, "invalid-input");
}

#[test]
fn what_was_last_seen_has_several_places() {
    for (given, expected) in [
        (json!({ "service": { "eventLastSeen": "a" }, "updatedAt": "b" }), Some("a")),
        (json!({ "Service": { "EventLastSeen": " " }, "UpdatedAt": "b" }), Some("b")),
        (json!({ "ProductArn": "p", "LastObservedAt": "a", "UpdatedAt": "b" }), Some("a")),
        (
            json!({ "ProductArn": "p", "ProductFields": { "aws/guardduty/service/eventLastSeen": "c" }, "LastObservedAt": "a" }),
            Some("c"),
        ),
        (json!({ "ProductArn": "p" }), None),
    ] {
        assert_eq!(Finding::read(&given).unwrap().last_seen(), expected, "{given}");
    }
}
