//! What is special to S3: what became of its writes, what was before them, objects, and buckets that are elsewhere.

use std::collections::BTreeMap;

use capability::FaultKind;
use cases::case;
use serde_json::{Value, json};

use crate::rows::{Row, rows};
use crate::server::{Reply, Server, nobody};
use crate::wit::Contract;
use crate::{is_done, marker, operation};

const BUCKETS: &str = "quell:s3/buckets@0.1.0#";
const PUT_OBJECT: &str = "quell:s3/objects@0.1.0#put-object";
const GET_OBJECT: &str = "quell:s3/objects@0.1.0#get-object";

fn row(function: &str) -> Row {
    rows().into_iter().find(|row| row.function == function).unwrap()
}

fn ok(body: &str) -> Reply {
    Reply::Full(200, body.into())
}

fn error(status: u16, code: &str) -> Reply {
    Reply::Full(status, format!("<Error><Code>{code}</Code><Message>no</Message></Error>"))
}

#[tokio::test]
async fn a_write_to_a_bucket_is_done_when_the_bucket_is_as_it_was_asked_for() {
    let block = |rest: &str| {
        ok(&format!(
            "<PublicAccessBlockConfiguration><BlockPublicAcls>true</BlockPublicAcls>{rest}</PublicAccessBlockConfiguration>"
        ))
    };
    let all_told = "<IgnorePublicAcls>false</IgnorePublicAcls><BlockPublicPolicy>false</BlockPublicPolicy>
        <RestrictPublicBuckets>false</RestrictPublicBuckets>";
    let no_block = || error(404, "NoSuchPublicAccessBlockConfiguration");
    let no_bucket = || error(404, "NoSuchBucket");
    let policy = "{ \"Statement\": [{\"Action\": \"s3:*\", \"Effect\": \"Deny\", \"Principal\": \"*\",
        \"Resource\": \"arn:aws:s3:::acme-data/*\"}], \"Version\": \"2012-10-17\" }";
    let encryption = |key: &str| ok(&row(&format!("{BUCKETS}get-bucket-encryption")).reply.replace("alias/data", key));
    let own = "<Grant><Grantee xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" xsi:type=\"CanonicalUser\">
        <ID>75aa57f0</ID><DisplayName>acme</DisplayName></Grantee><Permission>FULL_CONTROL</Permission></Grant>";
    let acl = |grants: &str| {
        ok(&format!(
            "<AccessControlPolicy><Owner><ID>75aa57f0</ID></Owner><AccessControlList>{grants}</AccessControlList>
            </AccessControlPolicy>"
        ))
    };
    for (function, reply, done) in [
        ("put-public-access-block", block(""), Ok(true)),
        ("put-public-access-block", block(all_told), Ok(true)),
        ("put-public-access-block", block("<RestrictPublicBuckets>true</RestrictPublicBuckets>"), Ok(false)),
        ("put-public-access-block", no_block(), Ok(false)),
        ("delete-public-access-block", no_block(), Ok(true)),
        ("delete-public-access-block", no_bucket(), Err(FaultKind::NotFound)),
        ("delete-public-access-block", block(""), Ok(false)),
        ("put-bucket-policy", ok(policy), Ok(true)),
        ("put-bucket-policy", ok(&policy.replace("Deny", "Allow")), Ok(false)),
        ("put-bucket-policy", error(404, "NoSuchBucketPolicy"), Ok(false)),
        ("delete-bucket-policy", error(404, "NoSuchBucketPolicy"), Ok(true)),
        ("delete-bucket-policy", no_bucket(), Err(FaultKind::NotFound)),
        ("delete-bucket-policy", ok(policy), Ok(false)),
        ("put-bucket-encryption", encryption("alias/data"), Ok(true)),
        ("put-bucket-encryption", encryption("alias/other"), Ok(false)),
        ("put-bucket-encryption", error(404, "ServerSideEncryptionConfigurationNotFoundError"), Ok(false)),
        ("put-bucket-acl", acl(own), Ok(true)),
        ("put-bucket-acl", acl(&own.replace("FULL_CONTROL", "READ")), Ok(false)),
        ("put-bucket-acl", acl(&format!("{own}{}", own.replace("75aa57f0", "0f75aa57"))), Ok(false)),
        ("put-bucket-acl", acl(""), Ok(false)),
    ] {
        let row = row(&format!("{BUCKETS}{function}"));
        let server = Server::start([reply.clone()]).await;
        let operation = operation(&server.endpoint, row.function, &row.arguments).await.unwrap();
        assert_eq!(is_done(&operation).await, done, "{function} {reply:?}");
        assert!(server.requests()[0].head.starts_with("GET "), "{function}");
    }
    for row in rows().into_iter().filter(|row| row.function.starts_with(BUCKETS) && row.settlement.is_some()) {
        let server = Server::start([error(403, "AccessDenied")]).await;
        let operation = operation(&server.endpoint, row.function, &row.arguments).await.unwrap();
        assert_eq!(is_done(&operation).await, Err(FaultKind::AccessDenied), "{}", row.function);
    }
}

