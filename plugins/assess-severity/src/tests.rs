//! The whole plugin, on events that AWS published and on what nobody should send.

use proptest::prelude::*;
use serde_json::{Map, json};

use super::*;

/// What workflows see of a run with this input.
fn assess(input: Value) -> Result<Value, String> {
    let input: Input = serde_json::from_value(input).map_err(|error| error.to_string())?;
    let output = AssessSeverity::run(input).map_err(|failure| {
        assert_eq!(failure.code, "invalid-input");
        failure.message
    })?;
    Ok(serde_json::to_value(output).unwrap())
}

fn verdict(finding: &Value) -> Value {
    assess(json!({ "finding": finding })).unwrap()
}

fn problem(finding: Value) -> String {
    assess(json!({ "finding": finding })).unwrap_err()
}

/// The `detail` of a published event.
fn detail(event: &str) -> Value {
    let path = format!("{}/../../tests/events/real/{event}.json", env!("CARGO_MANIFEST_DIR"));
    let mut event: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    event["detail"].take()
}

/// The published GuardDuty finding that is open and no sample, with another severity.
fn guardduty(severity: f64) -> Value {
    let mut finding = detail("guardduty-ec2");
    finding["severity"] = json!(severity);
    finding
}

/// A published Security Hub finding that is CRITICAL, without the list around it.
fn security_hub() -> Value {
    detail("afsbp-ec2.1")["findings"][0].take()
}

/// The same finding as the other spelling has it.
fn respelt(value: &Value, first: fn(char) -> String) -> Value {
    match value {
        Value::Object(members) => {
            let respell = |name: &str| match name.chars().next() {
                Some(initial) if !name.contains('/') => first(initial) + &name[initial.len_utf8()..],
                _ => name.to_owned(),
            };
            members.iter().map(|(name, value)| (respell(name), respelt(value, first))).collect::<Map<_, _>>().into()
        }
        Value::Array(list) => list.iter().map(|value| respelt(value, first)).collect(),
        other => other.clone(),
    }
}

fn other_spellings(value: &Value) -> [Value; 2] {
    [respelt(value, |c| c.to_lowercase().to_string()), respelt(value, |c| c.to_uppercase().to_string())]
}

#[test]
fn a_finding_of_guardduty_is_read() {
    assert_eq!(
        verdict(&detail("guardduty-ec2")),
        json!({
            "severity": "MEDIUM",
            "incident": true,
            "score": 5.0,
            "source": "guardduty",
            "finding_id": "16afba5c5c43e07c9e3e5e2e544e95df",
            "title": "Canary:EC2/Stateless.IntegTest",
            "account": "123456789012",
            "region": "us-east-1",
            "reasons": ["GuardDuty rates it 5 of 10, which is MEDIUM"],
        })
    );
}

#[test]
fn a_finding_of_security_hub_is_read() {
    let id = "arn:aws:securityhub:us-east-2:111111111111:subscription/cis-aws-foundations-benchmark/v/1.2.0/4.1/finding/\
              85668a02-4155-475b-bd1b-1a60e16b687c";
    assert_eq!(
        verdict(&detail("cis4142")),
        json!({
            "severity": "HIGH",
            "incident": true,
            "score": 70.0,
            "source": "security-hub",
            "finding_id": id,
            "title": "4.1 Ensure no security groups allow ingress from 0.0.0.0/0 to port 22",
            "account": "111111111111",
            "region": "us-east-2",
            "reasons": ["Security Hub labels it HIGH"],
        })
    );
}

