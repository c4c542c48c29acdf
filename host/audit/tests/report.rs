//! The report, from entries as `registry` and the gate write them.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot go on has failed")]

use audit::{Finding, Report, Row, Usage};
use capability::{Access, Effect, Spec};
use grant::Policy;
use ledger::{Draft, Entry, Hash, Record, SYSTEM};
use registry::{Registry, Uploaded, grant_put, grant_revoked, guardrail_put, plugin_uploaded};
use serde_json::{Value, json};

static CLOSE: Spec = Spec {
    function: "quell:door/doors@0.1.0#close",
    action: "door:Close",
    also: &[("door:Tag", Access::Tagging)],
    access: Access::Write,
    effect: Effect::Write,
};
static LOOK: Spec = Spec {
    function: "quell:door/doors@0.1.0#look",
    action: "door:Look",
    also: &[],
    access: Access::List,
    effect: Effect::Read,
};

const DIGEST: &str = "d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1";
const DOOR: &str = "arn:aws:door:eu-central-1:123456789012:door/7";

/// An entry with this place in its chain.
fn record(run: &str, sequence: u64, draft: Draft) -> Record {
    let payloads = draft.payloads.iter().map(|(name, bytes)| ((*name).to_owned(), Some(bytes.clone()))).collect();
    let hash = Hash::of(b"");
    let entry = Entry {
        run: run.into(),
        sequence,
        kind: draft.kind.into(),
        call: draft.call.clone(),
        time: draft.time,
        actor: draft.actor.clone(),
        content: String::new(),
        previous: hash,
        hash,
    };
    Record { entry, data: draft.data, payloads }
}

/// The installation: a plugin uploaded at 1 s, granted at 2 s, and whatever else.
fn installation(more: Vec<Draft>) -> Vec<Record> {
    let uploaded = Uploaded {
        digest: DIGEST.into(),
        name: "doorman".into(),
        version: "1.0.0".into(),
        summary: "Closes doors.".into(),
        imports: vec![CLOSE.function.into(), "quell:log/log@0.1.0#write".into()],
        size: 1,
    };
    let schema = json!({});
    let upload = plugin_uploaded(&uploaded, (&schema, &schema), vec![0], 1_000, "user:admin");
    let policy = policy(
        "grant",
        json!([
            { "Sid": "Doors", "Effect": "Allow", "Action": "door:Close", "Resource": DOOR },
            { "Sid": "Tags", "Effect": "Allow", "Action": "door:T*", "NotResource": "arn:aws:door:*:*:door/1",
              "Condition": { "StringEquals": { "aws:RequestedRegion": "eu-central-1" } } },
            { "Sid": "Never", "Effect": "Deny", "Action": "door:Close", "Resource": "arn:aws:door:*:*:door/8" },
            { "Sid": "Pass", "Effect": "Allow", "Action": "iam:PassRole", "Resource": "*" },
        ]),
    );
    let drafts = [upload, grant_put(DIGEST, &policy, 2_000, "user:admin")].into_iter().chain(more);
    drafts.zip(1..).map(|(draft, sequence)| record(SYSTEM, sequence, draft)).collect()
}

fn policy(name: &str, statements: Value) -> Policy {
    Policy::load(name, &json!({ "Version": "2012-10-17", "Statement": statements }).to_string()).unwrap()
}

/// An entry of a call, as the gate writes it.
fn call(kind: &'static str, number: u32, time: i64, actor: &str, data: Value) -> Record {
    record("r-1", number.into(), Draft::new(kind, time, actor, data).about(format!("r-1/close/1/{number}")))
}

fn intent(number: u32, time: i64, resource: &str, send: u32) -> Record {
    let touch = |action: &str| json!({ "action": action, "resource": resource });
    let data = json!({
        "function": CLOSE.function, "arguments": "…", "touches": [touch("door:Close"), touch("door:Tag")], "send": send,
    });
    call("call.intent", number, time, &format!("plugin:{DIGEST}"), data)
}

fn outcome(number: u32, time: i64, result: &str) -> Record {
    call("call.outcome", number, time, "host", json!({ "function": CLOSE.function, "result": result }))
}

fn denied(number: u32, time: i64, more: Value) -> Record {
    let mut data = json!({ "function": CLOSE.function, "arguments": "…" });
    data.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    call("call.denied", number, time, &format!("plugin:{DIGEST}"), data)
}

fn usage(records: &[Record]) -> Usage {
    let mut usage = Usage::default();
    records.iter().for_each(|record| usage.add(record));
    usage
}

fn report(installation: &[Record], usage: &Usage) -> Report {
    let registry = Registry::fold(installation).unwrap();
    Report::new(&registry, &[&CLOSE, &LOOK], usage, 60_000, |_| true)
}

fn row<'r>(report: &'r Report, action: &str) -> &'r Row {
    report.rows.iter().find(|row| row.action == action).unwrap()
}

