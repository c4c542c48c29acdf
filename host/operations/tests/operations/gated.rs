//! Writes to AWS through the real gate: what it makes of a lost answer, by what the service then shows.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use capability::{Attempt, Caller, Clock, Effective, Gate, Journal, Limits, Passed, Policies, TokenKey};
use grant::Policy;
use ledger::{Draft, LedgerError, Millis};
use operations::Account;
use serde_json::{Value, json};

use crate::rows::{Row, rows};
use crate::server::{Reply, Server};
use crate::{account, operations, scope};

const BUCKETS: &str = "quell:s3/buckets@0.1.0#";
const REVOKE: &str = "quell:ec2/security-groups@0.1.0#revoke-security-group-ingress";
const START: Millis = 1_800_000_000_000;

/// The policies, the ledger and the clock around a gate.
struct Around {
    kept: Mutex<Vec<Draft>>,
    now: Mutex<Millis>,
    /// What each confirmation is preceded by: how many requests there were.
    server: Arc<Server>,
    confirmed_after: Mutex<Vec<usize>>,
}

impl Policies for Around {
    fn effective(&self, _: &str) -> Effective {
        let all = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"},
            {"Effect":"Allow","Action":"*","Resource":"*","Condition":{"Bool":{"quell:Dangerous":"true"}}}]}"#;
        Effective { grants: [Policy::load("grant", all).unwrap()].into(), ..Effective::default() }
    }
}

#[async_trait]
impl Journal for Around {
    fn note(&self, draft: Draft) {
        self.kept.lock().unwrap().push(draft);
    }

    async fn commit(&self, drafts: Vec<Draft>) -> Result<(), LedgerError> {
        self.kept.lock().unwrap().extend(drafts);
        Ok(())
    }

    async fn confirm(&self) -> Result<(), LedgerError> {
        self.confirmed_after.lock().unwrap().push(self.server.requests().len());
        Ok(())
    }
}

#[async_trait]
impl Clock for Around {
    fn now(&self) -> Millis {
        *self.now.lock().unwrap()
    }

    async fn until(&self, time: Millis) {
        let mut now = self.now.lock().unwrap();
        *now = time.max(*now);
    }
}

/// A call that came out of the gate.
struct Called {
    passed: Passed,
    around: Arc<Around>,
}

impl Called {
    /// The methods or actions that were asked of the service, in order.
    fn asked(&self) -> Vec<String> {
        let requests = self.around.server.requests();
        let asked = requests.iter().map(|request| match request.form.get("Action") {
            Some(action) => action.clone(),
            None => request.head.split(' ').next().unwrap_or_default().to_owned(),
        });
        asked.collect()
    }

    /// How long after the start the call had an end.
    fn took(&self) -> Millis {
        self.around.now() - START
    }
}

async fn call(account: impl FnOnce(&str) -> Account, replies: Vec<Reply>, function: &str, arguments: &Value) -> Called {
    let server = Arc::new(Server::start(replies).await);
    let catalog = Arc::new(operations(account(&server.endpoint)));
    let (kept, now, confirmed_after) = (Mutex::default(), Mutex::new(START), Mutex::default());
    let around = Arc::new(Around { kept, now, server, confirmed_after });
    let gate = Gate::new(catalog, around.clone(), around.clone(), TokenKey::new([1; 32]), Limits::default());
    let caller = Caller {
        run: "r-1".into(),
        workflow: "w".into(),
        step: "s".into(),
        attempt: 1,
        started: START,
        scope: scope(),
        digest: "abc".into(),
        repeat_unknown: false,
    };
    let attempt = Arc::new(Attempt::new(caller, around.clone(), BTreeMap::new()));
    let passed = Arc::new(gate).pass(&attempt, function, arguments).await;
    attempt.quiesce().await;
    Called { passed, around }
}

fn row(function: &str) -> Row {
    rows().into_iter().find(|row| row.function == function).unwrap()
}

fn ok(body: &str) -> Reply {
    Reply::Full(200, body.into())
}