#[test]
fn published_findings_have_these_severities() {
    for (event, severity) in [
        ("afsbp-ec2.1", "CRITICAL"),
        ("afsbp-ec2.15", "MEDIUM"),
        ("afsbp-ec2.2", "INFORMATIONAL"),
        ("afsbp-ec2.7", "INFORMATIONAL"),
        ("afsbp-ec2.8", "HIGH"),
        ("afsbp-iam.3", "MEDIUM"),
        ("afsbp-iam.7", "INFORMATIONAL"),
        ("afsbp-iam.8", "MEDIUM"),
        ("afsbp-iam.8-nodetails", "MEDIUM"),
        ("afsbp-s3.1", "MEDIUM"),
        ("afsbp-s3.3", "INFORMATIONAL"), // and resolved
        ("afsbp-s3.4", "MEDIUM"),
        ("afsbp-s3.5", "MEDIUM"),
        ("afsbp-s3.6", "HIGH"),
        ("afsbp-s3.8", "HIGH"),
        ("afsbp-sns.2", "MEDIUM"),
        ("afsbp-sqs.1", "MEDIUM"),
        ("c7n-event-securityhub-cloudtrail-finding-action", "INFORMATIONAL"), // has a number alone
        ("cis1314-save", "INFORMATIONAL"),
        ("cis4142", "HIGH"),
        ("guardduty-ec2", "MEDIUM"),
        ("guardduty-iam", "INFORMATIONAL"), // a sample, and archived
    ] {
        let detail = detail(event);
        let verdict = verdict(&detail);
        assert_eq!(verdict["severity"], severity, "{event}: {verdict}");
        assert_eq!(verdict["incident"], severity != "INFORMATIONAL", "{event}: {verdict}");
        for spelling in other_spellings(&detail) {
            assert_eq!(self::verdict(&spelling), verdict, "{event}");
        }
        if let Some(finding) = detail["findings"].get(0) {
            assert_eq!(self::verdict(finding), verdict, "{event}, without the list");
        }
    }
}

#[test]
fn what_else_is_published_is_no_finding() {
    for event in ["c7n-event-cloud-trail-s3", "stratus-aws.defense-evasion.cloudtrail-stop"] {
        assert!(problem(detail(event)).starts_with("`finding` has neither `service`"), "{event}");
    }
}

#[test]
fn a_sample_is_no_incident_unless_it_counts_as_real() {
    for info in [
        json!({ "sample": true }),
        json!({ "sample": "true" }),
        json!({ "value": "{\"threatName\":\"x\",\"sample\":true}", "type": "default" }),
        json!({ "value": "{\"sample\":\"true\"}", "type": "default" }),
        json!({ "value": { "sample": true } }),
    ] {
        let mut finding = guardduty(9.5);
        finding["service"]["additionalInfo"] = info.clone();
        for finding in other_spellings(&finding) {
            let ignored = verdict(&finding);
            assert_eq!(
                (&ignored["severity"], &ignored["incident"]),
                (&json!("INFORMATIONAL"), &json!(false)),
                "{info}"
            );
            assert_eq!(ignored["reasons"][1], "it is a sample: no incident");
            let real = assess(json!({ "finding": finding, "samples": "as-real" })).unwrap();
            assert_eq!((&real["severity"], &real["incident"]), (&json!("CRITICAL"), &json!(true)), "{info}");
        }
    }
    for info in
        [json!({ "sample": false }), json!({ "value": "{\"sample\":false}" }), json!({ "value": "{" }), json!("sample")]
    {
        let mut finding = guardduty(9.5);
        finding["service"]["additionalInfo"] = info.clone();
        assert_eq!(verdict(&finding)["severity"], "CRITICAL", "{info}");
    }
}

#[test]
fn a_sample_in_security_hub_is_recognised() {
    let mut finding = security_hub();
    finding["ProductFields"]["aws/guardduty/service/additionalInfo/sample"] = json!("true");
    assert_eq!(verdict(&finding)["incident"], false);
    let mut finding = security_hub();
    finding["Sample"] = json!(true);
    assert_eq!(verdict(&finding)["severity"], "INFORMATIONAL");
}

#[test]
fn what_is_closed_is_no_incident_even_as_real() {
    let mut archived = guardduty(9.5);
    archived["service"]["archived"] = json!(true);
    let hub = |change: fn(&mut Value)| {
        let mut finding = security_hub();
        change(&mut finding);
        finding
    };
    for (finding, reason) in [
        (archived, "it is archived in GuardDuty: no incident"),
        (hub(|f| f["Workflow"]["Status"] = json!("SUPPRESSED")), "it is suppressed in Security Hub: no incident"),
        (hub(|f| f["Workflow"]["Status"] = json!("RESOLVED")), "it is resolved in Security Hub: no incident"),
        (hub(|f| f["RecordState"] = json!("ARCHIVED")), "its record is archived in Security Hub: no incident"),
        (hub(|f| f["Compliance"]["Status"] = json!("PASSED")), "its check has passed: no incident"),
        (
            hub(|f| f["ProductFields"]["aws/guardduty/service/archived"] = json!("true")),
            "it is archived in GuardDuty: no incident",
        ),
        (
            hub(|f| {
                f["Workflow"] = Value::Null;
                f["WorkflowState"] = json!("RESOLVED");
            }),
            "it is resolved in Security Hub: no incident",
        ),
    ] {
        let verdict = assess(json!({ "finding": finding, "samples": "as-real", "critical_from": 1.0 })).unwrap();
        assert_eq!(verdict["severity"], "INFORMATIONAL", "{reason}");
        assert_eq!(verdict["incident"], false, "{reason}");
        assert_eq!(verdict["reasons"][1], reason);
    }
    for status in ["NEW", "NOTIFIED", "SOMETHING"] {
        let mut finding = security_hub();
        finding["Workflow"]["Status"] = json!(status);
        assert_eq!(verdict(&finding)["severity"], "CRITICAL", "{status}");
    }
}

