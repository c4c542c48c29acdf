//! The whole plugin against an account in memory that keeps users, roles and instances, answers like IAM and EC2, and
//! counts what it is sent.

use std::collections::BTreeMap;

use quell_sdk::ec2::instances::Instance;
use quell_sdk::iam::access_keys::AccessKeyMetadata;
use quell_sdk::iam::instance_profiles::InstanceProfile;
use quell_sdk::iam::roles::Role;
use quell_sdk::{Detail, Error};
use serde_json::json;

use super::*;

const ACCOUNT: &str = "123456789012";
const SEEN: &str = "2026-03-01T11:00:00Z";
const NOW: &str = "2026-03-01T12:00:00Z";
const LATER: &str = "2026-03-01T13:00:00Z";

#[derive(Default)]
struct Account {
    /// The keys of each user, and whether they are active.
    users: BTreeMap<&'static str, Vec<(&'static str, bool)>>,
    /// The path of each role.
    roles: BTreeMap<&'static str, &'static str>,
    /// The instance profile of each instance.
    instances: BTreeMap<&'static str, Option<&'static str>>,
    /// The role of each instance profile.
    profiles: BTreeMap<&'static str, Option<&'static str>>,
    policies: BTreeMap<(String, String), String>,
    /// What a call answers instead: by the call, with what it is about.
    refuse: BTreeMap<&'static str, Error>,
    writes: Vec<String>,
}

fn detail(code: &str) -> Detail {
    Detail { code: code.to_owned(), message: "AWS says so".to_owned() }
}

fn denied() -> Error {
    Error::AccessDenied(detail("AccessDenied"))
}

fn no_such_entity() -> Error {
    Error::NotFound(detail("NoSuchEntity"))
}

impl Account {
    fn new() -> Self {
        Self {
            users: [("alice", vec![("AKIA1", true), ("AKIA2", false), ("AKIA3", true)]), ("bob", vec![])].into(),
            roles: [("app", "/team/"), ("web", "/"), ("linked", "/aws-service-role/ec2.amazonaws.com/")].into(),
            instances: [("i-app", Some("profile-app")), ("i-bare", None), ("i-empty", Some("profile-empty"))].into(),
            profiles: [("profile-app", Some("app")), ("profile-web", Some("web")), ("profile-empty", None)].into(),
            ..Self::default()
        }
    }

    fn refuse(mut self, call: &'static str, error: Error) -> Self {
        self.refuse.insert(call, error);
        self
    }

    fn answer(&self, call: &str) -> Result<(), Error> {
        self.refuse.get(call).map_or(Ok(()), |error| Err(error.clone()))
    }

    fn run_at(&mut self, now: &str, input: Value) -> Result<Output, Failure> {
        let context = Context {
            run: "run".to_owned(),
            step: "revoke".to_owned(),
            attempt: 1,
            account: ACCOUNT.to_owned(),
            region: "us-east-1".to_owned(),
            time: now.to_owned(),
        };
        run(self, &serde_json::from_value(input).unwrap(), &context)
    }

    fn run(&mut self, input: Value) -> Result<Output, Failure> {
        self.run_at(NOW, input)
    }

    fn role_of(&self, name: &str) -> Result<Role, Error> {
        let (name, path) = self.roles.get_key_value(name).ok_or_else(no_such_entity)?;
        Ok(Role {
            role_name: (*name).to_owned(),
            role_id: "AROA1".to_owned(),
            arn: format!("arn:aws:iam::{ACCOUNT}:role{path}{name}"),
            path: (*path).to_owned(),
            create_date: SEEN.to_owned(),
        })
    }
}

impl Aws for Account {
    fn access_keys(&mut self, user: &str) -> Result<Vec<AccessKeyMetadata>, Error> {
        self.answer("list")?;
        let keys = self.users.get(user).ok_or_else(no_such_entity)?;
        let metadata = |(key, active): &(&str, bool)| AccessKeyMetadata {
            access_key_id: (*key).to_owned(),
            user_name: user.to_owned(),
            status: if *active { "Active" } else { "Inactive" }.to_owned(),
            create_date: SEEN.to_owned(),
        };
        Ok(keys.iter().map(metadata).collect())
    }

