//! Amazon S3: buckets.
//!
//! A bucket's ARN names no account, and its name may belong to anyone: each request says which account must own it, so that
//! S3 itself refuses the bucket of another one
//! (<https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucket-owner-condition.html>).

mod name;
mod public_access_block;

use std::collections::BTreeMap;

use aws_sdk_s3::Client;
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use capability::{Fault, FaultKind, Scope};

use crate::client::Aws;
use crate::fault;
use crate::operation::Entry;

use public_access_block::GetPublicAccessBlock;

/// The operations of S3.
pub(crate) const OPERATIONS: &[Entry] = &[Entry::of::<GetPublicAccessBlock>()];

/// The codes of S3 (<https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html>).
fn kind(code: &str) -> Option<FaultKind> {
    Some(match code {
        "NoSuchBucket" | "NoSuchPublicAccessBlockConfiguration" | "NoSuchTagSet" => FaultKind::NotFound,
        "AllAccessDisabled" | "AccountProblem" | "InvalidAccessKeyId" => FaultKind::AccessDenied,
        "OperationAborted" | "ConditionalRequestConflict" | "InvalidBucketState" => FaultKind::Conflict,
        "InvalidArgument" | "InvalidBucketName" | "InvalidRequest" | "MalformedXML" => FaultKind::Invalid,
        _ => return None,
    })
}

fn s3_fault<E>(error: SdkError<E>) -> Fault
where
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
{
    fault::fault(error, kind)
}

/// The ARN of a bucket: without region and account, as IAM has it.
fn arn(scope: &Scope, bucket: &str) -> String {
    format!("arn:{}:s3:::{bucket}", scope.partition)
}

/// Host read: the tags of the bucket with this ARN.
async fn tags(aws: &Aws, resource: &str) -> Result<Option<BTreeMap<String, String>>, Fault> {
    let bucket = resource.rsplit(':').next().unwrap_or_default();
    let request = aws.client(Client::new).get_bucket_tagging().bucket(bucket).expected_bucket_owner(aws.account());
    match request.send().await.map_err(s3_fault) {
        Ok(reply) => Ok(Some(reply.tag_set.into_iter().map(|tag| (tag.key, tag.value)).collect())),
        Err(fault) if fault.code == "NoSuchTagSet" => Ok(Some(BTreeMap::new())),
        Err(fault) => Err(fault),
    }
}