#[test]
fn where_critical_begins_is_the_workflows_to_say() {
    let severity = |score: f64, from: f64| {
        assess(json!({ "finding": guardduty(score), "critical_from": from })).map(|verdict| verdict["severity"].clone())
    };
    assert_eq!(severity(7.0, 7.0), Ok(json!("CRITICAL")));
    assert_eq!(severity(6.9, 7.0), Ok(json!("MEDIUM")));
    assert_eq!(severity(9.4, 9.5), Ok(json!("HIGH")));
    assert_eq!(severity(9.4, 10.0), Ok(json!("HIGH")));
    for from in [0.9, 10.1, -1.0] {
        assert!(severity(8.0, from).unwrap_err().starts_with("`critical_from` is"), "{from}");
    }
    let reasons = assess(json!({ "finding": guardduty(8.0), "critical_from": 7 })).unwrap()["reasons"].take();
    let reason =
        "GuardDuty rates it 8 of 10, which is CRITICAL since CRITICAL begins at 7 here, and HIGH for GuardDuty";
    assert_eq!(reasons, json!([reason]));
    // Security Hub's labels are not on that scale.
    let hub = assess(json!({ "finding": detail("afsbp-ec2.8"), "critical_from": 7 })).unwrap();
    assert_eq!(hub["severity"], "HIGH");
}

#[test]
fn a_number_alone_is_enough_for_security_hub_and_the_label_counts_before_it() {
    for (severity, expected, score) in [
        (json!({ "Normalized": 90 }), "CRITICAL", json!(90.0)),
        (json!({ "Normalized": 1 }), "LOW", json!(1.0)),
        (json!({ "Label": "LOW", "Normalized": 90 }), "LOW", json!(90.0)),
        (json!({ "Label": "high" }), "HIGH", json!(null)),
        (json!({ "Label": "HIGH", "Normalized": "?" }), "HIGH", json!(null)),
    ] {
        let mut finding = security_hub();
        finding["Severity"] = severity;
        let verdict = verdict(&finding);
        assert_eq!((&verdict["severity"], &verdict["score"]), (&json!(expected), &score), "{verdict}");
    }
}

#[test]
fn what_is_missing_is_named() {
    let with = |mut finding: Value, name: &str, value: Value| {
        finding[name] = value;
        finding
    };
    let event = json!({ "source": "aws.guardduty", "detail": guardduty(8.0) });
    let two = json!({ "findings": [security_hub(), security_hub()] });
    for (finding, expected) in [
        (json!(null), "`finding` is null, not a finding"),
        (json!("x"), "`finding` is a text, not a finding"),
        (json!([guardduty(8.0)]), "`finding` is a list, not a finding"),
        (
            json!({ "id": "f-1", "severity": 8 }),
            "`finding` has neither `service`, as a GuardDuty finding, nor `ProductArn`",
        ),
        (event, "`finding` is a whole event: give its `detail`"),
        (json!({ "findings": [] }), "`findings` is empty"),
        (json!({ "findings": {} }), "`findings` is an object, not a list"),
        (json!({ "findings": [7] }), "what `findings` has is a number, not a finding"),
        (two, "`findings` has 2, one is taken at a time: `split` the event"),
        (with(guardduty(8.0), "severity", json!(null)), "the GuardDuty finding has no `severity`"),
        (with(guardduty(8.0), "severity", json!("8")), "`severity` is a text, GuardDuty's is a number"),
        (guardduty(10.1), "`severity` is 10.1, and must be between 0 and 10"),
        (guardduty(-1.0), "`severity` is -1, and must be between 0 and 10"),
        (with(guardduty(8.0), "id", json!("")), "the GuardDuty finding has no `id`"),
        (with(security_hub(), "Id", json!(null)), "the Security Hub finding has no `Id`"),
        (with(security_hub(), "Severity", json!(null)), "the Security Hub finding has no `Severity`"),
        (with(security_hub(), "Severity", json!(8)), "`Severity` is a number, Security Hub's is an object"),
        (with(security_hub(), "Severity", json!({})), "the Security Hub finding has neither `Severity.Label` nor"),
        (with(security_hub(), "Severity", json!({ "Label": "URGENT" })), "`Severity.Label` is \"URGENT\", no label"),
        (with(security_hub(), "Severity", json!({ "Normalized": 101 })), "`Severity.Normalized` is 101, and must be"),
        (with(security_hub(), "Severity", json!({ "Normalized": "70" })), "`Severity.Normalized` is not a number"),
    ] {
        let problem = problem(finding);
        assert!(problem.starts_with(expected), "{problem}");
    }
    assert!(assess(json!({})).unwrap_err().contains("missing field `finding`"));
    assert!(assess(json!({ "finding": {}, "sample": true })).unwrap_err().contains("unknown field `sample`"));
}