#[tokio::test]
async fn before_a_write_to_a_bucket_is_what_it_is_about_to_change() {
    let read = |function: &str| row(&format!("{BUCKETS}{function}"));
    for (function, of, name, absent) in [
        (
            "put-public-access-block",
            read("get-public-access-block"),
            "public-access-block-configuration",
            "NoSuchPublicAccessBlockConfiguration",
        ),
        (
            "delete-public-access-block",
            read("get-public-access-block"),
            "public-access-block-configuration",
            "NoSuchPublicAccessBlockConfiguration",
        ),
        ("put-bucket-policy", read("get-bucket-policy"), "policy", "NoSuchBucketPolicy"),
        ("delete-bucket-policy", read("get-bucket-policy"), "policy", "NoSuchBucketPolicy"),
        (
            "put-bucket-encryption",
            read("get-bucket-encryption"),
            "rules",
            "ServerSideEncryptionConfigurationNotFoundError",
        ),
        ("put-bucket-acl", read("get-bucket-acl"), "access-control-policy", "NoSuchBucket"),
    ] {
        let row = row(&format!("{BUCKETS}{function}"));
        let server = Server::start([ok(of.reply), error(404, absent), error(404, "NoSuchBucket")]).await;
        let operation = operation(&server.endpoint, row.function, &row.arguments).await.unwrap();
        assert_eq!(operation.state().await, Ok(json!({ (name): of.output })), "{function}");
        let none = operation.state().await.map_err(|fault| fault.kind);
        let expected = if absent == "NoSuchBucket" { Err(FaultKind::NotFound) } else { Ok(json!(null)) };
        assert_eq!(none, expected, "{function}");
        assert_eq!(operation.state().await.unwrap_err().kind, FaultKind::NotFound, "{function}");
    }
}

#[tokio::test]
async fn an_object_is_found_by_its_marker() {
    let row = row(PUT_OBJECT);
    const OURS: &[(&str, &str)] = &[
        ("etag", "\"e-1\""),
        ("x-amz-version-id", "v-1"),
        ("x-amz-meta-quell-call", "0123456789abcdef0123456789abcdef"),
    ];
    const ANOTHER: &[(&str, &str)] =
        &[("etag", "\"e-2\""), ("x-amz-meta-quell-call", "fedcba9876543210fedcba9876543210")];
    const NONE: &[(&str, &str)] = &[("etag", "\"e-3\"")];
    let replies = [
        Reply::Headed(200, OURS, String::new()),
        Reply::Headed(200, ANOTHER, String::new()),
        Reply::Headed(200, NONE, String::new()),
        Reply::Full(404, String::new()),
        Reply::Full(403, String::new()),
    ];
    let server = Server::start(replies).await;
    let operation = operation(&server.endpoint, PUT_OBJECT, &row.arguments).await.unwrap();
    let token = "fedcba9876543210fedcba9876543210";
    let ours = json!({ "etag": "\"e-1\"", "version-id": "v-1", "content-length": 0, "call": marker().token });
    let another = json!({ "etag": "\"e-2\"", "version-id": null, "content-length": 0, "call": token });
    let none = json!({ "etag": "\"e-3\"", "version-id": null, "content-length": 0, "call": null });
    for (state, done) in [(&ours, true), (&another, false), (&none, false), (&json!(null), false)] {
        assert_eq!(operation.state().await.as_ref(), Ok(state));
        let facet = operation.facet(state, &marker()).unwrap();
        assert_eq!(facet == operation.target(&marker()).unwrap(), done, "{state}");
        // Of what another wrote, each object is a state of its own.
        assert!(done || facet == *state, "{state}");
    }
    assert_eq!(operation.output(&ours, &marker()), row.output);
    assert_eq!(is_done(&operation).await, Err(FaultKind::AccessDenied));
    let lines: Vec<String> =
        server.requests().iter().map(|request| request.head.lines().next().unwrap().into()).collect();
    assert_eq!(lines, ["HEAD /acme-data/cases/7%20%252f.json HTTP/1.1"; 5]);
}

