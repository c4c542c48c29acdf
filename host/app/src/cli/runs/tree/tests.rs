//! Runs in several states, as the server tells them, and what people read of them.

use serde_json::json;

use super::*;

const RUN: &str = "r-0199a3b2c4d57e8f9a0b1c2d3e4f5a6b";

fn now() -> Timestamp {
    "2026-03-01T12:05:00Z".parse().unwrap()
}

/// A run of a workflow with two branches, an approval behind them, and a step for the case that it fails.
fn run(status: &str, more: Value, steps: Value) -> Run {
    let mut run = json!({
        "run": RUN, "workflow": "incident-response", "status": status, "by": "user:alice",
        "started": "2026-03-01T12:00:00Z", "workflow-digest": "ab", "plugins": {}, "account": "123456789012",
        "region": "us-east-1", "inputs": {}, "approvals": [], "reviews": [], "steps": [],
    });
    let document = [
        json!({ "path": "contain", "kind": "parallel", "part": "steps" }),
        json!({ "path": "revoke", "kind": "plugin", "plugin": "sg-revoke-open-ports", "part": "steps", "parent": "contain", "branch": 0 }),
        json!({ "path": "check", "kind": "plugin", "plugin": "sg-check", "part": "steps", "parent": "contain", "branch": 0 }),
        json!({ "path": "snapshot", "kind": "plugin", "plugin": "snapshot-volumes", "part": "steps", "parent": "contain", "branch": 1 }),
        json!({ "path": "approve", "kind": "approval", "part": "steps" }),
        json!({ "path": "notify", "kind": "plugin", "plugin": "notify-sns", "part": "steps" }),
        json!({ "path": "tell", "kind": "plugin", "plugin": "notify-sns", "part": "on-failure" }),
    ];
    let steps = document.into_iter().map(|mut step| {
        step["status"] = json!("pending");
        let path = step["path"].as_str().unwrap().to_owned();
        extend(&mut step, steps.get(&path).unwrap_or(&json!({})));
        step
    });
    run["steps"] = steps.collect();
    extend(&mut run, &more);
    serde_json::from_value(run).unwrap()
}

fn extend(value: &mut Value, more: &Value) {
    value.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
}

/// A step in a state that it took at 12:`at`, after it began at 12:01.
fn step(status: &str, at: &str, more: Value) -> Value {
    let mut step = json!({
        "status": status, "attempt": 1, "started": "2026-03-01T12:01:00Z", "changed": format!("2026-03-01T12:{at}Z"),
    });
    extend(&mut step, &more);
    step
}

pub fn running() -> Run {
    run(
        "running",
        json!({}),
        json!({
            "contain": step("running", "01:00", json!({})),
            "revoke": step("succeeded", "01:02.5", json!({ "output": { "revoked": 6, "text": "\u{1b}[2J\n" } })),
            "check": step("skipped", "01:02.6", json!({})),
            "snapshot": step("retrying", "04:00", json!({
                "attempt": 2, "due": "2026-03-01T12:05:30Z", "error": null,
            })),
        }),
    )
}

pub fn waiting() -> Run {
    let approval = json!({
        "step": "approve", "title": "Contained.\u{202e} Tell the world?", "approvers": ["group:security-leads", "user:eve"],
        "needs": 2, "requested": "2026-03-01T12:03:00Z", "expires": "2026-03-01T16:03:00Z", "show": { "revoke": { "revoked": 6 } },
        "decisions": [{ "by": "user:bob", "decision": "approve", "reason": "looks right", "time": "2026-03-01T12:04:00Z" }],
    });
    run(
        "waiting",
        json!({ "approvals": [approval] }),
        json!({
            "contain": step("succeeded", "03:00", json!({ "output": { "revoke": { "revoked": 6 } } })),
            "revoke": step("succeeded", "01:02.5", json!({ "output": { "revoked": 6 } })),
            "check": step("succeeded", "01:03", json!({ "output": { "open": [], "text": "x".repeat(300) } })),
            "snapshot": step("succeeded", "02:59", json!({ "attempt": 2, "output": { "snapshots": ["snap-1"] } })),
            "approve": step("waiting", "03:00", json!({})),
        }),
    )
}

/// A run that waits for its place, behind another, and that an event updated meanwhile.
fn queued() -> Run {
    let queued = json!({ "since": "2026-03-01T12:00:00Z", "behind": "r-1" });
    let update = json!({ "time": "2026-03-01T12:02:00Z", "event": { "id": "e-2\u{1b}[2J" } });
    run("queued", json!({ "queued": queued, "updates": [update] }), json!({}))
}

/// A run that a newer Quell wrote to, and that is parked for that.
fn parked() -> Run {
    let why = "entry 9 of run `r-1`: its kind `step.reshaped` is not known here: a newer Quell wrote it";
    let more = json!({ "parked": { "since": "2026-03-01T12:04:00Z", "why": why }, "unreadable": why });
    run("running", more, json!({ "contain": step("running", "01:00", json!({})) }))
}

