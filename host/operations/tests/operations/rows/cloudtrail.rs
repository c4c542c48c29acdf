//! The rows of CloudTrail.

use capability::{Access, Effect, FaultKind};
use serde_json::json;

use super::Row;

/// All of them.
pub fn rows() -> Vec<Row> {
    vec![lookup_events()]
}

fn lookup_events() -> Row {
    Row {
        function: "quell:cloudtrail/events@0.1.0#lookup-events",
        action: "cloudtrail:LookupEvents",
        access: Access::Read,
        effect: Effect::Read,
        settlement: None,
        arguments: json!({
            "lookup-attributes": [{ "attribute-key": "AccessKeyId", "attribute-value": "AKIAIOSFODNN7EXAMPLE" }],
            "start-time": "2026-01-02T03:04:05Z",
            "end-time": "2026-01-02T05:04:05.5+01:00",
            "next-token": "t",
        }),
        touches: vec![("cloudtrail:LookupEvents", "*")],
        compared: vec![],
        sent: vec![
            ("x-amz-target", "CloudTrail_20131101.LookupEvents"),
            (
                "body",
                "{\"LookupAttributes\":[{\"AttributeKey\":\"AccessKeyId\",\"AttributeValue\":\"AKIAIOSFODNN7EXAMPLE\"}],\
                 \"StartTime\":1767323045,\"EndTime\":1767326645.5,\"MaxResults\":50,\"NextToken\":\"t\"}",
            ),
        ],
        reply: "{\"Events\":[{\"EventId\":\"e-1\",\"EventName\":\"RunInstances\",\"ReadOnly\":\"false\",
            \"AccessKeyId\":\"AKIAIOSFODNN7EXAMPLE\",\"EventTime\":1767323045.0,\"EventSource\":\"ec2.amazonaws.com\",
            \"Username\":\"bob\",\"Resources\":[{\"ResourceType\":\"AWS::EC2::Instance\",\"ResourceName\":\"i-1\"}],
            \"CloudTrailEvent\":\"{\\\"eventVersion\\\":\\\"1.11\\\"}\"},
            {\"EventId\":\"e-2\",\"EventName\":\"ConsoleLogin\",\"EventTime\":1767323045.5,
            \"EventSource\":\"signin.amazonaws.com\",\"CloudTrailEvent\":\"{}\"}],\"NextToken\":\"u\"}",
        output: json!({
            "events": [
                {
                    "event-id": "e-1",
                    "event-name": "RunInstances",
                    "event-source": "ec2.amazonaws.com",
                    "event-time": "2026-01-02T03:04:05Z",
                    "username": "bob",
                    "access-key-id": "AKIAIOSFODNN7EXAMPLE",
                    "read-only": "false",
                    "resources": [{ "resource-type": "AWS::EC2::Instance", "resource-name": "i-1" }],
                    "cloud-trail-event": "{\"eventVersion\":\"1.11\"}",
                },
                {
                    "event-id": "e-2",
                    "event-name": "ConsoleLogin",
                    "event-source": "signin.amazonaws.com",
                    "event-time": "2026-01-02T03:04:05.5Z",
                    "resources": [],
                    "cloud-trail-event": "{}",
                },
            ],
            "next-token": "u",
        }),
        faults: vec![
            (400, "InvalidNextTokenException", FaultKind::Invalid),
            (400, "InvalidTimeRangeException", FaultKind::Invalid),
            (400, "OperationNotPermittedException", FaultKind::AccessDenied),
            (400, "ThrottlingException", FaultKind::Throttled),
        ],
    }
}