/// A bucket policy that is neither the one before nor the one that was written is somebody else's.
#[tokio::test]
async fn a_third_partys_policy_is_not_overwritten() {
    let put = row(&format!("{BUCKETS}put-bucket-policy"));
    let policy = |sid: &str| {
        ok(&json!({ "Version": "2012-10-17", "Statement": [{ "Sid": sid, "Effect": "Deny", "Principal": "*",
            "Action": "s3:*", "Resource": "arn:aws:s3:::acme-data/*" }] })
        .to_string())
    };
    let again = || policy("theirs");
    let replies = vec![policy("before"), Reply::None, again(), again(), again(), ok("")];
    let called = call(account, replies, put.function, &put.arguments).await;
    assert!(matches!(called.passed, Passed::Suspend(_)), "{:?} {:?}", called.passed, called.asked());
    assert_eq!(called.asked().iter().filter(|method| *method == "PUT").count(), 1, "{:?}", called.asked());
}

/// Rules that do not show may not show yet: that they are gone is believed after a while.
#[tokio::test]
async fn a_revocation_is_not_proved_at_first_sight() {
    let revoke = row(REVOKE);
    let group = |rules: &str| {
        ok(&format!(
            "<DescribeSecurityGroupsResponse><securityGroupInfo><item><groupId>sg-1</groupId><ipPermissions>{rules}
            </ipPermissions></item></securityGroupInfo></DescribeSecurityGroupsResponse>"
        ))
    };
    let arguments = json!({ "group-id": "sg-1", "ip-permissions": [{
        "ip-protocol": "tcp", "from-port": 22, "to-port": 22, "ip-ranges": [{ "cidr-ip": "0.0.0.0/0" }],
        "ipv6-ranges": [], "prefix-list-ids": [], "user-id-group-pairs": [],
    }] });
    let ssh = "<item><ipProtocol>tcp</ipProtocol><fromPort>22</fromPort><toPort>22</toPort><ipRanges><item>
        <cidrIp>0.0.0.0/0</cidrIp></item></ipRanges></item>";
    let no_group = || {
        Reply::Full(
            400,
            "<Response><Errors><Error><Code>InvalidGroup.NotFound</Code></Error></Errors></Response>".into(),
        )
    };
    let gone = vec![group(ssh), Reply::None, group(""), group("")];
    let called = call(account, gone, revoke.function, &arguments).await;
    assert_eq!(called.passed, Passed::Answer(json!({ "ok": {} })));
    assert!(called.took() >= 30_000, "it is believed after {} ms", called.took());

    // A stale read that shows nothing, and then the rules: they were not revoked.
    let late = vec![group(ssh), Reply::None, group(""), group(ssh), group(ssh), ok(revoke.reply)];
    let called = call(account, late, revoke.function, &arguments).await;
    assert_eq!(called.asked().iter().filter(|action| *action == "RevokeSecurityGroupIngress").count(), 2);

    // A group that is not found proves nothing of its rules.
    let lost = vec![group(ssh), Reply::None, no_group(), no_group()];
    let called = call(account, lost, revoke.function, &arguments).await;
    assert!(matches!(called.passed, Passed::Suspend(_)), "{:?}", called.passed);
    assert!(called.took() >= 30_000, "it is given to a person after {} ms", called.took());
}

/// The role is assumed before the intent: behind the last look at whether the run is still ours, nothing is asked but the
/// write itself.
#[tokio::test]
async fn credentials_are_there_before_the_intent() {
    let publish = row("quell:sns/topics@0.1.0#publish");
    let role =
        |endpoint: &str| Account { role_arn: Some("arn:aws:iam::123456789012:role/quell".into()), ..account(endpoint) };
    let assumed = "<AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>ASIAROLE</AccessKeyId>
        <SecretAccessKey>secret</SecretAccessKey><SessionToken>token-of-role</SessionToken>
        <Expiration>2999-01-01T00:00:00Z</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>";
    let called = call(role, vec![ok(assumed), ok(publish.reply)], publish.function, &publish.arguments).await;
    assert_eq!(called.passed, Passed::Answer(json!({ "ok": publish.output })));
    assert_eq!(called.asked(), ["AssumeRole", "Publish"]);
    assert_eq!(*called.around.confirmed_after.lock().unwrap(), [1], "the role is assumed behind the confirmation");
}
