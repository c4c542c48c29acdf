//! Reports: one as people read it, and what no report may hold.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::keep::tests::{context, input};

fn report(more: Value) -> Report {
    let input = input(more);
    let evidence = Evidence::of(&input, &context());
    let report = Report::of(&input, &context(), &evidence, "0123abcd");
    assert!(report.text.len() <= MAX_OBJECT, "{} bytes", report.text.len());
    report
}

fn incident() -> Value {
    json!({
        "finding": {
            "schemaVersion": "2.0",
            "accountId": "123456789012",
            "region": "us-east-1",
            "id": "f-1",
            "type": "UnauthorizedAccess:IAMUser/InstanceCredentialExfiltration.OutsideAWS",
            "severity": 8,
            "title": "Credentials of i-0abc were used from outside",
            "description": "An instance role's credentials were used from <198.51.100.7>.",
            "createdAt": "2026-03-01T11:58:00.000Z",
            "resource": {
                "resourceType": "AccessKey",
                "instanceDetails": { "instanceId": "i-0abc" },
                "accessKeyDetails": { "userName": "app", "accessKeyId": "ASIAEXAMPLE" }
            },
            "service": {
                "count": 3,
                "eventFirstSeen": "2026-03-01T11:40:00Z",
                "action": { "awsApiCallAction": { "api": "ListBuckets", "remoteIpDetails": { "ipAddressV4": "198.51.100.7" } } }
            }
        },
        "severity": "CRITICAL",
        "results": {
            "approve": { "status": "succeeded", "output": { "approved_by": ["alice", "bob"] } },
            "assess": { "status": "succeeded", "output": { "severity": "CRITICAL", "incident": true, "score": 9.1, "reasons": ["rated 9.1"] } },
            "contain": { "status": "succeeded", "output": { "errors": [{ "step": "isolate", "code": "access-denied", "message": "no statement allows this" }] } },
            "forensics": { "status": "succeeded", "output": { "events": [
                { "event_time": "2026-03-01T11:41:00Z", "event_name": "GetObject", "source_ip": "198.51.100.7" },
                { "event_time": "2026-03-01T11:40:00Z", "event_name": "ListBuckets", "source_ip": "198.51.100.7" }
            ], "truncated": false } },
            "isolate": { "status": "failed", "error": { "code": "access-denied", "message": "no statement allows this" } },
            "revoke": { "status": "succeeded", "output": { "outcome": "revoked", "principals": [
                { "kind": "role", "name": "app", "access_keys": [{ "id": "ASIAEXAMPLE", "state": "Inactive" }] }
            ] } },
            "snapshot": { "status": "succeeded", "output": { "snapshots": [
                { "volume_id": "vol-1", "snapshot_id": "snap-1", "instance_id": "i-0abc", "created": true }
            ] } },
            "ticket": { "status": "skipped" }
        }
    })
}

#[test]
fn a_report_says_what_was_found_done_decided_and_left_to_do() {
    insta::assert_snapshot!(report(incident()).text);
}

#[test]
fn a_report_of_nothing_says_so() {
    let text = report(json!({ "results": {} })).text;
    assert!(text.starts_with("# Incident\n"), "{text}");
    assert!(text.contains("Nothing: no results were given."), "{text}");
    for section in ["What was found", "What failed", "Who decided", "Timeline", "What each step gave"] {
        assert!(!text.contains(section), "{text}");
    }
}

