//! The report of calls that the real gate let through and denied, from a catalog of doors.

#![expect(clippy::unwrap_used, clippy::panic, reason = "where a test cannot go on, it has failed")]

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};

use async_trait::async_trait;
use audit::{Denied, Finding, Report, Row, Usage};
use capability::{
    Access, Attempt, Caller, Catalog, Clock, Effect, Effective, Fault, FaultKind, Gate, Journal, Limits, Marker,
    Operation, Policies, Replay, Scope, Settlement, Spec, TokenKey, Touch,
};
use grant::Policy;
use ledger::{Draft, Hash, LedgerError, Millis, Record, SYSTEM};
use registry::{Registry, Uploaded, grant_put, guardrail_put, plugin_uploaded};
use serde_json::{Value, json};

const NOON: Millis = 1_800_000_000_000;

const CLOSE: &str = "quell:door/doors@0.1.0#close";
const LOOK: &str = "quell:door/doors@0.1.0#look";
const PASS: &str = "quell:door/roles@0.1.0#pass";
const KNOCK: &str = "quell:door/bells@0.1.0#knock";
const LOG: &str = "quell:log/log@0.1.0#write";

static SPECS: [Spec; 4] = [
    Spec {
        function: CLOSE,
        action: "door:Close",
        also: &[("door:Look", Access::Read)],
        access: Access::Write,
        effect: Effect::Write,
    },
    Spec { function: LOOK, action: "door:Look", also: &[], access: Access::Read, effect: Effect::Read },
    Spec {
        function: PASS,
        action: "iam:PassRole",
        also: &[],
        access: Access::PermissionsManagement,
        effect: Effect::Write,
    },
    Spec {
        function: KNOCK,
        action: "bell:Ring",
        also: &[("bell:Listen", Access::Read), ("key:Use", Access::Read)],
        access: Access::Write,
        effect: Effect::Depends,
    },
];

/// Goes to the door that `door` names; what comes of it is what `answers` says, in order, and then that all is well.
struct Go {
    spec: &'static Spec,
    door: String,
    answers: Arc<Mutex<Vec<Fault>>>,
}

#[async_trait]
impl Operation for Go {
    fn spec(&self) -> &'static Spec {
        self.spec
    }

    fn touches(&self) -> Vec<Touch> {
        let resource = format!("arn:aws:door:eu-central-1:123456789012:door/{}", self.door);
        self.spec.actions().map(|action| Touch { action: action.into(), resource: resource.clone() }).collect()
    }

    fn settlement(&self) -> Settlement {
        Settlement::Repeatable
    }

    async fn send(&self, _: &Marker) -> Result<Value, Fault> {
        self.answers.lock().unwrap().pop().map_or(Ok(json!({})), Err)
    }
}

/// Everything around the gate: an installation whose ledger is one list.
#[derive(Default)]
struct World {
    kept: Mutex<Vec<Record>>,
    answers: Arc<Mutex<Vec<Fault>>>,
}

#[async_trait]
impl Catalog for World {
    async fn operation(&self, function: &str, arguments: &Value, _: &Scope) -> Result<Arc<dyn Operation>, Fault> {
        let spec = SPECS.iter().find(|spec| spec.function == function);
        let invalid = || Fault::known(FaultKind::Invalid, "invalid", "it names no door");
        let (spec, door) = spec.zip(arguments["door"].as_str()).ok_or_else(invalid)?;
        Ok(Arc::new(Go { spec, door: door.into(), answers: self.answers.clone() }))
    }

    fn specs(&self) -> Vec<&'static Spec> {
        SPECS.iter().collect()
    }
}

impl Policies for World {
    fn effective(&self, digest: &str) -> Effective {
        let (guardrails, grants) = self.registry().effective(digest);
        Effective { guardrails, grants }
    }
}

#[async_trait]
impl Clock for World {
    /// A second passes with each entry.
    fn now(&self) -> Millis {
        NOON + 1_000 * self.kept().len() as Millis
    }

    async fn until(&self, _: Millis) {}
}