/// JSON of any shape, with the names and the words that the plugin looks at more often than chance has them.
fn any_json() -> impl Strategy<Value = Value> {
    let words = "sample|true|CRITICAL|RESOLVED|ARCHIVED|\\{\"sample\":true\\}|arn:aws:guardduty:::|\\PC{0,8}";
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        (0.0..101.0).prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        words.prop_map(Value::from),
    ];
    let names = "[Ii]d|[Ss]everity|[Ss]ervice|[Ff]indings|[Pp]roductArn|[Ll]abel|[Nn]ormalized|[Aa]rchived|\
                 [Aa]dditionalInfo|[Vv]alue|[Ss]ample|[Ww]orkflow|[Ss]tatus|[Rr]ecordState|[Pp]roductFields|[Aa]rn|\\PC{0,3}";
    leaf.prop_recursive(5, 64, 8, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
            prop::collection::vec((names, inner), 0..8)
                .prop_map(|members| members.into_iter().collect::<Map<_, _>>().into()),
        ]
    })
}

/// What holds of whatever is assessed: `assess` has looked at the code of failures.
fn holds(finding: &Value, critical_from: f64) {
    let Ok(verdict) = assess(json!({ "finding": finding, "critical_from": critical_from })) else { return };
    assert_eq!(verdict["incident"], verdict["severity"] != "INFORMATIONAL", "{finding}");
    assert!(verdict["reasons"].as_array().is_some_and(|reasons| !reasons.is_empty()), "{finding}");
}

proptest! {
    #[test]
    fn no_json_is_too_strange(finding in any_json(), critical_from in 0.0..11.0) {
        holds(&finding, critical_from);
    }

    #[test]
    fn no_member_of_a_finding_is_too_strange(place in 0..64_usize, strange in any_json(), hub in any::<bool>()) {
        let mut finding = if hub { security_hub() } else { guardduty(9.5) };
        let members = finding.as_object_mut().unwrap();
        let place = place % members.len();
        *members.values_mut().nth(place).unwrap() = strange;
        holds(&finding, 9.0);
    }
}

#[test]
fn the_workflow_fits_the_schema() {
    let description = quell_sdk::describe::<AssessSeverity>("assess-severity", "1.0.0", "");
    let input: Value = serde_json::from_str(&description.input_schema).unwrap();
    assert_eq!(input["required"], json!(["finding"]));
    assert_eq!(input["properties"]["finding"]["type"], "object");
    assert_eq!(input["properties"]["critical_from"]["default"], 9.0);
    let workflow = include_str!("../../../workflows/incident-response.yaml");
    let with = "finding: ${{ vars.finding }}\n      critical_from: ${{ inputs.critical_from }}\n    retry";
    assert!(workflow.contains(&format!("plugin: assess-severity\n    with:\n      {with}")));
    let output: Value = serde_json::from_str(&description.output_schema).unwrap();
    let severities = output["$defs"]["Severity"].to_string();
    for branch in ["CRITICAL", "HIGH"] {
        assert!(severities.contains(branch) && workflow.contains(&format!("output.severity == \"{branch}\"")));
    }
}

#[test]
fn the_readme_shows_the_grant() {
    assert!(include_str!("../README.md").contains(include_str!("../grant.json")));
}