#[test]
fn a_finding_of_security_hub_is_read_as_well() {
    let finding = json!({ "findings": [{
        "Title": "Bucket is public", "Types": ["Effects/Data Exposure"], "AwsAccountId": "123456789012",
        "Severity": { "Label": "HIGH", "Normalized": 70 }, "Resources": [{ "Id": "arn:aws:s3:::acme", "Type": "AwsS3Bucket" }]
    }] });
    let text = report(json!({ "finding": finding })).text;
    for part in [
        "# Incident: Bucket is public",
        "| Severity | **HIGH** |",
        "| Kind | Effects/Data Exposure |",
        "| Resource ID | `arn:aws:s3:::acme` |",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
}

#[test]
fn refusals_and_unknown_writes_are_seen() {
    let text = report(json!({ "results": {
        "approve": { "status": "refused" },
        "late": { "status": "expired" },
        "revoke": { "status": "failed", "error": { "code": "unknown-outcome", "message": "stopped" } },
        "odd": "not a result",
    } }))
    .text;
    for part in [
        "- `approve`: **refused**.",
        "- `late`: **nobody decided in time**.",
        "Look at what `revoke` was to change: nobody knows whether its last write took effect.",
        "| `odd` | unknown |",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
}

#[test]
fn what_has_no_place_is_cut_off_and_that_is_said() {
    let step = |number: usize| {
        let rows: Vec<Value> =
            (0..60).map(|row| json!({ "name": format!("{number} {row}"), "text": "<".repeat(400) })).collect();
        (format!("step_{number}"), json!({ "status": "succeeded", "output": { "rows": rows } }))
    };
    let results: serde_json::Map<String, Value> = (0..20).map(step).collect();
    let report = report(json!({ "results": results }));
    assert!(report.cut);
    assert!(report.text.contains("**This report is cut off: "), "{}", report.text);
    assert!(report.text.contains("10 more of these are in `evidence.json`."));
    assert!(report.text.ends_with("`cut` names. The ledger has all of it.\n"), "the evidence is too large as well");
}

/// Text that means something in Markdown or HTML, and text that does not.
fn evil() -> impl Strategy<Value = String> {
    let part = prop_oneof![
        Just("<script>".to_owned()),
        Just("<img src=x onerror=a>".to_owned()),
        Just("](javascript:x)".to_owned()),
        Just("![x](http://a".to_owned()),
        Just("\n# ".to_owned()),
        Just("\n\n---\n".to_owned()),
        Just("|".to_owned()),
        Just("`".to_owned()),
        Just("\\".to_owned()),
        Just("https://a.example".to_owned()),
        Just("&lt;".to_owned()),
        Just("2026-03-01T12:00:00Z".to_owned()),
        "[a-zé ]{0,6}",
    ];
    proptest::collection::vec(part, 0..6).prop_map(|parts| parts.concat())
}

proptest! {
    /// Whatever others write, the report has its own headings, no HTML, no link and no picture, and its tables keep their
    /// columns.
    #[test]
    fn text_of_others_does_nothing(a in evil(), b in evil(), c in evil()) {
        let text = report(json!({
            "title": a, "severity": b,
            "finding": { "description": c, "id": a, "type": b, "createdAt": c },
            "results": {
                a.as_str(): { "status": b, "output": { b.as_str(): c, "rows": [{ a.as_str(): b, "at": "2026-03-01T12:00:00Z" }], "deep": [[a, { "x": [b] }]] } },
                "failed": { "status": "failed", "error": { "code": a, "message": b } },
                "approved": { "status": "succeeded", "output": { "approved_by": [a, b], "reason": c } },
            },
        })).text;
        let headings = ["# Incident", "## What was found", "## What was done", "## What failed", "## Who decided", "## What to do now",
            "## Timeline", "## What each step gave", "### ", "## Evidence"];
        let mut columns = 0;
        for line in text.lines() {
            prop_assert!(!line.starts_with('#') || headings.iter().any(|heading| line.starts_with(heading)), "{}", line);
            let bare = without_code(line);
            let live = |sign: char| bare.match_indices(sign).any(|(at, _)| !is_escaped(&bare, at));
            prop_assert!(!live('<') && !live('[') && !live('!') && !live('&'), "{}", line);
            prop_assert!(!bare.contains("://") || bare.contains("\\://"), "{}", line);
            let cells = line.match_indices('|').filter(|(at, _)| !is_escaped(line, *at)).count();
            prop_assert!(columns == 0 || cells == 0 || cells == columns, "{}", line);
            columns = cells;
        }
    }
}

/// Whether an odd number of backslashes stands before a place.
fn is_escaped(line: &str, at: usize) -> bool {
    line[..at].chars().rev().take_while(|character| *character == '\\').count() % 2 == 1
}

/// A line without what is between backticks that are none of text.
fn without_code(line: &str) -> String {
    let mut bare = String::new();
    let mut is_code = false;
    for (at, character) in line.char_indices() {
        if character == '`' && (is_code || !is_escaped(line, at)) {
            is_code = !is_code;
        } else if !is_code {
            bare.push(character);
        }
    }
    bare
}