/// The world, as a run sees it.
struct Run(Arc<World>);

#[async_trait]
impl Journal for Run {
    fn note(&self, draft: Draft) {
        self.0.keep("r-1", draft);
    }

    async fn commit(&self, drafts: Vec<Draft>) -> Result<(), LedgerError> {
        drafts.into_iter().for_each(|draft| self.0.keep("r-1", draft));
        Ok(())
    }

    async fn confirm(&self) -> Result<(), LedgerError> {
        Ok(())
    }
}

impl World {
    fn kept(&self) -> MutexGuard<'_, Vec<Record>> {
        self.kept.lock().unwrap()
    }

    fn keep(&self, run: &str, draft: Draft) {
        let mut kept = self.kept();
        let entry = draft.seal(run, kept.len() as u64 + 1, Hash::ZERO);
        let payloads = draft.payloads.into_iter().map(|(name, bytes)| (name, Some(bytes))).collect();
        kept.push(Record { entry, data: draft.data, payloads });
    }

    fn upload(&self, digest: &str, name: &str, version: &str, imports: &[&str]) {
        let imports = imports.iter().map(ToString::to_string).collect();
        let (digest, name, version) = (digest.into(), name.into(), version.into());
        let uploaded = Uploaded { digest, name, version, summary: String::new(), imports, size: 1 };
        self.keep(SYSTEM, plugin_uploaded(&uploaded, (&json!({}), &json!({})), vec![], NOON, "user:ann"));
    }

    fn grant(&self, digest: &str, statements: Value) {
        self.keep(SYSTEM, grant_put(digest, &policy(statements), NOON, "user:ann"));
    }

    fn guard(&self, statements: Value) {
        self.keep(SYSTEM, guardrail_put(&policy(statements), NOON, "user:ann"));
    }

    fn registry(&self) -> Registry {
        Registry::fold(self.kept().iter().filter(|record| record.entry.run == SYSTEM)).unwrap()
    }

    /// Has the plugin `digest` make these calls in a step of its own.
    async fn call(self: &Arc<Self>, digest: &str, step: &str, calls: &[(&str, Value)]) {
        let gate = Gate::new(self.clone(), self.clone(), self.clone(), TokenKey::new([1; 32]), Limits::default());
        let caller = Caller {
            run: "r-1".into(),
            workflow: "doors".into(),
            step: step.into(),
            attempt: 1,
            started: NOON,
            scope: Scope::new("123456789012", "eu-central-1"),
            digest: digest.into(),
            repeat_unknown: false,
        };
        let recorded = Replay::read(self.kept().iter()).unwrap().attempt(step, 1);
        let attempt = Arc::new(Attempt::new(caller, Arc::new(Run(self.clone())), recorded));
        let gate = Arc::new(gate);
        for (function, arguments) in calls {
            gate.pass(&attempt, function, arguments).await;
        }
        attempt.quiesce().await;
    }

    fn usage(&self) -> Usage {
        let mut usage = Usage::default();
        self.kept().iter().for_each(|record| usage.add(record).unwrap());
        usage
    }

    fn report(&self) -> Report {
        let specs: Vec<&Spec> = SPECS.iter().collect();
        Report::new(&self.registry(), &specs, &self.usage(), NOON + 3_600_000)
    }
}

fn policy(statements: Value) -> Policy {
    let document = json!({ "Version": "2012-10-17", "Statement": statements }).to_string();
    Policy::load("policy", &document).unwrap_or_else(|error| panic!("{error}"))
}

fn allow(action: &str) -> Value {
    json!([{ "Sid": "Doors", "Effect": "Allow", "Action": action, "Resource": "*" }])
}

fn door(door: &str) -> Value {
    json!({ "door": door })
}

fn row<'a>(report: &'a Report, function: &str, action: &str) -> &'a Row {
    let rows = report.rows.iter();
    let mut found = rows.filter(|row| row.function == function && row.action == action);
    found.next().unwrap_or_else(|| panic!("{:#?}", report.rows))
}

fn counts(counts: &[(&str, u64)]) -> BTreeMap<String, u64> {
    counts.iter().map(|(name, count)| (name.to_string(), *count)).collect()
}

