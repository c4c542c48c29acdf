//! The gate from outside: what it lets through, what it denies and why, and what it writes down.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "where a test cannot go on, it has failed"
)]

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use capability::{
    Access, Attempt, Caller, Catalog, Clock, Effect, Effective, Fault, FaultKind, Gate, Journal, Limits, Marker,
    Operation, Passed, Policies, Scope, Spec, TokenKey, Touch,
};
use grant::Policy;
use ledger::{Draft, LedgerError, Millis};
use serde_json::{Value, json};

const CLOSE: &str = "quell:door/doors@0.1.0#close";

static SPEC: Spec =
    Spec { function: CLOSE, action: "door:Close", also: &[], access: Access::Write, effect: Effect::Write };

/// Closes the door that the argument `arn` names, with the key of the argument `key`.
struct Close {
    arn: String,
    key: String,
    tags: Result<Option<BTreeMap<String, String>>, Fault>,
    sent: Arc<Mutex<u32>>,
}

#[async_trait]
impl Operation for Close {
    fn spec(&self) -> &'static Spec {
        &SPEC
    }

    fn touches(&self) -> Vec<Touch> {
        vec![Touch { action: "door:Close".into(), resource: self.arn.clone() }]
    }

    fn arguments(&self) -> Vec<(&'static str, Vec<String>)> {
        vec![("key", vec![self.key.clone()])]
    }

    async fn send(&self, _: &Marker) -> Result<Value, Fault> {
        *self.sent.lock().unwrap() += 1;
        Ok(json!({}))
    }

    async fn tags(&self, _: &str) -> Result<Option<BTreeMap<String, String>>, Fault> {
        self.tags.clone()
    }
}

/// Everything around the gate.
struct Around {
    policies: Effective,
    tags: Result<Option<BTreeMap<String, String>>, Fault>,
    sent: Arc<Mutex<u32>>,
    kept: Mutex<Vec<Draft>>,
}

#[async_trait]
impl Catalog for Around {
    async fn operation(&self, function: &str, arguments: &Value, _: &Scope) -> Result<Arc<dyn Operation>, Fault> {
        let text = |name: &str| arguments[name].as_str().map(str::to_string);
        let invalid = || Fault::known(FaultKind::Invalid, "invalid", format!("`{function}` needs `arn` and `key`"));
        let (arn, key) = text("arn").zip(text("key")).ok_or_else(invalid)?;
        Ok(Arc::new(Close { arn, key, tags: self.tags.clone(), sent: self.sent.clone() }))
    }

    fn specs(&self) -> Vec<&'static Spec> {
        vec![&SPEC]
    }
}

impl Policies for Around {
    fn effective(&self, _: &str) -> Effective {
        self.policies.clone()
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
        Ok(())
    }
}

struct Noon;

#[async_trait]
impl Clock for Noon {
    fn now(&self) -> Millis {
        1_800_000_000_000
    }

    async fn until(&self, _: Millis) {}
}

const DOOR: &str = "arn:aws:door:eu-central-1:123456789012:door/7";

/// A statement that is all that is granted.
fn allow(more: Value) -> Vec<Value> {
    vec![with(json!({ "Sid": "Doors", "Effect": "Allow", "Action": "door:Close", "Resource": "*" }), more)]
}

fn with(mut statement: Value, more: Value) -> Value {
    statement.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    statement
}

fn policy(name: &str, statements: Vec<Value>) -> Policy {
    let document = json!({ "Version": "2012-10-17", "Statement": statements }).to_string();
    Policy::load(name, &document).unwrap_or_else(|error| panic!("{error}"))
}

/// What is granted, and what stands above.
#[derive(Default)]
struct Case {
    grant: Option<Vec<Value>>,
    guardrail: Option<Vec<Value>>,
    tags: Option<Result<Option<BTreeMap<String, String>>, Fault>>,
}

impl Case {
    fn around(self) -> Arc<Around> {
        let one = |name: &str, statements: Option<Vec<Value>>| {
            statements.map(|statements| policy(name, statements)).into_iter().collect::<Arc<[Policy]>>()
        };
        Arc::new(Around {
            policies: Effective { guardrails: one("guardrail", self.guardrail), grants: one("grant", self.grant) },
            tags: self.tags.unwrap_or(Ok(None)),
            sent: Arc::default(),
            kept: Mutex::default(),
        })
    }
}

fn gate(around: &Arc<Around>, limits: Limits) -> (Arc<Gate>, Arc<Attempt>) {
    let gate = Gate::new(around.clone(), around.clone(), Arc::new(Noon), TokenKey::new([1; 32]), limits);
    let caller = Caller {
        run: "r-1".into(),
        workflow: "doors".into(),
        step: "close".into(),
        attempt: 2,
        started: 1_800_000_000_000,
        scope: Scope::new("123456789012", "eu-central-1"),
        digest: "abc".into(),
        repeat_unknown: false,
    };
    (Arc::new(gate), Arc::new(Attempt::new(caller, around.clone(), BTreeMap::new())))
}