    fn owner(&mut self, access_key_id: &str) -> Result<String, Error> {
        self.answer("owner")?;
        let owner = self.users.iter().find(|(_, keys)| keys.iter().any(|(key, _)| *key == access_key_id));
        owner.map(|(user, _)| (*user).to_owned()).ok_or_else(no_such_entity)
    }

    fn deactivate(&mut self, user: &str, access_key_id: &str) -> Result<(), Error> {
        self.writes.push(access_key_id.to_owned());
        self.answer(access_key_id)?;
        let keys = self.users.get_mut(user).ok_or_else(no_such_entity)?;
        keys.iter_mut().find(|(key, _)| *key == access_key_id).ok_or_else(no_such_entity)?.1 = false;
        Ok(())
    }

    fn role(&mut self, name: &str) -> Result<Role, Error> {
        self.answer("role")?;
        self.role_of(name)
    }

    fn policy(&mut self, kind: Kind, name: &str) -> Result<Option<String>, Error> {
        self.answer("policy")?;
        Ok(self.policies.get(&(kind.to_string(), name.to_owned())).cloned())
    }

    fn put_policy(&mut self, kind: Kind, name: &str, document: &str) -> Result<(), Error> {
        self.writes.push(name.to_owned());
        self.answer("put")?;
        self.policies.insert((kind.to_string(), name.to_owned()), document.to_owned());
        Ok(())
    }

    fn instance(&mut self, instance_id: &str) -> Result<Option<Instance>, Error> {
        self.answer("instance")?;
        let profile = self.instances.get(instance_id).ok_or_else(no_such_entity)?;
        Ok(Some(Instance {
            instance_id: instance_id.to_owned(),
            state: "running".to_owned(),
            vpc_id: None,
            subnet_id: None,
            security_groups: Vec::new(),
            block_device_mappings: Vec::new(),
            network_interface_ids: Vec::new(),
            iam_instance_profile: profile.map(profile_arn),
            tags: Vec::new(),
        }))
    }

    fn instance_profile(&mut self, name: &str) -> Result<InstanceProfile, Error> {
        let role = self.profiles.get(name).ok_or_else(no_such_entity)?;
        Ok(InstanceProfile {
            instance_profile_name: name.to_owned(),
            arn: profile_arn(name),
            roles: role.map(|role| self.role_of(role).unwrap()).into_iter().collect(),
        })
    }
}

fn profile_arn(name: &str) -> String {
    format!("arn:aws:iam::{ACCOUNT}:instance-profile/path/{name}")
}

/// A GuardDuty finding with these resources.
fn finding(resource: Value) -> Value {
    finding_seen(SEEN, resource)
}

fn finding_seen(seen: &str, resource: Value) -> Value {
    let service = json!({ "serviceName": "guardduty", "eventLastSeen": seen });
    json!({ "finding": { "id": "f-1", "accountId": ACCOUNT, "resource": resource, "service": service } })
}

fn access_key(user_type: &str, name: &str, key: &str) -> Value {
    json!({ "accessKeyDetails": { "accessKeyId": key, "principalId": "P", "userType": user_type, "userName": name } })
}

fn on_instance(id: &str, profile: Option<&str>) -> Value {
    let profile = profile.map(|name| json!({ "arn": profile_arn(name), "id": "AIPA1" }));
    json!({ "instanceDetails": { "instanceId": id, "iamInstanceProfile": profile } })
}

fn key(id: &str, deactivated: bool) -> AccessKey {
    AccessKey { access_key_id: id.to_owned(), deactivated }
}

fn names(output: &Output) -> Vec<(Kind, &str, bool)> {
    output.principals.iter().map(|it| (it.kind, it.name.as_str(), it.policy_written)).collect()
}