/// An installation with one plugin, `doors`.
fn doors(imports: &[&str], statements: Option<Value>) -> Arc<World> {
    let world = Arc::new(World::default());
    world.upload("abc", "doors", "1.0.0", imports);
    statements.into_iter().for_each(|statements| world.grant("abc", statements));
    world
}

#[tokio::test]
async fn reads_and_writes_count_by_function_and_action() {
    let world = doors(&[CLOSE, LOOK, LOG], Some(allow("door:*")));
    let log = json!({ "level": "info", "message": "hello" });
    world.call("abc", "a", &[(LOOK, door("7")), (CLOSE, door("7")), (LOG, log), (CLOSE, door("8"))]).await;
    let report = world.report();
    let places: Vec<_> = report.rows.iter().map(|row| (row.function.as_str(), row.action.as_str())).collect();
    assert_eq!(places, [(CLOSE, "door:Close"), (CLOSE, "door:Look"), (LOOK, "door:Look")]);
    let close = row(&report, CLOSE, "door:Close");
    assert_eq!((close.used.count, &close.used.results), (2, &counts(&[("ok", 2)])));
    assert_eq!(close.used.resources.len(), 2);
    assert_eq!(close.used.last.as_deref(), Some("2027-01-15T08:00:06Z"));
    assert_eq!((close.access, close.denied.clone()), (Some(Access::Write), Denied::default()));
    assert_eq!(row(&report, CLOSE, "door:Look").access, Some(Access::Read));
    assert_eq!(row(&report, LOOK, "door:Look").used.count, 1);
    assert!(report.rows.iter().all(|row| row.findings.is_empty()), "{:#?}", report.rows);
}

#[tokio::test]
async fn a_write_that_is_sent_again_counts_once() {
    let world = doors(&[CLOSE], Some(allow("door:*")));
    let lost = || Fault::unknown("timeout", "no answer came");
    world.answers.lock().unwrap().extend([lost(), lost()]);
    world.call("abc", "a", &[(CLOSE, door("7"))]).await;
    let sent = world.kept().iter().filter(|record| record.entry.kind == "call.intent").count();
    let report = world.report();
    let used = &row(&report, CLOSE, "door:Close").used;
    assert_eq!((sent, used.count, &used.results), (3, 1, &counts(&[("ok", 1)])));
}

#[tokio::test]
async fn results_are_told_apart() {
    let world = doors(&[CLOSE, LOOK], Some(allow("door:*")));
    let fault = |kind| Fault::known(kind, "Code", "no");
    world.answers.lock().unwrap().extend([fault(FaultKind::NotFound), fault(FaultKind::Conflict)]);
    world.call("abc", "a", &[(CLOSE, door("7")), (LOOK, door("7")), (LOOK, door("7"))]).await;
    let report = world.report();
    assert_eq!(row(&report, CLOSE, "door:Close").used.results, counts(&[("conflict", 1)]));
    assert_eq!(row(&report, LOOK, "door:Look").used.results, counts(&[("not-found", 1), ("ok", 1)]));
}

#[tokio::test]
async fn what_nothing_was_heard_of_is_unknown() {
    let world = doors(&[CLOSE], Some(allow("door:*")));
    world.call("abc", "a", &[(CLOSE, door("7"))]).await;
    let results = || row(&world.report(), CLOSE, "door:Close").used.results.clone();
    assert_eq!(results(), counts(&[("ok", 1)]));
    world.kept().pop();
    assert_eq!(results(), counts(&[("unknown", 1)]));
    let settle_by = |by: &str, verdict: &str| {
        let data = json!({ "function": CLOSE, "by": by, "verdict": verdict });
        world.keep("r-1", Draft::new("call.settled", NOON, "host", data).about("r-1/a/1/1"));
    };
    let settle = |verdict: &str| settle_by("observe", verdict);
    // That it may be sent again does not say that it was not carried out, nor did what an older Quell wrote for it.
    for (by, verdict) in
        [("repeatable", "again"), ("repeatable", "not-done"), ("token", "not-done"), ("on-unknown", "not-done")]
    {
        settle_by(by, verdict);
        assert_eq!(results(), counts(&[("unknown", 1)]), "{by} {verdict}");
    }
    settle("not-done");
    assert_eq!(results(), counts(&[("not-done", 1)]));
    // It is found in the ledger, is sent again, and counts no second time.
    world.call("abc", "a", &[(CLOSE, door("7"))]).await;
    assert_eq!(results(), counts(&[("ok", 1)]));
    world.kept().truncate(3);
    settle("done");
    assert_eq!(results(), counts(&[("ok", 1)]));
}