async fn close(case: Case, arguments: Value) -> (Value, Vec<Draft>, u32) {
    let around = case.around();
    let (gate, attempt) = gate(&around, Limits::default());
    let Passed::Answer(answer) = gate.pass(&attempt, CLOSE, &arguments).await else { panic!("it was not answered") };
    attempt.quiesce().await;
    let kept = around.kept.lock().unwrap().clone();
    let sent = *around.sent.lock().unwrap();
    (answer, kept, sent)
}

#[track_caller]
fn kinds(kept: &[Draft]) -> Vec<&'static str> {
    kept.iter().map(|draft| draft.kind).collect()
}

async fn allowed(case: Case) {
    let (answer, kept, sent) = close(case, json!({ "arn": DOOR, "key": "k" })).await;
    assert_eq!((answer, sent), (json!({ "ok": {} }), 1), "{kept:?}");
}

async fn denied(case: Case, arn: &str, reason: &str, statement: Option<&str>) {
    let (answer, kept, sent) = close(case, json!({ "arn": arn, "key": "k" })).await;
    assert_eq!(sent, 0);
    assert_eq!(answer["err"]["access-denied"]["code"], reason, "{answer}");
    let denial = kept.last().unwrap();
    assert_eq!((denial.kind, denial.data["reason"].as_str()), ("call.denied", Some(reason)));
    assert_eq!(denial.data["statement"].as_str(), statement, "{denial:?}");
    assert_eq!(denial.data["resource"].as_str(), Some(arn));
}

#[tokio::test]
async fn a_granted_write_is_announced_sent_and_recorded() {
    let case = Case { grant: Some(allow(json!({}))), ..Case::default() };
    let (answer, kept, sent) = close(case, json!({ "arn": DOOR, "key": "k" })).await;
    assert_eq!((answer, sent), (json!({ "ok": {} }), 1));
    assert_eq!(kinds(&kept), ["call.intent", "call.outcome"]);
    assert!(kept.iter().all(|draft| draft.call.as_deref() == Some("r-1/close/2/1")));
    assert_eq!((kept[0].actor.as_str(), kept[1].actor.as_str()), ("plugin:abc", "host"));
}

#[tokio::test]
async fn c01_what_is_not_granted_is_denied() {
    denied(Case::default(), DOOR, "not-granted", None).await;
    let other = vec![json!({ "Effect": "Allow", "Action": "door:Open", "Resource": "*" })];
    denied(Case { grant: Some(other), ..Case::default() }, DOOR, "implicit-deny", None).await;
    let elsewhere = allow(json!({ "Resource": "arn:aws:door:eu-central-1:123456789012:door/8" }));
    denied(Case { grant: Some(elsewhere), ..Case::default() }, DOOR, "implicit-deny", None).await;
}

#[tokio::test]
async fn a_denial_names_the_statement_that_decided() {
    let mut statements = allow(json!({}));
    statements
        .push(json!({ "Sid": "NotSeven", "Effect": "Deny", "Action": "door:*", "Resource": "arn:aws:door:*:*:*/7" }));
    denied(Case { grant: Some(statements), ..Case::default() }, DOOR, "explicit-deny", Some("NotSeven")).await;
}

#[tokio::test]
async fn the_guardrail_is_above_every_grant() {
    let guarded = |guardrail| Case { grant: Some(allow(json!({}))), guardrail: Some(guardrail), ..Case::default() };
    let everything = json!({ "Effect": "Allow", "Action": "*", "Resource": "*" });
    allowed(guarded(vec![everything.clone()])).await;
    let never = json!({ "Sid": "Never", "Effect": "Deny", "Action": "door:*", "Resource": "*" });
    denied(guarded(vec![everything, never]), DOOR, "guardrail", Some("Never")).await;
    let other = json!({ "Effect": "Allow", "Action": "window:*", "Resource": "*" });
    denied(guarded(vec![other]), DOOR, "guardrail", None).await;
}

#[tokio::test]
async fn c07_c08_c09_other_regions_accounts_and_partitions_are_out_of_scope() {
    for arn in [
        "arn:aws:door:us-east-1:123456789012:door/7",
        "arn:aws:door:eu-central-1:210987654321:door/7",
        "arn:aws-cn:door:eu-central-1:123456789012:door/7",
    ] {
        denied(Case { grant: Some(allow(json!({}))), ..Case::default() }, arn, "out-of-scope", None).await;
    }
}

#[tokio::test]
async fn conditions_see_the_run_and_the_arguments() {
    for (operator, key, value, admits) in [
        ("StringEquals", "quell:Workflow", "doors", true),
        ("StringEquals", "quell:StepId", "close", true),
        ("StringEquals", "quell:StepId", "open", false),
        ("StringEquals", "quell:Arg/key", "k", true),
        ("StringEquals", "quell:Arg/key", "other", false),
        ("StringEquals", "aws:RequestedRegion", "eu-central-1", true),
        ("StringEquals", "aws:ResourceAccount", "210987654321", false),
        ("DateLessThan", "aws:CurrentTime", "2027-01-16T00:00:00Z", true),
        ("DateGreaterThan", "aws:CurrentTime", "2027-01-16T00:00:00Z", false),
    ] {
        let grant = Some(allow(json!({ "Condition": { operator: { key: value } } })));
        let case = Case { grant, ..Case::default() };
        match admits {
            true => allowed(case).await,
            false => denied(case, DOOR, "implicit-deny", None).await,
        }
    }
}

