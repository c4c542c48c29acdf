//! What holds for every operation, checked for each row.

use std::collections::{BTreeMap, BTreeSet};

use capability::{Catalog as _, FaultKind};
use operations::{Accounts, Operations};
use serde_json::json;

use crate::rows::{Row, replied, rows};
use crate::server::{Reply, Request, Server, nobody};
use crate::wit::Contract;
use crate::{marker, operation};

/// What every request to S3 has: when it was signed, over what, by which SDK, and checksums of its body.
const SIGNED: [&str; 4] = ["x-amz-date", "x-amz-content-sha256", "x-amz-user-agent", "x-amz-sdk-checksum-algorithm"];

/// Errors that every service answers alike.
const SHARED: [(u16, &str, FaultKind); 5] = [
    (403, "UnauthorizedOperation", FaultKind::AccessDenied),
    (403, "AccessDenied", FaultKind::AccessDenied),
    (403, "AuthFailure", FaultKind::AccessDenied),
    (400, "Throttling", FaultKind::Throttled),
    (503, "RequestLimitExceeded", FaultKind::Throttled),
];

#[tokio::test]
async fn every_operation_does_what_its_row_says() {
    let contract = Contract::load();
    for row in rows() {
        states_what_it_is(&row).await;
        sends_one_request(&row, &contract).await;
        names_errors(&row).await;
        knows_what_is_unknown(&row).await;
    }
}

#[test]
fn every_operation_has_a_row() {
    let mut stated: Vec<_> = Operations::new(Accounts::default()).unwrap().specs();
    // HTTP is no service of AWS: it has tests of its own.
    stated.retain(|spec| spec.function != crate::http::SEND);
    let mut tested: Vec<_> = rows().into_iter().map(|row| row.function).collect();
    stated.sort_by_key(|spec| spec.function);
    tested.sort_unstable();
    assert_eq!(stated.into_iter().map(|spec| spec.function).collect::<Vec<_>>(), tested);
}

async fn states_what_it_is(row: &Row) {
    let operation = operation(&nobody().await, row.function, &row.arguments).await.unwrap();
    let spec = operation.spec();
    assert_eq!(
        (spec.function, spec.action, spec.access, spec.effect),
        (row.function, row.action, row.access, row.effect)
    );

    let touches = operation.touches();
    let touches: Vec<_> = touches.iter().map(|touch| (touch.action.as_str(), touch.resource.as_str())).collect();
    assert_eq!(touches, row.touches, "{}", row.function);
    let needed: BTreeSet<&str> = touches.iter().map(|(action, _)| *action).collect();
    assert_eq!(operation.spec().actions().collect::<BTreeSet<_>>(), needed, "{}", row.function);

    let compared: Vec<_> = row.compared.iter().map(|(name, values)| (*name, values.clone())).collect();
    let arguments = operation.arguments();
    let arguments: Vec<(&str, Vec<&str>)> =
        arguments.iter().map(|(name, values)| (*name, values.iter().map(String::as_str).collect())).collect();
    assert_eq!(arguments, compared, "{}", row.function);

    if let Some(settlement) = row.settlement {
        assert_eq!(operation.settlement(), settlement, "{}", row.function);
    }
}

async fn sends_one_request(row: &Row, contract: &Contract) {
    let server = Server::start([replied(row)]).await;
    let operation = operation(&server.endpoint, row.function, &row.arguments).await.unwrap();
    let output = operation.send(&marker()).await;
    assert_eq!(output.as_ref(), Ok(&row.output), "{}", row.function);
    contract.check_output(row.function, &row.output);
    if row.settlement.is_some() {
        contract.check_output(row.function, &operation.presumed(&marker()));
    }

    let requests = server.requests();
    assert_eq!(requests.len(), 1, "{}", row.function);
    let form = sent(row, &requests[0]);
    let sent = row.sent.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
    assert_eq!(form, sent, "{}", row.function);
    assert!(requests[0].head.contains("app/quell"), "the user agent names no product: {}", requests[0].head);
}