/// A call of such a function needs some of its actions. That others are not granted is no fault of the grant.
#[test]
fn what_a_call_may_need_is_lacking_only_where_nothing_of_it_is_granted() {
    let actions = ["bell:Listen", "bell:Ring", "key:Use"];
    for (granted, lacking, unused) in [
        ("bell:Ring", vec![], vec!["bell:Ring"]),
        ("bell:Listen", vec![], vec!["bell:Listen"]),
        ("bell:*", vec![], vec!["bell:Listen", "bell:Ring"]),
        ("key:Use", vec!["bell:Listen", "bell:Ring"], vec!["key:Use"]),
        ("door:*", actions.to_vec(), vec![]),
    ] {
        let report = doors(&[KNOCK], Some(allow(granted))).report();
        let found = |finding| -> Vec<&str> {
            let has = |action: &&str| row(&report, KNOCK, action).findings.contains(&finding);
            actions.into_iter().filter(has).collect()
        };
        assert_eq!((found(Finding::NotGranted), found(Finding::NeverUsed)), (lacking, unused), "{granted}");
    }
}

#[tokio::test]
async fn denials_count_with_their_reasons() {
    let statements = json!([
        { "Sid": "Doors", "Effect": "Allow", "Action": "door:*", "Resource": "*",
          "Condition": { "StringEquals": { "quell:Workflow": "doors" } } },
        { "Sid": "NotSeven", "Effect": "Deny", "Action": "door:Close", "Resource": "arn:aws:door:*:*:door/7" },
    ]);
    let world = doors(&[CLOSE, PASS], Some(statements));
    world.guard(json!([{ "Effect": "Allow", "Action": "door:*", "Resource": "*" }]));
    let calls = [(CLOSE, door("7")), (CLOSE, door("7")), (CLOSE, json!({})), (PASS, door("7"))];
    world.call("abc", "a", &calls).await;
    let report = world.report();
    let close = row(&report, CLOSE, "door:Close");
    assert_eq!(close.denied.reasons, counts(&[("explicit-deny", 2), ("invalid-arguments", 1)]));
    assert_eq!((close.denied.count, close.used.count), (3, 0));
    assert_eq!(close.denied.resources, ["arn:aws:door:eu-central-1:123456789012:door/7"]);
    assert_eq!(close.denied_by[0].statement.as_deref(), Some("NotSeven"));
    assert_eq!((close.granted[0].conditional, close.granted[0].marked), (true, false));
    assert_eq!(close.findings, [Finding::NeverUsed]);
    let pass = row(&report, PASS, "iam:PassRole");
    assert_eq!((pass.denied_by[0].policy.as_str(), &pass.denied_by[0].statement), ("guardrail", &None));
    assert_eq!((pass.findings.as_slice(), pass.dangerous.is_some()), ([Finding::NotGranted].as_slice(), true));
    assert_eq!(pass.denied.reasons, counts(&[("guardrail", 1)]));
}