/// A bucket's tags stand for its objects, and a colon in a key is no part of an ARN that could be taken for another's.
#[tokio::test]
async fn tags_are_the_buckets() {
    let reply = "<Tagging><TagSet><Tag><Key>team</Key><Value>red</Value></Tag></TagSet></Tagging>";
    for mut row in rows().into_iter().filter(|row| row.function.starts_with("quell:s3/")) {
        if row.arguments.get("key").is_some() {
            row.arguments["key"] = json!("x:other-bucket");
        }
        let server = Server::start([ok(reply), error(404, "NoSuchTagSet"), error(403, "AccessDenied")]).await;
        let operation = operation(&server.endpoint, row.function, &row.arguments).await.unwrap();
        let tags = async || operation.tags(&operation.touches()[0].resource).await;
        assert_eq!(tags().await, Ok(Some(BTreeMap::from([("team".into(), "red".into())]))), "{}", row.function);
        assert_eq!(tags().await, Ok(Some(BTreeMap::new())), "{}", row.function);
        assert_eq!(tags().await.unwrap_err().kind, FaultKind::AccessDenied, "{}", row.function);
        let head = &server.requests()[0].head;
        assert!(head.starts_with("GET /acme-data/?tagging "), "{head}");
        assert!(head.contains("x-amz-expected-bucket-owner: 123456789012"), "{head}");
    }
}

/// S3 names the region in a header, or not at all where the request was a HEAD to another service's bucket.
#[tokio::test]
async fn a_bucket_of_another_region_is_told_as_such() {
    let row = row(GET_OBJECT);
    let body = "<Error><Code>PermanentRedirect</Code><Message>use the endpoint</Message></Error>";
    const NAMED: &[(&str, &str)] = &[("x-amz-bucket-region", "us-west-2")];
    const ODD: &[(&str, &str)] = &[("x-amz-bucket-region", "see `evil`")];
    let without = "the bucket is in another region than this run: start a run in the bucket's region";
    let with = "the bucket is in another region than this run, `us-west-2`: start a run in the bucket's region";
    for (reply, message) in [
        (Reply::Headed(301, NAMED, body.into()), with),
        (Reply::Headed(301, NAMED, String::new()), with),
        (Reply::Headed(301, ODD, body.into()), without),
        (Reply::Full(301, body.into()), without),
    ] {
        let server = Server::start([reply]).await;
        let operation = operation(&server.endpoint, GET_OBJECT, &row.arguments).await.unwrap();
        let fault = operation.send(&marker()).await.unwrap_err();
        let seen = (fault.kind, fault.code.as_str(), fault.message.as_str(), fault.unknown);
        assert_eq!(seen, (FaultKind::Invalid, "PermanentRedirect", message, false));
        assert_eq!(server.requests().len(), 1);
    }
}

#[tokio::test]
async fn an_object_is_read_within_bounds() {
    let row = row(GET_OBJECT);
    let longest = 256 * 1024;
    let server = Server::start([ok(&"x".repeat(longest)), ok(&"x".repeat(longest + 1)), ok("")]).await;
    let operation = operation(&server.endpoint, GET_OBJECT, &row.arguments).await.unwrap();
    let read = operation.send(&marker()).await.unwrap();
    assert_eq!(read["body"]["text"].as_str().map(str::len), Some(longest));
    Contract::load().check_output(GET_OBJECT, &read);
    let fault = operation.send(&marker()).await.unwrap_err();
    assert_eq!((fault.kind, fault.code.as_str(), fault.unknown), (FaultKind::Invalid, "object-too-large", false));
    assert_eq!(operation.send(&marker()).await.unwrap()["body"], json!({ "text": "" }));
}

fn put(body: Value, content_type: &str) -> Value {
    json!({ "bucket": "acme-data", "key": "k", "body": body, "content-type": content_type })
}

