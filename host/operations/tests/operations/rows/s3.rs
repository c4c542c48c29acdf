//! The rows of S3.

use capability::{Access, Effect, FaultKind, Settlement};
use serde_json::json;

use super::Row;

/// All of them.
pub fn rows() -> Vec<Row> {
    vec![
        get_public_access_block(),
        put_public_access_block(),
        delete_public_access_block(),
        get_bucket_policy(),
        put_bucket_policy(),
        delete_bucket_policy(),
        get_bucket_policy_status(),
        get_bucket_encryption(),
        put_bucket_encryption(),
        get_bucket_acl(),
        put_bucket_acl(),
        put_object(),
        get_object(),
    ]
}

/// What S3 answers in headers.
pub fn headers(function: &str) -> &'static [(&'static str, &'static str)] {
    match function.rsplit('#').next() {
        Some("put-object") => &[("etag", "\"e-1\""), ("x-amz-version-id", "v-1")],
        Some("get-object") => &[
            ("etag", "\"e-1\""),
            ("x-amz-version-id", "v-1"),
            ("content-type", "application/json"),
            ("last-modified", "Fri, 02 Jan 2026 03:04:05 GMT"),
        ],
        _ => &[],
    }
}

const OWNER: (&str, &str) = ("x-amz-expected-bucket-owner", "123456789012");
const XML: (&str, &str) = ("content-type", "application/xml");
const NO_BUCKET: (u16, &str, FaultKind) = (404, "NoSuchBucket", FaultKind::NotFound);

/// A read of `acme-data`.
fn read(function: &'static str, action: &'static str, line: &'static str) -> Row {
    Row {
        function,
        action,
        access: Access::Read,
        effect: Effect::Read,
        settlement: None,
        arguments: json!({ "bucket": "acme-data" }),
        touches: vec![(action, "arn:aws:s3:::acme-data")],
        compared: vec![],
        sent: vec![("line", line), OWNER],
        reply: "",
        output: json!({}),
        faults: vec![NO_BUCKET],
    }
}

/// A write to `acme-data` that answers nothing.
fn write(function: &'static str, action: &'static str, line: &'static str) -> Row {
    Row {
        access: Access::PermissionsManagement,
        effect: Effect::Write,
        settlement: Some(Settlement::Compare),
        ..read(function, action, line)
    }
}

fn get_public_access_block() -> Row {
    let mut row = read(
        "quell:s3/buckets@0.1.0#get-public-access-block",
        "s3:GetBucketPublicAccessBlock",
        "GET /acme-data/?publicAccessBlock",
    );
    row.reply = "<PublicAccessBlockConfiguration><BlockPublicAcls>true</BlockPublicAcls>
        <BlockPublicPolicy>false</BlockPublicPolicy></PublicAccessBlockConfiguration>";
    row.output = json!({ "block-public-acls": true, "block-public-policy": false });
    row.faults.push((404, "NoSuchPublicAccessBlockConfiguration", FaultKind::NotFound));
    row
}

fn put_public_access_block() -> Row {
    let mut row = write(
        "quell:s3/buckets@0.1.0#put-public-access-block",
        "s3:PutBucketPublicAccessBlock",
        "PUT /acme-data/?publicAccessBlock",
    );
    row.arguments = json!({
        "bucket": "acme-data",
        "public-access-block-configuration": { "block-public-acls": true, "ignore-public-acls": false },
    });
    row.compared = vec![
        ("block-public-acls", vec!["true"]),
        ("ignore-public-acls", vec!["false"]),
        ("block-public-policy", vec!["false"]),
        ("restrict-public-buckets", vec!["false"]),
    ];
    let body = "<PublicAccessBlockConfiguration xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">\
        <BlockPublicAcls>true</BlockPublicAcls><IgnorePublicAcls>false</IgnorePublicAcls></PublicAccessBlockConfiguration>";
    row.sent.extend([XML, ("body", body)]);
    row.faults.push((400, "MalformedXML", FaultKind::Invalid));
    row
}