#[tokio::test]
async fn findings_say_what_to_look_at() {
    let dangerous = |more: Value| {
        let mut statement = json!({ "Effect": "Allow", "Action": "iam:passrole", "Resource": "*" });
        statement.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        doors(&[PASS], Some(json!([statement]))).report()
    };
    let plain = dangerous(json!({}));
    assert_eq!(plain.rows.len(), 1);
    assert_eq!(plain.rows[0].findings, [Finding::NeverUsed, Finding::Dangerous, Finding::DangerousNotMarked]);
    let marked = dangerous(json!({ "Condition": { "Bool": { "quell:Dangerous": "true" } } }));
    assert_eq!(marked.rows[0].findings, [Finding::NeverUsed, Finding::Dangerous]);

    let wide = json!([
        { "Sid": "A", "Effect": "Allow", "Resource": "*",
          "Action": ["DOOR:CLOSE", "door:look", "window:Open", "Window:open", "iam:createuser", "s3:*"] },
        { "Sid": "B", "Effect": "Allow", "NotAction": "sns:Publish", "NotResource": "arn:aws:s3:::x" },
        { "Sid": "C", "Effect": "Deny", "Action": "sqs:SendMessage", "Resource": "*" },
    ]);
    let report = doors(&[LOOK], Some(wide)).report();
    let places: Vec<_> = report.rows.iter().map(|row| (row.function.as_str(), row.action.as_str())).collect();
    let expected = [("", "door:Close"), ("", "iam:CreateUser"), ("", "s3:*"), ("", "window:Open"), (LOOK, "door:Look")];
    assert_eq!(places, expected);
    assert_eq!(report.rows[0].findings, [Finding::NotImported]);
    assert_eq!(report.rows[1].findings, [Finding::NotImported, Finding::Dangerous, Finding::DangerousNotMarked]);
    // A wildcard is told for what is dangerous in it.
    assert_eq!(report.rows[2].findings, [Finding::NotImported, Finding::Dangerous, Finding::DangerousNotMarked]);
    assert!(report.rows[2].dangerous.as_ref().unwrap().contains("s3:PutBucketPolicy"), "{:?}", report.rows[2]);
    assert_eq!((report.rows[3].access, report.rows[0].access), (None, Some(Access::Write)));
    assert!(report.rows.iter().all(|row| row.granted.len() == 2 && row.granted[1].all_but));
}

#[tokio::test]
async fn what_is_granted_beyond_what_is_needed_has_a_row_of_its_own() {
    let beyond = |imports: &[&str], actions: Value| {
        let report = doors(imports, Some(json!([{ "Effect": "Allow", "Action": actions, "Resource": "*" }]))).report();
        let rows = report.rows.into_iter().filter(|row| row.function.is_empty());
        rows.map(|row| (row.action, row.dangerous.is_some(), row.findings)).collect::<Vec<_>>()
    };
    let harmless = |entry: &str| (entry.to_owned(), false, vec![Finding::NotImported]);
    assert_eq!(beyond(&[LOOK], json!(["window:*", "WINDOW:*", "door:L*"])), [harmless("window:*")]);
    assert_eq!(beyond(&["quell:log/log@0.1.0#write"], json!("door:*")), [harmless("door:*")]);
    // What leaves dangerous actions out names none.
    let spared = json!({
        "Effect": "Allow", "Action": "*", "Resource": "*", "Condition": { "Bool": { "quell:Dangerous": "false" } },
    });
    assert_eq!(doors(&[LOOK], Some(json!([spared]))).report().rows.len(), 1);
}

#[tokio::test]
async fn resources_are_kept_up_to_a_bound_and_counted_beyond() {
    let world = doors(&[LOOK], Some(allow("door:Look")));
    let calls: Vec<_> = (0..50).map(|n| (LOOK, door(&(n % 25).to_string()))).collect();
    world.call("abc", "a", &calls).await;
    let report = world.report();
    let used = &row(&report, LOOK, "door:Look").used;
    assert_eq!((used.count, used.resources.len(), used.more_resources), (50, 20, 5));
}