#[tokio::test]
async fn arguments_that_cannot_be_right_are_refused() {
    let endpoint = nobody().await;
    let longest = "x".repeat(256 * 1024);
    let rules = |rules: Value| json!({ "bucket": "acme-data", "rules": rules });
    let by_default = |algorithm: &str, key: &str| {
        let default = json!({ "sse-algorithm": algorithm, "kms-master-key-id": key });
        json!({ "apply-server-side-encryption-by-default": default })
    };
    let acl = |grants: Value| json!({ "bucket": "acme-data", "access-control-policy": { "owner": { "id": "o" }, "grants": grants } });
    let grant =
        |kind: &str, permission: &str| json!({ "grantee": { "type": kind, "id": "7" }, "permission": permission });
    let policy = |policy: &str| json!({ "bucket": "acme-data", "policy": policy });
    let long = format!("{{\"Statement\":{{\"Effect\":\"Deny\"}}}}{}", " ".repeat(20 * 1024));
    for (function, arguments) in [
        ("objects@0.1.0#put-object", put(json!({ "text": format!("{longest}x") }), "text/plain")),
        ("objects@0.1.0#put-object", put(json!({ "base64": "no base64" }), "text/plain")),
        ("objects@0.1.0#put-object", put(json!({ "text": "x" }), "")),
        ("objects@0.1.0#put-object", put(json!({ "text": "x" }), "text/plain\r\nx-amz-acl: public-read")),
        ("objects@0.1.0#put-object", put(json!({ "text": "x" }), "täxt/plain")),
        ("buckets@0.1.0#put-bucket-encryption", rules(json!([]))),
        ("buckets@0.1.0#put-bucket-encryption", rules(json!([{}, {}]))),
        ("buckets@0.1.0#put-bucket-encryption", rules(json!([by_default("aws:none", "k")]))),
        ("buckets@0.1.0#put-bucket-encryption", rules(json!([by_default("aws:kms", "")]))),
        ("buckets@0.1.0#put-bucket-encryption", rules(json!([by_default("aws:kms", "k k")]))),
        ("buckets@0.1.0#put-bucket-acl", acl(json!([grant("Everyone", "READ")]))),
        ("buckets@0.1.0#put-bucket-acl", acl(json!([grant("Group", "read")]))),
        ("buckets@0.1.0#put-bucket-acl", acl(json!(vec![grant("Group", "READ"); 101]))),
        ("buckets@0.1.0#put-bucket-policy", policy("{}")),
        ("buckets@0.1.0#put-bucket-policy", policy("no JSON")),
        ("buckets@0.1.0#put-bucket-policy", policy(&long)),
    ] {
        let fault = operation(&endpoint, &format!("quell:s3/{function}"), &arguments).await.map(|_| ()).unwrap_err();
        assert_eq!(fault.kind, FaultKind::Invalid, "{function} {:.200}", arguments.to_string());
    }
    let right = put(json!({ "text": longest }), "text/plain; charset=utf-8");
    assert!(operation(&endpoint, PUT_OBJECT, &right).await.is_ok());
}

/// C10 and C11 for every function that takes a bucket or a key.
#[tokio::test]
async fn c10_c11_tricks_with_buckets_and_keys_are_refused() {
    let endpoint = nobody().await;
    for row in rows().into_iter().filter(|row| row.function.starts_with("quell:s3/")) {
        let name = row.function.rsplit('#').next().unwrap();
        let refused = async |of: &str, trick: &str| {
            let mut arguments = row.arguments.clone();
            arguments[of] = trick.into();
            let taken = operation(&endpoint, row.function, &arguments).await;
            taken.map_or_else(|fault| fault.kind.case(), |_| "taken")
        };
        for trick in
            ["*", "acme-?", "acme%2fdata", "../acme", "acme/", "ACME", "\u{430}cme", "acme ", &"x".repeat(4096)]
        {
            case(
                "C10",
                &format!("{name}: the bucket {:.20}", format!("{trick:?}")),
                "invalid",
                refused("bucket", trick).await,
            );
        }
        let arn = "arn:aws:s3:eu-central-1:123456789012:accesspoint/acme";
        case("C11", &format!("{name}: an access point"), "invalid", refused("bucket", arn).await);
        if row.arguments.get("key").is_none() {
            continue;
        }
        for trick in ["", "*", "cases/*", "cases/?", "../acme", "a/../b", "x\n", &"x".repeat(4096)] {
            case(
                "C10",
                &format!("{name}: the key {:.20}", format!("{trick:?}")),
                "invalid",
                refused("key", trick).await,
            );
        }
    }
}
