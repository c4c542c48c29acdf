//! Blocks public access to an S3 bucket, and removes the policy that makes it public.
//!
//! `repair` says what is read and done in which order, `encryption` whether the default encryption is what is asked for,
//! `report` how it is told; `aws` is what the repair needs of S3. Which buckets may be closed without asking is the
//! workflow's to say.

mod aws;
mod encryption;
mod repair;
mod report;

use quell_sdk::{Failure, JsonSchema, Plugin};
use serde::{Deserialize, Serialize};

/// The plugin.
struct S3BlockPublicAccess;

quell_sdk::export!(S3BlockPublicAccess);

/// Which bucket is closed.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(crate = "quell_sdk::schemars")]
struct Input {
    /// The name of the bucket; no ARN.
    bucket: String,
    /// How new objects have to be encrypted at least. When it is left out, the encryption is left alone: S3 encrypts
    /// every new object since January 2023.
    encryption: Option<Encryption>,
}

/// How new objects have to be encrypted at least.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(crate = "quell_sdk::schemars")]
struct Encryption {
    /// With what. A bucket that has something stronger keeps it.
    sse_algorithm: SseAlgorithm,
    /// The KMS key, as an id, an alias or an ARN. When it is left out, any key will do: the bucket keeps the one that it
    /// has, or else gets AWS's own of the account.
    kms_master_key_id: Option<String>,
    /// Whether S3 derives the keys of objects from one of the bucket. When it is left out, either will do.
    bucket_key_enabled: Option<bool>,
}

/// What objects are encrypted with, from the weakest to the strongest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize, JsonSchema)]
#[schemars(crate = "quell_sdk::schemars")]
enum SseAlgorithm {
    /// Keys that S3 manages.
    #[serde(rename = "AES256")]
    Aes256,
    /// A key in KMS.
    #[serde(rename = "aws:kms")]
    AwsKms,
    /// A key in KMS, in two layers.
    #[serde(rename = "aws:kms:dsse")]
    AwsKmsDsse,
}

/// What was found and done.
#[derive(Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(crate = "quell_sdk::schemars")]
struct Output {
    /// The name of the bucket.
    bucket: String,
    /// Whether anything was changed.
    changed: bool,
    /// What was changed, and what of the bucket is worth knowing: one sentence for people, without a full stop.
    summary: String,
    /// What was changed, in the order in which it was.
    changes: Vec<Change>,
    /// The policy that was removed, as it was, so that it can be put back; null where none was.
    removed_policy: Option<String>,
    /// What was found before anything was changed.
    before: Before,
    /// What is only reported, and could not be read.
    unchecked: Vec<Unchecked>,
}

/// What can be changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(crate = "quell_sdk::schemars")]
enum Change {
    /// The public access block was set.
    PublicAccessBlock,
    /// The default encryption was set.
    Encryption,
    /// The policy was removed.
    Policy,
}

/// What was found before anything was changed.
#[derive(Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(crate = "quell_sdk::schemars")]
struct Before {
    /// The public access block of the bucket. That of the account is not looked at.
    public_access_block: Block,
    /// The policy of the bucket.
    policy: Policy,
    /// What the ACL of the bucket gives to the public. ACLs of objects are not looked at.
    public_grants: Vec<PublicGrant>,
    /// How new objects are encrypted; null where the bucket says nothing of it, or it could not be read.
    encryption: Option<DefaultEncryption>,
}

/// A public access block. What was never set is off.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(crate = "quell_sdk::schemars")]
struct Block {
    /// Whether new public ACLs are refused.
    block_public_acls: bool,
    /// Whether public ACLs that are there are ignored.
    ignore_public_acls: bool,
    /// Whether a policy that makes the bucket public is refused.
    block_public_policy: bool,
    /// Whether a public bucket is for the account and AWS services only.
    restrict_public_buckets: bool,
}

/// What S3 says of the policy of a bucket.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(crate = "quell_sdk::schemars")]
enum Policy {
    /// There is none.
    #[default]
    None,
    /// It does not make the bucket public.
    NotPublic,
    /// It makes the bucket public.
    Public,
}

/// What an ACL gives to the public.
#[derive(Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(crate = "quell_sdk::schemars")]
struct PublicGrant {
    /// `AllUsers`, or `AuthenticatedUsers`, which is everybody who has any AWS account.
    grantee: String,
    /// `FULL_CONTROL`, `WRITE`, `WRITE_ACP`, `READ` or `READ_ACP`.
    permission: String,
}

/// How new objects of a bucket are encrypted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(crate = "quell_sdk::schemars")]
struct DefaultEncryption {
    /// `AES256`, `aws:kms` or `aws:kms:dsse`.
    sse_algorithm: String,
    /// The KMS key; null for `AES256`, and for AWS's own key of the account.
    kms_master_key_id: Option<String>,
    /// Whether S3 derives the keys of objects from one of the bucket.
    bucket_key_enabled: bool,
}

/// Something that could not be read.
#[derive(Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(crate = "quell_sdk::schemars")]
struct Unchecked {
    /// What: `acl` or `encryption`.
    what: String,
    /// Why, as a code: `access-denied`, `throttled`, …
    code: String,
    /// Why, for people.
    message: String,
}

impl Plugin for S3BlockPublicAccess {
    type Input = Input;
    type Output = Output;

    fn run(input: Input) -> Result<Output, Failure> {
        repair::repair(&mut aws::Live, &input)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_readme_shows_the_grant() {
        assert!(include_str!("../README.md").contains(include_str!("../grant.json")));
    }

    #[test]
    fn the_input_of_a_workflow_is_read() {
        let input: Input = serde_json::from_value(serde_json::json!({
            "bucket": "acme-logs",
            "encryption": { "sse_algorithm": "aws:kms", "kms_master_key_id": "alias/logs", "bucket_key_enabled": true },
        }))
        .unwrap();
        assert_eq!(input.bucket, "acme-logs");
        assert_eq!(input.encryption.map(|asked| asked.sse_algorithm), Some(SseAlgorithm::AwsKms));

        let refused = serde_json::from_value::<Input>(serde_json::json!({
            "bucket": "acme-logs", "encryption": { "sse_algorithm": "AES128" },
        }));
        assert!(refused.is_err());
    }
}
