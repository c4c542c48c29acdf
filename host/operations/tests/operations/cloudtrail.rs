//! What is special to CloudTrail: what events are looked up by, and when.

use capability::FaultKind;
use serde_json::{Value, json};

use crate::server::{Reply, Server, nobody};
use crate::{marker, operation};

const LOOKUP: &str = "quell:cloudtrail/events@0.1.0#lookup-events";

fn by(key: &str, value: &str) -> Value {
    json!({ "attribute-key": key, "attribute-value": value })
}

#[tokio::test]
async fn arguments_that_cannot_be_right_are_refused() {
    let endpoint = nobody().await;
    let refused = async |arguments: &Value| {
        operation(&endpoint, LOOKUP, arguments).await.map(|_| ()).map_err(|fault| (fault.kind, fault.message))
    };
    for attributes in [
        json!([by("EventName", "a"), by("Username", "b")]),
        json!([by("eventName", "a")]),
        json!([by("", "a")]),
        json!([by("EventName", "")]),
        json!([by("EventName", &"x".repeat(2001))]),
    ] {
        let (kind, message) = refused(&json!({ "lookup-attributes": attributes })).await.unwrap_err();
        assert_eq!(kind, FaultKind::Invalid, "{message}");
    }
    for time in ["", "yesterday", "2026-01-02", "2026-01-02T03:04:05", "1767323045", "2026-13-02T03:04:05Z"] {
        for name in ["start-time", "end-time"] {
            let (kind, message) = refused(&json!({ "lookup-attributes": [], (name): time })).await.unwrap_err();
            assert_eq!(kind, FaultKind::Invalid, "{message}");
            let help =
                format!("`{name}` is a time as RFC 3339 has it, such as `2026-01-31T12:00:00Z`, and not `{time}`");
            assert_eq!(message, help);
        }
    }
    // An hour earlier, although its text is greater.
    let times = json!({
        "lookup-attributes": [], "start-time": "2026-01-02T03:04:05Z", "end-time": "2026-01-02T03:34:05+01:30",
    });
    assert_eq!(refused(&times).await.unwrap_err().1, "`start-time` is after `end-time`");
    let keys = ["EventId", "EventName", "ReadOnly", "Username", "ResourceType", "ResourceName", "EventSource"];
    for key in keys.into_iter().chain(["AccessKeyId"]) {
        assert_eq!(refused(&json!({ "lookup-attributes": [by(key, "a")] })).await, Ok(()), "{key}");
    }
}

/// The records of the page that CloudTrail answers with these.
async fn records(of: &[String]) -> Vec<String> {
    let events: Vec<Value> = of.iter().map(|record| json!({ "EventId": "e", "CloudTrailEvent": record })).collect();
    let server = Server::start([Reply::Full(200, json!({ "Events": events }).to_string())]).await;
    let operation = operation(&server.endpoint, LOOKUP, &json!({ "lookup-attributes": [] })).await.unwrap();
    let page = operation.send(&marker()).await.unwrap();
    let given = page["events"].as_array().unwrap().iter();
    given.map(|event| event["cloud-trail-event"].as_str().unwrap().to_owned()).collect()
}

fn record(name: &str, parameters: usize) -> String {
    json!({
        "eventName": name, "readOnly": false, "eventVersion": 1.1, "errorCode": null, "userAgent": "x".repeat(1024),
        "userIdentity": { "arn": "arn:aws:iam::1:user/a", "sessionContext": { "creationDate": "x" }, "tags": ["a"] },
        "requestParameters": { "text": "x".repeat(parameters) }, "resources": [{ "arn": "a" }],
    })
    .to_string()
}

#[tokio::test]
async fn the_largest_records_of_a_page_that_is_too_large_are_cut() {
    let whole = [record("a", 200 << 10), record("b", 200 << 10), record("c", 90 << 10)];
    assert_eq!(records(&whole).await, whole);

    let cut = |name: &str| {
        json!({
            "eventName": name, "readOnly": false, "eventVersion": 1.1, "errorCode": null, "userAgent": "x".repeat(1024),
            "userIdentity": { "arn": "arn:aws:iam::1:user/a" }, "quell:cut": true,
        })
    };
    let given = [record("a", 200 << 10), record("b", 200 << 10), record("c", 250 << 10), record("d", 200 << 10)];
    let page = records(&given).await;
    assert_eq!(page, records(&given).await);
    let document = |record: &str| serde_json::from_str::<Value>(record).unwrap();
    assert_eq!(
        (document(&page[0]), &page[1], document(&page[2]), &page[3]),
        (cut("a"), &given[1], cut("c"), &given[3])
    );

    // What is no record, and one that is large in another way.
    let flat: serde_json::Map<String, Value> = (0..4_000).map(|n| (format!("field-{n:0>200}"), json!(n))).collect();
    let page = records(&["x".repeat(600 << 10), Value::from(flat).to_string()]).await;
    assert_eq!(page, [r#"{"quell:cut":true}"#, r#"{"quell:cut":true}"#]);
}

#[tokio::test]
async fn a_page_of_the_largest_records_is_bounded() {
    let given: Vec<String> = (0..50).map(|n| record(&n.to_string(), 256 << 10)).collect();
    let page = records(&given).await;
    assert!(page.iter().map(String::len).sum::<usize>() <= 512 << 10);
    assert_eq!(page.iter().filter(|record| !record.contains("quell:cut")).count(), 1);
}

#[tokio::test]
async fn what_is_absent_is_not_sent() {
    let server = Server::start([Reply::Full(200, "{}".into())]).await;
    let operation = operation(&server.endpoint, LOOKUP, &json!({ "lookup-attributes": [] })).await.unwrap();
    assert_eq!(operation.send(&marker()).await, Ok(json!({ "events": [] })));
    assert_eq!(server.requests()[0].body, "{\"MaxResults\":50}");
}