pub fn failed() -> Run {
    let denied = json!({ "code": "access-denied", "message": "no statement of the grant allows `ec2:CreateSnapshot` on `arn:aws:ec2:…`" });
    let failed = json!({ "code": "branches-failed", "message": "1 of 2 branches failed" });
    run(
        "failed",
        json!({ "ended": "2026-03-01T12:04:10Z", "error": failed }),
        json!({
            "contain": step("failed", "04:00", json!({ "error": failed })),
            "revoke": step("succeeded", "01:02.5", json!({ "output": null })),
            "check": step("succeeded", "01:03", json!({})),
            "snapshot": step("failed", "04:00", json!({ "attempt": 3, "error": denied })),
            "tell": step("succeeded", "04:10", json!({ "output": { "message-id": "m-1" } })),
        }),
    )
}

pub fn in_review() -> Run {
    let review = json!({
        "step": "notify", "attempt": 1, "call": format!("{RUN}/notify/1/1"), "function": "quell:sns/topics@0.1.0#publish",
        "arguments": { "topic-arn": "arn:aws:sns:us-east-1:123456789012:alerts" }, "message": "no answer in 30s",
    });
    let cancelled = json!({ "by": "user:carol", "reason": "false alarm", "time": "2026-03-01T12:04:30Z" });
    run(
        "waiting",
        json!({ "reviews": [review], "cancelled": cancelled }),
        json!({
            "contain": step("succeeded", "03:00", json!({})),
            "approve": step("succeeded", "03:30", json!({})),
            "notify": step("suspended", "04:00", json!({})),
        }),
    )
}

#[track_caller]
fn check(name: &str, run: &Run) {
    insta::assert_snapshot!(name, page(run, now()).render(false));
}

#[test]
fn a_run_is_a_tree() {
    check("running", &running());
    check("waiting", &waiting());
    check("failed", &failed());
    check("review", &in_review());
    check("queued", &queued());
    check("parked", &parked());
}

#[test]
fn colors_are_added_and_nothing_else() {
    let page = page(&waiting(), now());
    let mut colored = page.render(true);
    for sgr in ["0", "1", "2", "31", "32", "33"] {
        colored = colored.replace(&format!("\u{1b}[{sgr}m"), "");
    }
    assert_eq!(colored, page.render(false));
}

#[test]
fn every_way_to_wait_for_a_person_has_its_command() {
    assert_eq!(answers(&running()), [] as [String; 0]);
    assert_eq!(answers(&waiting()), [format!("quell approve {RUN} approve")]);
    let settle = format!("quell review settle {RUN} notify/1/1 done|not-done|give-up --reason …");
    assert_eq!(answers(&in_review()), [settle]);
    assert_eq!(answers(&parked()), [format!("quell runs resume {RUN}")]);
}

/// A run with ways, items and clauses, the way the server tells it.
fn in_blocks() -> Run {
    let at = |path: &str, kind: &str, status: &str, parent: &str, branch: usize, label: &str| {
        let mut step = json!({ "path": path, "kind": kind, "part": "steps", "status": status, "attempt": 1 });
        if !parent.is_empty() {
            extend(&mut step, &json!({ "parent": parent, "branch": branch, "label": label }));
        }
        if status != "pending" {
            extend(&mut step, &json!({ "started": "2026-03-01T12:01:00Z", "changed": "2026-03-01T12:01:02Z" }));
        }
        step
    };
    let mut nap = at("sweep[1].nap", "wait", "waiting", "sweep", 1, "item 2");
    extend(&mut nap, &json!({ "due": "2026-03-01T12:06:30Z" }));
    let mut note = at("note", "plugin", "running", "sweep[0].close", 0, "catch throttled");
    extend(&mut note, &json!({ "part": "catch" }));
    let mut unused = at("unused", "plugin", "pending", "sweep[0].close", 1, "catch");
    extend(&mut unused, &json!({ "part": "catch" }));
    let steps = [
        at("pick", "choose", "running", "", 0, ""),
        at("sweep", "each", "running", "pick", 0, "when inputs.severity == \"HIGH\""),
        at("sweep[0].close", "plugin", "failed", "sweep", 0, "item 1"),
        note,
        unused,
        at("sweep[0].nap", "wait", "pending", "sweep", 0, "item 1"),
        at("sweep[1].close", "plugin", "succeeded", "sweep", 1, "item 2"),
        nap,
        at("low", "plugin", "pending", "pick", 1, "otherwise"),
        at("report", "call", "pending", "", 0, ""),
        at("report.send", "plugin", "pending", "report", 0, "steps of incident-report"),
        at("report.alert", "plugin", "pending", "report", 1, "on failure"),
    ];
    run("running", json!({ "steps": steps }), json!({}))
}

#[test]
fn ways_items_and_clauses_are_in_the_tree() {
    check("blocks", &in_blocks());
}
