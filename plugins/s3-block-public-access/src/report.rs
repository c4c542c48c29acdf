//! How it is told to people what was done to a bucket.

use quell_sdk::s3::buckets::PublicAccessBlockConfiguration;

use crate::{Before, Block, Change, Policy};

impl Block {
    /// What a closed bucket has.
    pub const WHOLE: Self = Self {
        block_public_acls: true,
        ignore_public_acls: true,
        block_public_policy: true,
        restrict_public_buckets: true,
    };

    /// The names of the settings that are off, as S3 has them.
    fn off(self) -> Vec<&'static str> {
        [
            ("BlockPublicAcls", self.block_public_acls),
            ("IgnorePublicAcls", self.ignore_public_acls),
            ("BlockPublicPolicy", self.block_public_policy),
            ("RestrictPublicBuckets", self.restrict_public_buckets),
        ]
        .into_iter()
        .filter_map(|(name, on)| (!on).then_some(name))
        .collect()
    }
}

impl From<PublicAccessBlockConfiguration> for Block {
    fn from(block: PublicAccessBlockConfiguration) -> Self {
        Self {
            block_public_acls: block.block_public_acls.unwrap_or(false),
            ignore_public_acls: block.ignore_public_acls.unwrap_or(false),
            block_public_policy: block.block_public_policy.unwrap_or(false),
            restrict_public_buckets: block.restrict_public_buckets.unwrap_or(false),
        }
    }
}

impl From<Block> for PublicAccessBlockConfiguration {
    fn from(block: Block) -> Self {
        Self {
            block_public_acls: Some(block.block_public_acls),
            ignore_public_acls: Some(block.ignore_public_acls),
            block_public_policy: Some(block.block_public_policy),
            restrict_public_buckets: Some(block.restrict_public_buckets),
        }
    }
}

/// One sentence on a bucket of which nothing failed, for the middle of a message: no capital, no full stop.
pub fn summary(before: &Before, changes: &[Change]) -> String {
    let mut parts = match done(before, changes) {
        Some(done) => vec![done],
        None => vec!["there was nothing to do, all public access is blocked".to_owned()],
    };
    if !before.public_grants.is_empty() {
        let grants = before.public_grants.iter().map(|grant| format!("{} {}", grant.grantee, grant.permission));
        parts.push(format!("the ACL's public grants have no effect ({})", grants.collect::<Vec<_>>().join(", ")));
    }
    if changes.contains(&Change::PublicAccessBlock) && before.policy == Policy::NotPublic {
        parts.push("the policy does not make it public and was kept".to_owned());
    }
    parts.join("; ")
}

/// What was done; nothing where nothing was.
pub fn done(before: &Before, changes: &[Change]) -> Option<String> {
    let parts: Vec<String> = changes
        .iter()
        .map(|change| match change {
            Change::PublicAccessBlock => {
                format!("public access was blocked (off were {})", before.public_access_block.off().join(", "))
            }
            Change::Encryption => "the default encryption was set".to_owned(),
            Change::Policy => "the policy, which made the bucket public, was removed".to_owned(),
        })
        .collect();
    (!parts.is_empty()).then(|| parts.join("; "))
}