#[test]
fn all_keys_of_a_user_are_switched_off_and_its_sessions_denied() {
    let mut account = Account::new();
    let output = account.run(finding(access_key("IAMUser", "alice", "AKIA1"))).unwrap();
    assert_eq!(output.outcome, Outcome::Revoked);
    assert_eq!(names(&output), [(Kind::User, "alice", true)]);
    assert_eq!(output.principals[0].access_keys, [key("AKIA1", true), key("AKIA2", false), key("AKIA3", true)]);
    assert_eq!(output.principals[0].sessions_denied_before, "2026-03-01T12:00:00.000Z");
    assert_eq!(account.writes, ["AKIA1", "AKIA3", "alice"]);
    let policy = &account.policies[&("user".to_owned(), "alice".to_owned())];
    assert!(policy.contains(r#"{"aws:TokenIssueTime":"2026-03-01T12:00:00.000Z"}"#), "{policy}");
}

#[test]
fn a_second_run_writes_nothing() {
    for input in [
        finding(access_key("IAMUser", "alice", "AKIA1")),
        finding(access_key("AssumedRole", "app", "ASIA1")),
        finding(on_instance("i-app", None)),
        finding_seen("2026-03-01T12:10:00Z", access_key("AssumedRole", "app", "ASIA1")),
        json!({ "principal": { "access_key_id": "AKIA3" }, "last_seen": SEEN }),
    ] {
        let mut account = Account::new();
        let first = account.run(input.clone()).unwrap();
        assert_eq!(first.outcome, Outcome::Revoked, "{input}");
        account.writes.clear();
        let second = account.run_at(LATER, input.clone()).unwrap();
        assert_eq!(account.writes, Vec::<String>::new(), "{input}");
        assert_eq!(second.outcome, Outcome::AlreadyRevoked, "{input}");
        let cutoff = |output: &Output| output.principals[0].sessions_denied_before.clone();
        assert_eq!(cutoff(&first), cutoff(&second), "{input}");
    }
}

#[test]
fn what_was_misused_after_the_last_revocation_is_denied_again() {
    let mut account = Account::new();
    let seen = |seen: &str| finding_seen(seen, access_key("AssumedRole", "app", "ASIA1"));
    account.run(seen(SEEN)).unwrap();
    let again = account.run_at(LATER, seen("2026-03-01T12:30:00Z")).unwrap();
    assert_eq!(names(&again), [(Kind::Role, "app", true)]);
    assert_eq!(again.principals[0].sessions_denied_before, "2026-03-01T13:00:00.000Z");
    // A finding that is late, about what is denied already.
    let late = account.run_at(LATER, seen("2026-03-01T12:40:00Z")).unwrap();
    assert_eq!(names(&late), [(Kind::Role, "app", false)]);
}

#[test]
fn a_weakened_policy_is_replaced() {
    let mut account = Account::new();
    let input = finding(access_key("AssumedRole", "app", "ASIA1"));
    account.run(input.clone()).unwrap();
    let policy = account.policies.values_mut().next().unwrap();
    *policy = policy.replace(r#""Action":["*"]"#, r#""Action":["s3:*"]"#);
    assert_eq!(account.run(input).unwrap().outcome, Outcome::Revoked);
}

#[test]
fn an_instance_has_its_role_revoked_and_the_one_that_it_had() {
    for (resource, expected) in [
        (on_instance("i-app", None), vec!["app"]),
        (on_instance("i-app", Some("profile-app")), vec!["app"]),
        (on_instance("i-app", Some("profile-web")), vec!["web", "app"]),
        (on_instance("i-bare", Some("profile-web")), vec!["web"]),
        (on_instance("i-gone", Some("profile-web")), vec!["web"]),
    ] {
        let output = Account::new().run(finding(resource.clone())).unwrap();
        let roles: Vec<&str> = output.principals.iter().map(|it| it.name.as_str()).collect();
        assert_eq!(roles, expected, "{resource}");
    }
}

#[test]
fn credentials_count_before_the_instance() {
    let mut resource = access_key("AssumedRole", "web", "ASIA1");
    resource["instanceDetails"] = on_instance("i-app", None)["instanceDetails"].take();
    assert_eq!(names(&Account::new().run(finding(resource)).unwrap()), [(Kind::Role, "web", true)]);
}

#[test]
fn where_there_are_no_credentials_nothing_is_revoked_and_nothing_fails() {
    for (resource, reason) in [
        (on_instance("i-bare", None), "the instance `i-bare` has no role"),
        (on_instance("i-empty", None), "the instance `i-empty` has no role"),
        (json!({ "s3BucketDetails": [{ "name": "b" }] }), "the finding names neither credentials nor an instance"),
    ] {
        let mut account = Account::new();
        let output = account.run(finding(resource)).unwrap();
        assert_eq!((output.outcome, output.principals), (Outcome::NothingToRevoke, vec![]));
        assert_eq!((output.reasons, account.writes), (vec![reason.to_owned()], vec![]));
    }
}

#[test]
fn security_hub_and_attack_sequences_name_principals_too() {
    let details = json!({ "PrincipalId": "AROA1:i-1", "PrincipalType": "AssumedRole", "PrincipalName": "app" });
    let resources = json!([
        { "Type": "AwsIamAccessKey", "Id": "AWS::IAM::AccessKey:ASIA1", "Details": { "AwsIamAccessKey": details } },
        { "Type": "AwsIamUser", "Id": format!("arn:aws:iam::{ACCOUNT}:user/bob") },
    ]);
    let hub = json!({ "ProductArn": "p", "AwsAccountId": ACCOUNT, "LastObservedAt": SEEN, "Resources": resources });
    let output = Account::new().run(json!({ "finding": { "findings": [hub] } })).unwrap();
    assert_eq!(names(&output), [(Kind::Role, "app", true), (Kind::User, "bob", true)]);

    let actor = |name: &str, of: &str| json!({ "user": { "name": name, "type": of, "account": { "uid": ACCOUNT } } });
    let actors = [actor("app", "AssumedRole"), actor("alice", "IAMUser"), actor("app", "AssumedRole")];
    let mut sequence = finding(json!({ "resourceType": "AttackSequence" }));
    sequence["finding"]["service"]["detection"] = json!({ "sequence": { "actors": actors } });
    let output = Account::new().run(sequence).unwrap();
    assert_eq!(names(&output), [(Kind::Role, "app", true), (Kind::User, "alice", true)]);
}

#[test]
fn a_published_finding_names_a_user() {
    let event: Value = serde_json::from_str(include_str!("../../../tests/events/real/guardduty-iam.json")).unwrap();
    let mut account = Account::new();
    account.users.insert("GeneratedFindingUserName", vec![("GeneratedFindingAccessKeyId", true)]);
    account.run(json!({ "finding": event["detail"] })).unwrap();
    assert_eq!(account.writes, ["GeneratedFindingAccessKeyId", "GeneratedFindingUserName"]);
}

#[test]
fn who_cannot_be_revoked_is_a_failure_of_its_own() {
    let of = |user_type: &str, name: &str| finding(access_key(user_type, name, "ASIA1"));
    let mut elsewhere = of("IAMUser", "alice");
    elsewhere["finding"]["accountId"] = json!("210987654321");
    for (input, code) in [
        (of("Root", "Root"), "root-principal"),
        (of("AWSAccount", "x"), "unknown-principal"),
        (of("FederatedUser", "x"), "unknown-principal"),
        (of("AssumedRole", "linked"), "protected-role"),
        (of("AssumedRole", "nobody"), "principal-not-found"),
        (of("IAMUser", "nobody"), "principal-not-found"),
        (elsewhere, "other-account"),
        (finding(on_instance("i-gone", None)), "principal-not-found"),
        (json!({ "principal": { "access_key_id": "AKIA9" }, "last_seen": SEEN }), "principal-not-found"),
        (json!({ "principal": { "access_key_id": "ASIA9" }, "last_seen": SEEN }), "unknown-principal"),
        (json!({ "principal": { "role_name": "app" } }), "invalid-input"),
        (json!({ "principal": {}, "last_seen": SEEN }), "invalid-input"),
        (json!({}), "invalid-input"),
    ] {
        let mut account = Account::new();
        let failure = account.run(input.clone()).unwrap_err();
        assert_eq!(failure.code, code, "{input}: {}", failure.message);
        assert_eq!(account.writes, Vec::<String>::new(), "{input}");
    }
}

#[test]
fn what_iam_itself_protects_is_told_likewise() {
    let error = Error::Conflict(detail("UnmodifiableEntityException"));
    let mut account = Account::new().refuse("put", error);
    let failure = account.run(finding(access_key("AssumedRole", "app", "ASIA1"))).unwrap_err();
    assert_eq!(failure.code, "protected-role");
}

#[test]
fn a_key_that_cannot_be_switched_off_stops_nothing_and_the_next_try_finishes() {
    let mut account = Account::new().refuse("AKIA1", Error::Throttled(detail("Throttling")));
    let input = finding(access_key("IAMUser", "alice", "AKIA1"));
    let failure = account.run(input.clone()).unwrap_err();
    assert_eq!(failure.code, "throttled");
    let expected = "not revoked: switching off the access key `AKIA1` of `alice`: AWS says so (`Throttling`); revoked: \
                    user `alice`: sessions from before 2026-03-01T12:00:00.000Z, `AKIA2`, `AKIA3`";
    assert_eq!(failure.message, expected);
    account.refuse.clear();
    account.writes.clear();
    assert_eq!(account.run(input).unwrap().outcome, Outcome::Revoked);
    assert_eq!(account.writes, ["AKIA1"]);
}

#[test]
fn sessions_that_cannot_be_denied_leave_the_keys_switched_off() {
    let mut account = Account::new().refuse("put", denied());
    let input = finding(access_key("IAMUser", "alice", "AKIA1"));
    let failure = account.run(input.clone()).unwrap_err();
    assert_eq!(failure.code, "access-denied");
    assert!(failure.message.ends_with("revoked: user `alice`: `AKIA1`, `AKIA2`, `AKIA3`"), "{}", failure.message);
    account.refuse.clear();
    account.writes.clear();
    account.run(input).unwrap();
    assert_eq!(account.writes, ["alice"]);
}

#[test]
fn what_cannot_be_read_does_not_keep_from_revoking() {
    for (call, resource, writes) in [
        ("list", access_key("IAMUser", "alice", "AKIA1"), vec!["AKIA1", "alice"]),
        ("list", access_key("IAMUser", "alice", "ASIA1"), vec!["alice"]),
        ("role", access_key("AssumedRole", "app", "ASIA1"), vec!["app"]),
        ("policy", access_key("AssumedRole", "app", "ASIA1"), vec!["app"]),
        ("instance", on_instance("i-app", Some("profile-web")), vec!["web"]),
    ] {
        let mut account = Account::new().refuse(call, denied());
        let failure = account.run(finding(resource)).unwrap_err();
        assert_eq!(
            (failure.code.as_str(), account.writes),
            ("access-denied", writes.into_iter().map(str::to_owned).collect()),
            "{call}"
        );
    }
}

#[test]
fn a_principal_that_is_refused_does_not_keep_the_others() {
    let actor = |name: &str, of: &str| json!({ "user": { "name": name, "type": of } });
    let mut sequence = finding(json!({}));
    let actors = [actor("Root", "Root"), actor("app", "AssumedRole"), actor("nobody", "IAMUser")];
    sequence["finding"]["service"]["detection"] = json!({ "sequence": { "actors": actors } });
    let mut account = Account::new();
    let failure = account.run(sequence).unwrap_err();
    assert_eq!((failure.code.as_str(), account.writes), ("root-principal", vec!["app".to_owned()]));
    assert!(failure.message.contains("the user `nobody` does not exist"), "{}", failure.message);
}

#[test]
fn a_key_that_is_gone_meanwhile_is_off() {
    let mut account = Account::new().refuse("AKIA1", no_such_entity());
    let output = account.run(finding(access_key("IAMUser", "alice", "AKIA1"))).unwrap();
    assert_eq!(output.principals[0].access_keys, [key("AKIA2", false), key("AKIA3", true)]);
}

#[test]
fn the_schema_has_what_the_workflow_gives() {
    let description = quell_sdk::describe::<RevokeCredentials>("revoke-credentials", "1.0.0", "");
    let input: Value = serde_json::from_str(&description.input_schema).unwrap();
    assert_eq!(input["additionalProperties"], false);
    for field in ["finding", "principal", "last_seen"] {
        assert!(input["properties"][field]["description"].is_string(), "{field}");
    }
    assert!(input.get("required").is_none());
}

#[test]
fn the_readme_shows_the_grant() {
    assert!(include_str!("../README.md").contains(include_str!("../grant.json")));
}
