//! One row for each operation: what it is, what it sends, and how it answers.

mod cloudtrail;
mod ec2;
mod ec2_network;
mod iam;
mod s3;

use capability::{Access, Effect, FaultKind, Settlement};
use serde_json::{Value, json};

use crate::server::Reply;

/// What is expected of an operation.
pub struct Row {
    pub function: &'static str,
    pub action: &'static str,
    pub access: Access,
    pub effect: Effect,
    /// Of a write.
    pub settlement: Option<Settlement>,
    pub arguments: Value,
    /// Actions and resources.
    pub touches: Vec<(&'static str, &'static str)>,
    /// What grants may compare.
    pub compared: Vec<(&'static str, Vec<&'static str>)>,
    /// The fields of the request, but for the API's version.
    pub sent: Vec<(&'static str, &'static str)>,
    /// What the service answers, and what becomes of it. Empty where nothing of a success is read.
    pub reply: &'static str,
    pub output: Value,
    /// Status and code of errors of this operation, and how they are read.
    pub faults: Vec<(u16, &'static str, FaultKind)>,
}

/// All of them.
pub fn rows() -> Vec<Row> {
    let mut rows = ec2_network::rows();
    rows.extend(ec2::rows());
    rows.extend(cloudtrail::rows());
    rows.extend(iam::rows());
    rows.extend(s3::rows());
    rows.push(publish());
    rows
}

/// What the service answers to a row's call.
pub fn replied(row: &Row) -> Reply {
    match s3::headers(row.function) {
        [] => Reply::Full(200, row.reply.into()),
        headers => Reply::Headed(200, headers, row.reply.into()),
    }
}

fn publish() -> Row {
    Row {
        function: "quell:sns/topics@0.1.0#publish",
        action: "sns:Publish",
        access: Access::Write,
        effect: Effect::Write,
        settlement: Some(Settlement::Review),
        arguments: json!({
            "topic-arn": "arn:aws:sns:eu-central-1:123456789012:alerts", "subject": "fixed", "message": "a & b\n",
        }),
        touches: vec![("sns:Publish", "arn:aws:sns:eu-central-1:123456789012:alerts")],
        compared: vec![],
        sent: vec![
            ("Action", "Publish"),
            ("TopicArn", "arn:aws:sns:eu-central-1:123456789012:alerts"),
            ("Subject", "fixed"),
            ("Message", "a & b\n"),
        ],
        reply: "<PublishResponse><PublishResult><MessageId>m-1</MessageId></PublishResult></PublishResponse>",
        output: json!({ "message-id": "m-1" }),
        faults: vec![
            (404, "NotFound", FaultKind::NotFound),
            (403, "AuthorizationError", FaultKind::AccessDenied),
            (400, "InvalidParameter", FaultKind::Invalid),
        ],
    }
}