#[test]
fn entries_that_cannot_be_read_are_said_and_others_are_left_out() {
    let world = World::default();
    let add = |draft: Draft| {
        world.keep("r-1", draft);
        Usage::default().add(&world.kept().pop().unwrap())
    };
    let about = |kind, data| Draft::new(kind, NOON, "plugin:abc", data).about("r-1/a/1/1");
    assert!(add(about("call.read", json!({ "touches": [], "result": "ok" }))).is_err());
    assert!(add(about("call.read", json!({ "function": LOOK, "touches": [] }))).is_err());
    assert!(add(about("call.denied", json!({ "function": LOOK }))).is_err());
    assert!(add(Draft::new("call.outcome", NOON, "host", json!({ "result": "ok" }))).is_err());
    for kind in ["call.host-read", "call.log", "call.yet-to-come", "step.started"] {
        assert!(add(about(kind, json!({}))).is_ok());
    }
    // Its intent is not among what is counted.
    assert!(add(about("call.outcome", json!({ "result": "ok" }))).is_ok());
}

#[test]
fn a_call_that_touches_nothing_counts_for_its_function() {
    let world = doors(&[LOOK], None);
    let read = json!({ "function": LOOK, "touches": [], "result": "ok" });
    world.keep("r-1", Draft::new("call.read", NOON, "plugin:abc", read).about("r-1/a/1/1"));
    let report = world.report();
    assert_eq!(row(&report, LOOK, "door:Look").used.results, counts(&[("ok", 1)]));
    assert_eq!(report.rows.len(), 1);
}

/// Two versions, a plugin that nobody knows, and one whose names are hostile.
async fn many() -> Arc<World> {
    let world = doors(&[CLOSE, LOOK], Some(allow("door:Close")));
    world.upload("abd", "doors", "1.1.0", &[CLOSE, LOOK, PASS, LOG]);
    world.grant(
        "abd",
        json!([
            { "Sid": "Doors", "Effect": "Allow", "Action": ["door:Close", "door:Look", "window:Open"],
              "Resource": ["arn:aws:door:*:*:door/7", "arn:aws:door:*:*:door/8"] },
            { "Effect": "Allow", "Action": "iam:*", "NotResource": "arn:aws:iam::*:role/admin",
              "Condition": { "Bool": { "quell:Dangerous": "true" } } },
            { "Sid": "Never", "Effect": "Deny", "Action": "*", "Resource": "arn:aws:door:*:*:door/9" },
        ]),
    );
    world.upload("bad", "=HYPERLINK(\"https://example.com\")", "@1|<b>\n", &[LOOK]);
    world.grant("bad", allow("door:*"));
    world.guard(json!([
        { "Effect": "Allow", "Action": "*", "Resource": "*" },
        { "Sid": "Shut", "Effect": "Deny", "Action": "door:Close", "Resource": "*",
          "Condition": { "DateGreaterThan": { "aws:CurrentTime": "2030-01-01T00:00:00Z" } } },
    ]));
    let conflict = Fault::known(FaultKind::Conflict, "Busy", "no");
    world.answers.lock().unwrap().push(conflict);
    let calls = [(LOOK, door("7")), (CLOSE, door("7")), (CLOSE, door("9")), (LOOK, door("9")), (CLOSE, json!({}))];
    world.call("abd", "a", &calls).await;
    world.call("bad", "b", &[(LOOK, door("7\n| x |\n=1,\"<i>\u{1b}[2J"))]).await;
    world.call("fff", "c", &[(LOOK, door("7"))]).await;
    world
}

#[tokio::test]
async fn a_report_is_the_same_behind_json() {
    let report = many().await.report();
    let text = serde_json::to_string(&report).unwrap();
    assert_eq!(serde_json::from_str::<Report>(&text).unwrap(), report);
    assert!(report.rows.iter().all(|row| row.cells().len() == Report::headings().len()));
}

#[tokio::test]
async fn a_row_as_json() {
    let report = many().await.report();
    let of = report.rows.iter().find(|row| row.version == "1.1.0" && row.action == "door:Close").unwrap();
    insta::assert_snapshot!(serde_json::to_string_pretty(of).unwrap());
}

#[tokio::test]
async fn a_report_as_csv() {
    // With the carriage returns in sight: line ends are part of the form.
    insta::assert_snapshot!(many().await.report().csv().replace('\r', "␍"));
}

#[tokio::test]
async fn a_report_as_markdown() {
    insta::assert_snapshot!(many().await.report().markdown());
}