fn calls() -> Vec<Record> {
    vec![
        intent(1, 10_000, DOOR, 1),
        outcome(1, 10_500, "ok"),
        intent(2, 11_000, "arn:aws:door:eu-central-1:123456789012:door/9", 1),
        call("call.unknown", 2, 12_000, "host", json!({ "function": CLOSE.function, "code": "x", "message": "y" })),
        call(
            "call.settled",
            2,
            13_000,
            "host",
            json!({ "function": CLOSE.function, "by": "host", "verdict": "not-done" }),
        ),
        intent(2, 14_000, "arn:aws:door:eu-central-1:123456789012:door/9", 2),
        outcome(2, 15_000, "throttled"),
        intent(3, 16_000, DOOR, 1),
        denied(4, 17_000, json!({ "reason": "explicit-deny", "action": "door:Close", "resource": "arn:aws:door:x" })),
        denied(5, 18_000, json!({ "reason": "invalid-arguments" })),
        call(
            "call.host-read",
            6,
            19_000,
            "host",
            json!({ "function": CLOSE.function, "purpose": "tags", "result": "ok" }),
        ),
        call("call.log", 7, 20_000, &format!("plugin:{DIGEST}"), json!({ "function": "quell:log/log@0.1.0#write" })),
        call(
            "call.read",
            8,
            21_000,
            &format!("plugin:{DIGEST}"),
            json!({ "function": LOOK.function, "touches": [{ "action": "door:Look", "resource": "*" }], "result": "ok" }),
        ),
    ]
}

#[test]
fn a_call_counts_once_with_what_became_of_it() {
    let report = report(&installation(vec![]), &usage(&calls()));
    let close = row(&report, "door:Close");
    assert_eq!((close.used.count, close.used.last.as_deref()), (3, Some("1970-01-01T00:00:16Z")));
    let results: Vec<_> = close.used.results.iter().map(|(name, count)| (name.as_str(), *count)).collect();
    assert_eq!(results, [("not-done", 1), ("ok", 1), ("open", 1), ("throttled", 1)]);
    assert_eq!(close.used.resources, [DOOR, "arn:aws:door:eu-central-1:123456789012:door/9"]);
    assert_eq!((close.denied.count, close.denied.reasons["invalid-arguments"]), (2, 1));
    assert_eq!(row(&report, "door:Tag").used.count, 3, "a call that needs two actions used both");
    assert_eq!(row(&report, "door:Tag").denied.count, 0);
}

#[test]
fn findings_say_what_to_look_at() {
    let report = report(&installation(vec![]), &usage(&calls()));
    let findings = |action: &str| row(&report, action).findings.clone();
    assert_eq!(findings("door:Close"), [Finding::Denied]);
    assert_eq!(findings("door:Tag"), []);
    // Granted, dangerous, and no function of it needs that.
    assert_eq!(findings("iam:PassRole"), [Finding::NotImported, Finding::DangerousNotMarked]);
    let look = row(&report, "door:Look");
    assert_eq!((look.imported, look.granted.len(), look.used.count), (false, 0, 1), "called, whatever was imported");
    let unused = self::report(&installation(vec![]), &Usage::default());
    assert_eq!(row(&unused, "door:Close").findings, [Finding::NeverUsed]);
}

#[test]
fn what_holds_is_what_holds_then() {
    let all = installation(vec![
        guardrail_put(
            &policy(
                "guardrail",
                json!([
                    { "Effect": "Allow", "Action": "*", "Resource": "*" },
                    { "Sid": "Shut", "Effect": "Deny", "Action": "door:*", "Resource": "*" },
                ]),
            ),
            3_000,
            "user:admin",
        ),
        grant_revoked(DIGEST, 4_000, "user:admin"),
    ]);
    let until = |time: i64| all.iter().filter(|record| record.entry.time <= time).cloned().collect::<Vec<_>>();
    let at = |time: i64| report(&until(time), &Usage::default());
    assert_eq!(at(500).rows, []);
    assert_eq!(row(&at(1_000), "door:Close").findings, [Finding::NotGranted]);
    assert_eq!(row(&at(2_000), "door:Close").granted[0].statement, "Doors");
    let denied: Vec<_> = row(&at(3_000), "door:Close").denied_by.iter().map(|by| by.statement.clone()).collect();
    assert_eq!(denied, ["Never", "Shut"]);
    assert_eq!(row(&at(4_000), "door:Close").granted, []);
}

#[test]
fn many_resources_are_counted() {
    let calls: Vec<_> = (0..50).map(|number| intent(number, 1, &format!("arn:{}", number % 30), 1)).collect();
    let report = report(&installation(vec![]), &usage(&calls));
    let used = &row(&report, "door:Close").used;
    assert_eq!((used.count, used.resources.len(), used.more_resources), (50, 20, 10));
}

#[test]
fn the_report_is_read_by_people_and_spreadsheets() {
    let report = report(&installation(vec![]), &usage(&calls()));
    insta::assert_snapshot!("markdown", report.markdown());
    insta::assert_snapshot!("csv", report.csv().replace("\r\n", "\n"));
    let json = serde_json::to_value(&report).unwrap();
    assert_eq!(serde_json::from_value::<Report>(json).unwrap(), report);
}