#[tokio::test]
async fn c14_c21_tags_are_read_when_a_policy_asks_and_unreadable_ones_deny() {
    let asks = json!({ "Condition": { "StringEquals": { "aws:ResourceTag/team": "red" } } });
    let tagged = |tags| Case { grant: Some(allow(asks.clone())), tags: Some(tags), ..Case::default() };
    let team = |name: &str| Ok(Some(BTreeMap::from([("team".to_string(), name.to_string())])));
    allowed(tagged(team("red"))).await;
    denied(tagged(team("blue")), DOOR, "implicit-deny", None).await;
    denied(tagged(Ok(None)), DOOR, "implicit-deny", None).await;

    let mut statements = allow(json!({}));
    let protected = json!({ "StringEquals": { "aws:ResourceTag/do-not-touch": "yes" } });
    statements
        .push(json!({ "Sid": "Protected", "Effect": "Deny", "Action": "*", "Resource": "*", "Condition": protected }));
    let unreadable = Err(Fault::known(FaultKind::AccessDenied, "AccessDenied", "no"));
    let case = Case { grant: Some(statements), tags: Some(unreadable), ..Case::default() };
    denied(case, DOOR, "explicit-deny", Some("Protected")).await;
}

#[tokio::test]
async fn host_reads_are_recorded_as_the_hosts() {
    let asks = json!({ "Condition": { "StringEquals": { "aws:ResourceTag/team": "red" } } });
    let tags = Some(Ok(Some(BTreeMap::from([("team".into(), "red".into())]))));
    let case = Case { grant: Some(allow(asks)), tags, ..Case::default() };
    let (_, kept, _) = close(case, json!({ "arn": DOOR, "key": "k" })).await;
    assert_eq!(kinds(&kept), ["call.host-read", "call.intent", "call.outcome"]);
    assert_eq!(kept[0].actor, "host");
}

#[tokio::test]
async fn arguments_that_cannot_be_right_are_refused_and_recorded() {
    let case = Case { grant: Some(allow(json!({}))), ..Case::default() };
    let (answer, kept, sent) = close(case, json!({ "arn": 7 })).await;
    assert_eq!((answer["err"]["invalid"]["code"].as_str(), sent), (Some("invalid"), 0));
    assert_eq!(kept[0].data["reason"], "invalid-arguments");
}

#[tokio::test]
async fn b16_the_operations_of_an_attempt_are_bounded() {
    let around = Case { grant: Some(allow(json!({}))), ..Case::default() }.around();
    let (gate, attempt) = gate(&around, Limits { operations: 2, ..Limits::default() });
    let arguments = json!({ "arn": DOOR, "key": "k" });
    for _ in 0..2 {
        assert!(matches!(gate.pass(&attempt, CLOSE, &arguments).await, Passed::Answer(_)));
    }
    assert!(matches!(gate.pass(&attempt, CLOSE, &arguments).await, Passed::Fail { code: "call-limit", .. }));
    assert_eq!(*around.sent.lock().unwrap(), 2);
}

#[tokio::test]
async fn the_log_needs_no_grant_and_is_bounded() {
    let around = Case::default().around();
    let limits = Limits { log_lines: 3, log_line_bytes: 4, ..Limits::default() };
    let (gate, attempt) = gate(&around, limits);
    for message in ["ab", "äöü", "cd", "ef", "gh"] {
        let line = json!({ "level": "info", "message": message });
        let answer = gate.pass(&attempt, "quell:log/log@0.1.0#write", &line).await;
        assert_eq!(answer, Passed::Answer(json!({})));
    }
    let kept = around.kept.lock().unwrap();
    let lines: Vec<Value> =
        kept.iter().map(|draft| serde_json::from_slice(&draft.payloads["arguments"]).unwrap()).collect();
    let messages: Vec<_> = lines.iter().map(|line| line["message"].as_str().unwrap()).collect();
    assert_eq!(messages, ["ab", "äö [line truncated]", "cd", "log truncated"]);
}

#[tokio::test]
async fn the_context_is_the_attempts_and_is_not_recorded() {
    let around = Case::default().around();
    let (gate, attempt) = gate(&around, Limits::default());
    let answer = gate.pass(&attempt, "quell:plugin/context@0.1.0#get", &json!({})).await;
    let context = json!({
        "run": "r-1", "step": "close", "attempt": 2, "account": "123456789012", "region": "eu-central-1",
        "time": "2027-01-15T08:00:00Z",
    });
    assert_eq!(answer, Passed::Answer(context));
    assert!(around.kept.lock().unwrap().is_empty());
}