/// What was asked: the fields of the form but the API's version; of S3, the line, the body and what the headers say; of an
/// API that speaks JSON, the target and the body.
fn sent(row: &Row, request: &Request) -> BTreeMap<String, String> {
    let mut lines = request.head.lines();
    let line = lines.next().unwrap_or_default().trim_end_matches(" HTTP/1.1");
    let mut headers = lines.filter_map(|line| line.split_once(": "));
    let pair = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
    let body = Some(("body", request.body.as_str())).filter(|(_, body)| !body.is_empty());
    match row.function.split('/').next() {
        Some("quell:s3") => {
            let meant = headers.filter(|(name, _)| {
                let own = name.starts_with("x-amz-") && !name.starts_with("x-amz-checksum-");
                own && !SIGNED.contains(name) || *name == "content-type"
            });
            meant.chain([("line", line)]).chain(body).map(pair).collect()
        }
        Some("quell:cloudtrail") => {
            let target = headers.find(|(name, _)| *name == "x-amz-target");
            target.into_iter().chain(body).map(pair).collect()
        }
        _ => {
            let mut form = request.form.clone();
            form.remove("Version");
            form
        }
    }
}

async fn names_errors(row: &Row) {
    for (status, code, kind) in row.faults.iter().chain(&SHARED) {
        let server = Server::start([Reply::Full(*status, error(row, code))]).await;
        let operation = operation(&server.endpoint, row.function, &row.arguments).await.unwrap();
        let fault = operation.send(&marker()).await.unwrap_err();
        let seen = (fault.kind, fault.code.as_str(), fault.message.as_str(), fault.unknown);
        assert_eq!(seen, (*kind, *code, "for a reason", false), "{}", row.function);
        assert_eq!(server.requests().len(), 1, "{} {code}", row.function);
    }
}

/// I03 to I05 and I07: whether a request may have been carried out.
async fn knows_what_is_unknown(row: &Row) {
    let mut replies = vec![
        (Reply::Full(500, error(row, "InternalError")), true),
        (Reply::Full(503, String::new()), true),
        (Reply::Cut, true),
        (Reply::None, true),
        (Reply::Full(302, String::new()), false),
    ];
    // Where nothing of a success is read, it is one whatever it says.
    if !row.reply.is_empty() {
        replies.push((Reply::Full(200, "not a document".into()), true));
    }
    for (reply, unknown) in replies {
        let server = Server::start([reply.clone()]).await;
        let operation = operation(&server.endpoint, row.function, &row.arguments).await.unwrap();
        let sent = operation.send(&marker()).await;
        if takes_any_success(row) && matches!(reply, Reply::Full(200, _)) {
            assert!(sent.is_ok(), "{} {sent:?}", row.function);
            continue;
        }
        let fault = sent.unwrap_err();
        assert_eq!(fault.unknown, unknown, "{} {reply:?} {fault}", row.function);
        assert_eq!(server.requests().len(), 1, "{} {reply:?}", row.function);
    }

    let operation = operation(&nobody().await, row.function, &row.arguments).await.unwrap();
    let fault = operation.send(&marker()).await.unwrap_err();
    assert_eq!((fault.kind, fault.unknown), (FaultKind::Unavailable, false), "{} {fault}", row.function);
}

/// Whether a success says nothing but that, so that there is nothing in it to misread: so S3 and IAM answer their writes, and
/// an object may hold anything.
fn takes_any_success(row: &Row) -> bool {
    let silent = ["quell:s3/", "quell:iam/"].iter().any(|service| row.function.starts_with(service));
    silent && row.output == json!({}) || row.function.ends_with("#get-object")
}

/// An error as the row's service writes it.
fn error(row: &Row, code: &str) -> String {
    let error = format!("<Error><Code>{code}</Code><Message>for a reason</Message></Error>");
    match row.function.split('/').next() {
        Some("quell:ec2") => format!("<Response><Errors>{error}</Errors><RequestID>1</RequestID></Response>"),
        Some("quell:s3") => error,
        Some("quell:cloudtrail") => json!({ "__type": code, "message": "for a reason" }).to_string(),
        _ => format!("<ErrorResponse>{error}<RequestId>1</RequestId></ErrorResponse>"),
    }
}
