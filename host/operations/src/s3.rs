//! Amazon S3: buckets and objects.
//!
//! A bucket's ARN names no account, and its name may belong to anyone: each request says which account must own it, so that
//! S3 itself refuses the bucket of another one
//! (<https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucket-owner-condition.html>).

mod acl;
mod bucket_policy;
mod encryption;
mod name;
mod objects;
mod public_access_block;

use std::collections::BTreeMap;

use aws_sdk_s3::Client;
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use capability::{Fault, FaultKind, Scope};

use crate::client::Aws;
use crate::fault;
use crate::operation::Entry;

/// The operations of S3.
pub(crate) const OPERATIONS: &[Entry] = &[
    Entry::of::<public_access_block::GetPublicAccessBlock>(),
    Entry::of::<public_access_block::PutPublicAccessBlock>(),
    Entry::of::<public_access_block::DeletePublicAccessBlock>(),
    Entry::of::<bucket_policy::GetBucketPolicy>(),
    Entry::of::<bucket_policy::PutBucketPolicy>(),
    Entry::of::<bucket_policy::DeleteBucketPolicy>(),
    Entry::of::<bucket_policy::GetBucketPolicyStatus>(),
    Entry::of::<encryption::GetBucketEncryption>(),
    Entry::of::<encryption::PutBucketEncryption>(),
    Entry::of::<acl::GetBucketAcl>(),
    Entry::of::<acl::PutBucketAcl>(),
    Entry::of::<objects::PutObject>(),
    Entry::of::<objects::GetObject>(),
];

/// The code of an answer that only says where else the bucket is. To a HEAD, S3 answers it without a body, so without it.
const REDIRECT: &str = "PermanentRedirect";
/// The header in which S3 names the region of a bucket.
const REGION: &str = "x-amz-bucket-region";

/// The codes of S3 (<https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html>).
fn kind(code: &str) -> Option<FaultKind> {
    Some(match code {
        "NoSuchBucket"
        | "NoSuchPublicAccessBlockConfiguration"
        | "NoSuchBucketPolicy"
        | "ServerSideEncryptionConfigurationNotFoundError"
        | "NoSuchKey"
        | "NoSuchTagSet" => FaultKind::NotFound,
        "AllAccessDisabled" | "AccountProblem" | "InvalidAccessKeyId" => FaultKind::AccessDenied,
        "OperationAborted" | "ConditionalRequestConflict" | "InvalidBucketState" | "InvalidObjectState" => {
            FaultKind::Conflict
        }
        // What became of the key that an object is encrypted with.
        _ if code.starts_with("KMS.") => FaultKind::Conflict,
        "InvalidArgument"
        | "InvalidBucketName"
        | "InvalidRequest"
        | "MalformedXML"
        | "MalformedPolicy"
        | "InvalidPolicyDocument"
        | "MalformedACLError"
        | "AccessControlListNotSupported"
        | "UnresolvableGrantByEmailAddress"
        | "KeyTooLongError"
        | REDIRECT => FaultKind::Invalid,
        _ => return None,
    })
}

fn s3_fault<E>(error: SdkError<E>) -> Fault
where
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
{
    let answer = error.raw_response();
    let redirected = answer.is_some_and(|answer| answer.status().as_u16() == 301);
    let region = answer.and_then(|answer| answer.headers().get(REGION)).map(str::to_owned);
    let fault = fault::fault(error, kind);
    match redirected {
        true => elsewhere(region.as_deref()),
        false => fault,
    }
}

/// The fault of a call about a bucket of another region than the run's, to which nothing is sent.
fn elsewhere(region: Option<&str>) -> Fault {
    // It goes into a message, so it must be the name of a region and nothing else.
    let plain = |text: &&str| text.len() <= 32 && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    let region = region.filter(plain).map(|region| format!(", `{region}`")).unwrap_or_default();
    Fault::known(
        FaultKind::Invalid,
        REDIRECT,
        format!("the bucket is in another region than this run{region}: start a run in the bucket's region"),
    )
}

/// The ARN of a bucket: without region and account, as IAM has it.
fn arn(scope: &Scope, bucket: &str) -> String {
    format!("arn:{}:s3:::{bucket}", scope.partition)
}

/// What a host read found; `None` where there is nothing.
fn found<T>(read: Result<T, Fault>) -> Result<Option<T>, Fault> {
    match read {
        Ok(read) => Ok(Some(read)),
        Err(fault) if fault.kind == FaultKind::NotFound => Ok(None),
        Err(fault) => Err(fault),
    }
}

/// Host read: the tags of a bucket. They stand for its objects too, whose own tags IAM compares under no key of Quell's.
async fn tags(aws: &Aws, bucket: &str) -> Result<Option<BTreeMap<String, String>>, Fault> {
    let request = aws.client(Client::new).get_bucket_tagging().bucket(bucket).expected_bucket_owner(aws.account());
    match request.send().await.map_err(s3_fault) {
        Ok(reply) => Ok(Some(reply.tag_set.into_iter().map(|tag| (tag.key, tag.value)).collect())),
        Err(fault) if fault.code == "NoSuchTagSet" => Ok(Some(BTreeMap::new())),
        Err(fault) => Err(fault),
    }
}