fn delete_public_access_block() -> Row {
    let mut row = write(
        "quell:s3/buckets@0.1.0#delete-public-access-block",
        "s3:PutBucketPublicAccessBlock",
        "DELETE /acme-data/?publicAccessBlock",
    );
    let names = ["block-public-acls", "ignore-public-acls", "block-public-policy", "restrict-public-buckets"];
    row.compared = names.map(|name| (name, vec!["false"])).into();
    row
}

const POLICY: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":"arn:aws:s3:::acme-data/*"}]}"#;

fn get_bucket_policy() -> Row {
    let mut row = read("quell:s3/buckets@0.1.0#get-bucket-policy", "s3:GetBucketPolicy", "GET /acme-data/?policy");
    row.reply = POLICY;
    row.output = json!(POLICY);
    row.faults.push((404, "NoSuchBucketPolicy", FaultKind::NotFound));
    row
}

fn put_bucket_policy() -> Row {
    let mut row = write("quell:s3/buckets@0.1.0#put-bucket-policy", "s3:PutBucketPolicy", "PUT /acme-data/?policy");
    row.arguments = json!({ "bucket": "acme-data", "policy": POLICY });
    row.compared = vec![("policy-effect", vec!["Deny"])];
    row.sent.extend([("content-type", "text/plain"), ("body", POLICY)]);
    row.faults.extend([(400, "MalformedPolicy", FaultKind::Invalid), (409, "OperationAborted", FaultKind::Conflict)]);
    row
}

fn delete_bucket_policy() -> Row {
    write("quell:s3/buckets@0.1.0#delete-bucket-policy", "s3:DeleteBucketPolicy", "DELETE /acme-data/?policy")
}

fn get_bucket_policy_status() -> Row {
    let mut row = read(
        "quell:s3/buckets@0.1.0#get-bucket-policy-status",
        "s3:GetBucketPolicyStatus",
        "GET /acme-data/?policyStatus",
    );
    row.reply = "<PolicyStatus><IsPublic>true</IsPublic></PolicyStatus>";
    row.output = json!({ "is-public": true });
    row.faults.push((404, "NoSuchBucketPolicy", FaultKind::NotFound));
    row
}

fn get_bucket_encryption() -> Row {
    let mut row = read(
        "quell:s3/buckets@0.1.0#get-bucket-encryption",
        "s3:GetEncryptionConfiguration",
        "GET /acme-data/?encryption",
    );
    row.reply = "<ServerSideEncryptionConfiguration><Rule><ApplyServerSideEncryptionByDefault>
        <SSEAlgorithm>aws:kms</SSEAlgorithm><KMSMasterKeyID>alias/data</KMSMasterKeyID></ApplyServerSideEncryptionByDefault>
        <BucketKeyEnabled>true</BucketKeyEnabled></Rule></ServerSideEncryptionConfiguration>";
    row.output = json!([{
        "apply-server-side-encryption-by-default": { "sse-algorithm": "aws:kms", "kms-master-key-id": "alias/data" },
        "bucket-key-enabled": true,
    }]);
    row.faults.push((404, "ServerSideEncryptionConfigurationNotFoundError", FaultKind::NotFound));
    row
}

fn put_bucket_encryption() -> Row {
    let mut row = write(
        "quell:s3/buckets@0.1.0#put-bucket-encryption",
        "s3:PutEncryptionConfiguration",
        "PUT /acme-data/?encryption",
    );
    row.access = Access::Write;
    row.arguments = json!({
        "bucket": "acme-data",
        "rules": [{
            "apply-server-side-encryption-by-default": { "sse-algorithm": "aws:kms", "kms-master-key-id": "alias/data" },
            "bucket-key-enabled": true,
        }],
    });
    row.compared = vec![("sse-algorithm", vec!["aws:kms"]), ("kms-master-key-id", vec!["alias/data"])];
    let body = "<ServerSideEncryptionConfiguration xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Rule>\
        <ApplyServerSideEncryptionByDefault><SSEAlgorithm>aws:kms</SSEAlgorithm><KMSMasterKeyID>alias/data</KMSMasterKeyID>\
        </ApplyServerSideEncryptionByDefault><BucketKeyEnabled>true</BucketKeyEnabled></Rule>\
        </ServerSideEncryptionConfiguration>";
    row.sent.extend([XML, ("body", body)]);
    row.faults.push((400, "KMS.NotFoundException", FaultKind::Conflict));
    row
}

fn get_bucket_acl() -> Row {
    let mut row = read("quell:s3/buckets@0.1.0#get-bucket-acl", "s3:GetBucketAcl", "GET /acme-data/?acl");
    row.reply =
        "<AccessControlPolicy><Owner><ID>75aa57f0</ID></Owner><AccessControlList>
        <Grant><Grantee xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" xsi:type=\"CanonicalUser\"><ID>75aa57f0</ID>
        <DisplayName>acme</DisplayName></Grantee><Permission>FULL_CONTROL</Permission></Grant>
        <Grant><Grantee xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" xsi:type=\"Group\">
        <URI>http://acs.amazonaws.com/groups/global/AllUsers</URI></Grantee><Permission>READ</Permission></Grant>
        </AccessControlList></AccessControlPolicy>";
    row.output = json!({
        "owner": { "id": "75aa57f0" },
        "grants": [
            {
                "grantee": { "type": "CanonicalUser", "id": "75aa57f0", "display-name": "acme" },
                "permission": "FULL_CONTROL",
            },
            {
                "grantee": { "type": "Group", "uri": "http://acs.amazonaws.com/groups/global/AllUsers" },
                "permission": "READ",
            },
        ],
    });
    row
}

fn put_bucket_acl() -> Row {
    let mut row = write("quell:s3/buckets@0.1.0#put-bucket-acl", "s3:PutBucketAcl", "PUT /acme-data/?acl");
    row.arguments = json!({
        "bucket": "acme-data",
        "access-control-policy": {
            "owner": { "id": "75aa57f0" },
            "grants": [{ "grantee": { "type": "CanonicalUser", "id": "75aa57f0" }, "permission": "FULL_CONTROL" }],
        },
    });
    row.compared = vec![("grantee", vec!["75aa57f0"]), ("permission", vec!["FULL_CONTROL"])];
    let body = "<AccessControlPolicy xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><AccessControlList><Grant>\
        <Grantee xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" xsi:type=\"CanonicalUser\"><ID>75aa57f0</ID></Grantee>\
        <Permission>FULL_CONTROL</Permission></Grant></AccessControlList><Owner><ID>75aa57f0</ID></Owner>\
        </AccessControlPolicy>";
    row.sent.extend([XML, ("body", body)]);
    row.faults.push((400, "AccessControlListNotSupported", FaultKind::Invalid));
    row
}

fn put_object() -> Row {
    let (function, action) = ("quell:s3/objects@0.1.0#put-object", "s3:PutObject");
    let mut row = write(function, action, "PUT /acme-data/cases/7%20%252f.json?x-id=PutObject");
    row.access = Access::Write;
    row.arguments = json!({
        "bucket": "acme-data", "key": "cases/7 %2f.json", "body": { "base64": "eyJhIjoxfQ==" },
        "content-type": "application/json",
    });
    row.touches = vec![(action, "arn:aws:s3:::acme-data/cases/7 %2f.json")];
    row.sent.extend([
        ("content-type", "application/json"),
        ("x-amz-meta-quell-call", "0123456789abcdef0123456789abcdef"),
        ("body", "{\"a\":1}"),
    ]);
    row.output = json!({ "etag": "\"e-1\"", "version-id": "v-1" });
    row
}

fn get_object() -> Row {
    let (function, action) = ("quell:s3/objects@0.1.0#get-object", "s3:GetObject");
    let mut row = read(function, action, "GET /acme-data/cases/7.json?x-id=GetObject");
    row.arguments = json!({ "bucket": "acme-data", "key": "cases/7.json" });
    row.touches = vec![(action, "arn:aws:s3:::acme-data/cases/7.json")];
    row.reply = "{\"a\":1}";
    row.output = json!({
        "body": { "text": "{\"a\":1}" },
        "content-type": "application/json",
        "etag": "\"e-1\"",
        "version-id": "v-1",
        "last-modified": "2026-01-02T03:04:05Z",
    });
    row.faults.extend([(404, "NoSuchKey", FaultKind::NotFound), (403, "InvalidObjectState", FaultKind::Conflict)]);
    row
}
