//! What the repair needs of S3: a port, so that the repair is tested against an account in memory, and its one real
//! implementation by capability calls.

use quell_sdk::Error;
use quell_sdk::s3::buckets::{
    AccessControlPolicy, PolicyStatus, PublicAccessBlockConfiguration, ServerSideEncryptionRule, delete_bucket_policy,
    get_bucket_acl, get_bucket_encryption, get_bucket_policy, get_bucket_policy_status, get_public_access_block,
    put_bucket_encryption, put_public_access_block,
};

/// The calls of the repair.
pub trait S3 {
    /// The public access block of the bucket itself.
    fn block(&mut self, bucket: &str) -> Result<PublicAccessBlockConfiguration, Error>;

    /// Sets it, whole.
    fn put_block(&mut self, bucket: &str, block: PublicAccessBlockConfiguration) -> Result<(), Error>;

    /// The policy of the bucket.
    fn policy(&mut self, bucket: &str) -> Result<String, Error>;

    /// What S3 says of that policy.
    fn policy_status(&mut self, bucket: &str) -> Result<PolicyStatus, Error>;

    /// Removes it.
    fn delete_policy(&mut self, bucket: &str) -> Result<(), Error>;

    /// The ACL of the bucket.
    fn acl(&mut self, bucket: &str) -> Result<AccessControlPolicy, Error>;

    /// How new objects are encrypted.
    fn encryption(&mut self, bucket: &str) -> Result<Vec<ServerSideEncryptionRule>, Error>;

    /// Sets how new objects are encrypted.
    fn put_encryption(&mut self, bucket: &str, rule: ServerSideEncryptionRule) -> Result<(), Error>;
}

/// S3, through the host.
pub struct Live;

impl S3 for Live {
    fn block(&mut self, bucket: &str) -> Result<PublicAccessBlockConfiguration, Error> {
        get_public_access_block(bucket)
    }

    fn put_block(&mut self, bucket: &str, block: PublicAccessBlockConfiguration) -> Result<(), Error> {
        put_public_access_block(bucket, block)
    }

    fn policy(&mut self, bucket: &str) -> Result<String, Error> {
        get_bucket_policy(bucket)
    }

    fn policy_status(&mut self, bucket: &str) -> Result<PolicyStatus, Error> {
        get_bucket_policy_status(bucket)
    }

    fn delete_policy(&mut self, bucket: &str) -> Result<(), Error> {
        delete_bucket_policy(bucket)
    }

    fn acl(&mut self, bucket: &str) -> Result<AccessControlPolicy, Error> {
        get_bucket_acl(bucket)
    }

    fn encryption(&mut self, bucket: &str) -> Result<Vec<ServerSideEncryptionRule>, Error> {
        get_bucket_encryption(bucket)
    }

    fn put_encryption(&mut self, bucket: &str, rule: ServerSideEncryptionRule) -> Result<(), Error> {
        put_bucket_encryption(bucket, &[rule])
    }
}
